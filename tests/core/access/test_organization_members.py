from __future__ import annotations

import pytest

from tests.core.access.world import SYSTEM, World, value
from trunkline.core import access
from trunkline.kit.actor import Actor
from trunkline.kit.errors import ForbiddenError, InvalidRequestError, NotFoundError
from trunkline.kit.pages import ListQuery


def set_role(
    world: World, actor: Actor, name: str, role: str, organization_id: str | None = None
) -> list[str]:
    request = access.SetOrganizationRole(
        organization_id=organization_id or world.acme, user_id=world.users[name], role=role
    )
    row, events = world.journal(lambda tx: access.set_organization_role(tx, actor, request))
    assert (row.user_id, row.role, row.user_name) == (world.users[name], role, name)
    return events


def remove(world: World, actor: Actor, name: str, organization_id: str) -> list[str]:
    return world.journal(
        lambda tx: access.remove_organization_member(tx, actor, organization_id, world.users[name])
    )[1]


def test_members_see_who_belongs_to_their_organization(still_world: World) -> None:
    world = still_world
    page = world.read(
        lambda tx: access.list_organization_members(tx, world.actor("plain"), world.acme, ListQuery())
    )
    roles = {row.user_name: row.role for row in page.rows}
    members = dict.fromkeys(("plain", "admin", "editor", "viewer", "other"), "member")
    assert roles == {"owner": "owner", "boss": "admin", **members}
    with pytest.raises(NotFoundError):
        world.read(
            lambda tx: access.list_organization_members(tx, world.actor("plain"), world.rival, ListQuery())
        )


def test_administrators_change_roles(world: World) -> None:
    boss, plain = world.actor("boss"), world.users["plain"]
    assert set_role(world, boss, "plain", "admin") == [f"organization_member.updated {plain}"]
    assert world.actor("plain").administered == (world.acme,)
    with world.changes_nothing():
        assert set_role(world, boss, "plain", "admin") == []
    assert set_role(world, boss, "plain", "member") == [f"organization_member.updated {plain}"]


def test_others_change_none(world: World) -> None:
    for actor in (world.actor("plain"), world.actor("admin"), world.actor("owner", world.one)):
        with world.refuses(access.TierTooLowError, "tier_too_low"):
            set_role(world, actor, "viewer", "admin")
        with world.refuses(access.TierTooLowError, "tier_too_low"):
            remove(world, actor, "viewer", world.acme)
    with world.refuses(NotFoundError):
        set_role(world, world.actor("stranger"), "viewer", "admin")
    with world.refuses(InvalidRequestError):
        set_role(world, world.actor("boss"), "viewer", "editor")
    reader = Actor(user_id=world.users["owner"], operations=frozenset({"members:read"}))
    with world.refuses(ForbiddenError, "scope_missing"):
        set_role(world, reader, "viewer", "admin")


def test_ownership_is_given_and_taken_by_owners_only(world: World) -> None:
    boss, owner = world.actor("boss"), world.actor("owner")
    with world.refuses(access.OwnerRequiredError):
        set_role(world, boss, "plain", "owner")
    with world.refuses(access.OwnerRequiredError):
        set_role(world, boss, "owner", "member")
    set_role(world, owner, "plain", "owner")
    with world.refuses(access.OwnerRequiredError):
        set_role(world, boss, "plain", "member")
    with world.refuses(access.OrganizationOwnerError, "organization_owner"):
        set_role(world, world.actor("plain"), "owner", "member")
    set_role(world, owner, "plain", "member")


def test_nobody_pulls_in_a_user_they_do_not_see(world: World) -> None:
    with world.refuses(NotFoundError):
        set_role(world, world.actor("owner"), "stranger", "member")
    assert set_role(world, SYSTEM, "plain", "member", world.rival) == [
        f"organization_member.created {world.users['plain']}"
    ]
    assert world.actor("plain").organizations == tuple(sorted((world.acme, world.rival)))


def test_who_leaves_loses_everything_held_there_and_keeps_the_rest(world: World) -> None:
    plain, stranger = world.users["plain"], world.actor("stranger")
    set_role(world, SYSTEM, "plain", "member", world.rival)
    member = world.write(
        lambda tx: access.add_workspace_member(
            tx, stranger, access.AddWorkspaceMember(workspace_id=world.far, user_id=plain, role="admin")
        )
    )
    team = world.write(
        lambda tx: access.create_team(
            tx, stranger, access.CreateTeam(organization_id=world.rival, name="crew")
        )
    )
    world.write(lambda tx: access.add_team_member(tx, stranger, team.id, plain))
    there = world.grant(world.item(world.far), "user", plain, "admin")
    here = world.grant(world.item(world.one), "user", plain, "admin")
    bound, own = world.key("plain", workspace_id=world.far).row.id, world.key("plain").row.id

    assert remove(world, stranger, "plain", world.rival) == [
        f"organization_member.deleted {plain}",
        f"workspace_member.deleted {member.id}",
        f"team.member_removed {team.id}",
        f"permission.revoked {there}",
        f"key.revoked {bound}",
    ]
    actor = world.actor("plain")
    assert actor.organizations == (world.acme,)
    assert world.read(lambda tx: access.get_grant(tx, SYSTEM, there)).deleted_at is not None
    assert world.read(lambda tx: access.get_grant(tx, SYSTEM, here)).deleted_at is None
    assert world.read(lambda tx: access.get_key(tx, SYSTEM, bound)).revoked_at is not None
    assert world.read(lambda tx: access.get_key(tx, SYSTEM, own)).revoked_at is None
    for table in ("workspace_members", "team_members"):
        sql = f"SELECT count(*) FROM {table} WHERE organization_id = :rival AND user_id = :plain"
        assert world.read(value, sql, rival=world.rival, plain=plain) == 0
    parents = world.read(
        lambda tx: tx.column(
            "SELECT DISTINCT parent_id FROM events WHERE type IN ('key.revoked', 'permission.revoked')"
        )
    )
    cause = world.read(
        lambda tx: tx.value("SELECT id FROM events WHERE type = 'organization_member.deleted'")
    )
    assert parents == [cause]
    with world.changes_nothing():
        assert remove(world, stranger, "plain", world.rival) == []


def test_nobody_is_removed_from_home_and_no_named_owner_from_anywhere(world: World) -> None:
    with world.refuses(access.HomeOrganizationError, "home_organization"):
        remove(world, world.actor("boss"), "viewer", world.acme)
    with world.refuses(access.OrganizationOwnerError, "organization_owner"):
        remove(world, world.actor("owner"), "owner", world.acme)
    with world.refuses(access.OwnerRequiredError):
        remove(world, world.actor("boss"), "owner", world.acme)
