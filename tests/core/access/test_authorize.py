from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.access.world import ITEM, SYSTEM, Item, World
from trunkline.core import access, workspaces
from trunkline.infra.db import Tx, lists
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import ForbiddenError, NotFoundError


def tier(world: World, actor: Actor, entity_id: str | None, workspace_id: str | None = None) -> Tier:
    there = workspace_id or world.one
    return world.read(
        lambda tx: access.tier_on(
            tx, actor, organization_id=world.organization_of(there), workspace_id=there, entity_id=entity_id
        )
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("owner", Tier.ADMIN),
        ("boss", Tier.ADMIN),
        ("admin", Tier.ADMIN),
        ("editor", Tier.EDITOR),
        ("viewer", Tier.VIEWER),
        ("plain", Tier.NONE),
        ("other", Tier.NONE),
        ("stranger", Tier.NONE),
    ],
)
def test_the_tier_is_the_role_in_the_workspace(still_world: World, name: str, expected: Tier) -> None:
    item = still_world.item(still_world.one)
    assert tier(still_world, still_world.actor(name), None) is expected
    assert tier(still_world, still_world.actor(name), item) is expected


def test_the_tier_is_the_highest_of_role_and_grants(world: World) -> None:
    item = world.item(world.one)
    world.grant(item, "anyone", None, "viewer")
    world.grant(item, "user", world.users["editor"], "viewer")
    world.grant(item, "team", world.team("crew", "viewer", "plain"), "editor")
    revoked = world.grant(item, "organization", world.acme, "admin")
    held = {name: tier(world, world.actor(name), item) for name in ("editor", "viewer", "plain", "stranger")}
    assert held == {
        "editor": Tier.ADMIN,
        "viewer": Tier.ADMIN,
        "plain": Tier.ADMIN,
        "stranger": Tier.VIEWER,
    }
    world.write(lambda tx: access.revoke_grant(tx, SYSTEM, revoked))
    held = {name: tier(world, world.actor(name), item) for name in ("editor", "viewer", "plain", "stranger")}
    assert held == {
        "editor": Tier.EDITOR,
        "viewer": Tier.EDITOR,
        "plain": Tier.EDITOR,
        "stranger": Tier.VIEWER,
    }
    assert tier(world, world.actor("viewer"), None) is Tier.VIEWER


def test_a_bound_key_holds_its_tier_and_grants_in_its_workspace_only(world: World) -> None:
    item, far = world.item(world.one), world.item(world.far)
    for item_id in (item, far):
        world.grant(item_id, "user", world.users["viewer"], "editor")
    bound = world.actor("viewer", world.one)
    assert tier(world, bound, None) is Tier.VIEWER
    assert tier(world, bound, item) is Tier.EDITOR
    assert tier(world, bound, far, world.far) is Tier.NONE
    assert tier(world, world.actor("viewer"), far, world.far) is Tier.EDITOR
    assert tier(world, world.actor("owner", world.two), item) is Tier.NONE
    # What an actor carries is not raised by rows: a key was bound when its user held less.
    assert (
        tier(world, replace(world.actor("admin", world.one), workspace_tier=Tier.VIEWER), item) is Tier.VIEWER
    )


def test_a_narrowed_key_holds_nothing_on_other_objects(world: World) -> None:
    item, other = world.item(world.one), world.item(world.one)
    narrowed = replace(world.actor("owner"), entity_ids=frozenset({item}))
    assert tier(world, narrowed, item) is Tier.ADMIN
    assert tier(world, narrowed, other) is Tier.NONE


def test_the_system_is_admin_of_everything(world: World) -> None:
    assert tier(world, SYSTEM, world.item(world.far), world.far) is Tier.ADMIN


def test_tiers_cost_no_statement_where_the_actor_tells_and_one_elsewhere(world: World) -> None:
    item = world.item(world.one)

    def statements(actor: Actor) -> int:
        def work(tx: Tx) -> int:
            access.tier_on(tx, actor, organization_id=world.acme, workspace_id=world.one, entity_id=item)
            return tx.statements

        return world.read(work)

    assert [
        statements(actor) for actor in (SYSTEM, world.actor("owner"), world.actor("admin", world.one))
    ] == [0] * 3
    assert [statements(actor) for actor in (world.actor("editor"), world.actor("viewer", world.one))] == [
        1
    ] * 2


def test_require_tier_says_what_is_missing(world: World) -> None:
    item = world.item(world.one)

    def work(tx: Tx, name: str, wanted: Tier) -> Tier:
        actor = world.actor(name)
        row = lists.get_row(tx, ITEM, item, access.scope(SYSTEM, tx.specs))
        assert isinstance(row, Item)
        return access.require_tier(tx, actor, row, wanted, "integration")

    assert world.read(lambda tx: work(tx, "editor", Tier.VIEWER)) is Tier.EDITOR
    assert world.read(lambda tx: work(tx, "editor", Tier.EDITOR)) is Tier.EDITOR
    with pytest.raises(ForbiddenError, match="this needs the admin tier on the integration") as caught:
        world.read(lambda tx: work(tx, "editor", Tier.ADMIN))
    assert caught.value.code == "tier_too_low"


def workspace(world: World, actor: Actor, workspace_id: str, wanted: Tier, *, deleted: bool = False) -> str:
    return world.read(lambda tx: access.require_workspace(tx, actor, workspace_id, wanted, deleted=deleted))


def test_require_workspace_gives_the_organization_to_those_who_hold_the_tier(still_world: World) -> None:
    world = still_world
    for name in ("owner", "boss", "admin", "editor"):
        assert workspace(world, world.actor(name), world.one, Tier.EDITOR) == world.acme
    assert workspace(world, world.actor("viewer", world.one), world.one, Tier.VIEWER) == world.acme
    assert workspace(world, SYSTEM, world.far, Tier.ADMIN) == world.rival


def test_a_foreign_workspace_is_missing_and_a_low_tier_is_forbidden(still_world: World) -> None:
    world = still_world
    missing = [
        (world.actor("plain"), world.one),
        (world.actor("other"), world.one),
        (world.actor("stranger"), world.one),
        (world.actor("owner"), world.far),
        (world.actor("owner", world.two), world.one),
        (world.actor("viewer", world.two), world.two),
        (world.actor("owner"), "f" * 32),
        (SYSTEM, "f" * 32),
    ]
    for actor, workspace_id in missing:
        with pytest.raises(NotFoundError, match=r"^workspace not found$"):
            workspace(world, actor, workspace_id, Tier.VIEWER)
    for actor in (world.actor("viewer"), world.actor("viewer", world.one)):
        with pytest.raises(ForbiddenError) as caught:
            workspace(world, actor, world.one, Tier.EDITOR)
        assert caught.value.code == "tier_too_low"


def test_a_deleted_workspace_is_missing_unless_its_admin_asks_for_it(world: World) -> None:
    world.write(lambda tx: workspaces.delete_workspace(tx, SYSTEM, world.one))
    for name in ("owner", "admin", "editor", "viewer"):
        with pytest.raises(NotFoundError):
            workspace(world, world.actor(name), world.one, Tier.VIEWER)
    with pytest.raises(NotFoundError):
        workspace(world, SYSTEM, world.one, Tier.VIEWER)
    assert workspace(world, world.actor("admin"), world.one, Tier.ADMIN, deleted=True) == world.acme
    assert workspace(world, SYSTEM, world.one, Tier.ADMIN, deleted=True) == world.acme
    with pytest.raises(NotFoundError):
        workspace(world, world.actor("editor"), world.one, Tier.ADMIN, deleted=True)


def test_a_narrowed_key_may_edit_but_not_administer_a_place(still_world: World) -> None:
    world = still_world
    narrowed = replace(world.actor("owner"), entity_ids=frozenset({"a" * 32}))
    assert workspace(world, narrowed, world.one, Tier.EDITOR) == world.acme
    with pytest.raises(ForbiddenError) as caught:
        workspace(world, narrowed, world.one, Tier.ADMIN)
    assert caught.value.code == "scope_missing"
    with pytest.raises(ForbiddenError) as caught:
        world.read(lambda tx: access.require_organization(tx, narrowed, world.acme, Tier.ADMIN))
    assert caught.value.code == "scope_missing"


def test_require_organization_tells_members_from_strangers(still_world: World) -> None:
    world = still_world

    def ask(actor: Actor, organization_id: str, wanted: Tier) -> None:
        world.read(lambda tx: access.require_organization(tx, actor, organization_id, wanted))

    ask(world.actor("plain"), world.acme, Tier.VIEWER)
    ask(world.actor("boss"), world.acme, Tier.ADMIN)
    ask(SYSTEM, world.rival, Tier.ADMIN)
    forged = replace(world.actor("owner", world.one), administered=(world.acme,))
    for actor in (world.actor("plain"), world.actor("admin"), world.actor("owner", world.one), forged):
        with pytest.raises(ForbiddenError) as caught:
            ask(actor, world.acme, Tier.ADMIN)
        assert caught.value.code == "tier_too_low"
    for actor, organization_id in ((world.actor("owner"), world.rival), (SYSTEM, "f" * 32)):
        with pytest.raises(NotFoundError, match=r"^organization not found$"):
            ask(actor, organization_id, Tier.VIEWER)


def test_only_an_owner_who_is_not_bound_to_a_workspace_acts_as_owner(still_world: World) -> None:
    world = still_world
    for allowed in (SYSTEM, world.actor("owner")):
        world.read(access.require_owner, allowed, world.acme)
    for actor in (world.actor("boss"), world.actor("owner", world.one), world.actor("stranger")):
        with pytest.raises(access.OwnerRequiredError):
            world.read(access.require_owner, actor, world.acme)
