from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.core.access.world import PEPPER, SYSTEM, World
from trunkline.core import access, workspaces
from trunkline.core.access.queries import CREDENTIAL
from trunkline.infra.db import Tx
from trunkline.infra.vault import key_hash
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import ForbiddenError, UnauthenticatedError


def digest_of(issued: access.IssuedKey) -> str:
    return key_hash(PEPPER, issued.secret.reveal())


def actor_of(world: World, issued: access.IssuedKey) -> Actor:
    return world.read(lambda tx: access.authenticate(tx, digest_of(issued)))


def refused(world: World, issued: access.IssuedKey) -> bool:
    with pytest.raises(UnauthenticatedError) as caught:
        actor_of(world, issued)
    return caught.value.message == "the access key is unknown, expired or revoked"


def test_an_unbound_key_acts_as_its_user(world: World) -> None:
    issued = world.key("boss")
    actor = world.read(lambda tx: access.authenticate(tx, digest_of(issued), request_id="req_1"))
    assert actor == Actor(
        user_id=world.users["boss"],
        organizations=(world.acme,),
        administered=(world.acme,),
        key_id=issued.row.id,
        request_id="req_1",
    )


def test_two_statements_are_enough(world: World) -> None:
    keys = [
        world.key("owner"),
        world.key("viewer", workspace_id=world.one),
        world.key("plain", kind="publishable"),
        world.key("plain", dialect=None),
        world.write(lambda tx: access.open_session(tx, world.users["plain"], pepper=PEPPER)),
    ]

    def work(tx: Tx, issued: access.IssuedKey) -> int:
        access.authenticate(tx, digest_of(issued))
        return tx.statements

    assert [world.read(work, issued) for issued in keys] == [2, 2, 2, 2, 2]


def test_a_key_tells_which_dialect_it_is_for_as_long_as_it_is_valid(world: World) -> None:
    def pin(issued: access.IssuedKey) -> str | None:
        return world.read(lambda tx: access.pinned_dialect(tx, digest_of(issued), unknown="?"))

    keys = {dialect: world.key("viewer", dialect=dialect) for dialect in ("platform", "informer", None)}
    assert {dialect: pin(issued) for dialect, issued in keys.items()} == {
        "platform": "platform",
        "informer": "informer",
        None: None,
    }
    for issued in keys.values():
        actor_of(world, issued)
        world.write(access.revoke_key, SYSTEM, issued.row.id)
        assert pin(issued) == "?"
    assert world.read(access.pinned_dialect, "0" * 64) is None


def test_an_unknown_key_costs_one_statement(world: World) -> None:
    def work(tx: Tx) -> int:
        with pytest.raises(UnauthenticatedError):
            access.authenticate(tx, "0" * 64)
        return tx.statements

    assert world.read(work) == 1


def test_the_digest_is_looked_up_by_its_index(world: World) -> None:
    if world.db.engine != "sqlite":
        pytest.skip("PostgreSQL scans tables this small")
    plan = world.read(lambda tx: tx.fetch(f"EXPLAIN QUERY PLAN {CREDENTIAL}", {"digest": "0", "now": "0"}))
    steps = [str(row[-1]) for row in plan]
    assert "SEARCH k USING INDEX ux_access_keys_digest (digest=?)" in steps
    assert not [step for step in steps if step.startswith("SCAN")]


@pytest.mark.parametrize(
    ("name", "where", "tier"),
    [
        ("owner", "one", Tier.ADMIN),
        ("boss", "two", Tier.ADMIN),
        ("admin", "one", Tier.ADMIN),
        ("editor", "one", Tier.EDITOR),
        ("viewer", "one", Tier.VIEWER),
        ("viewer", "two", Tier.NONE),
        ("plain", "one", Tier.NONE),
        ("stranger", "one", Tier.NONE),
    ],
)
def test_a_bound_key_carries_its_users_tier_there(
    still_world: World, name: str, where: str, tier: Tier
) -> None:
    workspace_id = getattr(still_world, where)
    actor = actor_of(still_world, still_world.key(name, workspace_id=workspace_id))
    assert (actor.workspace_id, actor.workspace_tier) == (workspace_id, tier)
    assert actor.administered == ()
    assert actor.organizations == (() if name == "stranger" else (still_world.acme,))


def test_a_demotion_counts_at_once(world: World) -> None:
    issued = world.key("editor", workspace_id=world.one)
    assert actor_of(world, issued).workspace_tier is Tier.EDITOR
    member_id = world.member_id(world.one, "editor")
    request = access.ChangeWorkspaceRole(id=member_id, role="viewer")
    world.write(lambda tx: access.change_workspace_role(tx, SYSTEM, request))
    assert actor_of(world, issued).workspace_tier is Tier.VIEWER
    world.write(lambda tx: access.remove_workspace_member(tx, SYSTEM, member_id))
    assert actor_of(world, issued).workspace_tier is Tier.NONE


def test_losing_the_administration_of_an_organization_counts_at_once(world: World) -> None:
    unbound, bound = world.key("boss"), world.key("boss", workspace_id=world.one)
    request = access.SetOrganizationRole(
        organization_id=world.acme, user_id=world.users["boss"], role="member"
    )
    world.write(lambda tx: access.set_organization_role(tx, SYSTEM, request))
    assert actor_of(world, unbound).administered == ()
    assert actor_of(world, bound).workspace_tier is Tier.NONE


def test_an_expired_key_is_unknown_from_that_moment_on(world: World) -> None:
    issued = world.key("viewer", expires_at="2026-03-01T13:00:00.000000Z")
    world.clock.advance(timedelta(minutes=59, seconds=59))
    assert actor_of(world, issued).user_id == world.users["viewer"]
    world.clock.advance(timedelta(seconds=1))
    assert refused(world, issued)


def test_a_revoked_key_is_unknown(world: World) -> None:
    issued = world.key("viewer")
    world.write(lambda tx: access.revoke_key(tx, SYSTEM, issued.row.id))
    assert refused(world, issued)


def test_a_key_works_again_once_its_user_does(world: World) -> None:
    issued = world.key("viewer")

    def set_active(active: bool) -> None:
        request = access.UpdateUser(id=world.users["viewer"], active=active)
        world.write(lambda tx: access.update_user(tx, SYSTEM, request))

    set_active(False)
    assert refused(world, issued)
    set_active(True)
    assert actor_of(world, issued).key_id == issued.row.id


def test_a_key_bound_to_a_deleted_workspace_is_unknown_until_it_is_restored(world: World) -> None:
    bound, unbound = world.key("viewer", workspace_id=world.one), world.key("viewer")
    world.write(lambda tx: workspaces.delete_workspace(tx, SYSTEM, world.one))
    assert refused(world, bound)
    assert actor_of(world, unbound).key_id == unbound.row.id
    world.write(lambda tx: workspaces.restore_workspace(tx, SYSTEM, world.one))
    assert actor_of(world, bound).workspace_tier is Tier.VIEWER


def test_a_publishable_key_reads_unless_it_says_otherwise(world: World) -> None:
    silent = actor_of(world, world.key("editor", kind="publishable"))
    assert silent.operations == frozenset({"*:read"})
    silent.require(access.Permission.INSTALLS_READ)
    with pytest.raises(ForbiddenError):
        silent.require(access.Permission.INSTALLS_WRITE)
    said = actor_of(world, world.key("editor", kind="publishable", operations=("installs:write",)))
    assert said.operations == frozenset({"installs:write"})
    unsaid = world.key("editor", kind="publishable")
    sql = "UPDATE access_keys SET operations = NULL WHERE id = :id"
    world.write(lambda tx: tx.run(sql, id=unsaid.row.id))
    assert actor_of(world, unsaid).operations == frozenset({"*:read"})


def test_a_secret_key_allows_everything_its_user_may(world: World) -> None:
    assert actor_of(world, world.key("editor")).operations is None


def test_a_key_is_narrowed_as_it_was_made(world: World) -> None:
    narrowed: dict[str, Any] = {"operations": ("installs:*",), "entity_ids": ("a" * 32,)}
    actor = actor_of(world, world.key("owner", **narrowed))
    assert actor.operations == frozenset({"installs:*"})
    assert actor.entity_ids == frozenset({"a" * 32})


def test_only_a_key_that_is_not_narrowed_makes_an_operator(world: World) -> None:
    cases = {
        "whole": actor_of(world, world.key("owner")),
        "bound": actor_of(world, world.key("owner", workspace_id=world.one)),
        "operations": actor_of(world, world.key("owner", operations=("*",))),
        "objects": actor_of(world, world.key("owner", entity_ids=("a" * 32,))),
        "publishable": actor_of(world, world.key("owner", kind="publishable")),
        "nobody's": actor_of(world, world.key("boss")),
    }

    def operates(actor: Actor) -> bool:
        try:
            actor.require_operator("this")
        except ForbiddenError:
            return False
        return True

    assert {name for name, actor in cases.items() if operates(actor)} == {"whole"}


def test_act_as_makes_the_actor_a_key_would(world: World) -> None:
    for name in ("owner", "editor", "plain"):
        by_key = actor_of(world, world.key(name))
        assert world.actor(name) == Actor(
            user_id=by_key.user_id,
            operator=by_key.operator,
            organizations=by_key.organizations,
            administered=by_key.administered,
        )
    bound = actor_of(world, world.key("editor", workspace_id=world.one))
    assert world.actor("editor", world.one).workspace_tier is bound.workspace_tier


def test_act_as_refuses_who_is_not_active_and_where_nothing_is(world: World) -> None:
    request = access.UpdateUser(id=world.users["viewer"], active=False)
    world.write(lambda tx: access.update_user(tx, SYSTEM, request))
    world.write(lambda tx: workspaces.delete_workspace(tx, SYSTEM, world.two))
    cases = [
        ("viewer", None),
        ("viewer", world.one),
        ("other", world.two),
        ("other", "f" * 32),
    ]
    for name, workspace_id in cases:
        with pytest.raises(UnauthenticatedError):
            world.actor(name, workspace_id)
    with pytest.raises(UnauthenticatedError):
        world.read(lambda tx: access.act_as(tx, "f" * 32))
