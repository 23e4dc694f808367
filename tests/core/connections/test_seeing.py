"""One statement sees a connection exactly as the lists do, for callers of every kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from functools import partial

import pytest

from tests.core.connections.desk import Desk
from tests.core.connections.offering import define
from tests.core.connections.test_visibility import SEEN, made
from trunkline.core.connections import ConnectionRow
from trunkline.core.connections.reads import visible_connection
from trunkline.core.connections.seeing import usable_connection
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor, Tier, system_actor
from trunkline.kit.errors import NotFoundError


def both(tx: Tx, actor: Actor, connection_id: str) -> tuple[ConnectionRow | None, ConnectionRow | None]:
    """The connection by the list's rule, and by the statement of its own."""
    return (
        _found(lambda: visible_connection(tx, actor, connection_id, deleted=False)),
        _found(lambda: usable_connection(tx, actor, connection_id).row),
    )


def _found(look: Callable[[], ConnectionRow]) -> ConnectionRow | None:
    try:
        return look()
    except NotFoundError:
        return None


def test_every_kind_of_caller_sees_the_same_either_way(desk: Desk) -> None:
    rows = made(desk)
    callers: list[tuple[str, Actor]] = []
    for user in SEEN:
        actor = desk.actor(user)
        callers.append((user, actor))
        callers += [
            (f"{user} bound as {tier.name}", replace(actor, workspace_id=desk.world.one, workspace_tier=tier))
            for tier in Tier
        ]
        for names in ((), ("shared",), ("viewers", "granted")):
            ids = frozenset(rows[name].id for name in names)
            callers.append((f"{user} narrowed to {names}", replace(actor, entity_ids=ids)))
    callers.append(("system", system_actor("a test")))
    seen = 0
    for _ in range(2):
        for name, actor in callers:
            for row in rows.values():
                by_list, alone = desk.world.read(partial(both, actor=actor, connection_id=row.id))
                assert by_list == alone, (name, row.name)
                seen += alone is not None
    assert seen > len(callers)


def test_every_kind_of_caller_of_a_project_sees_the_same_either_way(desk: Desk) -> None:
    """Two callers who differ in one respect must not come to share a statement."""
    world = desk.world
    places = {"own": world.one, "other": world.two}
    places |= {ref: world.group(world.one, ref).id for ref in ("seen", "unseen")}
    provider = define(desk, scheme="api_key")
    given = {"provider": provider, "credentials": {"apiKey": "demo-api-key"}, "mode": "shared"}
    rows = {
        name: desk.connect(None, "boss", workspace_id=place, name=name, **given)
        for name, place in places.items()
    }
    bound = replace(world.project("editor"), over_groups=False)
    callers = [
        replace(bound, workspace_tier=tier, **reach)
        for tier in (Tier.NONE, Tier.VIEWER)
        for reach in (
            {},
            {"over_groups": True},
            {"over_groups": True, "front_end": True},
            {"group_id": places["seen"], "group_ref": "seen", "front_end": True},
            {"group_id": places["seen"]},
            {"group_ref": "seen", "group_tier": Tier.EDITOR},
            {"group_ref": "seen", "group_tier": Tier.NONE},
            {"over_groups": True, "group_tier": Tier.EDITOR, "organizations": ()},
        )
    ]
    told = []
    for actor in callers + callers[::-1]:
        seen = set()
        for name, row in rows.items():
            by_list, alone = world.read(partial(both, actor=actor, connection_id=row.id))
            assert by_list == alone, (name, actor)
            seen |= set() if alone is None else {name}
        told.append(seen)
    groups, everything = {"seen", "unseen"}, {"own", "seen", "unseen"}
    assert told[8:16] == [
        {"own"},
        everything,
        groups,
        {"seen"},
        {"own", "seen"},
        {"own", "seen"},
        {"own"},
        everything,
    ]
    assert told[:8] == [set(), set(), set(), set(), set(), {"seen"}, set(), groups]


def test_a_new_member_of_the_caller_is_thought_of() -> None:
    """Whatever is added to callers either decides what they see, and is part of the shape, or does not."""
    told = {"user_id", "operator", "key_id", "consumer_ref", "operations", "request_id"}
    deciding = {"system_reason", "workspace_id", "group_id", "group_ref", "entity_ids", "workspace_tier"}
    deciding |= {"over_groups", "group_tier", "front_end", "organizations", "administered"}
    assert {one.name for one in fields(Actor)} == told | deciding


@pytest.mark.parametrize("connection_id", ["0" * 32, ""])
def test_what_is_not_there_is_not_found(desk: Desk, connection_id: str) -> None:
    with pytest.raises(NotFoundError):
        desk.world.read(lambda tx: usable_connection(tx, desk.actor("boss"), connection_id))
