from __future__ import annotations

from uuid import UUID

import pytest

from tests.core.access.world import SYSTEM, World
from trunkline.core import access
from trunkline.kit.errors import NotFoundError


def resolved(
    world: World, name: str, text: str, organization_id: str | None = None
) -> access.Principal | None:
    try:
        return world.read(
            lambda tx: access.resolve_principal(tx, world.actor(name), text, organization_id=organization_id)
        )
    except NotFoundError:
        return None


def test_a_user_is_meant_by_name_and_by_every_spelling_of_the_id(world: World) -> None:
    viewer = world.users["viewer"]
    expected = access.Principal("user", viewer, world.acme, "viewer", "viewer", "viewer@acme.test")
    spellings = ["viewer", "VIEWER", f"usr_{viewer}", viewer, str(UUID(viewer)), str(UUID(viewer)).upper()]
    for text in spellings:
        assert resolved(world, "plain", text) == expected
        assert resolved(world, "plain", f"user:{text}") == expected
    assert access.principal_key(expected) == "viewer"


def test_a_team_is_meant_by_its_id_and_with_the_prefix_by_its_name(world: World) -> None:
    team = world.team("Sales team")
    expected = access.Principal("team", team, world.acme, "Sales team")
    for text in (f"tem_{team}", team, str(UUID(team)), f"team:{team}", f"team:tem_{team}", "team:Sales team"):
        assert resolved(world, "plain", text) == expected
    assert access.principal_key(expected) == f"team:{UUID(team)}"
    assert resolved(world, "plain", access.principal_key(expected)) == expected


def test_what_names_nobody_or_the_wrong_kind_finds_nobody(world: World) -> None:
    team = world.team("crew")
    viewer = world.users["viewer"]
    for text in (
        "",
        ":",
        "user:",
        "team:",
        "nobody",
        "crew",
        "team:Crew",
        "team:viewer",
        "viewer@acme.test",
        f"team:usr_{viewer}",
        f"team:{viewer}",
        f"user:{team}",
        f"int_{viewer}",
        f"USR_{viewer}",
        "f" * 32,
        f"group:{viewer}",
        "user:user:viewer",
    ):
        assert resolved(world, "plain", text) is None, text


def test_a_name_always_means_the_user_whatever_a_team_is_called(world: World) -> None:
    world.team("viewer")
    found = resolved(world, "plain", "viewer")
    assert found is not None
    assert found.id == world.users["viewer"]


def test_strangers_are_nobody(world: World) -> None:
    team = world.team("crew")
    for text in ("viewer", world.users["viewer"], team, "team:crew"):
        assert resolved(world, "stranger", text) is None
    assert resolved(world, "viewer", "stranger") is None


def test_who_could_be_two_is_nobody_until_the_organization_is_said(world: World) -> None:
    world.team("crew")

    def work(tx):
        namesake = access.CreateUser(
            organization_id=world.rival, email="viewer@rival.test", name="Other", username="viewer"
        )
        access.create_user(tx, SYSTEM, namesake)
        access.create_team(tx, SYSTEM, access.CreateTeam(organization_id=world.rival, name="crew"))
        access.add_membership(tx, SYSTEM, world.rival, world.users["plain"], "member")

    world.write(work)
    for text in ("viewer", "team:crew"):
        assert resolved(world, "plain", text) is None
        found = [resolved(world, "plain", text, place) for place in (world.acme, world.rival)]
        assert [one and one.organization_id for one in found] == [world.acme, world.rival]
    guest = resolved(world, "stranger", "plain", world.rival)
    assert guest is not None
    assert guest.organization_id == world.acme
    assert resolved(world, "stranger", "plain", world.acme) is not None
    assert resolved(world, "viewer", "viewer") is not None


def test_a_namesake_among_the_guests_is_never_taken_for_somebody_else(world: World) -> None:
    def work(tx):
        namesake = access.CreateUser(
            organization_id=world.rival, email="v@rival.test", name="Other", username="viewer"
        )
        guest = access.create_user(tx, SYSTEM, namesake)
        access.add_membership(tx, SYSTEM, world.acme, guest.id, "member")

    world.write(work)
    assert resolved(world, "plain", "viewer", world.acme) is None
    assert resolved(world, "plain", world.users["viewer"], world.acme) is not None


@pytest.mark.parametrize("name", ["plain", "stranger"])
def test_subjects_are_told_in_two_statements_to_who_sees_them(world: World, name: str) -> None:
    team = world.team("crew")
    subjects = [("user", world.users[one]) for one in ("viewer", "plain", "stranger", "viewer")]
    subjects += [("team", team), ("user", "f" * 32), ("organization", world.acme)]

    def work(tx):
        before = tx.statements
        found = access.principals_of(tx, access.act_as(tx, world.users[name]), subjects)
        return found, tx.statements - before

    found, statements = world.read(work)
    seen = {"plain": {"viewer", "plain", "crew"}, "stranger": {"stranger"}}
    assert {one.name for one in found.values()} == seen[name]
    assert all((one.kind, one.id) == key for key, one in found.items())
    assert statements == 4  # two of them to know who asks
