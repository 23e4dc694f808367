from __future__ import annotations

from dataclasses import replace

from tests.core.access.world import SYSTEM, World
from trunkline.core import access
from trunkline.kit.actor import Actor, Tier


def shares(world: World, actor: Actor, *entity_ids: str) -> dict[str, list[tuple[str, str | None, Tier]]]:
    found = world.read(access.shares_of, actor, entity_ids)
    return {
        one: [(row.subject_kind, row.subject_id, row.tier) for row in rows] for one, rows in found.items()
    }


def test_shares_go_with_what_is_shared(world: World) -> None:
    one, other, unshared = (world.item(world.one) for _ in range(3))
    user, team = world.users["plain"], world.team("sales")
    world.grant(one, "user", user)
    world.grant(one, "team", team, "editor")
    world.grant(other, "anyone", None, "admin")
    expected = {
        one: [("user", user, Tier.VIEWER), ("team", team, Tier.EDITOR)],
        other: [("anyone", None, Tier.ADMIN)],
    }
    for name in ("owner", "viewer", "plain"):
        assert shares(world, world.actor(name), one, other, unshared) == expected
    assert shares(world, SYSTEM, one) == {one: expected[one]}
    assert shares(world, world.actor("owner")) == {}


def test_shares_are_nobody_elses_business(world: World) -> None:
    one = world.item(world.one)
    world.grant(one, "user", world.users["plain"])
    assert shares(world, world.actor("stranger"), one) == {}
    reader = replace(world.actor("owner"), operations=frozenset({"integrations:read"}))
    assert shares(world, reader, one) == {}


def test_what_was_taken_back_and_what_owning_brings_along_is_no_share(world: World) -> None:
    one = world.item(world.one)
    grant_id = world.grant(one, "user", world.users["plain"])
    world.write(access.revoke_grant, world.actor("owner"), grant_id)
    row = access.ShareRow(one, one, world.acme, "user", None, Tier.ADMIN, "", "")
    assert shares(world, world.actor("owner"), one) == {}

    class Placed:
        id, organization_id, workspace_id = one, row.organization_id, world.one

    world.write(
        access.grant_ownership,
        world.actor("owner"),
        Placed(),
        entity_kind="item",
        owner_kind="user",
        owner_id=world.users["plain"],
    )
    assert shares(world, world.actor("owner"), one) == {}
