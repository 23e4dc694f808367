from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from tests.infra.jobs.conftest import NOW, START, Desk
from trunkline.infra.db import BusyError, Catalog, Tx, open_database
from trunkline.infra.jobs import (
    MAX_ATTEMPTS,
    Job,
    complete,
    enqueue,
    extend,
    fail,
    park,
    release,
)
from trunkline.infra.jobs.tables import periodic
from trunkline.kit.clock import FixedClock
from trunkline.kit.errors import ConflictError

FRESH = {
    "kind": "work",
    "dedupe_key": None,
    "payload": '{"install_id":"i1"}',
    "state": "ready",
    "attempts": 0,
    "run_at": NOW,
    "lease_until": None,
    "lease_owner": None,
    "last_error": None,
}


def done(desk: Any, job: Job) -> bool:
    return bool(desk.database.write_now(lambda tx: complete(tx, job)))


def failed(desk: Any, job: Job, error: str = "it broke", delay_s: float = 5) -> bool:
    return bool(desk.database.write_now(lambda tx: fail(tx, job, error, delay_s=delay_s)))


def test_a_job_is_written_with_what_it_follows_from(desk):
    job_id = desk.add()
    assert desk.row() == {"id": job_id, **FRESH}


def test_a_rolled_back_effect_has_no_job(desk):
    def refused(tx: Tx) -> None:
        enqueue(tx, "work", {})
        raise ConflictError("no")

    with pytest.raises(ConflictError):
        desk.database.write_now(refused)
    assert desk.rows() == []


def test_jobs_are_leased_in_the_order_they_fall_due(desk):
    later = desk.add(run_at="2026-11-22T09:00:02.000000Z")
    sooner = desk.add(run_at="2026-11-22T09:00:01.000000Z")
    last = desk.add()
    assert [job.id for job in desk.take(2)] == [sooner, later]
    assert [job.id for job in desk.take(2)] == [last]
    assert desk.take(2) == []


def test_a_leased_job_says_what_to_do_and_is_marked(desk):
    job_id = desk.add(payload={"install_id": "i7", "version_id": "v2"})
    job = desk.one()
    assert (job.id, job.kind, job.attempt) == (job_id, "work", 1)
    assert job.payload == {"install_id": "i7", "version_id": "v2"}
    row = desk.row()
    assert (row["state"], row["attempts"]) == ("running", 1)
    assert row["lease_until"] == "2026-11-22T10:01:00.000000Z"
    assert row["lease_owner"] == job.lease
    assert job.lease.startswith("w1/")


def test_a_job_waits_for_its_time(desk):
    desk.add(run_at="2026-11-22T10:00:30.000000Z")
    assert desk.take() == []
    desk.pass_time(seconds=30)
    assert len(desk.take()) == 1


def test_a_completed_job_is_gone(desk):
    desk.add()
    assert done(desk, desk.one()) is True
    assert desk.rows() == []


def test_a_dead_workers_job_is_run_again_once_its_lease_is_over(desk):
    desk.add()
    lost = desk.one()
    desk.pass_time(seconds=59)
    assert desk.take() == []
    desk.pass_time(seconds=1)
    [again] = desk.take(worker="w2")
    assert (again.id, again.attempt) == (lost.id, 2)
    assert again.lease != lost.lease


def test_abandoned_jobs_come_before_new_ones(desk):
    abandoned = desk.add()
    desk.take()
    desk.pass_time(seconds=60)
    desk.add(run_at=NOW)
    assert [job.id for job in desk.take(1)] == [abandoned]


def test_an_extended_lease_outlasts_its_first_end(desk):
    desk.add()
    job = desk.one()
    desk.pass_time(seconds=40)
    desk.database.write_now(lambda tx: extend(tx, [job]))
    assert desk.row()["lease_until"] == "2026-11-22T10:01:40.000000Z"
    desk.pass_time(seconds=59)
    assert desk.take() == []
    assert done(desk, job) is True


def test_whoever_lost_the_lease_can_no_longer_change_the_job(desk):
    desk.add()
    lost = desk.one()
    desk.pass_time(seconds=60)
    again = desk.one()
    before = desk.row()
    assert done(desk, lost) is False
    assert failed(desk, lost) is False
    assert desk.database.write_now(lambda tx: park(tx, lost, "x")) is False
    desk.database.write_now(lambda tx: extend(tx, [lost]))
    desk.database.write_now(lambda tx: release(tx, [lost]))
    assert desk.row() == before
    assert done(desk, again) is True


def test_a_worker_that_lost_a_lease_to_itself_does_not_hold_it(desk):
    desk.add()
    lost = desk.one()
    desk.pass_time(seconds=60)
    desk.one()
    assert done(desk, lost) is False


def test_a_failed_job_waits_and_is_tried_again(desk):
    desk.add()
    assert failed(desk, desk.one(), "conflict: taken", delay_s=2.5) is True
    row = desk.row()
    assert row | {"id": ""} == FRESH | {
        "id": "",
        "attempts": 1,
        "run_at": "2026-11-22T10:00:02.500000Z",
        "last_error": "conflict: taken",
    }
    assert desk.take() == []
    desk.pass_time(seconds=3)
    assert desk.one().attempt == 2


def test_a_job_is_parked_after_ten_failures(desk):
    desk.add(dedupe_key="k")
    for attempt in range(1, MAX_ATTEMPTS + 1):
        job = desk.one()
        assert job.attempt == attempt
        failed(desk, job, f"failure {attempt}")
        desk.pass_time(seconds=5)
    row = desk.row()
    assert (row["state"], row["attempts"], row["last_error"]) == ("parked", 10, "failure 10")
    assert (row["lease_owner"], row["lease_until"], row["dedupe_key"]) == (None, None, None)
    desk.pass_time(days=400)
    assert desk.take() == []


def test_a_job_that_kills_its_worker_ten_times_is_parked(desk):
    desk.add()
    for attempt in range(1, MAX_ATTEMPTS + 1):
        assert desk.one().attempt == attempt
        desk.pass_time(seconds=60)
    assert desk.take() == []
    row = desk.row()
    assert (row["state"], row["attempts"]) == ("parked", 10)
    assert row["last_error"] == "its worker stopped without finishing it, 10 times"


def test_errors_are_kept_short(desk):
    desk.add()
    failed(desk, desk.one(), "x" * 501)
    assert desk.row()["last_error"] == "x" * 500


def test_released_jobs_are_free_at_once_and_not_counted(desk):
    desk.add()
    desk.add()
    held = desk.take()
    desk.database.write_now(lambda tx: release(tx, held))
    assert [(row["state"], row["attempts"], row["lease_owner"]) for row in desk.rows()] == [
        ("ready", 0, None)
    ] * 2
    assert [job.attempt for job in desk.take()] == [1, 1]


def test_one_of_several_requests_for_the_same_work_waits(desk):
    first = desk.add(dedupe_key="sync:1", payload={"sync_id": "s1"})
    assert desk.add(dedupe_key="sync:1", payload={"sync_id": "other"}) == first
    assert desk.add(dedupe_key="sync:2") != first
    assert desk.add() != desk.add()
    assert len(desk.rows()) == 4
    assert desk.rows()[0]["payload"] == '{"sync_id":"s1"}'


def test_the_earliest_of_the_requested_times_counts(desk):
    desk.add(dedupe_key="k", run_at="2026-11-22T12:00:00.000000Z")
    desk.add(dedupe_key="k", run_at="2026-11-22T11:00:00.000000Z")
    desk.add(dedupe_key="k", run_at="2026-11-22T13:00:00.000000Z")
    assert desk.row()["run_at"] == "2026-11-22T11:00:00.000000Z"


def test_a_request_does_not_shorten_the_pause_after_a_failure(desk):
    desk.add(dedupe_key="k")
    failed(desk, desk.one(), delay_s=600)
    desk.add(dedupe_key="k")
    assert desk.row()["run_at"] == "2026-11-22T10:10:00.000000Z"
    assert desk.row()["attempts"] == 1


def test_work_asked_for_while_it_runs_runs_once_more(desk):
    job_id = desk.add(dedupe_key="k")
    job = desk.one()
    assert desk.add(dedupe_key="k") == job_id
    assert desk.add(dedupe_key="k") == job_id
    assert desk.take() == []
    assert done(desk, job) is True
    assert desk.row() == {"id": job_id, **FRESH, "dedupe_key": "k"}
    again = desk.one()
    assert again.attempt == 1
    assert done(desk, again) is True
    assert desk.rows() == []


def test_work_asked_for_later_while_it_runs_runs_once_more_then(desk):
    desk.add(dedupe_key="k")
    job = desk.one()
    desk.add(dedupe_key="k", run_at="2026-11-22T12:00:00.000000Z")
    desk.add(dedupe_key="k", run_at="2026-11-22T11:00:00.000000Z")
    desk.add(dedupe_key="k", run_at="2026-11-22T13:00:00.000000Z")
    done(desk, job)
    assert desk.row()["run_at"] == "2026-11-22T11:00:00.000000Z"


def test_failing_work_that_was_asked_for_again_keeps_its_count(desk):
    desk.add(dedupe_key="k")
    job = desk.one()
    desk.add(dedupe_key="k")
    failed(desk, job, delay_s=5)
    assert (desk.row()["attempts"], desk.row()["run_at"]) == (1, "2026-11-22T10:00:05.000000Z")
    desk.pass_time(seconds=5)
    again = desk.one()
    assert again.attempt == 2
    desk.add(dedupe_key="k", run_at="2026-11-22T12:00:00.000000Z")
    failed(desk, again, delay_s=5)
    assert (desk.row()["attempts"], desk.row()["run_at"]) == (2, "2026-11-22T12:00:00.000000Z")


def last_attempt(desk: Any) -> Job:
    """The only job, on its last attempt."""
    for _ in range(1, MAX_ATTEMPTS):
        failed(desk, desk.one())
        desk.pass_time(seconds=5)
    job: Job = desk.one()
    assert job.attempt == MAX_ATTEMPTS
    return job


@pytest.mark.parametrize("end", ["fails", "is parked", "is abandoned"])
def test_work_asked_for_during_a_last_attempt_starts_afresh(desk, end):
    job_id = desk.add(dedupe_key="k")
    job = last_attempt(desk)
    asked = "2026-11-22T12:00:00.000000Z"
    assert desk.add(dedupe_key="k", run_at=asked) == job_id
    if end == "fails":
        assert failed(desk, job) is True
    elif end == "is parked":
        assert desk.database.write_now(lambda tx: park(tx, job, "no use")) is True
    else:
        desk.pass_time(seconds=60)
        assert desk.take() == []
    assert desk.row() == {"id": job_id, **FRESH, "dedupe_key": "k", "run_at": asked}
    desk.pass_time(hours=2)
    assert desk.one().attempt == 1


def test_abandoned_work_that_was_asked_for_again_still_runs_once_more(desk):
    desk.add(dedupe_key="k")
    desk.one()
    desk.add(dedupe_key="k", run_at="2026-11-22T12:00:00.000000Z")
    desk.pass_time(seconds=60)
    again = desk.one()
    assert again.attempt == 2
    done(desk, again)
    assert (desk.row()["state"], desk.row()["run_at"]) == ("ready", "2026-11-22T12:00:00.000000Z")


def test_released_work_that_was_asked_for_again_waits_uncounted(desk):
    desk.add(dedupe_key="k")
    job = desk.one()
    desk.add(dedupe_key="k")
    desk.database.write_now(lambda tx: release(tx, [job]))
    assert (desk.row()["state"], desk.row()["attempts"], desk.row()["dedupe_key"]) == ("ready", 0, "k")


def test_released_work_that_was_asked_for_later_is_free_at_once(desk):
    desk.add(dedupe_key="k")
    job = desk.one()
    desk.add(dedupe_key="k", run_at="2026-11-22T12:00:00.000000Z")
    desk.database.write_now(lambda tx: release(tx, [job]))
    assert desk.row()["run_at"] == NOW
    assert desk.one().attempt == 1


def test_parked_work_may_be_asked_for_anew(desk):
    parked = desk.add(dedupe_key="k")
    job = desk.one()
    desk.database.write_now(lambda tx: park(tx, job, "no use"))
    assert desk.add(dedupe_key="k") != parked
    assert [row["state"] for row in desk.rows()] == ["parked", "ready"]


def test_claimers_at_once_never_get_the_same_job(desk):
    wanted = sorted(desk.add() for _ in range(120))

    def work(number: int) -> list[str]:
        mine: list[str] = []
        while jobs := desk.take(3, worker=f"w{number}"):
            for job in jobs:
                mine.append(job.id)
                assert done(desk, job) is True
        return mine

    with ThreadPoolExecutor(6) as pool:
        taken = [job_id for mine in pool.map(work, range(6)) for job_id in mine]
    assert sorted(taken) == wanted
    assert desk.rows() == []


def test_requests_at_once_for_the_same_work_make_one_job(desk):
    with ThreadPoolExecutor(6) as pool:
        ids = set(pool.map(lambda _: desk.add(dedupe_key="k"), range(24)))
    assert ids == {desk.row()["id"]}


def test_waiting_work_is_not_taken_while_a_request_for_it_is_uncommitted(databases):
    """Else it could run without seeing what the request follows from, and nobody would run it again."""
    database = open_database(databases.postgresql(), Catalog(clock=FixedClock(START)))
    desk = Desk(database, FixedClock(START))
    asked, go_on = threading.Event(), threading.Event()

    def ask(tx: Tx) -> None:
        enqueue(tx, "work", {}, dedupe_key="k")
        asked.set()
        assert go_on.wait(30)

    waiting = desk.add(dedupe_key="k")
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(database.write_now, ask)
        assert asked.wait(30)
        assert desk.take() == []
        go_on.set()
        asking.result()
    assert [job.id for job in desk.take()] == [waiting]
    database.close()


def test_what_is_committed_with_a_request_is_seen_by_a_run_that_follows(desk):
    """However requests, claims and completions of one key fall together."""
    seen: list[int] = []

    def ask(number: int) -> None:
        def work(tx: Tx) -> None:
            tx.insert(periodic, id=f"effect {number}", next_run_at=tx.now)
            enqueue(tx, "work", {}, dedupe_key="k")

        committed = False
        while not committed:
            with suppress(BusyError):  # lost five times in a row: like any caller, it tries again
                desk.database.write_now(work)
                committed = True

    def run() -> None:
        for job in desk.take():
            seen.append(desk.database.read_now(lambda tx: tx.value("SELECT count(*) FROM periodic")))
            done(desk, job)

    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(ask, number) if number % 2 else pool.submit(run) for number in range(60)]
    for each in running:
        each.result()
    while desk.rows():
        run()
    assert max(seen) == 30
