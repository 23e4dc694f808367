from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from trunkline.infra.jobs import JobContext, Periodic, claim, enqueue
from trunkline.kit.errors import ConflictError
from trunkline.worker import Worker

PATIENCE_S = 30


def run(work: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(work(), PATIENCE_S)

    asyncio.run(bounded())


@asynccontextmanager
async def working(desk: Any, handlers: Any, periodics: Any = None, **options: Any) -> Any:
    worker = Worker(desk.database, handlers, periodics or {}, **options)
    worker.start()
    try:
        yield worker
    finally:
        await worker.stop()


async def happens(event: threading.Event) -> None:
    assert await asyncio.to_thread(event.wait, PATIENCE_S)


async def until(desk: Any, wanted: Callable[[list[dict[str, Any]]], bool]) -> None:
    while not wanted(await asyncio.to_thread(desk.rows)):
        pass


class Gate:
    """A handler that says when it has begun and goes on when it is let."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.free = threading.Event()
        self.finished = threading.Event()

    def __call__(self, context: JobContext) -> None:
        self.begun.set()
        assert self.free.wait(PATIENCE_S)
        self.finished.set()


def test_runs_what_is_enqueued_before_and_while_it_works(desk):
    seen: list[str] = []
    last = threading.Event()

    def handler(context: JobContext) -> None:
        seen.append(context.payload["number"])
        if context.payload["number"] == "5":
            last.set()

    async def scenario() -> None:
        for number in range(5):
            desk.add(payload={"number": str(number)})
        async with working(desk, {"work": handler}) as worker:
            desk.add(payload={"number": "5"})
            await asyncio.to_thread(worker.wake)
            await happens(last)

    run(scenario)
    assert sorted(seen) == ["0", "1", "2", "3", "4", "5"]
    assert desk.rows() == []


def test_notices_by_itself_what_others_enqueue(desk):
    done = threading.Event()

    async def scenario() -> None:
        async with working(desk, {"work": lambda context: done.set()}, poll_s=0.01):
            await until(desk, lambda rows: True)
            desk.add()
            await happens(done)

    run(scenario)


def test_a_bad_job_stops_nothing(desk):
    done = threading.Event()

    def bad(context: JobContext) -> None:
        raise SystemExit(1)

    async def scenario() -> None:
        desk.add(kind="bad")
        desk.add(kind="unknown")
        desk.add(kind="good")
        async with working(desk, {"bad": bad, "good": lambda context: done.set()}, threads=1):
            await happens(done)

    run(scenario)
    rows = {row["kind"]: row for row in desk.rows()}
    assert {kind: row["state"] for kind, row in rows.items()} == {"bad": "ready", "unknown": "parked"}
    assert rows["bad"]["attempts"] == 1
    assert rows["bad"]["last_error"].startswith("SystemExit in ")


def test_a_database_that_is_away_for_a_while_stops_nothing(desk):
    done = threading.Event()
    tries: list[int] = []

    def needed(tx: Any) -> bool:
        tries.append(1)
        if len(tries) < 3:
            raise ConflictError("away")
        return False

    async def scenario() -> None:
        desk.add()
        periodics = {"work": Periodic(60, needed)}
        async with working(desk, {"work": lambda context: done.set()}, periodics, poll_s=0.01):
            await happens(done)

    run(scenario)
    assert len(tries) >= 3


def test_no_more_jobs_run_at_a_time_than_there_are_threads(desk):
    gates = [Gate(), Gate(), Gate()]
    left = iter(gates)

    def following(context: JobContext) -> None:
        next(left)(context)

    async def scenario() -> None:
        for _ in gates:
            desk.add()
        async with working(desk, {"work": following}, threads=2):
            await happens(gates[0].begun)
            await happens(gates[1].begun)
            assert sorted(row["state"] for row in desk.rows()) == ["ready", "running", "running"]
            gates[1].free.set()
            await happens(gates[2].begun)
            gates[0].free.set()
            gates[2].free.set()

    run(scenario)
    assert desk.rows() == []


def test_a_stopping_worker_lets_running_jobs_finish(desk):
    gate = Gate()

    async def scenario() -> None:
        desk.add()
        desk.add()
        async with working(desk, {"work": gate}, threads=1) as worker:
            await happens(gate.begun)
            stopping = asyncio.create_task(worker.stop())
            gate.free.set()
            await stopping

    run(scenario)
    assert [(row["state"], row["attempts"]) for row in desk.rows()] == [("ready", 0)]


def test_a_stopping_worker_gives_back_what_does_not_finish_in_time(desk):
    gate = Gate()

    async def scenario() -> None:
        desk.add()
        async with working(desk, {"work": gate}) as worker:
            await happens(gate.begun)
            await worker.stop(grace_s=0)
            row = desk.row()
            assert (row["state"], row["attempts"], row["lease_owner"]) == ("ready", 0, None)
            taken = desk.one()
            gate.free.set()
            await happens(gate.finished)
            await worker.stop()  # waits for the thread: its outcome no longer counts
            assert desk.row()["lease_owner"] == taken.lease

    run(scenario)
    assert desk.row()["state"] == "running"


def test_stops_cleanly_without_having_started_or_worked(desk):
    async def scenario() -> None:
        worker = Worker(desk.database, {}, {})
        worker.wake()
        await worker.stop()
        async with working(desk, {}) as begun:
            await begun.stop()
        begun.wake()

    run(scenario)


def test_runs_what_a_dead_worker_left_once_the_lease_is_over(desk):
    runs: list[str] = []

    async def scenario() -> None:
        job_id = desk.add()
        await desk.database.write(lambda tx: claim(tx, worker="dead", limit=1))
        async with working(desk, {"work": lambda context: runs.append(job_id)}) as worker:
            desk.pass_time(seconds=60)
            worker.wake()
            await until(desk, lambda rows: not rows)

    run(scenario)
    assert len(runs) == 1


def test_the_lease_of_a_long_job_is_extended(desk):
    gate = Gate()

    async def scenario() -> None:
        desk.add()
        async with working(desk, {"work": gate}, beat_s=0.01):
            await happens(gate.begun)
            desk.pass_time(seconds=50)
            await until(desk, lambda rows: rows[0]["lease_until"] == "2026-11-22T10:01:50.000000Z")
            desk.pass_time(seconds=50)
            await until(desk, lambda rows: rows[0]["lease_until"] == "2026-11-22T10:02:40.000000Z")
            assert desk.take() == []
            gate.free.set()

    run(scenario)
    assert desk.rows() == []


def test_two_workers_share_jobs_and_run_periodic_ones_once(desk):
    runs: list[str] = []
    swept: list[str] = []
    ran = threading.Semaphore(0)

    def work(context: JobContext) -> None:
        runs.append(context.payload["number"])
        ran.release()

    def sweep(context: JobContext) -> None:
        swept.append(context.clock.now().isoformat())
        ran.release()

    async def scenario() -> None:
        for number in range(30):
            desk.add(payload={"number": str(number)})
        options: Any = {"poll_s": 0.01}
        handlers, periodics = {"work": work, "sweep": sweep}, {"sweep": Periodic(3600)}
        async with (
            working(desk, handlers, periodics, **options),
            working(desk, handlers, periodics, **options),
        ):
            for _ in range(31):
                assert await asyncio.to_thread(ran.acquire, timeout=PATIENCE_S)
            await until(desk, lambda rows: not rows)  # else their leases would be over with the hour
            desk.pass_time(hours=1)
            assert await asyncio.to_thread(ran.acquire, timeout=PATIENCE_S)
            await until(desk, lambda rows: not rows)

    run(scenario)
    assert sorted(runs, key=int) == [str(number) for number in range(30)]
    assert swept == ["2026-11-22T10:00:00+00:00", "2026-11-22T11:00:00+00:00"]


def test_a_job_may_enqueue_the_next(desk):
    done = threading.Event()

    def first(context: JobContext) -> None:
        context.database.write_now(lambda tx: enqueue(tx, "second", {}))

    async def scenario() -> None:
        desk.add(kind="first")
        async with working(desk, {"first": first, "second": lambda context: done.set()}):
            await happens(done)

    run(scenario)
    assert desk.rows() == []


def test_a_periodic_kind_needs_a_handler(desk):
    with pytest.raises(ValueError, match="without a handler: sweep, tidy"):
        Worker(desk.database, {"other": lambda context: None}, {"tidy": Periodic(1), "sweep": Periodic(1)})
