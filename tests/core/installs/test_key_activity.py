"""When a key was last used is written behind the requests: by a timer, in one batch, and never backwards."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.dialects.gestal.desk import Desk, basic
from tests.instance import Instance
from trunkline.core.installs import KeyActivity
from trunkline.core.installs import activity as writing
from trunkline.core.installs.activity import FLUSH_S
from trunkline.infra.db import Tx

EARLY, LATE = "2026-03-01T12:00:01.000000Z", "2026-03-01T12:00:02.000000Z"


@pytest.fixture
def desk(instance: Instance) -> Desk:
    return Desk(instance)


@pytest.fixture
def keys(desk: Desk) -> list[str]:
    """Ids of two access keys."""
    install_id = desk.activate(desk.made())
    for _ in range(2):
        desk.key(install_id)
    return desk.instance.database.read_now(lambda tx: tx.column("SELECT id FROM install_keys ORDER BY id"))


def stored(desk: Desk) -> list[str | None]:
    sql = "SELECT last_active_at FROM install_keys ORDER BY id"
    return desk.instance.database.read_now(lambda tx: tx.column(sql))


def opened(desk: Desk) -> list[Tx]:
    """The transactions that are opened from now on."""
    found: list[Tx] = []
    begin = desk.instance.database.transaction

    def transaction(cursor: Any, *, writable: bool) -> Tx:
        found.append(begin(cursor, writable=writable))
        return found[-1]

    vars(desk.instance.database)["transaction"] = transaction
    return found


def test_it_is_written_often_enough_to_be_true_to_the_minute() -> None:
    assert FLUSH_S <= 60


def test_many_uses_are_one_batch_of_the_latest(desk: Desk, keys: list[str]) -> None:
    activity = KeyActivity(desk.instance.database)
    for key_id in keys:
        for at in (LATE, EARLY):
            activity.note(key_id, at)
    seen = opened(desk)
    asyncio.run(activity.flush())
    assert stored(desk) == [LATE, LATE]
    assert [(tx.writable, tx.statements) for tx in seen if tx.writable] == [(True, 1)]
    asyncio.run(activity.flush())
    assert len([tx for tx in seen if tx.writable]) == 1


def test_what_another_process_wrote_later_stays(desk: Desk, keys: list[str]) -> None:
    late, early = (KeyActivity(desk.instance.database) for _ in range(2))
    late.note(keys[0], LATE)
    early.note(keys[0], EARLY)
    asyncio.run(late.flush())
    asyncio.run(early.flush())
    assert stored(desk) == [LATE, None]


def test_what_is_noted_is_written_when_the_server_ends(desk: Desk, keys: list[str]) -> None:
    activity = KeyActivity(desk.instance.database)

    async def live() -> None:
        activity.start()
        activity.note(keys[1], LATE)
        await activity.stop()

    asyncio.run(live())
    assert stored(desk) == [None, LATE]


def test_a_stop_loses_nothing_wherever_the_write_under_way_is(
    desk: Desk, keys: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "FLUSH_S", 0)
    moments = [f"2026-03-01T12:00:{second:02}.000000Z" for second in range(12)]
    seen = []

    async def live() -> None:
        for turns, at in enumerate(moments):
            activity = KeyActivity(desk.instance.database)
            activity.note(keys[0], at)
            activity.start()
            for _ in range(turns):
                await asyncio.sleep(0)
            await activity.stop()
            seen.append(stored(desk)[0])

    asyncio.run(live())
    assert seen == moments


def test_what_cannot_be_written_is_kept(desk: Desk, keys: list[str]) -> None:
    database = desk.instance.database
    activity = KeyActivity(database)
    activity.note(keys[0], EARLY)
    database.write_now(lambda tx: tx.run("ALTER TABLE install_keys RENAME TO away"))
    asyncio.run(activity.flush())
    database.write_now(lambda tx: tx.run("ALTER TABLE away RENAME TO install_keys"))
    assert stored(desk) == [None, None]
    asyncio.run(activity.flush())
    assert stored(desk) == [EARLY, None]


def test_a_key_that_is_gone_meanwhile_hurts_nobody(desk: Desk, keys: list[str]) -> None:
    activity = KeyActivity(desk.instance.database)
    activity.note("0" * 32, LATE)
    activity.note(keys[0], LATE)
    asyncio.run(activity.flush())
    assert stored(desk) == [LATE, None]


def test_a_request_with_a_key_is_one_statement_and_no_write(desk: Desk) -> None:
    key = desk.key(desk.activate(desk.made()))
    seen = opened(desk)
    for _ in range(3):
        assert desk.bare("GET", "/ping", headers=basic(key)).status == 204
    assert [(tx.writable, tx.statements) for tx in seen] == [(False, 1)] * 3
