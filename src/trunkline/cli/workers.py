"""Several server processes on one port, for PostgreSQL: one process starts, watches and stops the others.

    supervisor ──lifeline── worker 1    each worker serves by itself, with a database pool of its own;
               ──lifeline── worker 2    the kernel spreads connections over their sockets

A worker says over its lifeline that it listens, and stops when the other end closes: none outlives the
supervisor, however that ends.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, Pipe, wait
from multiprocessing.context import SpawnProcess

import structlog
import uvloop
from msgspec import structs

from trunkline.cli.explanations import explain
from trunkline.cli.failures import CommandError, Exit
from trunkline.cli.listening import Address
from trunkline.cli.opening import opened
from trunkline.cli.serving import DRAIN_S, application_of, begin_log, serve_application
from trunkline.settings import Settings

STOP_S = DRAIN_S + 30.0  # what a worker may take for requests, jobs and connections when it stops
DEATHS_MAX = 5  # unexpected ends within `DEATHS_S`; after more, somebody has to look
DEATHS_S = 60.0

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Worker:
    """One process, and this end of its lifeline."""

    process: SpawnProcess
    lifeline: Connection
    is_ready: bool = False


def serve_in_workers(settings: Settings, address: Address, announce: Callable[[], None]) -> Exit:
    """Serve from `settings.workers` processes until a signal comes; one that ends by itself is replaced.

    Args:
        settings: of an instance that exists and is current.
        address: reserved by the caller.
        announce: called once, when every process accepts connections.

    Raises:
        CommandError: on SQLite, which one process serves, or where a port cannot be shared; or the workers
            do not start, or keep ending.
    """
    check_workers(settings)
    begin_log(settings)
    with opened(settings):
        pass  # what would stop every worker is better said once, before any starts
    with _signals() as woken:
        workers = [_start(settings, address) for _ in range(settings.workers)]
        try:
            _watch(workers, woken, lambda: _start(settings, address), announce)
            _log.info("stopping")
        finally:
            all_stopped = _stop(workers)
    return Exit.OK if all_stopped else Exit.FAILED


def serve_as_worker(settings: Settings, address: Address, lifeline: Connection) -> None:
    """What a worker process runs; its exit code is the command's."""
    begin_log(settings)
    try:
        with opened(structs.replace(settings, port=address.port)) as platform:
            served = serve_application(
                application_of(platform),
                address,
                lambda: lifeline.send_bytes(b"ready"),
                signals=(signal.SIGTERM,),
                lifeline=lifeline.fileno(),
            )
            code = uvloop.run(served)
    except Exception as error:  # noqa: BLE001  # told in the log; the supervisor sees the exit code
        failure = explain(error)
        _log.error("worker_failed", code=failure.code, message=failure.message)
        code = failure.exit
    sys.exit(code)


def check_workers(settings: Settings) -> None:
    """Refuse several processes where one must serve.

    Raises:
        CommandError: on SQLite, or where a port cannot be shared.
    """
    if settings.workers == 1:
        return
    if settings.sqlite_path is not None:
        raise CommandError(
            "workers_need_postgresql",
            "several workers need PostgreSQL; SQLite is served by one process",
            "leave --workers out, or pass --database-url postgresql://…",
            exit_code=Exit.USAGE,
        )
    if sys.platform != "linux":
        hint = "run several servers on ports of their own, behind a proxy"
        raise CommandError("workers_need_linux", "only Linux spreads one port over workers", hint)


def _start(settings: Settings, address: Address) -> _Worker:
    ours, theirs = Pipe()
    # A fresh interpreter: forking would copy locks and threads that nobody there takes care of.
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=serve_as_worker, args=(settings, address, theirs), name="worker")
    # What is blocked here stays so there: Ctrl-C reaches the whole group, and only the supervisor answers it.
    # The tracker is started first, because starting it unblocks.
    resource_tracker.ensure_running()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    theirs.close()
    return _Worker(process, ours)


def _watch(
    workers: list[_Worker], woken: int, start: Callable[[], _Worker], announce: Callable[[], None]
) -> None:
    """Until a signal: tell when all listen, and replace what ends."""
    deaths: deque[float] = deque(maxlen=DEATHS_MAX)
    announced = False
    while True:
        starting = {worker.lifeline: worker for worker in workers if not worker.is_ready}
        running = {worker.process.sentinel: worker for worker in workers}
        happened = wait([woken, *starting, *running])
        if woken in happened:
            return
        for one in happened:
            if isinstance(one, Connection):
                starting[one].is_ready = _says_ready(one)
        for worker in [running[one] for one in happened if isinstance(one, int) and one in running]:
            _bury(worker, deaths, announced=announced)
            workers[workers.index(worker)] = start()
        if not announced and all(worker.is_ready for worker in workers):
            announced = True
            announce()


def _says_ready(lifeline: Connection) -> bool:
    try:
        return lifeline.recv_bytes() == b"ready"
    except (EOFError, OSError):
        return False  # it is ending, which its sentinel tells in a moment


def _bury(worker: _Worker, deaths: deque[float], *, announced: bool) -> None:
    worker.process.join()
    worker.lifeline.close()
    now = time.monotonic()
    deaths.append(now)
    _log.error("worker_ended", exit_code=worker.process.exitcode)
    if not announced or (len(deaths) == DEATHS_MAX and now - deaths[0] < DEATHS_S):
        raise CommandError("server_failed", "the workers end by themselves; the log says why")


def _stop(workers: list[_Worker]) -> bool:
    """Stop all, however long that takes within `STOP_S`; False if one had to be killed."""
    for worker in workers:
        worker.process.terminate()
    until = time.monotonic() + STOP_S
    for worker in workers:
        worker.process.join(max(0.0, until - time.monotonic()))
    late = [worker for worker in workers if worker.process.exitcode is None]
    for worker in late:
        _log.warning("worker_killed", after_s=STOP_S)
        worker.process.kill()
        worker.process.join()
    for worker in workers:
        worker.lifeline.close()
    return not late


@contextmanager
def _signals() -> Iterator[int]:
    """A file descriptor that can be read once SIGTERM or SIGINT came."""
    readable, writable = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, lambda *_: None) for number in numbers}
    woken_before = signal.set_wakeup_fd(writable)
    try:
        yield readable
    finally:
        signal.set_wakeup_fd(woken_before)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(readable)
        os.close(writable)
