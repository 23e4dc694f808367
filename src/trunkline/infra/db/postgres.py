"""PostgreSQL through psycopg 3: synchronous work on a bounded thread pool over a connection pool.

Reads run REPEATABLE READ READ ONLY, writes SERIALIZABLE; a serialization failure or deadlock repeats the
whole function. Plain functions on few threads measured faster here than either asynchronous driver.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import errors
from psycopg_pool import ConnectionPool, PoolTimeout

from trunkline.infra.db.database import (
    QUEUE_LIMIT,
    READ_DEADLINE_S,
    WRITE_DEADLINE_S,
    Answer,
    BusyError,
    Catalog,
    Database,
    DeadlineError,
    UniqueError,
    Work,
)
from trunkline.infra.db.statements import Engine, for_psycopg
from trunkline.infra.db.tx import Params, Tx, transaction_marker
from trunkline.kit.errors import UnavailableError

THREADS = 8
TRIES = 6  # of a write that loses against a concurrent one: five whole repetitions
BACKOFF_S = 0.01  # first pause between tries; doubles, with full jitter
WRITERS = 1  # of requests at a time: measured, more lose against each other what they gain
ALONE_AFTER = 2  # lost tries; the next one runs while nobody else writes
TURN_KEY = 7_461_002  # advisory lock of the turn
MINIMUM_VERSION = 150_000  # PostgreSQL 15
# Writers share the turn; one that keeps losing takes it alone (see `PostgresDatabase._turn`).
_JOIN_TURN = (
    f"SELECT set_config('statement_timeout', '{int(WRITE_DEADLINE_S * 1000)}', true), "
    f"pg_advisory_xact_lock_shared({TURN_KEY})"
).encode()
_SET_TRANSACTION = "SET TRANSACTION"


class OutcomeUnknownError(UnavailableError):
    """The connection broke during COMMIT: the effect may or may not have happened."""

    code = "outcome_unknown"


def _unhurried(work: Work[Answer]) -> Work[Answer]:
    def run(tx: Tx) -> Answer:
        tx.run("SET LOCAL statement_timeout = 0")
        return work(tx)

    return run


@contextmanager
def _waiting() -> Iterator[None]:
    """What a write that waits in vain for the turn is answered: nothing of its own took too long."""
    try:
        yield
    except errors.QueryCanceled as error:
        raise BusyError("other writes took too long; try again") from error


class _Statements:
    """A psycopg cursor as the `Cursor` of a transaction; binary results decode faster than text."""

    def __init__(self, connection: psycopg.Connection[Any], *, writable: bool) -> None:
        self._cursor = connection.cursor(binary=True)
        self._joins = writable

    def _join(self, sql: str) -> None:
        """Share the turn before the first statement; whoever leaves SERIALIZABLE has no part in it.

        That one must set its isolation before anything takes a snapshot.
        """
        if self._joins:
            self._joins = False
            if not sql.startswith(_SET_TRANSACTION):
                with _waiting():
                    self._cursor.execute(_JOIN_TURN)

    def fetch(self, sql: str, params: Params) -> list[tuple[Any, ...]]:
        self._join(sql)
        return self._cursor.execute(for_psycopg(sql).encode(), params).fetchall()

    def total(self, sql: str, params: Params) -> int:
        return int(self.fetch(sql, params)[0][0])

    def run(self, sql: str, params: Params) -> int:
        self._join(sql)
        return self._cursor.execute(for_psycopg(sql).encode(), params).rowcount

    def run_many(self, sql: str, rows: Iterable[Params]) -> None:
        self._join(sql)
        self._cursor.executemany(for_psycopg(sql).encode(), rows)

    def insert_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        self._join(sql)
        self._cursor.executemany(sql.encode(), rows)


class PostgresDatabase(Database):
    """A PostgreSQL database, shared by any number of processes."""

    engine = Engine.POSTGRESQL

    def __init__(
        self,
        url: str,
        catalog: Catalog,
        *,
        threads: int = THREADS,
        read_deadline_s: float = READ_DEADLINE_S,
    ) -> None:
        self.url = url
        self.catalog = catalog
        self._read_deadline_s = read_deadline_s
        self._connections = ConnectionPool(
            url,
            min_size=1,
            max_size=threads + WRITERS,
            open=False,
            timeout=10,
            configure=self._configure,
        )
        self._connections.open(wait=True, timeout=10)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="postgres-read")
        # Threads of their own, so that waiting writes never keep reads from running.
        self._write_pool = ThreadPoolExecutor(WRITERS, thread_name_prefix="postgres-write")
        self._places = threading.BoundedSemaphore(QUEUE_LIMIT)
        with self._connections.connection() as connection:
            version = connection.info.server_version
        if version < MINIMUM_VERSION:
            self.close()
            raise RuntimeError(f"PostgreSQL {version // 10_000} is too old; 15 or newer is needed")

    async def read(self, work: Work[Answer], *, inline: bool = False) -> Answer:  # noqa: ARG002  # remote
        """See `Database.read`."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self.read_now, work)

    async def write(self, work: Work[Answer]) -> Answer:
        """See `Database.write`."""
        if not self._places.acquire(blocking=False):
            raise BusyError(f"{QUEUE_LIMIT} writes are waiting; try again")
        try:
            return await asyncio.get_running_loop().run_in_executor(self._write_pool, self.write_now, work)
        finally:
            self._places.release()

    def read_now(self, work: Work[Answer]) -> Answer:
        """See `Database.read_now`."""
        return self._repeat(work, writable=False)

    def write_now(self, work: Work[Answer]) -> Answer:
        """See `Database.write_now`."""
        return self._repeat(work, writable=True)

    def check_now(self, work: Work[Answer]) -> Answer:
        """See `Database.check_now`."""
        return self._repeat(_unhurried(work), writable=False)

    def close(self) -> None:
        """See `Database.close`."""
        self._pool.shutdown()
        self._write_pool.shutdown()
        self._connections.close()

    def _repeat(self, work: Work[Answer], *, writable: bool) -> Answer:
        for attempt in range(TRIES):
            try:
                with (
                    self._connections.connection() as connection,
                    self._turn(connection, alone=attempt >= ALONE_AFTER),
                    transaction_marker(),
                ):
                    return self._once(connection, work, writable=writable)
            except (errors.SerializationFailure, errors.DeadlockDetected):
                pause = BACKOFF_S * 2**attempt
                time.sleep(random.uniform(0, pause))  # noqa: S311  # jitter, not a secret
            except errors.UniqueViolation as error:
                raise UniqueError("an object with this key exists already") from error
            except errors.QueryCanceled as error:
                raise DeadlineError("the request took too long and was stopped; narrow the filter") from error
            except PoolTimeout as error:
                raise UnavailableError("the database cannot be reached", 5) from error
            except psycopg.OperationalError as error:
                # Connections that a restart broke are found out one by one; the pool replaces each.
                if attempt == TRIES - 1:
                    raise UnavailableError("the database cannot be reached", 5) from error
        raise BusyError(f"lost against concurrent changes {TRIES} times; try again")

    def _configure(self, connection: psycopg.Connection[Any]) -> None:
        connection.execute(f"SET statement_timeout = {int(self._read_deadline_s * 1000)}".encode())
        if not connection.autocommit:
            connection.commit()

    @contextmanager
    def _turn(self, connection: psycopg.Connection[Any], *, alone: bool) -> Iterator[None]:
        """Where `alone`, wait until nobody writes and keep everybody from writing meanwhile.

        Serializable transactions that insert side by side lose against each other although their rows have
        nothing to do with one another (ids grow, so they share index pages). Without this a busy server would
        refuse writes; with it every write gets through. The lock is taken before the transaction begins, whose
        snapshot would otherwise be older than the wait.
        """
        if not alone:
            yield
            return
        try:
            connection.autocommit = True
            connection.execute(f"SET statement_timeout = {int(WRITE_DEADLINE_S * 1000)}".encode())
            with _waiting():
                connection.execute(f"SELECT pg_advisory_lock({TURN_KEY})".encode())
            connection.autocommit = False
            yield
        finally:
            self._end_turn(connection)

    def _end_turn(self, connection: psycopg.Connection[Any]) -> None:
        """Leave the connection as the pool lends it, whether the turn was got or not; one that cannot be is closed.

        Closing gives the lock back too, and the pool replaces what is closed.
        """
        try:
            connection.autocommit = True
            connection.execute(b"SELECT pg_advisory_unlock_all()")  # the turn is the only one of a session
            self._configure(connection)
            connection.autocommit = False
        except psycopg.Error:
            connection.close()

    def _once(self, connection: psycopg.Connection[Any], work: Work[Answer], *, writable: bool) -> Answer:
        connection.read_only = not writable
        connection.isolation_level = (
            psycopg.IsolationLevel.SERIALIZABLE if writable else psycopg.IsolationLevel.REPEATABLE_READ
        )
        try:
            answer = work(self.transaction(_Statements(connection, writable=writable), writable=writable))
        except BaseException:
            if not connection.closed:
                connection.rollback()
            raise
        try:
            connection.commit()
        except psycopg.OperationalError as error:
            if isinstance(error, errors.SerializationFailure | errors.DeadlockDetected):
                raise
            raise OutcomeUnknownError(
                "the connection broke while committing; look before retrying"
            ) from error
        return answer
