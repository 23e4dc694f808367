from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.core.access.views import View
from tests.core.access.world import SYSTEM, World
from trunkline.core import access, workspaces
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.pages import Deleted

EVERYBODY = {"owner", "boss", "plain", "admin", "editor", "viewer", "other"}


def organizations(world: World, actor: Actor) -> View:
    return View(world, actor, workspaces.ORGANIZATION, {world.acme: "acme", world.rival: "rival"})


def places(world: World, actor: Actor) -> View:
    names = {world.one: "one", world.two: "two", world.far: "far"}
    return View(world, actor, workspaces.WORKSPACE, names)


def people(world: World, actor: Actor) -> View:
    return View(world, actor, access.USER, {user_id: name for name, user_id in world.users.items()})


@pytest.mark.parametrize(
    ("name", "seen", "administered"),
    [
        ("owner", {"one", "two"}, {"one", "two"}),
        ("boss", {"one", "two"}, {"one", "two"}),
        ("plain", set(), set()),
        ("admin", {"one"}, {"one"}),
        ("editor", {"one"}, set()),
        ("viewer", {"one"}, set()),
        ("other", {"two"}, {"two"}),
        ("stranger", {"far"}, {"far"}),
    ],
)
def test_workspaces_are_seen_by_whoever_holds_a_tier_there(
    still_world: World, name: str, seen: set[str], administered: set[str]
) -> None:
    view = places(still_world, still_world.actor(name))
    assert view.listed() == view.found() == view.inside() == seen
    assert view.holding(Tier.ADMIN) == administered


def test_a_bound_key_sees_its_workspace_and_no_other(still_world: World) -> None:
    assert places(still_world, still_world.actor("owner", still_world.two)).listed() == {"two"}
    assert places(still_world, still_world.actor("owner", still_world.two)).holding(Tier.ADMIN) == {"two"}
    assert places(still_world, still_world.actor("viewer", still_world.one)).holding(Tier.ADMIN) == set()
    assert places(still_world, still_world.actor("viewer", still_world.two)).listed() == set()


def test_deleted_workspaces_are_seen_by_their_admins(world: World) -> None:
    world.write(lambda tx: workspaces.delete_workspace(tx, SYSTEM, world.one))
    for name in ("owner", "boss", "admin"):
        assert "one" in places(world, world.actor(name)).listed(Deleted.INCLUDE)
        assert "one" in places(world, world.actor(name)).found()
        assert "one" not in places(world, world.actor(name)).listed()
    for name in ("editor", "viewer", "plain", "stranger"):
        assert "one" not in places(world, world.actor(name)).listed(Deleted.INCLUDE)
        assert "one" not in places(world, world.actor(name)).found()


@pytest.mark.parametrize("name", sorted(EVERYBODY))
def test_members_see_their_organization_and_its_people(still_world: World, name: str) -> None:
    actor = still_world.actor(name)
    assert organizations(still_world, actor).listed() == organizations(still_world, actor).found() == {"acme"}
    assert people(still_world, actor).listed() == people(still_world, actor).found() == EVERYBODY
    administers = {"acme"} if name in {"owner", "boss"} else set()
    assert organizations(still_world, actor).holding(Tier.ADMIN) == administers
    assert organizations(still_world, actor).holding(Tier.EDITOR) == administers
    assert organizations(still_world, actor).holding(Tier.VIEWER) == {"acme"}
    assert people(still_world, actor).holding(Tier.ADMIN) == (EVERYBODY if administers else set())


def test_the_stranger_sees_no_one_of_another_tenant(still_world: World) -> None:
    stranger = still_world.actor("stranger")
    assert organizations(still_world, stranger).listed() == {"rival"}
    assert people(still_world, stranger).listed() == people(still_world, stranger).found() == {"stranger"}


def test_being_an_operator_shows_no_more_rows(still_world: World) -> None:
    owner = still_world.actor("owner")
    assert owner.operator is True
    assert organizations(still_world, owner).listed() == {"acme"}
    assert people(still_world, owner).listed() == EVERYBODY
    assert places(still_world, owner).listed() == {"one", "two"}


def test_the_system_sees_all(still_world: World) -> None:
    assert organizations(still_world, SYSTEM).listed() == {"acme", "rival"}
    assert people(still_world, SYSTEM).listed() == EVERYBODY | {"stranger"}
    assert places(still_world, SYSTEM).listed() == {"one", "two", "far"}


def test_a_bound_key_sees_the_organization_of_its_workspace_only(world: World) -> None:
    join(world, "owner", world.rival)
    both = world.actor("owner")
    assert organizations(world, both).listed() == {"acme", "rival"}
    assert people(world, both).listed() == EVERYBODY | {"stranger"}
    bound = world.actor("owner", world.one)
    assert bound.organizations == (world.acme,)
    assert organizations(world, bound).listed() == {"acme"}
    assert organizations(world, bound).holding(Tier.ADMIN) == set()
    assert people(world, bound).listed() == EVERYBODY
    assert people(world, bound).holding(Tier.ADMIN) == set()


def test_what_a_bound_actor_claims_beyond_its_workspace_counts_for_nothing(still_world: World) -> None:
    world = still_world
    claims: dict[str, Any] = {
        "organizations": (world.acme, world.rival),
        "administered": (world.acme, world.rival),
    }
    forged = replace(world.actor("owner", world.one), **claims)
    assert organizations(world, forged).listed() == {"acme"}
    assert organizations(world, forged).holding(Tier.ADMIN) == set()
    assert people(world, forged).listed() == EVERYBODY
    assert people(world, forged).holding(Tier.ADMIN) == set()
    assert places(world, forged).listed() == {"one"}


def test_users_who_share_an_organization_see_each_other(world: World) -> None:
    join(world, "plain", world.rival)
    assert people(world, world.actor("stranger")).listed() == {"stranger", "plain"}
    assert people(world, world.actor("plain")).listed() == EVERYBODY | {"stranger"}
    assert people(world, world.actor("viewer")).listed() == EVERYBODY


def test_teams_are_seen_in_their_organization(world: World) -> None:
    team = world.team("crew", "plain")

    def seen(actor: Actor) -> View:
        return View(world, actor, access.TEAM, {team: "crew"})

    assert seen(world.actor("viewer")).listed() == seen(world.actor("viewer", world.one)).listed() == {"crew"}
    assert seen(world.actor("viewer")).holding(Tier.ADMIN) == set()
    assert seen(world.actor("boss")).holding(Tier.ADMIN) == {"crew"}
    assert seen(world.actor("boss", world.one)).holding(Tier.ADMIN) == set()
    assert seen(world.actor("stranger")).listed() == seen(world.actor("stranger")).found() == set()


def test_workspace_members_are_seen_in_the_workspace(world: World) -> None:
    names = {world.member_id(world.one, name): name for name in ("owner", "admin", "editor", "viewer")}
    names[world.member_id(world.far, "stranger")] = "stranger"

    def seen(actor: Actor) -> View:
        return View(world, actor, access.WORKSPACE_MEMBER, names)

    inside = {"owner", "admin", "editor", "viewer"}
    assert seen(world.actor("viewer")).listed() == seen(world.actor("boss")).listed() == inside
    assert seen(world.actor("viewer", world.one)).listed() == inside
    assert seen(world.actor("other")).listed() == seen(world.actor("plain")).listed() == set()
    assert seen(world.actor("stranger")).listed() == {"stranger"}


def test_keys_are_seen_by_their_user_and_by_those_who_administer_the_organization(world: World) -> None:
    names = {
        world.key("viewer").row.id: "viewer's",
        world.key("viewer", workspace_id=world.one).row.id: "viewer's in one",
        world.key("admin", workspace_id=world.one).row.id: "admin's in one",
        world.key("stranger").row.id: "stranger's",
    }

    def seen(actor: Actor) -> View:
        return View(world, actor, access.KEY, names)

    acme = {"viewer's", "viewer's in one", "admin's in one"}
    assert seen(world.actor("owner")).listed() == seen(world.actor("boss")).listed() == acme
    assert (
        seen(world.actor("viewer")).listed()
        == seen(world.actor("viewer")).found()
        == acme - {"admin's in one"}
    )
    assert seen(world.actor("admin")).listed() == {"admin's in one"}
    assert seen(world.actor("plain")).listed() == set()
    assert seen(world.actor("stranger")).listed() == {"stranger's"}
    assert seen(world.actor("viewer", world.one)).listed() == {"viewer's in one"}
    assert seen(world.actor("viewer", world.one)).inside() == {"viewer's in one"}
    assert seen(world.actor("owner", world.one)).listed() == set()
    assert seen(world.actor("owner")).holding(Tier.ADMIN) == acme


def test_grants_are_seen_in_the_workspace_and_by_admins_of_their_object(world: World) -> None:
    item, foreign = world.item(world.one), world.item(world.far)
    names = {
        world.grant(item, "user", world.users["plain"], "viewer"): "on one",
        world.grant(foreign, "user", world.users["plain"], "admin"): "admin on far",
        world.grant(foreign, "anyone", None, "viewer"): "anyone on far",
    }

    def seen(actor: Actor) -> View:
        return View(world, actor, access.GRANT, names)

    assert seen(world.actor("viewer")).listed() == seen(world.actor("boss")).listed() == {"on one"}
    assert seen(world.actor("viewer", world.one)).listed() == {"on one"}
    far = {"admin on far", "anyone on far"}
    assert seen(world.actor("plain")).listed() == seen(world.actor("plain")).holding(Tier.ADMIN) == far
    assert seen(world.actor("stranger")).listed() == far
    assert seen(world.actor("other")).listed() == set()
    assert seen(world.actor("viewer")).holding(Tier.ADMIN) == set()
    assert seen(world.actor("admin")).holding(Tier.ADMIN) == {"on one"}
    assert seen(replace(world.actor("admin"), entity_ids=frozenset({item}))).listed() == {"on one"}
    assert seen(replace(world.actor("admin"), entity_ids=frozenset({foreign}))).listed() == set()


def join(world: World, name: str, organization_id: str) -> None:
    def work(tx: Tx) -> None:
        request = access.SetOrganizationRole(
            organization_id=organization_id, user_id=world.users[name], role="member"
        )
        access.set_organization_role(tx, SYSTEM, request)

    world.write(work)
