"""What a project's deletion, restoration and purge do to its groups."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.core.access.world import NOW, SPECS, SYSTEM, World
from trunkline.core import access, workspaces
from trunkline.core.integrations.tables import integrations
from trunkline.core.journal import Change
from trunkline.core.workspaces import revive_with_workspace, tombstone_with_workspace
from trunkline.core.workspaces.service import GROUPS_AT_ONCE
from trunkline.infra.db import Catalog, Tx
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import ConflictError, NotFoundError

Rows = dict[str, tuple[Any, ...]]


def state(world: World) -> dict[str, Rows]:
    """Deletion marks of every workspace and integration."""

    def marks(tx: Tx, table: str) -> Rows:
        sql = f"SELECT id, deleted_at, retention_tier, deletion_id, purge_after FROM {table}"
        return {row[0]: row[1:] for row in tx.fetch(sql, {})}

    return {table: world.read(marks, table) for table in ("workspaces", "integrations")}


@pytest.fixture
def reacting(world: World) -> World:
    """A world in which integrations share the fate of their workspace."""
    world.db.catalog = Catalog(
        specs=SPECS,
        clock=world.clock,
        reactions={
            "workspace.deleted": (tombstone_with_workspace(integrations),),
            "workspace.restored": (revive_with_workspace(integrations),),
        },
    )
    return world


def test_a_deletion_takes_live_groups_along_and_a_restore_brings_exactly_those_back(reacting: World) -> None:
    world = reacting
    first, second = world.group(world.one, "g1"), world.group(world.one, "g2")
    before, other = world.group(world.one, "before"), world.group(world.two, "other")
    items = {
        name: world.item(name) for name in (world.one, first.id, second.id, before.id, other.id, world.two)
    }
    gone_item = world.item(first.id, deleted_at=NOW, deletion_id="d" * 32)
    world.write(workspaces.delete_workspace, SYSTEM, before.id)
    was = state(world)

    _, events = world.journal(workspaces.delete_workspace, world.actor("admin"), world.one)
    assert events == [f"workspace.deleted {one}" for one in (world.one, first.id, second.id)]
    now = state(world)
    mark = now["workspaces"][world.one]
    assert mark[0] == NOW
    assert [now["workspaces"][one.id] for one in (first, second)] == [mark, mark]
    assert [now["integrations"][items[one]] for one in (world.one, first.id, second.id)] == [mark] * 3
    for table, kept in (
        ("workspaces", (before.id, other.id, world.two, world.far)),
        ("integrations", (items[before.id], items[other.id], items[world.two], gone_item)),
    ):
        assert [now[table][one] for one in kept] == [was[table][one] for one in kept]

    _, events = world.journal(workspaces.restore_workspace, world.actor("admin"), world.one)
    assert events == [
        f"workspace.restored {world.one}",
        f"workspace.revived {first.id}",
        f"workspace.revived {second.id}",
    ]
    assert state(world) == was


def test_the_groups_deletions_follow_from_the_projects(world: World) -> None:
    group = world.group(world.one, "g")
    world.write(workspaces.delete_workspace, SYSTEM, world.one)
    world.write(workspaces.restore_workspace, SYSTEM, world.one)
    sql = """SELECT e.type, e.subject_id, p.type, p.subject_id FROM events e JOIN events p ON p.id = e.parent_id
      WHERE e.subject_id = :id ORDER BY e.id"""
    assert world.read(lambda tx: tx.fetch(sql, {"id": group.id})) == [
        ("workspace.deleted", group.id, "workspace.deleted", world.one),
        ("workspace.revived", group.id, "workspace.restored", world.one),
    ]


def test_a_deleted_project_has_no_groups_to_use(world: World) -> None:
    group = world.group(world.one, "g")
    actor = world.project("admin")
    world.write(workspaces.delete_workspace, SYSTEM, world.one)
    for verb in (workspaces.ensure_group, workspaces.ensure_consumer, workspaces.find_group):
        with world.refuses(NotFoundError):
            world.write(verb, actor, world.one, "g")
    with world.refuses(NotFoundError):
        world.write(access.require_workspace, actor, group.id, Tier.EDITOR)


def test_a_group_does_not_come_back_without_its_project(world: World) -> None:
    group = world.group(world.one, "g")
    world.write(workspaces.delete_workspace, SYSTEM, world.one)
    for actor in (SYSTEM, world.actor("owner")):
        with world.refuses(access.DeletedError, "deleted"):
            world.write(workspaces.restore_workspace, actor, group.id)


def test_a_group_is_deleted_and_restored_by_itself(world: World) -> None:
    group = world.group(world.one, "g")
    admin = world.project("admin")
    _, events = world.journal(workspaces.delete_workspace, admin, group.id)
    assert events == [f"workspace.deleted {group.id}"]
    assert world.read(workspaces.find_group, admin, world.one, "g") is None
    row, events = world.journal(workspaces.restore_workspace, admin, group.id)
    assert (row, events) == (group, [f"workspace.restored {group.id}"])
    assert world.read(workspaces.find_group, admin, world.one, "g") == group


def test_a_ref_is_free_again_once_its_group_is_deleted(world: World) -> None:
    admin = world.project("admin")
    first = world.group(world.one, "g")
    world.write(workspaces.delete_workspace, admin, first.id)
    second = world.write(workspaces.ensure_group, admin, world.one, "g")
    assert second.id != first.id
    with world.refuses(workspaces.GroupExistsError, "group_exists"):
        world.write(workspaces.restore_workspace, admin, first.id)
    world.write(workspaces.delete_workspace, admin, world.one)
    world.write(workspaces.restore_workspace, SYSTEM, world.one)
    assert world.read(workspaces.find_group, admin, world.one, "g") == second
    world.write(workspaces.delete_workspace, admin, second.id)
    assert world.write(workspaces.restore_workspace, admin, first.id) == first


def test_only_admins_delete_groups(world: World) -> None:
    group = world.group(world.one, "g")
    for name in ("editor", "viewer"):
        with world.refuses(access.TierTooLowError):
            world.write(workspaces.delete_workspace, world.project(name), group.id)
    for actor in (
        world.project("owner", world.two),
        world.actor("stranger"),
        world.actor("admin", world.one),
    ):
        with world.refuses(NotFoundError):
            world.write(workspaces.delete_workspace, actor, group.id)


def test_a_purge_takes_groups_and_consumers_before_the_project(world: World) -> None:
    first, second = world.group(world.one, "g1"), world.group(world.one, "g2")
    kept = world.group(world.two, "g1")
    consumer = world.write(workspaces.ensure_consumer, SYSTEM, world.one, "c")
    kept_consumer = world.write(workspaces.ensure_consumer, SYSTEM, world.two, "c")
    world.key("owner", workspace_id=first.id)
    world.write(workspaces.delete_workspace, SYSTEM, world.one)
    _, events = world.journal(workspaces.purge_workspace, SYSTEM, world.one)
    assert events == [
        f"workspace.{verb} {one}"
        for one in (first.id, second.id, world.one)
        for verb in ("purging", "purged")
    ]
    ids = world.read(lambda tx: tx.column("SELECT id FROM workspaces"))
    assert set(ids) == {world.two, world.far, kept.id}
    assert world.read(lambda tx: tx.column("SELECT id FROM consumers")) == [kept_consumer.id]
    assert world.read(lambda tx: tx.column("SELECT id FROM access_keys")) == []
    sql = """SELECT count(*) FROM event_payloads p JOIN events e ON e.id = p.event_id
      WHERE p.data <> '{}' AND e.subject_id IN (:first, :consumer, :project)"""
    gone = {"first": first.id, "consumer": consumer.id, "project": world.one}
    assert world.read(lambda tx: tx.value(sql, **gone)) == 0


def test_what_refuses_the_purge_of_a_group_refuses_that_of_its_project(world: World) -> None:
    group = world.group(world.one, "g")
    world.write(workspaces.delete_workspace, SYSTEM, world.one)

    def refuse(_tx: Tx, _actor: Actor, change: Change, _event_id: str) -> None:
        if change.subject_id == group.id:
            raise ConflictError("still in use")

    world.db.catalog = Catalog(specs=SPECS, clock=world.clock, reactions={"workspace.purging": (refuse,)})
    with world.refuses(ConflictError):
        world.write(workspaces.purge_workspace, SYSTEM, world.one)


def test_groups_are_overdue_before_their_project(world: World) -> None:
    groups = [world.group(world.one, f"g{number}").id for number in range(3)]
    world.write(workspaces.delete_workspace, SYSTEM, world.one)
    world.clock.advance(timedelta(days=30))
    assert world.read(workspaces.expired_workspaces, 10) == [*groups, world.one]
    assert world.read(workspaces.expired_workspaces, 2) == groups[:2]
    for group_id in groups:
        world.write(workspaces.purge_workspace, SYSTEM, group_id)
    assert world.read(workspaces.expired_workspaces, 10) == [world.one]
    world.write(workspaces.purge_workspace, SYSTEM, world.one)
    assert world.read(lambda tx: tx.value("SELECT count(*) FROM workspaces")) == 2


def test_a_project_of_very_many_groups_is_left_to_retention(world: World) -> None:
    """While one transaction purges them, nobody else writes."""
    admin = world.actor("admin")

    def fill(tx: Tx) -> None:
        for number in range(GROUPS_AT_ONCE + 1):
            workspaces.ensure_group(tx, SYSTEM, world.one, f"g{number}")

    world.write(fill)
    world.write(workspaces.delete_workspace, admin, world.one)
    first = world.read(lambda tx: tx.column("SELECT id FROM workspaces WHERE external_ref = 'g0'"))[0]
    with world.refuses(workspaces.GroupsLeftError, "groups_left"):
        world.write(workspaces.purge_workspace, admin, world.one)
    world.write(workspaces.purge_workspace, world.actor("owner"), str(first))
    world.write(workspaces.purge_workspace, admin, world.one)
    assert (
        world.read(lambda tx: tx.value("SELECT count(*) FROM workspaces WHERE external_ref IS NOT NULL")) == 0
    )


def test_retention_takes_groups_before_their_project_however_many(world: World) -> None:
    def fill(tx: Tx) -> None:
        for number in range(3):
            workspaces.ensure_group(tx, SYSTEM, world.one, f"g{number}")

    world.write(fill)
    world.write(workspaces.delete_workspace, world.actor("admin"), world.one)
    world.clock.advance(timedelta(days=30))
    overdue = world.read(workspaces.expired_workspaces, 10)
    assert (len(overdue), overdue[-1]) == (4, world.one)
    for workspace_id in overdue:
        world.write(workspaces.purge_workspace, SYSTEM, workspace_id)
