"""The log of proxied requests is written behind them, in one piece, and loses the oldest before the newest."""

from __future__ import annotations

import asyncio

import pytest

from tests.core.proxy.conftest import Desk
from trunkline.core.proxy import ProxiedRequestRow, RequestLog
from trunkline.core.proxy import log as writing
from trunkline.kit.clock import stamp
from trunkline.kit.ids import new_id


def entry(desk: Desk, name: str) -> ProxiedRequestRow:
    return ProxiedRequestRow(
        id=new_id(),
        organization_id="0" * 32,
        workspace_id="0" * 32,
        integration_id=None,
        connection_id=None,
        user_id="0" * 32,
        key_id=None,
        request_id=name,
        method="GET",
        host="api.example.com",
        path="/",
        status=200,
        error=None,
        attempts=1,
        response_bytes=0,
        duration_ms=0,
        created_at=stamp(desk.instance.clock.now()),
    )


def written(desk: Desk) -> list[str]:
    sql = "SELECT request_id FROM proxied_requests ORDER BY request_id"
    return desk.instance.database.read_now(lambda tx: tx.column(sql))


def test_a_stop_loses_nothing_wherever_the_write_under_way_is(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "FLUSH_S", 0)
    names = [f"{number:02}" for number in range(12)]

    async def live() -> None:
        for turns, name in enumerate(names):
            log = RequestLog(desk.instance.database)
            log.note(entry(desk, name))
            log.start()
            for _ in range(turns):
                await asyncio.sleep(0)
            await log.stop()

    asyncio.run(live())
    assert written(desk) == names


def test_the_oldest_go_when_more_waits_than_is_kept(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "WAITING", 4)
    database = desk.instance.database
    log = RequestLog(database)

    async def live() -> None:
        for name in "abcd":
            log.note(entry(desk, name))
        failing = asyncio.create_task(log.flush())
        await asyncio.sleep(0)  # it has taken them
        for name in "ef":
            log.note(entry(desk, name))
        await failing

    database.write_now(lambda tx: tx.run("ALTER TABLE proxied_requests RENAME TO away"))
    asyncio.run(live())
    database.write_now(lambda tx: tx.run("ALTER TABLE away RENAME TO proxied_requests"))
    assert written(desk) == []
    asyncio.run(log.flush())
    assert written(desk) == ["c", "d", "e", "f"]
