from __future__ import annotations

import pytest

from tests.core.access.world import NOW, SYSTEM, World
from trunkline.core import access, workspaces
from trunkline.kit.actor import Actor
from trunkline.kit.errors import ForbiddenError, InvalidRequestError, NotFoundError
from trunkline.kit.filters import Compare, Op
from trunkline.kit.pages import ListQuery


def add(
    world: World, actor: Actor, name: str, role: str = "viewer"
) -> tuple[access.WorkspaceMemberRow, list[str]]:
    request = access.AddWorkspaceMember(workspace_id=world.one, user_id=world.users[name], role=role)
    return world.journal(lambda tx: access.add_workspace_member(tx, actor, request))


@pytest.mark.parametrize("name", ["owner", "boss", "admin"])
def test_admins_of_the_workspace_add_members(world: World, name: str) -> None:
    row, events = add(world, world.actor(name), "plain", "editor")
    assert row == access.WorkspaceMemberRow(
        id=row.id,
        organization_id=world.acme,
        workspace_id=world.one,
        user_id=world.users["plain"],
        role="editor",
        created_at=NOW,
        user_name="plain",
        user_email="plain@acme.test",
        user_role="member",
    )
    assert events == [f"workspace_member.created {row.id}"]
    assert world.read(lambda tx: access.get_workspace_member(tx, world.actor("plain"), row.id)) == row


def test_a_key_bound_to_the_workspace_adds_members_with_its_users_tier(world: World) -> None:
    assert add(world, world.actor("admin", world.one), "plain")[0].role == "viewer"
    with world.refuses(NotFoundError):
        add(world, world.actor("owner", world.two), "other")


def test_others_add_none(world: World) -> None:
    for name in ("editor", "viewer"):
        with world.refuses(access.TierTooLowError, "tier_too_low"):
            add(world, world.actor(name), "plain")
    for name in ("plain", "other", "stranger"):
        with world.refuses(NotFoundError):
            add(world, world.actor(name), "plain")
    with world.refuses(ForbiddenError, "scope_missing"):
        add(world, Actor(user_id=world.users["owner"], operations=frozenset({"*:read"})), "plain")


def test_a_user_of_another_organization_is_missing(world: World) -> None:
    with world.refuses(NotFoundError):
        add(world, world.actor("admin"), "stranger")
    with world.refuses(access.AlreadyMemberError, "already_member"):
        add(world, world.actor("admin"), "viewer")
    with world.refuses(InvalidRequestError, path="role"):
        add(world, world.actor("admin"), "plain", "owner")


def test_the_list_is_of_one_workspace_of_the_callers(still_world: World) -> None:
    world = still_world
    viewer = world.actor("viewer")

    def names(query: ListQuery) -> list[str]:
        page = world.read(lambda tx: access.list_workspace_members(tx, viewer, world.one, query))
        return sorted(row.user_name for row in page.rows)

    assert names(ListQuery()) == ["admin", "editor", "owner", "viewer"]
    assert names(ListQuery(where=Compare("role", Op.EQ, "admin"))) == ["admin", "owner"]
    assert names(ListQuery(where=Compare("user_id", Op.EQ, world.users["other"]))) == []
    for workspace_id in (world.two, world.far, "f" * 32):
        with pytest.raises(NotFoundError):
            world.read(access.list_workspace_members, viewer, workspace_id, ListQuery())


def test_roles_change_and_end(world: World) -> None:
    admin, member_id = world.actor("admin"), world.member_id(world.one, "viewer")

    def change(actor: Actor, role: str) -> tuple[access.WorkspaceMemberRow, list[str]]:
        request = access.ChangeWorkspaceRole(id=member_id, role=role)
        return world.journal(lambda tx: access.change_workspace_role(tx, actor, request))

    row, events = change(admin, "editor")
    assert (row.role, events) == ("editor", [f"workspace_member.updated {member_id}"])
    assert world.read(lambda tx: access.get_workspace_member(tx, admin, member_id)) == row
    with world.changes_nothing():
        assert change(admin, "editor") == (row, [])
    with world.refuses(InvalidRequestError, path="role"):
        change(admin, "none")
    with world.refuses(access.TierTooLowError, "tier_too_low"):
        change(world.actor("editor"), "admin")
    with world.refuses(NotFoundError):
        change(world.actor("other"), "admin")
    with world.refuses(access.TierTooLowError, "tier_too_low"):
        world.write(lambda tx: access.remove_workspace_member(tx, world.actor("editor"), member_id))
    _, events = world.journal(lambda tx: access.remove_workspace_member(tx, admin, member_id))
    assert events == [f"workspace_member.deleted {member_id}"]
    with world.refuses(NotFoundError):
        world.write(lambda tx: access.remove_workspace_member(tx, admin, member_id))


def test_members_of_a_deleted_workspace_are_missing(world: World) -> None:
    member_id = world.member_id(world.one, "viewer")
    world.write(lambda tx: workspaces.delete_workspace(tx, SYSTEM, world.one))
    with world.refuses(NotFoundError):
        add(world, world.actor("owner"), "plain")
    with world.refuses(NotFoundError):
        world.write(lambda tx: access.remove_workspace_member(tx, world.actor("owner"), member_id))
