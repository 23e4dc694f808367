from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.core.access.world import NOW, SYSTEM, World
from trunkline.core import access, workspaces
from trunkline.kit.actor import Actor
from trunkline.kit.errors import ForbiddenError, InvalidRequestError, NotFoundError
from trunkline.kit.filters import OrderKey
from trunkline.kit.pages import ListQuery


def ensure(world: World, actor: Actor, ref: str, name: str | None = None) -> workspaces.ConsumerRow:
    return world.write(workspaces.ensure_consumer, actor, world.one, ref, name)


def listed(world: World, actor: Actor, project_id: str, **query: Any) -> list[str]:
    wanted = ListQuery(**{"order": (OrderKey("ref", "asc"),), **query})
    return [
        row.ref
        for row in world.read(lambda tx: workspaces.list_consumers(tx, actor, project_id, wanted)).rows
    ]


def test_a_consumer_is_made_on_its_first_use(world: World) -> None:
    editor = world.actor("editor")
    row, events = world.journal(workspaces.ensure_consumer, editor, world.one, "user-1")
    assert row == workspaces.ConsumerRow(
        id=row.id,
        organization_id=world.acme,
        workspace_id=world.one,
        ref="user-1",
        name="user-1",
        created_at=NOW,
        updated_at=NOW,
    )
    assert events == [f"consumer.created {row.id}"]
    for actor in (editor, world.actor("viewer"), world.project("viewer"), world.actor("owner"), SYSTEM):
        assert world.read(workspaces.find_consumer, actor, world.one, "user-1") == row
        assert world.read(workspaces.get_consumer, actor, row.id) == row
        assert listed(world, actor, world.one) == ["user-1"]
    with world.changes_nothing():
        assert ensure(world, editor, "user-1") == ensure(world, editor, "user-1", "") == row


def test_a_consumer_is_renamed_by_whoever_uses_it(world: World) -> None:
    editor = world.actor("editor")
    row = ensure(world, editor, "user-1", "Una")
    after, events = world.journal(workspaces.ensure_consumer, editor, world.one, "user-1", "Uma")
    assert (after.id, after.ref, after.name) == (row.id, "user-1", "Uma")
    assert events == [f"consumer.updated {row.id}"]
    assert world.read(workspaces.consumers_by_id, [row.id, "f" * 32, row.id]) == {row.id: after}


def test_a_consumer_is_no_user(world: World) -> None:
    before = world.snapshot()["users"]
    ensure(world, SYSTEM, "owner@acme.test")
    assert world.snapshot()["users"] == before


def test_refs_are_a_projects_own(world: World) -> None:
    made = {
        world.write(workspaces.ensure_consumer, SYSTEM, p, "c").id for p in (world.one, world.two, world.far)
    }
    assert len(made) == 3
    assert listed(world, world.actor("owner"), world.two) == ["c"]


def test_others_neither_see_nor_make_them(world: World) -> None:
    row = ensure(world, SYSTEM, "c")
    for ref in ("c", "d"):
        with world.refuses(access.TierTooLowError, "tier_too_low"):
            ensure(world, world.actor("viewer"), ref)
    for actor in (world.actor("plain"), world.actor("stranger"), world.actor("owner", world.two)):
        for verb in (workspaces.ensure_consumer, workspaces.find_consumer):
            with world.refuses(NotFoundError):
                world.write(verb, actor, world.one, "c")
        with world.refuses(NotFoundError):
            world.read(workspaces.get_consumer, actor, row.id)
        with world.refuses(NotFoundError):
            listed(world, actor, world.one)
    silent = replace(world.actor("editor"), operations=frozenset({"workspaces:write"}))
    with world.refuses(ForbiddenError, "scope_missing"):
        ensure(world, silent, "d")
    for read in (
        lambda: world.read(workspaces.find_consumer, silent, world.one, "c"),
        lambda: world.read(workspaces.get_consumer, silent, row.id),
        lambda: listed(world, silent, world.one),
    ):
        with world.refuses(ForbiddenError, "scope_missing"):
            read()


@pytest.mark.parametrize("ref", ["", "c" * 256, "a\rb", "\x00", "\udfff"])
def test_a_malformed_ref_or_name_is_named(still_world: World, ref: str) -> None:
    with still_world.refuses(InvalidRequestError, path="consumerRef"):
        ensure(still_world, SYSTEM, ref)
    if ref:
        with still_world.refuses(InvalidRequestError, path="consumerName"):
            ensure(still_world, SYSTEM, "c", ref)


def test_consumers_stay_with_a_deleted_project(world: World) -> None:
    row = ensure(world, SYSTEM, "c")
    world.write(workspaces.delete_workspace, SYSTEM, world.one)
    with world.refuses(NotFoundError):
        world.read(workspaces.find_consumer, world.actor("owner"), world.one, "c")
    world.write(workspaces.restore_workspace, SYSTEM, world.one)
    assert world.read(workspaces.find_consumer, world.actor("owner"), world.one, "c") == row
