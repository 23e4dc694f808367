from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.access.world import SYSTEM, World
from trunkline.core import access, workspaces
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import NotFoundError


def bind(world: World, actor: Actor, workspace_id: str) -> Actor:
    return world.read(lambda tx: access.bind_to_project(tx, actor, workspace_id))


@pytest.mark.parametrize(
    ("name", "tier"),
    [
        ("owner", Tier.ADMIN),
        ("boss", Tier.ADMIN),
        ("admin", Tier.ADMIN),
        ("editor", Tier.EDITOR),
        ("viewer", Tier.VIEWER),
    ],
)
def test_the_tier_in_the_project_is_the_tier_in_its_groups(still_world: World, name: str, tier: Tier) -> None:
    actor = still_world.actor(name)
    assert bind(still_world, actor, still_world.one) == replace(
        actor, administered=(), workspace_id=still_world.one, workspace_tier=tier, over_groups=True
    )
    assert bind(still_world, actor, still_world.one).tier_in_groups is tier


def test_what_narrows_a_key_stays(still_world: World) -> None:
    narrowed = replace(
        still_world.actor("owner"),
        key_id="a" * 32,
        operations=frozenset({"installs:read"}),
        entity_ids=frozenset({"b" * 32}),
        request_id="r",
    )
    bound = bind(still_world, narrowed, still_world.one)
    assert (bound.key_id, bound.operations, bound.entity_ids, bound.request_id) == (
        narrowed.key_id,
        narrowed.operations,
        narrowed.entity_ids,
        "r",
    )


def test_only_the_organization_of_the_project_is_left(world: World) -> None:
    world.write(access.add_membership, SYSTEM, world.rival, world.users["owner"], "admin")
    owner = world.actor("owner")
    assert set(owner.organizations) == {world.acme, world.rival}
    assert bind(world, owner, world.one).organizations == (world.acme,)
    assert bind(world, owner, world.far).organizations == (world.rival,)


def test_a_key_bound_to_the_project_reaches_the_groups_and_one_bound_elsewhere_nothing(world: World) -> None:
    bound = bind(world, world.actor("editor", world.one), world.one)
    assert (bound.workspace_tier, bound.over_groups) == (Tier.EDITOR, True)
    with pytest.raises(NotFoundError, match=r"^workspace not found$"):
        bind(world, world.actor("owner", world.two), world.one)
    with pytest.raises(NotFoundError, match=r"^workspace not found$"):
        bind(world, bound, world.two)


def test_binding_again_changes_nothing(world: World) -> None:
    group = world.group(world.one, "g")
    bound = bind(world, world.actor("editor"), world.one)
    assert bind(world, bound, world.one) == bound
    page = replace(bound, over_groups=False, group_id=group.id, group_ref="g", group_tier=Tier.VIEWER)
    assert bind(world, page, world.one) == page
    assert bind(world, SYSTEM, world.one) == SYSTEM


def test_what_is_no_project_of_the_callers_is_missing(world: World) -> None:
    group = world.group(world.one, "g")
    with pytest.raises(NotFoundError):
        bind(world, SYSTEM, "f" * 32)
    for name, workspace_id in (("owner", world.far), ("plain", world.one), ("stranger", world.one)):
        with pytest.raises(NotFoundError):
            bind(world, world.actor(name), workspace_id)
    for actor in (world.actor("owner"), world.project("owner"), SYSTEM):
        with pytest.raises(NotFoundError):
            bind(world, actor, group.id)
    world.write(workspaces.delete_workspace, SYSTEM, world.one)
    for actor in (world.actor("owner"), SYSTEM):
        with pytest.raises(NotFoundError):
            bind(world, actor, world.one)


def test_a_project_is_required_with_a_tier(still_world: World) -> None:
    world = still_world
    editor = world.actor("editor")
    found = world.read(lambda tx: access.require_project(tx, editor, world.one, Tier.EDITOR))
    assert (found.id, found.organization_id, found.actor) == (world.one, world.acme, world.project("editor"))
    with world.refuses(access.TierTooLowError, "tier_too_low"):
        world.read(lambda tx: access.require_project(tx, editor, world.one, Tier.ADMIN))
    narrowed = replace(world.actor("owner"), entity_ids=frozenset())
    assert world.read(lambda tx: access.require_project(tx, narrowed, world.one, Tier.EDITOR))
    with world.refuses(access.ScopeMissingError, "scope_missing"):
        world.read(lambda tx: access.require_project(tx, narrowed, world.one, Tier.ADMIN))


def test_reaching_groups_costs_others_nothing(world: World) -> None:
    group, item = world.group(world.one, "g").id, world.item(world.one)

    def statements(actor: Actor, workspace_id: str) -> int:
        def work(tx: Tx) -> int:
            access.tier_on(tx, actor, organization_id=world.acme, workspace_id=workspace_id, entity_id=item)
            return tx.statements

        return world.read(work)

    assert statements(world.actor("admin", world.one), world.one) == 0
    assert statements(world.actor("admin", world.one), group) == 0
    assert statements(world.project("admin"), world.one) == 0
    assert statements(world.project("admin"), group) == 1
    page = replace(world.project("admin"), over_groups=False, group_id=group, group_ref="g")
    assert statements(page, group) == 0
    sql = access.scope(world.actor("admin", world.one), {})
    assert sql.in_workspace("t0", Tier.ADMIN) == "t0.workspace_id = :actor_workspace"
    assert "s_b" not in access.scope(world.actor("owner"), {}).in_workspace("t0", Tier.ADMIN)


def test_each_way_of_reaching_groups_has_its_predicate(still_world: World) -> None:
    actor = still_world.project("admin")
    assert access.scope(actor, {}).in_workspace("t0", Tier.ADMIN) == (
        "(t0.organization_id IN (:actor_org0) AND (t0.workspace_id = :actor_workspace OR "
        "COALESCE((SELECT s_b.owner_workspace_id FROM workspaces s_b WHERE s_b.id = t0.workspace_id)"
        " = :actor_workspace, FALSE)))"
    )
    one = replace(actor, over_groups=False, group_id="a" * 32, group_ref="g")
    assert access.scope(one, {}).in_workspace("t0", Tier.ADMIN) == (
        "(t0.workspace_id = :actor_workspace OR t0.workspace_id = :actor_group)"
    )
    assert access.scope(one, {}).params == {
        "actor_user": still_world.users["admin"],
        "actor_workspace": still_world.one,
        "actor_group": "a" * 32,
        "actor_org0": still_world.acme,
    }
    unmade = replace(one, group_id=None, front_end=True)
    assert "s_b.external_ref = :actor_group_ref" in access.scope(unmade, {}).in_workspace("t0", Tier.VIEWER)
    assert access.scope(unmade, {}).params == {
        "actor_user": "",
        "actor_workspace": still_world.one,
        "actor_group_ref": "g",
        "actor_org0": still_world.acme,
    }
