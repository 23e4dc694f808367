from __future__ import annotations

import pytest

from tests.core.connections.desk import Desk
from trunkline.core import connections
from trunkline.core.connections.invariants import connection_findings
from trunkline.core.connections.leases import claim_lease
from trunkline.core.connections.standing import read_standing
from trunkline.core.connections.tables import connections as rows
from trunkline.infra.db import Tx


def findings(desk: Desk) -> list[tuple[str, str]]:
    def look(tx: Tx) -> list[tuple[str, str]]:
        return [(found.invariant, found.subject) for found in connection_findings(tx)]

    return desk.world.read(look)


def test_what_flows_leave_behind_is_whole(desk: Desk) -> None:
    row, gone = desk.authorize(desk.integration()), desk.authorize(desk.integration())
    desk.later(seconds=301)
    desk.token(row.id)
    desk.world.write(connections.disconnect_connection, desk.actor("editor"), gone.id)
    assert findings(desk) == []


def test_a_refresh_that_nobody_looks_after_is_found(desk: Desk) -> None:
    row = desk.authorize(desk.integration())
    standing = desk.world.read(read_standing, row.id)
    desk.world.write(lambda tx: claim_lease(tx, standing, single_use=True))
    desk.later(minutes=10)
    assert findings(desk) == []  # the background is to look at it
    desk.put(row.id, due_at=None)
    assert findings(desk) == [("I17", f"con_{row.id}")]


@pytest.mark.parametrize(
    "broken", [{"credential": None}, {"status": "disconnected"}], ids=["without", "with a credential"]
)
def test_a_status_that_its_credential_belies_is_found(desk: Desk, broken: dict[str, str | None]) -> None:
    row = desk.authorize(desk.integration())
    desk.put(row.id, **broken)
    assert findings(desk) == [("I17", f"con_{row.id}")]


@pytest.mark.soak
def test_ten_thousand_connections_are_ended_in_one_call(desk: Desk) -> None:
    """Each has something to revoke, and each is journalled."""
    integration = desk.integration()
    one = desk.authorize(integration).id

    def multiply(tx: Tx) -> None:
        columns = tuple(rows.columns.keys())
        (values,) = tx.fetch(f"SELECT {', '.join(columns)} FROM connections WHERE id = :id", {"id": one})
        tx.insert_many(rows, columns, [(tx.new_id(), *values[1:]) for _ in range(9_999)])

    desk.world.write(multiply)
    assert desk.run(connections.disconnect_all(desk.env, desk.actor("admin"), integration)) == 10_000
    assert desk.count("connections WHERE status = 'disconnected' AND credential IS NULL") == 10_000
    assert desk.count("connection_revocations WHERE state = 'queued'") == 10_000
    assert desk.count("events WHERE type = 'connection.disconnected'") >= 10_000
