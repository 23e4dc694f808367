from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.core.access.world import NOW, SPECS, SYSTEM, World, value
from trunkline.core import access, workspaces
from trunkline.core.journal import Change
from trunkline.infra.db import Catalog, Tx
from trunkline.kit.actor import Actor
from trunkline.kit.errors import ConflictError, ForbiddenError, InvalidRequestError, NotFoundError
from trunkline.kit.pages import Deleted, ListQuery


def create(world: World, actor: Actor, **changes: Any) -> tuple[workspaces.WorkspaceRow, list[str]]:
    wanted = {"organization_id": world.acme, "name": "Three", "handle": "three", **changes}
    request = workspaces.CreateWorkspace(**wanted)
    return world.journal(lambda tx: workspaces.create_workspace(tx, actor, request))


def update(world: World, actor: Actor, workspace_id: str, **changes: Any) -> workspaces.WorkspaceRow:
    request = workspaces.UpdateWorkspace(id=workspace_id, **changes)
    return world.write(lambda tx: workspaces.update_workspace(tx, actor, request))


def get(world: World, actor: Actor, workspace_id: str) -> workspaces.WorkspaceRow:
    return world.read(lambda tx: workspaces.get_workspace(tx, actor, workspace_id))


@pytest.mark.parametrize("name", ["owner", "boss"])
def test_administrators_make_workspaces_and_are_their_first_admins(world: World, name: str) -> None:
    actor = world.actor(name)
    row, events = create(world, actor)
    assert row == workspaces.WorkspaceRow(
        id=row.id,
        organization_id=world.acme,
        name="Three",
        handle="three",
        owner_id=world.users[name],
        default_service_user_id=None,
        created_at=NOW,
        updated_at=NOW,
        deleted_at=None,
        retention_tier=None,
        deletion_id=None,
    )
    members = world.read(lambda tx: access.list_workspace_members(tx, actor, row.id, ListQuery())).rows
    assert [(m.user_id, m.role) for m in members] == [(world.users[name], "admin")]
    assert events == [f"workspace.created {row.id}", f"workspace_member.created {members[0].id}"]
    assert get(world, actor, row.id) == row


def test_a_workspace_is_made_for_another_member(world: World) -> None:
    row, _ = create(world, world.actor("boss"), owner_id=world.users["plain"])
    assert row.owner_id == world.users["plain"]
    assert get(world, world.actor("plain"), row.id) == row
    with world.refuses(NotFoundError):
        create(world, world.actor("boss"), handle="four", owner_id=world.users["stranger"])


def test_nobody_else_makes_workspaces(world: World) -> None:
    for actor in (world.actor("plain"), world.actor("admin"), world.actor("owner", world.one)):
        with world.refuses(access.TierTooLowError, "tier_too_low"):
            create(world, actor)
    with world.refuses(NotFoundError):
        create(world, world.actor("stranger"))
    with world.refuses(ForbiddenError, "scope_missing"):
        create(world, Actor(user_id=world.users["owner"], operations=frozenset({"*:read"})))


def test_handles_are_unique_across_tenants_and_well_formed(world: World) -> None:
    for handle in ("one", "far"):
        with world.refuses(workspaces.HandleTakenError, "handle_taken"):
            create(world, world.actor("owner"), handle=handle)
    for handle in ("", "One", "-one", "a_b", "n" * 64):
        with world.refuses(InvalidRequestError, path="handle"):
            create(world, world.actor("owner"), handle=handle)
    with world.refuses(InvalidRequestError, path="name"):
        create(world, world.actor("owner"), name="n" * 201)
    assert create(world, world.actor("owner"), handle="n" * 63)[0].handle == "n" * 63


def test_a_foreign_workspace_is_missing(still_world: World) -> None:
    world = still_world
    for name, workspace_id in (("viewer", world.two), ("owner", world.far), ("plain", world.one)):
        with pytest.raises(NotFoundError, match=r"^workspace not found$"):
            get(world, world.actor(name), workspace_id)
    page = world.read(lambda tx: workspaces.list_workspaces(tx, world.actor("viewer"), ListQuery()))
    assert [row.handle for row in page.rows] == ["one"]


def test_admins_change_it(world: World) -> None:
    admin = world.actor("admin")
    request = workspaces.UpdateWorkspace(
        id=world.one, name="Uno", handle="uno", default_service_user_id=world.users["viewer"]
    )
    row, events = world.journal(lambda tx: workspaces.update_workspace(tx, admin, request))
    assert (row.name, row.handle, row.default_service_user_id) == ("Uno", "uno", world.users["viewer"])
    assert events == [f"workspace.updated {world.one}"]
    assert get(world, admin, world.one) == row
    with world.changes_nothing():
        assert world.write(lambda tx: workspaces.update_workspace(tx, admin, request)) == row
    assert update(world, admin, world.one, name="Eins").default_service_user_id == world.users["viewer"]
    assert update(world, admin, world.one, default_service_user_id=None).default_service_user_id is None
    sql = "SELECT changed FROM audit_entries WHERE action = 'workspace.updated' ORDER BY id"
    assert world.read(lambda tx: tx.column(sql)) == [
        '["name","handle","default_service_user_id"]',
        '["name"]',
        '["default_service_user_id"]',
    ]


def test_others_change_nothing(world: World) -> None:
    for name in ("editor", "viewer"):
        with world.refuses(access.TierTooLowError, "tier_too_low"):
            update(world, world.actor(name), world.one, name="Mine")
    for name in ("other", "plain", "stranger"):
        with world.refuses(NotFoundError):
            update(world, world.actor(name), world.one, name="Mine")
    narrowed = replace(world.actor("owner"), entity_ids=frozenset({world.one}))
    with world.refuses(access.ScopeMissingError, "scope_missing"):
        update(world, narrowed, world.one, name="Mine")
    with world.refuses(workspaces.HandleTakenError, "handle_taken"):
        update(world, world.actor("admin"), world.one, handle="far")


def test_the_service_user_is_an_active_member_of_the_workspace(world: World) -> None:
    admin = world.actor("admin")
    out = access.UpdateUser(id=world.users["editor"], active=False)
    world.write(lambda tx: access.update_user(tx, SYSTEM, out))
    for user_id in (world.users["plain"], world.users["stranger"], world.users["editor"], "f" * 32):
        with world.refuses(InvalidRequestError, path="defaultServiceUserId"):
            update(world, admin, world.one, default_service_user_id=user_id)
    assert update(world, admin, world.one, default_service_user_id=world.users["boss"])


def test_a_deletion_stamps_and_a_restore_clears(world: World) -> None:
    admin, before = world.actor("admin"), get(world, world.actor("admin"), world.one)
    _, events = world.journal(lambda tx: workspaces.delete_workspace(tx, admin, world.one))
    assert events == [f"workspace.deleted {world.one}"]
    gone = get(world, admin, world.one)
    assert (gone.deleted_at, gone.retention_tier) == (NOW, "medium")
    assert gone.deletion_id is not None
    with world.changes_nothing():
        world.write(lambda tx: workspaces.delete_workspace(tx, admin, world.one))
    with world.refuses(access.DeletedError, "deleted"):
        update(world, admin, world.one, name="Gone")
    only = ListQuery(deleted=Deleted.ONLY)
    assert world.read(lambda tx: workspaces.list_workspaces(tx, admin, only)).rows == [gone]

    row, events = world.journal(lambda tx: workspaces.restore_workspace(tx, admin, world.one))
    assert (row, events) == (before, [f"workspace.restored {world.one}"])
    assert get(world, admin, world.one) == before
    with world.changes_nothing():
        assert world.write(lambda tx: workspaces.restore_workspace(tx, admin, world.one)) == before
    sql = """SELECT e.type, p.data FROM events e JOIN event_payloads p ON p.event_id = e.id
      WHERE e.subject_id = :id AND e.type IN ('workspace.deleted', 'workspace.restored') ORDER BY e.id"""
    payload = f'{{"deletionId":"{gone.deletion_id}"}}'
    assert world.read(lambda tx: tx.fetch(sql, {"id": world.one})) == [
        ("workspace.deleted", payload),
        ("workspace.restored", payload),
    ]


@pytest.mark.parametrize(
    "verb", [workspaces.delete_workspace, workspaces.restore_workspace, workspaces.purge_workspace]
)
def test_only_admins_delete_restore_and_purge(world: World, verb: Any) -> None:
    def refuse(name: str, error: type[access.TierTooLowError | NotFoundError]) -> None:
        with world.refuses(error):
            world.write(lambda tx: verb(tx, world.actor(name), world.one))

    for name in ("editor", "viewer"):
        refuse(name, access.TierTooLowError)
    for name in ("other", "plain", "stranger"):
        refuse(name, NotFoundError)
    world.write(lambda tx: workspaces.delete_workspace(tx, SYSTEM, world.one))
    for name in ("editor", "viewer", "other", "plain", "stranger"):
        refuse(name, NotFoundError)


def test_only_what_is_deleted_is_purged(world: World) -> None:
    with world.refuses(access.NotDeletedError, "not_deleted"):
        world.write(lambda tx: workspaces.purge_workspace(tx, world.actor("owner"), world.one))


def test_a_purge_leaves_only_the_record_of_it(world: World) -> None:
    key_id = world.key("viewer", workspace_id=world.two).row.id
    kept_key = world.key("viewer").row.id
    world.write(lambda tx: workspaces.delete_workspace(tx, SYSTEM, world.two))
    owner = world.actor("owner")
    _, events = world.journal(lambda tx: workspaces.purge_workspace(tx, owner, world.two))
    assert events == [f"workspace.purging {world.two}", f"workspace.purged {world.two}"]
    with pytest.raises(NotFoundError):
        get(world, SYSTEM, world.two)
    for table in ("workspace_members", "grants", "access_keys"):
        sql = f"SELECT count(*) FROM {table} WHERE workspace_id = :id"
        assert world.read(value, sql, id=world.two) == 0
    assert world.read(lambda tx: access.get_key(tx, SYSTEM, kept_key)).id == kept_key
    payloads = """SELECT count(*) FROM event_payloads p JOIN events e ON e.id = p.event_id
      WHERE e.workspace_id = :id AND p.data <> '{}'"""
    assert world.read(lambda tx: tx.value(payloads, id=world.two)) == 0
    assert ("key.created", key_id) in world.events()
    assert get(world, SYSTEM, world.one).id == world.one


def test_what_is_overdue_for_purge_is_found_and_nothing_before_its_time(world: World) -> None:
    never = workspaces.UpdateOrganization(id=world.rival, retention_tier="none")
    world.write(lambda tx: workspaces.update_organization(tx, SYSTEM, never))
    for workspace_id in (world.one, world.far):
        world.write(workspaces.delete_workspace, SYSTEM, workspace_id)
    world.clock.advance(timedelta(days=30) - timedelta(microseconds=1))
    assert world.read(lambda tx: workspaces.expired_workspaces(tx, 10)) == []
    world.clock.advance(timedelta(microseconds=1))
    assert world.read(lambda tx: workspaces.expired_workspaces(tx, 10)) == [world.one]
    world.clock.advance(timedelta(days=9_000))
    assert world.read(lambda tx: workspaces.expired_workspaces(tx, 10)) == [world.one]


def test_capabilities_above_react_with_the_deletion_and_may_refuse(world: World) -> None:
    seen: list[tuple[str, Any]] = []

    def remember(_tx: Tx, _actor: Actor, change: Change, _event_id: str) -> None:
        seen.append((change.type, change.data.get("deletionId")))

    def refuse(_tx: Tx, _actor: Actor, _change: Change, _event_id: str) -> None:
        raise ConflictError("still in use")

    types = ("workspace.deleted", "workspace.restored", "workspace.purging")
    world.db.catalog = Catalog(
        specs=SPECS,
        clock=world.clock,
        reactions={**dict.fromkeys(types, (remember,)), "workspace.purged": (refuse,)},
    )
    world.write(lambda tx: workspaces.delete_workspace(tx, SYSTEM, world.one))
    deletion_id = get(world, SYSTEM, world.one).deletion_id
    world.write(lambda tx: workspaces.restore_workspace(tx, SYSTEM, world.one))
    assert seen == [("workspace.deleted", deletion_id), ("workspace.restored", deletion_id)]
    world.write(lambda tx: workspaces.delete_workspace(tx, SYSTEM, world.one))
    with world.refuses(ConflictError, "conflict"):
        world.write(lambda tx: workspaces.purge_workspace(tx, SYSTEM, world.one))
    assert seen[-1] == ("workspace.purging", None)
