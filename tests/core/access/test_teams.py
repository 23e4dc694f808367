from __future__ import annotations

import pytest

from tests.core.access.world import NOW, SYSTEM, World
from trunkline.core import access
from trunkline.kit.actor import Actor
from trunkline.kit.errors import ForbiddenError, InvalidRequestError, NotFoundError
from trunkline.kit.pages import ListQuery


def create(world: World, actor: Actor, name: str = "crew") -> tuple[access.TeamRow, list[str]]:
    request = access.CreateTeam(organization_id=world.acme, name=name)
    return world.journal(lambda tx: access.create_team(tx, actor, request))


def members(world: World, team_id: str) -> list[str]:
    page = world.read(lambda tx: access.list_team_members(tx, world.actor("viewer"), team_id, ListQuery()))
    return sorted(row.user_name for row in page.rows)


def test_administrators_make_teams(world: World) -> None:
    row, events = create(world, world.actor("boss"))
    assert row == access.TeamRow(
        id=row.id, organization_id=world.acme, name="crew", created_at=NOW, updated_at=NOW
    )
    assert events == [f"team.created {row.id}"]
    assert world.read(lambda tx: access.get_team(tx, world.actor("viewer"), row.id)) == row
    page = world.read(lambda tx: access.list_teams(tx, world.actor("viewer"), ListQuery()))
    assert page.rows == [row]


def test_others_make_none(world: World) -> None:
    for actor in (world.actor("admin"), world.actor("owner", world.one)):
        with world.refuses(access.TierTooLowError, "tier_too_low"):
            create(world, actor)
    with world.refuses(NotFoundError):
        create(world, world.actor("stranger"))
    with world.refuses(ForbiddenError, "scope_missing"):
        create(world, Actor(user_id=world.users["owner"], operations=frozenset({"teams:read"})))


def test_a_name_is_taken_once_per_organization(world: World) -> None:
    create(world, SYSTEM)
    with world.refuses(access.TeamNameTakenError, "team_name_taken"):
        create(world, SYSTEM)
    with world.refuses(InvalidRequestError, path="name"):
        create(world, SYSTEM, " ")


def test_users_of_the_organization_come_and_go(world: World) -> None:
    boss, viewer = world.actor("boss"), world.users["viewer"]
    team = create(world, boss)[0].id
    _, events = world.journal(lambda tx: access.add_team_member(tx, boss, team, viewer))
    assert events == [f"team.member_added {team}"]
    assert members(world, team) == ["viewer"]
    with world.refuses(access.AlreadyMemberError, "already_member"):
        world.write(lambda tx: access.add_team_member(tx, boss, team, viewer))
    _, events = world.journal(lambda tx: access.remove_team_member(tx, boss, team, viewer))
    assert events == [f"team.member_removed {team}"]
    assert members(world, team) == []
    with world.changes_nothing():
        world.write(lambda tx: access.remove_team_member(tx, boss, team, viewer))


def roles(world: World, team_id: str) -> dict[str, str]:
    page = world.read(lambda tx: access.list_team_members(tx, world.actor("viewer"), team_id, ListQuery()))
    return {row.user_name: row.role for row in page.rows}


def test_members_have_a_role_that_changes(world: World) -> None:
    boss, viewer = world.actor("boss"), world.users["viewer"]
    team = world.team("crew", "viewer")
    world.write(lambda tx: access.add_team_member(tx, boss, team, world.users["plain"], "designer"))
    assert roles(world, team) == {"viewer": "member", "plain": "designer"}
    for role in access.TEAM_ROLES:
        _, events = world.journal(access.set_team_role, boss, team, viewer, role)
        assert events == [f"team.member_updated {team}"]
        assert roles(world, team)["viewer"] == role
    with world.changes_nothing():
        world.write(lambda tx: access.set_team_role(tx, boss, team, viewer, access.TEAM_ROLES[-1]))


def test_a_role_is_for_members_and_given_by_administrators(world: World) -> None:
    boss, viewer = world.actor("boss"), world.users["viewer"]
    team = world.team("crew", "viewer")
    for user_id in (world.users["plain"], world.users["stranger"], "f" * 32):
        with world.refuses(NotFoundError):
            world.write(access.set_team_role, boss, team, user_id, "admin")
    with world.refuses(InvalidRequestError, path="role"):
        world.write(lambda tx: access.set_team_role(tx, boss, team, viewer, "king"))
    with world.refuses(InvalidRequestError, path="role"):
        world.write(lambda tx: access.add_team_member(tx, boss, team, world.users["plain"], "king"))
    with world.refuses(access.TierTooLowError, "tier_too_low"):
        world.write(lambda tx: access.set_team_role(tx, world.actor("viewer"), team, viewer, "admin"))
    with world.refuses(NotFoundError):
        world.write(lambda tx: access.set_team_role(tx, world.actor("stranger"), team, viewer, "admin"))


def test_a_foreign_user_is_missing_and_a_foreign_team_too(world: World) -> None:
    team = create(world, SYSTEM)[0].id
    for user_id in (world.users["stranger"], "f" * 32):
        with world.refuses(NotFoundError):
            world.write(access.add_team_member, world.actor("boss"), team, user_id)
    stranger = world.actor("stranger")
    with world.refuses(NotFoundError):
        world.write(access.get_team, stranger, team)
    with world.refuses(NotFoundError):
        world.write(access.delete_team, stranger, team)
    with pytest.raises(NotFoundError):
        world.read(lambda tx: access.list_team_members(tx, stranger, team, ListQuery()))
    with world.refuses(access.TierTooLowError, "tier_too_low"):
        world.write(lambda tx: access.add_team_member(tx, world.actor("plain"), team, world.users["plain"]))
    with world.refuses(access.TierTooLowError, "tier_too_low"):
        world.write(lambda tx: access.delete_team(tx, world.actor("plain"), team))


def test_deleting_a_team_revokes_what_was_granted_to_it(world: World) -> None:
    team = world.team("crew", "plain")
    item = world.item(world.one)
    grant_id = world.grant(item, "team", team, "admin")
    other = world.grant(item, "user", world.users["viewer"], "admin")
    _, events = world.journal(lambda tx: access.delete_team(tx, world.actor("boss"), team))
    assert events == [f"team.deleted {team}", f"permission.revoked {grant_id}"]
    revoked = world.read(lambda tx: access.get_grant(tx, SYSTEM, grant_id))
    assert (revoked.deleted_at, revoked.deleted_by) == (NOW, world.users["boss"])
    assert world.read(lambda tx: access.get_grant(tx, SYSTEM, other)).deleted_at is None
    with pytest.raises(NotFoundError):
        world.read(lambda tx: access.get_team(tx, SYSTEM, team))
    assert world.read(lambda tx: tx.value("SELECT count(*) FROM team_members")) == 0
