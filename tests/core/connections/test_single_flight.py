"""Single-use refresh tokens without grace: many callers in many processes spend each exactly once."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.core.connections.desk import Desk
from tests.core.connections.flying import Process, Setup
from tests.core.connections.safe import opened
from tests.databases import Databases
from tests.simulated import Simulated
from trunkline.core import connections

PAST = "2026-01-01T00:00:00.000000Z"


@contextmanager
def own_desk(url: str, folder: Path, simulated: Simulated) -> Iterator[Desk]:
    with opened(url, folder / "vault.key") as safe:
        desk = Desk(safe, simulated)
        try:
            yield desk
        finally:
            desk.close()


@contextmanager
def processes(desk: Desk, folder: Path, number: int, lease_s: float = 60.0) -> Iterator[list[Process]]:
    port = int(desk.simulated.host_port.rpartition(":")[2])
    setup = Setup(desk.safe.url, str(folder / "vault.key"), port, lease_s)
    begun = [Process(setup) for _ in range(number)]
    try:
        for process in begun:
            process.wait()
        yield begun
    finally:
        for process in begun:
            process.close()


def expire(desk: Desk, *connection_ids: str) -> None:
    for connection_id in connection_ids:
        desk.put(connection_id, refreshed_at=PAST, access_expires_at=PAST, stale_at=PAST)


def fly(desk: Desk, folder: Path, *, expiries: int, callers: int, number: int) -> None:
    """Every expiry is one token call, whoever asks, and everybody gets the same token."""
    connection_id = desk.authorize(desk.integration()).id
    with processes(desk, folder, number) as begun:
        for expiry in range(1, expiries + 1):
            expire(desk, connection_id)
            for process in begun:
                process.tell(f"{callers} {connection_id}")
            outcomes: Counter[str] = sum((Counter(process.answer()) for process in begun), Counter())
            assert len(outcomes) == 1, outcomes
            assert outcomes.total() == number * callers
            assert desk.refreshes() == {"issued": expiry}
    assert desk.families() == [None]
    assert desk.get(connection_id).generation == expiries + 1


def test_four_processes_of_32_callers_refresh_once_an_expiry(
    databases: Databases, tmp_path: Path, simulated: Simulated
) -> None:
    with own_desk(databases.postgresql(), tmp_path, simulated) as desk:
        fly(desk, tmp_path, expiries=10, callers=32, number=4)


@pytest.mark.soak
def test_four_processes_of_32_callers_refresh_once_in_each_of_200_expiries(
    databases: Databases, tmp_path: Path, simulated: Simulated
) -> None:
    with own_desk(databases.postgresql(), tmp_path, simulated) as desk:
        fly(desk, tmp_path, expiries=200, callers=32, number=4)


def crowd(desk: Desk, *, expiries: int, callers: int) -> None:
    connection_id = desk.authorize(desk.integration()).id
    editor = desk.actor("editor")

    async def all_of_them() -> set[tuple[str, str]]:
        asking = [connections.authorized(desk.env, editor, connection_id) for _ in range(callers)]
        return {pair for one in await asyncio.gather(*asking) for pair in one.headers}

    for expiry in range(1, expiries + 1):
        expire(desk, connection_id)
        assert len(desk.run(all_of_them())) == 1
        assert desk.refreshes() == {"issued": expiry}
    assert desk.families() == [None]


def test_128_callers_of_one_process_refresh_once_an_expiry(desk: Desk) -> None:
    crowd(desk, expiries=10, callers=128)


@pytest.mark.soak
def test_128_callers_of_one_process_refresh_once_in_each_of_200_expiries(
    databases: Databases, tmp_path: Path, simulated: Simulated
) -> None:
    with own_desk(databases.sqlite(), tmp_path, simulated) as desk:
        crowd(desk, expiries=200, callers=128)


def test_of_many_callers_only_one_waits_at_the_row(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trunkline.core.connections.flows.refresh.WAIT_S", 0.3)
    connection_id = desk.authorize(desk.integration()).id
    desk.put(connection_id, stale_at=PAST, lease_until="2026-03-01T12:01:00.000000Z", lease_owner="another")
    editor, looks = desk.actor("editor"), 0
    read = desk.world.db.read

    async def counted(*given: object, **named: object) -> object:
        nonlocal looks
        looks += 1
        return await read(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(desk.world.db, "read", counted)

    async def all_of_them() -> None:
        asking = [connections.authorized(desk.env, editor, connection_id) for _ in range(128)]
        await asyncio.gather(*asking)

    desk.run(all_of_them())
    # One look each to begin with, one each to make do, and one loop that polls.
    assert 2 * 128 < looks < 2 * 128 + 50
    assert desk.refreshes() == {}


def survive(
    desk: Desk, folder: Path, *, number: int, kills: int, held: int, lease_s: float, patience_s: float
) -> Counter[tuple[str, str | None]]:
    """Kill processes in the midst of refreshes, then see what became of every connection."""
    integration = desk.integration()
    ids = [desk.authorize(integration).id for _ in range(held)]
    chance = random.Random(7)
    with processes(desk, folder, number, lease_s) as begun:
        for kill in range(kills):
            victim = begun[kill % number]
            hit = ids[kill % held]
            expire(desk, hit)
            # The provider has spent the token, or has not: nobody here can tell.
            spent = ("answer-held",) if kill % 2 else ("held", "rate-limited")
            desk.client.faults(*spent, on=["token"], times=1)
            victim.tell(f"1 {hit}")
            if chance.random() < 0.8:
                desk.simulated.admin("GET", "/simulator/held?atLeast=1")
            else:
                time.sleep(chance.random() / 50)
            victim.kill()
            desk.client.faults(on=["token"])
            desk.simulated.admin("POST", "/simulator/release")
        end = time.monotonic() + patience_s
        while time.monotonic() < end:
            begun[0].tell("tend")
            begun[0].answer()
            if not any(desk.columns(one, "intent") for one in ids):
                break
            time.sleep(0.2)
        settled = Counter(desk.status(one) for one in ids)
        begun[0].tell(f"1 {' '.join(ids)}")
        begun[0].answer()
        assert not any(desk.columns(one, "lease_owner", "intent") != (None, None) for one in ids)
    return settled


def test_kills_in_the_midst_leave_every_connection_working_or_to_its_owner(
    databases: Databases, tmp_path: Path, simulated: Simulated
) -> None:
    with own_desk(databases.postgresql(), tmp_path, simulated) as desk:
        settled = survive(desk, tmp_path, number=2, kills=3, held=4, lease_s=2.0, patience_s=30)
    assert settled.keys() <= {("ok", None), ("needs_reauth", "outcome_unknown")}
    assert settled["ok", None] >= 1


@pytest.mark.soak
def test_after_50_kills_nothing_is_stuck_for_two_minutes(
    databases: Databases, tmp_path: Path, simulated: Simulated
) -> None:
    with own_desk(databases.postgresql(), tmp_path, simulated) as desk:
        settled = survive(desk, tmp_path, number=4, kills=50, held=50, lease_s=60.0, patience_s=120)
    assert settled.keys() <= {("ok", None), ("needs_reauth", "outcome_unknown")}
    assert settled.total() == 50
