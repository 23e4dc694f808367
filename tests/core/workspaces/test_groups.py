from __future__ import annotations

import threading
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.core.access.world import NOW, SYSTEM, World
from trunkline.core import access, workspaces
from trunkline.core.workspaces.invariants import group_findings
from trunkline.infra.db import Tx, open_database
from trunkline.infra.db.statements import Engine
from trunkline.kit.actor import Actor
from trunkline.kit.errors import ForbiddenError, InvalidRequestError, NotFoundError
from trunkline.kit.filters import Compare, Op, OrderKey
from trunkline.kit.pages import Deleted, ListQuery


def ensure(world: World, actor: Actor, ref: str, name: str | None = None) -> workspaces.WorkspaceRow:
    return world.write(workspaces.ensure_group, actor, world.one, ref, name)


def refs(world: World, actor: Actor, project_id: str = "", **query: Any) -> list[str | None]:
    wanted = ListQuery(**{"order": (OrderKey("external_ref", "asc"),), **query})
    page = world.read(lambda tx: workspaces.list_groups(tx, actor, project_id or world.one, wanted))
    return [row.external_ref for row in page.rows]


def test_a_group_is_made_on_its_first_use(world: World) -> None:
    editor = world.actor("editor")
    row, events = world.journal(workspaces.ensure_group, editor, world.one, "acct-1")
    assert row == workspaces.WorkspaceRow(
        id=row.id,
        organization_id=world.acme,
        name="acct-1",
        handle=f"grp-{row.id}",
        owner_id=world.users["owner"],
        default_service_user_id=None,
        created_at=NOW,
        updated_at=NOW,
        deleted_at=None,
        retention_tier=None,
        deletion_id=None,
        owner_workspace_id=world.one,
        external_ref="acct-1",
    )
    assert events == [f"workspace.created {row.id}"]
    assert world.read(workspaces.get_workspace, world.actor("boss"), row.id) == row
    assert world.read(workspaces.get_workspace, world.project("viewer"), row.id) == row
    assert world.read(workspaces.find_group, editor, world.one, "acct-1") == row
    with world.changes_nothing():
        assert ensure(world, editor, "acct-1") == row
        assert ensure(world, editor, "acct-1", "acct-1") == row
        assert ensure(world, editor, "acct-1", "") == row


def test_a_group_is_named_and_renamed_by_whoever_uses_it(world: World) -> None:
    editor = world.actor("editor")
    row = ensure(world, editor, "acct-1", "Account One")
    assert (row.name, row.external_ref) == ("Account One", "acct-1")
    after, events = world.journal(workspaces.ensure_group, editor, world.one, "acct-1", "Uno")
    assert (after, events) == (replace_name(row, "Uno"), [f"workspace.updated {row.id}"])
    assert world.read(workspaces.find_group, editor, world.one, "acct-1") == after
    with world.changes_nothing():
        assert ensure(world, editor, "acct-1") == after


def replace_name(row: workspaces.WorkspaceRow, name: str) -> workspaces.WorkspaceRow:
    values = {field: getattr(row, field) for field in row.__struct_fields__}
    return workspaces.WorkspaceRow(**{**values, "name": name})


def test_refs_are_compared_character_by_character(world: World) -> None:
    composed = "é"
    several = [
        "a",
        "A",
        "a ",
        " a",
        composed,
        unicodedata.normalize("NFD", composed),
        "ﬁ",
        "fi",
        "%",
        "_",
        "'",
        "  ",
    ]
    made = {ref: world.group(world.one, ref).id for ref in several}
    assert len(set(made.values())) == len(several)
    for ref in several:
        found = world.read(workspaces.find_group, SYSTEM, world.one, ref)
        assert found is not None
        assert (found.id, found.external_ref, found.name) == (made[ref], ref, ref)


@pytest.mark.parametrize("ref", ["g" * 255, "🙂" * 255, "a/b?c#d", "null", "…", "\u200b", "\u202e"])
def test_a_ref_is_any_text(world: World, ref: str) -> None:
    assert world.group(world.one, ref).external_ref == ref


@pytest.mark.parametrize("ref", ["", "g" * 256, "a\nb", "\x00", "a\x7f", "\x9b", "\ud800"])
def test_a_malformed_ref_or_name_is_named(still_world: World, ref: str) -> None:
    with still_world.refuses(InvalidRequestError, path="groupRef"):
        ensure(still_world, SYSTEM, ref)
    if ref:
        with still_world.refuses(InvalidRequestError, path="groupName"):
            ensure(still_world, SYSTEM, "g", ref)


def test_refs_are_a_projects_own(world: World) -> None:
    groups = [world.group(project, "g").id for project in (world.one, world.two, world.far)]
    assert len(set(groups)) == 3
    owner = world.actor("owner")
    assert refs(world, owner) == refs(world, owner, world.two) == ["g"]
    found = world.read(workspaces.find_group, owner, world.two, "g")
    assert found is not None
    assert found.id == groups[1]


def test_editors_make_groups_and_others_do_not(world: World) -> None:
    for actor in (world.actor("owner"), world.actor("editor"), world.project("editor"), SYSTEM):
        assert ensure(world, actor, f"made by {len(refs(world, SYSTEM))}")
    bound = world.actor("editor", world.one)
    assert ensure(world, bound, "bound").owner_workspace_id == world.one
    existing = world.group(world.one, "there")
    for ref in ("there", "not there"):
        with world.refuses(access.TierTooLowError, "tier_too_low"):
            ensure(world, world.actor("viewer"), ref)
        for actor in (world.actor("plain"), world.actor("stranger"), world.actor("owner", world.two)):
            with world.refuses(NotFoundError):
                ensure(world, actor, ref)
            with world.refuses(NotFoundError):
                world.read(workspaces.find_group, actor, world.one, ref)
            with world.refuses(NotFoundError):
                refs(world, actor)
    assert world.read(workspaces.find_group, world.actor("viewer"), world.one, "there") == existing
    assert world.read(workspaces.find_group, world.actor("viewer"), world.one, "not there") is None


def test_a_key_must_allow_connecting_or_installing(world: World) -> None:
    editor = world.actor("editor")
    for operations in ({"connections:write"}, {"installs:write"}, {"installs:*"}, {"*"}):
        actor = replace(editor, operations=frozenset(operations))
        assert ensure(world, actor, "g").external_ref == "g"
    for operations in (set[str](), {"*:read"}, {"workspaces:write"}):
        with world.refuses(ForbiddenError, "scope_missing"):
            ensure(world, replace(editor, operations=frozenset(operations)), "g")
    with world.refuses(ForbiddenError, "scope_missing"):
        silent = replace(editor, operations=frozenset())
        world.read(workspaces.find_group, silent, world.one, "g")


def test_a_group_has_no_groups(world: World) -> None:
    group = world.group(world.one, "g")
    for actor in (world.actor("owner"), world.project("owner"), world.actor("owner", group.id), SYSTEM):
        with world.refuses(NotFoundError):
            world.write(workspaces.ensure_group, actor, group.id, "nested")


def test_the_owner_is_the_projects_or_else_the_organizations(world: World) -> None:
    row = workspaces.CreateWorkspace(
        organization_id=world.acme, name="P", handle="p", owner_id=world.users["plain"]
    )
    project = world.write(workspaces.create_workspace, SYSTEM, row)
    assert world.group(project.id, "a").owner_id == world.users["plain"]
    sql = (
        "SELECT id FROM organization_members WHERE user_id = :user_id AND organization_id = :organization_id"
    )
    there = {"user_id": world.users["plain"], "organization_id": world.acme}
    world.write(access.add_membership, SYSTEM, world.rival, world.users["plain"], "member")
    assert world.read(lambda tx: tx.value(sql, **there))
    stranger_owned = workspaces.CreateWorkspace(
        organization_id=world.rival, name="Q", handle="q", owner_id=world.users["plain"]
    )
    other = world.write(workspaces.create_workspace, SYSTEM, stranger_owned)
    world.write(access.remove_organization_member, SYSTEM, world.rival, world.users["plain"])
    assert world.group(other.id, "a").owner_id == world.users["stranger"]


def test_nobody_is_a_member_of_a_group(world: World) -> None:
    group = world.group(world.one, "g")
    members = world.read(lambda tx: access.list_workspace_members(tx, SYSTEM, group.id, ListQuery())).rows
    assert members == []
    for name in ("admin", "editor", "viewer", "stranger"):
        with pytest.raises(NotFoundError):
            world.read(workspaces.get_workspace, world.actor(name), group.id)


def test_groups_are_listed_by_pages(world: World) -> None:
    for number in range(5):
        world.group(world.one, f"g{number}")
    world.group(world.two, "other")
    viewer = world.actor("viewer")
    query = ListQuery(limit=2, order=(OrderKey("created_at", "asc"),))
    seen: list[str | None] = []
    while True:
        page = world.read(workspaces.list_groups, viewer, world.one, query)
        assert page.total == 5
        seen += [row.external_ref for row in page.rows]
        if not page.has_next:
            break
        query = replace(query, after=page.end)
    assert seen == ["g0", "g1", "g2", "g3", "g4"]
    assert refs(world, viewer, where=Compare("external_ref", Op.EQ, "g3")) == ["g3"]
    with world.refuses(InvalidRequestError):
        refs(world, viewer, where=Compare("password", Op.EQ, "g3"))


def test_workspaces_are_told_from_groups(world: World) -> None:
    group = world.group(world.one, "g")
    owner = world.actor("owner")
    query = ListQuery(where=Compare("owner_workspace_id", Op.EQ, None))
    rows = world.read(lambda tx: workspaces.list_workspaces(tx, owner, query)).rows
    assert {row.id for row in rows} == {world.one, world.two}
    found = world.read(workspaces.groups_by_id, world.project("viewer"), [group.id, group.id, world.far])
    assert found == {group.id: group}


def test_a_group_is_nobodys_default_workspace(world: World) -> None:
    group = world.group(world.one, "g")
    for workspace_id in (world.one, world.two):
        world.write(workspaces.delete_workspace, SYSTEM, workspace_id)
    assert world.read(access.default_workspace, world.acme) is None
    world.write(workspaces.restore_workspace, SYSTEM, world.one)
    request = workspaces.UpdateOrganization(id=world.acme, default_workspace_id=group.id)
    with world.refuses(NotFoundError):
        world.write(workspaces.update_organization, SYSTEM, request)


def test_two_first_uses_at_once_end_as_one(world: World, database_url: str) -> None:
    """From two processes' databases and many threads, each ref is one group for all who asked."""
    other = open_database(database_url, world.db.catalog)
    asked = [f"g{number % 3}" for number in range(24)]
    start = threading.Barrier(len(asked))

    def first_use(number: int) -> tuple[str, str]:
        start.wait(timeout=30)
        database = (world.db, other)[number % 2]
        ref = asked[number]
        return ref, database.write_now(lambda tx: workspaces.ensure_group(tx, SYSTEM, world.one, ref)).id

    with ThreadPoolExecutor(len(asked)) as pool:
        answers = set(pool.map(first_use, range(len(asked))))
    other.close()
    assert len(answers) == 3
    assert refs(world, SYSTEM) == ["g0", "g1", "g2"]
    assert len([event for event in world.events() if event[0] == "workspace.created"]) == 3 + 3


@pytest.mark.parametrize("what", ["group", "consumer"])
def test_a_first_use_that_has_not_seen_the_other_finds_it(world: World, what: str) -> None:
    """Both have looked before either has written, which one writer at a time rules out."""
    if world.db.engine is Engine.SQLITE:
        pytest.skip("SQLite has one writer at a time")
    verb: Any = workspaces.ensure_group if what == "group" else workspaces.ensure_consumer
    find: Any = workspaces.find_group if what == "group" else workspaces.find_consumer
    both_looked = threading.Barrier(2)
    first_looks = threading.Semaphore(2)

    def first_use(tx: Tx) -> str:
        if find(tx, SYSTEM, world.one, "g") is None and first_looks.acquire(blocking=False):
            both_looked.wait(timeout=30)
        return str(verb(tx, SYSTEM, world.one, "g").id)

    with ThreadPoolExecutor(2) as pool:
        ids = set(pool.map(lambda _: world.db.write_now(first_use), range(2)))
    assert len(ids) == 1
    assert not first_looks.acquire(blocking=False)


def test_invariants_hold_and_name_what_breaks_them(world: World) -> None:
    group, other = world.group(world.one, "g"), world.group(world.two, "h")
    assert world.read(lambda tx: list(group_findings(tx))) == []

    def broken(column: str, value: str | None, workspace_id: str, back: str | None) -> list[str]:
        sql = f"UPDATE workspaces SET {column} = :value WHERE id = :id"
        world.write(lambda tx: tx.run(sql, value=value, id=workspace_id))
        found = world.read(lambda tx: list(group_findings(tx)))
        world.write(lambda tx: tx.run(sql, value=back, id=workspace_id))
        return [f"{one.invariant} {one.subject} {one.message}" for one in found]

    subject = f"I18 wsp_{group.id}"
    assert broken("owner_workspace_id", other.id, group.id, world.one) == [
        f"{subject} it is a group of a group"
    ]
    stray = f"{subject} it is a group without a ref, or of another organization's project"
    assert broken("external_ref", None, group.id, "g") == [stray]
    assert broken("owner_workspace_id", world.far, group.id, world.one) == [stray]
    assert broken("deleted_at", NOW, world.one, None) == [
        f"{subject} it is a live group of a deleted project"
    ]


def test_deleted_groups_are_listed_for_admins(world: World) -> None:
    group = world.group(world.one, "g")
    world.write(workspaces.delete_workspace, world.project("admin"), group.id)
    assert refs(world, world.actor("admin"), deleted=Deleted.ONLY) == ["g"]
    assert refs(world, world.actor("editor"), deleted=Deleted.ONLY) == []
    assert refs(world, world.actor("admin")) == []


def page_of(world: World, name: str = "editor", project_id: str | None = None) -> Actor:
    return replace(world.project(name, project_id), front_end=True)


def count_groups(world: World) -> int:
    return int(world.read(lambda tx: tx.value("SELECT count(*) FROM workspaces WHERE by_page = 1")))


def test_the_pages_of_a_project_make_a_hundred_groups_a_minute(world: World) -> None:
    page, server = page_of(world), world.project("editor")
    ensure(world, server, "by-the-server")
    for number in range(100):
        ensure(world, page, f"g-{number}")
        if number == 0:
            world.clock.advance(timedelta(seconds=20))
    with pytest.raises(workspaces.TooManyGroupsError) as refused, world.changes_nothing():
        ensure(world, page, "one-too-many")
    assert (refused.value.retry_after_s, "Retry-After" in refused.value.remedy) == (40, True)
    assert ensure(world, page, "g-7").external_ref == "g-7"
    assert ensure(world, server, "still-by-the-server").external_ref == "still-by-the-server"
    elsewhere = page_of(world, "boss", world.two)
    assert world.write(workspaces.ensure_group, elsewhere, world.two, "g").external_ref == "g"
    world.clock.advance(timedelta(seconds=40))
    assert ensure(world, page, "one-too-many").external_ref == "one-too-many"
    with pytest.raises(workspaces.TooManyGroupsError) as again:
        ensure(world, page, "and-another")
    assert again.value.retry_after_s == 20
    assert count_groups(world) == 102


def test_the_pace_is_asked_about_only_where_a_page_makes_a_group(world: World) -> None:
    def statements(actor: Actor, ref: str) -> int:
        return world.write(lambda tx: (workspaces.ensure_group(tx, actor, world.one, ref), tx.statements)[1])

    page, server = page_of(world), world.project("editor")
    by_server, by_page = statements(server, "a"), statements(page, "b")
    assert by_page == by_server + 1
    assert statements(page, "b") == statements(server, "a")
