"""The loop that claims due jobs and hands them to threads, as a task of the server's event loop."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

import structlog

from trunkline.infra.db import Database
from trunkline.infra.jobs import (
    LEASE_S,
    Handlers,
    Job,
    Periodics,
    claim,
    describe,
    extend,
    find_due,
    fire,
    release,
    run_job,
)

THREADS = 2  # jobs at a time; fewer than reader connections, so that requests keep some
POLL_S = 1.0
GRACE_S = 25.0  # how long running jobs may take to finish when the server stops
BEAT_S = LEASE_S / 3

_log = structlog.get_logger(__name__)


class Worker:
    """Runs jobs until it is stopped. Any number of workers may share a database; each job goes to one.

    Args:
        database: where the jobs are and where their handlers work.
        handlers: what runs a job of each kind.
        periodics: the kinds that come round by themselves.
        threads: how many jobs run at a time.
        poll_s: how long what another process enqueued, or what falls due, may go unnoticed.
        beat_s: how often the leases of running jobs are extended.
    """

    def __init__(
        self,
        database: Database,
        handlers: Handlers,
        periodics: Periodics,
        *,
        threads: int = THREADS,
        poll_s: float = POLL_S,
        beat_s: float = BEAT_S,
    ) -> None:
        unknown = periodics.keys() - handlers.keys()
        if unknown:
            raise ValueError(f"periodic kinds without a handler: {', '.join(sorted(unknown))}")
        self._database = database
        self._handlers = handlers
        self._periodics = periodics
        self._threads = threads
        self._poll_s = poll_s
        self._beat_s = beat_s
        self._name = f"{socket.gethostname()[:60]}:{os.getpid()}:{secrets.token_hex(4)}"
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="job")
        self._running: dict[asyncio.Task[None], Job] = {}
        self._wake = asyncio.Event()
        self._stopping = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._swept_at = float("-inf")

    def start(self) -> None:
        """Begin, as tasks of the running event loop. Once only."""
        self._loop = asyncio.get_running_loop()
        self._tasks = [
            self._loop.create_task(self._run(), name="worker"),
            self._loop.create_task(self._keep_leases(), name="worker-leases"),
        ]

    def wake(self) -> None:
        """Look for due jobs now rather than at the next poll; from any thread, at any time."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed: there is nothing left to wake
                self._loop.call_soon_threadsafe(self._wake.set)

    async def stop(self, grace_s: float = GRACE_S) -> None:
        """Claim nothing more, let running jobs finish, and give back those that do not in time.

        What is given back runs again elsewhere, while its thread here may still be at it: its outcome no
        longer counts. Calling it again waits for those threads.
        """
        self._stopping = True
        self._wake.set()
        if self._tasks:
            await self._tasks[0]
        if self._running:
            await asyncio.wait(self._running, timeout=grace_s)
        for task in self._tasks[1:]:
            task.cancel()
        await asyncio.gather(*self._tasks[1:], return_exceptions=True)
        await self._give_back(list(self._running.values()))
        self._pool.shutdown(wait=False)

    async def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            try:
                await self._sweep()
                await self._take()
            except Exception as error:  # noqa: BLE001  # e.g. the database is away: it may come back
                _log.error("worker_round_failed", error=describe(error))
            # Woken by a job that ends, by `wake` and by `stop`; a full house waits for the first of these.
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self._poll_s)

    async def _sweep(self) -> None:
        """Set off the periodic kinds that are due; not after every job, only about once per poll."""
        now = asyncio.get_running_loop().time()
        if not self._periodics or now < self._swept_at + self._poll_s / 2:
            return
        self._swept_at = now
        for due in await self._database.read(partial(find_due, periodics=self._periodics)):
            await self._database.write(partial(fire, due=due))

    async def _take(self) -> None:
        free = self._threads - len(self._running)
        if free == 0:
            return
        taken = await self._database.write(partial(claim, worker=self._name, limit=free))
        if self._stopping:
            await self._give_back(taken)
            return
        for job in taken:
            task = asyncio.create_task(self._work(job), name=f"job {job.kind}")
            self._running[task] = job
            task.add_done_callback(self._ended)

    async def _work(self, job: Job) -> None:
        await asyncio.get_running_loop().run_in_executor(
            self._pool, run_job, self._database, self._handlers, job
        )

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        self._wake.set()

    async def _keep_leases(self) -> None:
        while True:
            await asyncio.sleep(self._beat_s)
            if not self._running:
                continue
            try:
                await self._database.write(partial(extend, held=list(self._running.values())))
            except Exception as error:  # noqa: BLE001  # a beat missed is made up for by the next
                _log.error("worker_beat_failed", error=describe(error))

    async def _give_back(self, jobs: list[Job]) -> None:
        if not jobs:
            return
        try:
            await self._database.write(partial(release, held=jobs))
        except Exception as error:  # noqa: BLE001  # their leases expire instead
            _log.error("worker_release_failed", error=describe(error))
