from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from trunkline.infra.db import Tx
from trunkline.infra.jobs import Due, Periodic, complete, find_due, fire

HOURLY = {"sweep": Periodic(3600)}


def due(desk: Any, periodics: dict[str, Periodic] = HOURLY) -> list[Due]:
    found: list[Due] = desk.database.read_now(lambda tx: find_due(tx, periodics))
    return found


def fired(desk: Any, found: Due) -> bool:
    return bool(desk.database.write_now(lambda tx: fire(tx, found)))


def turn(desk: Any, periodics: dict[str, Periodic] = HOURLY) -> list[bool]:
    return [fired(desk, found) for found in due(desk, periodics)]


def times(desk: Any) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = desk.database.read_now(
        lambda tx: tx.fetch("SELECT id, next_run_at FROM periodic ORDER BY id", {})
    )
    return found


def finish(desk: Any) -> int:
    jobs = desk.take()
    for job in jobs:
        desk.database.write_now(lambda tx, job=job: complete(tx, job))
    return len(jobs)


def test_a_kind_that_never_ran_runs_at_once(desk):
    assert turn(desk) == [True]
    row = desk.row()
    assert (row["kind"], row["payload"], row["dedupe_key"]) == ("sweep", "{}", "periodic:sweep")
    assert times(desk) == [("sweep", "2026-11-22T11:00:00.000000Z")]


def test_it_runs_again_only_after_its_interval(desk):
    turn(desk)
    finish(desk)
    desk.pass_time(minutes=59)
    assert due(desk) == []
    desk.pass_time(minutes=1)
    assert turn(desk) == [True]
    assert finish(desk) == 1


def test_missed_runs_are_not_made_up_for(desk):
    turn(desk)
    finish(desk)
    desk.pass_time(days=3)
    assert turn(desk) == [True]
    assert due(desk) == []
    assert times(desk) == [("sweep", "2026-11-25T11:00:00.000000Z")]


def test_a_clock_set_back_neither_runs_it_early_nor_stops_it(desk):
    turn(desk)
    finish(desk)
    desk.pass_time(hours=-24)
    assert turn(desk) == [False]
    assert desk.rows() == []
    assert times(desk) == [("sweep", "2026-11-21T11:00:00.000000Z")]
    desk.pass_time(hours=1)
    assert turn(desk) == [True]


def test_a_shortened_interval_counts_from_now_on(desk):
    turn(desk)
    finish(desk)
    assert turn(desk, {"sweep": Periodic(60)}) == [False]
    desk.pass_time(seconds=60)
    assert turn(desk, {"sweep": Periodic(60)}) == [True]


def test_what_need_not_run_writes_nothing_and_runs_as_soon_as_it_must(desk):
    waiting: list[str] = []

    def needed(tx: Tx) -> bool:
        return bool(waiting)

    periodics = {"sweep": Periodic(3600, needed)}
    assert due(desk, periodics) == []
    assert times(desk) == []
    waiting.append("something")
    assert turn(desk, periodics) == [True]


def test_a_run_that_lasts_longer_than_its_interval_is_not_doubled(desk):
    turn(desk)
    [running] = desk.take()
    desk.pass_time(seconds=30)
    short = {"sweep": Periodic(10)}
    turn(desk, short)
    desk.pass_time(seconds=10)
    assert turn(desk, short) == [True]
    assert len(desk.rows()) == 1
    assert desk.take() == []
    desk.database.write_now(lambda tx: complete(tx, running))
    assert finish(desk) == 1
    assert desk.rows() == []


def test_of_several_workers_that_see_it_due_one_runs_it(desk):
    for _ in range(3):
        seen = [due(desk)[0] for _ in range(4)]
        together = threading.Barrier(4)

        def move_on(found: Due, together: threading.Barrier = together) -> bool:
            together.wait()
            return fired(desk, found)

        with ThreadPoolExecutor(4) as pool:
            assert sorted(pool.map(move_on, seen)) == [False, False, False, True]
        assert finish(desk) == 1
        desk.pass_time(hours=1)
