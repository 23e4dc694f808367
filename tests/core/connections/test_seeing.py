"""One statement sees a connection exactly as the lists do, for callers of every kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from tests.core.connections.desk import Desk
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


@pytest.mark.parametrize("connection_id", ["0" * 32, ""])
def test_what_is_not_there_is_not_found(desk: Desk, connection_id: str) -> None:
    with pytest.raises(NotFoundError):
        desk.world.read(lambda tx: usable_connection(tx, desk.actor("boss"), connection_id))
