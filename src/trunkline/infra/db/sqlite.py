"""SQLite through apsw: many readers on snapshots, one writer thread with group commit.

One connection writes, so there is no SQLITE_BUSY inside a process and no lock polling. Writes that wait
together are committed together, each in its own savepoint: with `synchronous=FULL` the one fsync is shared,
and a failing write rolls back alone.
"""

from __future__ import annotations

import asyncio
import os
import queue
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw

from trunkline.infra.db.database import (
    QUEUE_LIMIT,
    READ_DEADLINE_S,
    READERS,
    WRITE_DEADLINE_S,
    Answer,
    BusyError,
    Catalog,
    Database,
    DeadlineError,
    UniqueError,
    Work,
)
from trunkline.infra.db.statements import REMEMBERED_CHARS, Engine
from trunkline.infra.db.tx import Params, transaction_marker
from trunkline.kit.errors import UnavailableError

# The WAL-reset bug of 3.7.0-3.51.2 can corrupt a database that two connections write and checkpoint.
MINIMUM_VERSION = (3, 51, 3)
GROUP_LIMIT = 64  # writes per commit
BUSY_TIMEOUT_MS = 5_000  # other processes: the command line beside a running server
TOTALS_LIMIT = 200  # totals a reader remembers; a few kilobytes each
PROGRESS_STEPS = 20_000  # virtual-machine steps between looks at the clock; about a millisecond
_UNIQUE = (apsw.SQLITE_CONSTRAINT_UNIQUE, apsw.SQLITE_CONSTRAINT_PRIMARYKEY)


def check_version() -> None:
    """Refuse to run on a SQLite that can corrupt the file.

    Raises:
        RuntimeError: the linked SQLite is older than 3.51.3.
    """
    found = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
    if found < MINIMUM_VERSION:
        raise RuntimeError(
            f"SQLite {apsw.sqlite_lib_version()} has a bug that corrupts WAL databases; "
            f"install an apsw wheel with {'.'.join(map(str, MINIMUM_VERSION))} or newer"
        )


class _Connection:
    """An apsw connection with our settings and a deadline; also the `Cursor` of its transactions."""

    def __init__(self, path: Path, vfs: str | None, *, writes: bool = False, points: bool = False) -> None:
        self.raw = apsw.Connection(str(path), vfs=vfs, statementcachesize=512)
        self.raw.set_busy_timeout(BUSY_TIMEOUT_MS)
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "mmap_size=0",
            "cache_size=-65536",
            "temp_store=MEMORY",
            "trusted_schema=OFF",
            "secure_delete=ON",
        ):
            self.raw.execute(f"PRAGMA {pragma}")
        # A statement that might use a partial index is compiled anew whenever a parameter changes, in case its
        # value is the index's own; that takes ten times as long as a point read. None of ours is chosen so.
        # Source: https://sqlite.org/queryplanner-ng.html (query planner stability guarantee).
        self.raw.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, writes or points)
        self._writes = writes
        self._version: object = None
        self._totals: dict[object, int] = {}
        self.deadline = float("inf")
        self.raw.set_progress_handler(lambda: time.monotonic() > self.deadline, PROGRESS_STEPS)

    def fetch(self, sql: str, params: Params) -> list[tuple[Any, ...]]:
        return self.raw.execute(sql, params, can_cache=len(sql) <= REMEMBERED_CHARS).fetchall()

    def total(self, sql: str, params: Params) -> int:
        """The number `sql` reads, remembered for as long as nobody commits anything.

        The data version changes whenever another connection has committed, which is when SQLite drops its
        own page cache too: what is remembered is never staler than what would be read. It is looked at
        inside the transaction, hence of its snapshot. A writer's own changes do not show in it.
        """
        if self._writes or len(sql) > REMEMBERED_CHARS:
            return int(self.fetch(sql, params)[0][0])
        version = self.raw.execute("PRAGMA data_version").fetchall()
        if version != self._version or len(self._totals) >= TOTALS_LIMIT:
            self._version, self._totals = version, {}
        key = (sql, *params.items())
        if key not in self._totals:
            self._totals[key] = int(self.fetch(sql, params)[0][0])
        return self._totals[key]

    def run(self, sql: str, params: Params) -> int:
        self.raw.execute(sql, params)
        return self.raw.changes()

    def run_many(self, sql: str, rows: Iterable[Params]) -> None:
        self.raw.executemany(sql, rows)

    def insert_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        self.raw.executemany(sql, rows)

    def roll_back(self) -> None:
        # After some errors (disk full, I/O) SQLite has rolled back by itself; a blind ROLLBACK would raise.
        if self.raw.in_transaction:
            self.raw.execute("ROLLBACK")


@contextmanager
def _spelled() -> Iterator[None]:
    """Engine errors in the platform's words."""
    try:
        yield
    except apsw.InterruptError as error:
        raise DeadlineError("the request took too long and was stopped; narrow the filter") from error
    except apsw.ConstraintError as error:
        if getattr(error, "extendedresult", 0) in _UNIQUE:
            raise UniqueError("an object with this key exists already") from error
        raise
    except apsw.BusyError as error:
        raise BusyError("another process is writing; try again") from error
    except (apsw.FullError, apsw.IOError) as error:
        raise UnavailableError("the database cannot write: disk full or failing", 30) from error


@dataclass(slots=True)
class _Job:
    work: Work[Any]
    done: Future[Any]


class SqliteDatabase(Database):
    """An embedded database file. Safe for many threads; one process at a time should serve it."""

    engine = Engine.SQLITE

    def __init__(
        self,
        path: Path,
        catalog: Catalog,
        *,
        vfs: str | None = None,
        read_deadline_s: float = READ_DEADLINE_S,
    ) -> None:
        check_version()
        self._read_deadline_s = read_deadline_s
        self.path = path
        self.catalog = catalog
        self._vfs = vfs
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self._writer_connection = _Connection(path, vfs, writes=True)
        # Last in, first out: the connection used last has what is asked for in its page cache.
        self._readers: queue.LifoQueue[_Connection | None] = queue.LifoQueue()
        for _ in range(READERS):
            self._readers.put(None)  # opened when it is needed
        self._inline = _Connection(path, vfs, points=True)
        self._inline_lock = threading.Lock()
        self._pool = ThreadPoolExecutor(READERS, thread_name_prefix="sqlite-read")
        self._queue: queue.Queue[_Job | None] = queue.Queue(QUEUE_LIMIT)
        self._closed = False
        self._closing = threading.Lock()
        self._writer = threading.Thread(target=self._write_loop, name="sqlite-write", daemon=True)
        self._writer.start()

    async def read(self, work: Work[Answer], *, inline: bool = False) -> Answer:
        """See `Database.read`."""
        if inline:
            with self._inline_lock:
                return self._read_on(self._inline, work)
        return await asyncio.get_running_loop().run_in_executor(self._pool, self.read_now, work)

    def read_now(self, work: Work[Answer]) -> Answer:
        """See `Database.read_now`."""
        with self._reader() as connection:
            return self._read_on(connection, work)

    def check_now(self, work: Work[Answer]) -> Answer:
        """See `Database.check_now`."""
        with self._reader() as connection:
            return self._read_on(connection, work, float("inf"))

    @contextmanager
    def _reader(self) -> Iterator[_Connection]:
        connection = self._readers.get()
        try:
            connection = connection or _Connection(self.path, self._vfs)
            yield connection
        finally:
            self._readers.put(connection)

    def _read_on(self, connection: _Connection, work: Work[Answer], seconds: float | None = None) -> Answer:
        connection.deadline = time.monotonic() + (self._read_deadline_s if seconds is None else seconds)
        with _spelled(), transaction_marker():
            connection.raw.execute("BEGIN")
            try:
                return work(self.transaction(connection, writable=False))
            finally:
                connection.roll_back()

    async def write(self, work: Work[Answer]) -> Answer:
        """See `Database.write`."""
        return await asyncio.wrap_future(self._submit(work))

    def write_now(self, work: Work[Answer]) -> Answer:
        """See `Database.write_now`."""
        return self._submit(work).result()

    def _submit(self, work: Work[Answer]) -> Future[Answer]:
        job = _Job(work, Future())
        # Else a write could get in line behind the end of the queue, where nobody answers it.
        with self._closing:
            if self._closed:
                raise BusyError("the database is closing; try again")
            try:
                self._queue.put_nowait(job)
            except queue.Full:
                raise BusyError(f"{QUEUE_LIMIT} writes are waiting; try again") from None
        return job.done

    def close(self) -> None:
        """See `Database.close`."""
        with self._closing:
            self._closed = True
        self._queue.put(None)
        self._writer.join()
        self._pool.shutdown()
        opened = [self._writer_connection, self._inline, *(self._readers.get() for _ in range(READERS))]
        for connection in opened:
            if connection is not None:
                connection.raw.close()

    def _write_loop(self) -> None:
        while (job := self._queue.get()) is not None:
            group = [job]
            stop = False
            while len(group) < GROUP_LIMIT:
                try:
                    following = self._queue.get_nowait()
                except queue.Empty:
                    break
                if following is None:
                    stop = True
                    break
                group.append(following)
            self._commit([job for job in group if job.done.set_running_or_notify_cancel()])
            if stop:
                return

    def _commit(self, group: list[_Job]) -> None:
        """Run a group in one transaction and answer after the commit.

        Should the commit itself fail (a deferred constraint, a full disk), every write is repeated alone,
        so that one cannot take the others with it. One stopped by its deadline is not: its time is up.
        """
        outcomes: list[tuple[_Job, Any, BaseException | None]] = []
        try:
            with _spelled(), transaction_marker():
                self._writer_connection.raw.execute("BEGIN IMMEDIATE")
                try:
                    for job in group:
                        outcomes.append((job, *self._savepoint(job)))  # noqa: PERF401  # how far it got counts
                    self._writer_connection.raw.execute("COMMIT")
                finally:
                    self._writer_connection.roll_back()
        except Exception as error:  # noqa: BLE001  # whatever failed belongs to the callers, not to this thread
            stopped = group[len(outcomes)] if isinstance(error, DeadlineError) else None
            for job in group:
                if job is stopped or len(group) == 1:
                    job.done.set_exception(error)
                else:
                    self._commit([job])
            return
        for job, answer, failure in outcomes:
            if failure is None:
                job.done.set_result(answer)
            else:
                job.done.set_exception(failure)

    def _savepoint(self, job: _Job) -> tuple[Any, BaseException | None]:
        connection = self._writer_connection
        connection.deadline = time.monotonic() + WRITE_DEADLINE_S
        connection.raw.execute("SAVEPOINT one")
        try:
            with _spelled():
                answer = job.work(self.transaction(connection, writable=True))
        except Exception as error:  # handed to the caller; the group goes on
            connection.deadline = float("inf")
            # SQLite ends the whole transaction when it stops a statement that writes.
            # Source: https://sqlite.org/c3ref/interrupt.html
            if not connection.raw.in_transaction:
                raise
            connection.raw.execute("ROLLBACK TO one")
            connection.raw.execute("RELEASE one")
            return None, error
        connection.deadline = float("inf")
        connection.raw.execute("RELEASE one")
        return answer, None
