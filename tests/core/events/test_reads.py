from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.core.access.world import NOW, SYSTEM, World
from trunkline.core import events
from trunkline.core.journal import Change, empty_payloads, record
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import ForbiddenError, InvalidRequestError, NotFoundError
from trunkline.kit.filters import All, Compare, Op, Quantifier, Related
from trunkline.kit.ids import new_id
from trunkline.kit.pages import ListQuery

MINE = Compare("type", Op.STARTS_WITH, "thing.")


def happen(
    world: World,
    name: str,
    *,
    workspace_id: str | None = None,
    organization_id: str | None = None,
    actor: Actor = SYSTEM,
    **columns: Any,
) -> tuple[str, str]:
    change = Change(
        type=f"thing.{name}",
        subject_kind=columns.pop("subject_kind", "agent"),
        subject_id=columns.pop("subject_id", None) or new_id(),
        organization_id=organization_id or world.acme,
        workspace_id=workspace_id,
        **columns,
    )
    return world.write(lambda tx: record(tx, actor, change)), change.subject_id


def seen(world: World, user: str | Actor, **query: Any) -> list[str]:
    actor = world.actor(user) if isinstance(user, str) else user
    asked: dict[str, Any] = {"where": MINE, **query}
    wanted = ListQuery(**asked)
    page = world.read(lambda tx: events.list_events(tx, actor, wanted))
    return [row.type.removeprefix("thing.") for row in page.rows]


@pytest.fixture
def spread(world):
    """One event in each workspace and one of each organization itself; their ids by name."""
    found = {
        name: happen(world, name, workspace_id=getattr(world, name), organization_id=organization)
        for name, organization in (("one", world.acme), ("two", world.acme), ("far", world.rival))
    }
    found["acme"] = happen(world, "acme")
    found["rival"] = happen(world, "rival", organization_id=world.rival)
    return {name: event_id for name, (event_id, _) in found.items()}


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("viewer", ["one"]),
        ("editor", ["one"]),
        ("admin", ["one"]),
        ("other", ["two"]),
        ("plain", []),
        ("boss", ["acme", "one", "two"]),
        ("owner", ["acme", "one", "two"]),
        ("stranger", ["far", "rival"]),
    ],
)
def test_people_see_their_workspaces_and_administrators_the_whole_organization(world, spread, user, expected):
    assert sorted(seen(world, user)) == expected
    for name, event_id in spread.items():
        if name in expected:
            assert (
                world.read(lambda tx, i=event_id: events.get_event(tx, world.actor(user), i)).id == event_id
            )
        else:
            with pytest.raises(NotFoundError, match="event not found"):
                world.read(lambda tx, i=event_id: events.get_event(tx, world.actor(user), i))


def test_a_bound_key_sees_its_workspace_only(world, spread):
    assert seen(world, world.actor("boss", world.one)) == ["one"]
    unheld = replace(world.actor("boss", world.one), workspace_tier=Tier.NONE)
    assert seen(world, unheld) == []


def test_a_narrowed_key_sees_what_happened_to_its_objects(world):
    _, subject_id = happen(world, "mine", workspace_id=world.one)
    happen(world, "other", workspace_id=world.one)
    actor = replace(world.actor("boss"), entity_ids=frozenset({subject_id}))
    assert seen(world, actor) == ["mine"]


def test_the_scope_is_needed(world, spread):
    actor = replace(world.actor("boss"), operations=frozenset({"installs:read"}))
    with pytest.raises(ForbiddenError):
        seen(world, actor)
    with pytest.raises(ForbiddenError):
        world.read(lambda tx: events.get_event(tx, actor, spread["one"]))


def test_an_event_says_what_happened(world):
    actor = world.actor("editor")
    parent_id, _ = happen(world, "cause", workspace_id=world.one)
    event_id, subject_id = happen(
        world,
        "effect",
        workspace_id=world.one,
        actor=actor,
        parent_id=parent_id,
        data={"name": "n", "at": [1]},
    )
    row = world.read(lambda tx: events.get_event(tx, actor, event_id))
    assert row.data is not None
    assert bytes(row.data) == b'{"name":"n","at":[1]}'
    assert (row.seq, row.type, row.subject_kind, row.subject_id) == (
        None,
        "thing.effect",
        "agent",
        subject_id,
    )
    assert (row.organization_id, row.workspace_id) == (world.acme, world.one)
    assert (row.user_id, row.parent_id, row.created_at) == (world.users["editor"], parent_id, NOW)
    cause = world.read(lambda tx: events.get_event(tx, actor, parent_id))
    assert (cause.user_id, cause.parent_id) == (None, None)


def test_the_event_of_a_purged_subject_stays_without_its_data(world):
    event_id, subject_id = happen(world, "gone", workspace_id=world.one, data={"name": "n"})
    world.write(lambda tx: empty_payloads(tx, [subject_id]))
    assert world.read(lambda tx: events.get_event(tx, world.actor("viewer"), event_id)).data is None
    assert seen(world, "viewer") == ["gone"]


def test_newest_come_first_and_times_can_be_bounded(world):
    for name in ("first", "second", "third"):
        happen(world, name, workspace_id=world.one)
        world.clock.advance(timedelta(hours=1))
    assert seen(world, "viewer") == ["third", "second", "first"]
    since = Compare("created_at", Op.GTE, "2026-03-01T13:00:00Z")
    until = Compare("created_at", Op.LTE, "2026-03-01T13:00:00Z")
    assert seen(world, "viewer", where=All((MINE, since))) == ["third", "second"]
    assert seen(world, "viewer", where=All((MINE, since, until))) == ["second"]


def test_events_can_be_found_by_subject_user_cause_and_data(world):
    parent_id, subject_id = happen(world, "cause", workspace_id=world.one, data={"slug": "x"})
    happen(world, "effect", workspace_id=world.one, parent_id=parent_id, actor=world.actor("editor"))
    for where, expected in (
        (Compare("subject_id", Op.EQ, subject_id), ["cause"]),
        (Compare("parent_id", Op.EQ, parent_id), ["effect"]),
        (Compare("user_id", Op.EQ, world.users["editor"]), ["effect"]),
        (Compare("data", Op.HAS_KEY, "slug"), ["cause"]),
        (Related("parent", Quantifier.ONE, Compare("subject_id", Op.EQ, subject_id)), ["effect"]),
        (Related("children", Quantifier.SOME, MINE), ["cause"]),
    ):
        assert seen(world, "viewer", where=All((MINE, where))) == expected
    with pytest.raises(InvalidRequestError, match="unknown field"):
        seen(world, "viewer", where=Compare("payload", Op.EQ, "x"))


def test_a_relation_does_not_reach_events_the_caller_may_not_see(world):
    hidden, _ = happen(world, "hidden", workspace_id=world.two)
    happen(world, "shown", workspace_id=world.one, parent_id=hidden)
    assert seen(world, "viewer", where=Related("parent", Quantifier.ONE, MINE)) == []
    assert seen(world, "boss", where=Related("parent", Quantifier.ONE, MINE)) == ["shown"]


def test_what_the_platform_itself_records_is_listed(world):
    before = seen(world, "boss", where=None)
    world.key("viewer", workspace_id=world.one)
    assert seen(world, "boss", where=None)[0] == "key.created"
    assert len(seen(world, "boss", where=None)) == len(before) + 1
