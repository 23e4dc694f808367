"""What `Database` promises on both engines: one transaction per function, durable before it is answered."""

from __future__ import annotations

import asyncio
import queue
import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw
import psycopg
import pytest
from sqlalchemy import Table

from tests.databases import Databases
from trunkline.core.journal.tables import idempotency_records
from trunkline.infra.db import (
    BusyError,
    Catalog,
    Database,
    DeadlineError,
    Tx,
    UniqueError,
    migrate,
    open_database,
    postgres,
    revisions,
    sqlite,
    transaction_is_open,
)
from trunkline.infra.db.postgres import PostgresDatabase
from trunkline.infra.db.sqlite import SqliteDatabase
from trunkline.kit.clock import FixedClock
from trunkline.kit.errors import ConflictError

TABLE: Table = idempotency_records
ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url, Catalog(clock=FixedClock(datetime(2026, 1, 1, tzinfo=UTC))))
    yield opened
    opened.close()


def add(name: str):
    def work(tx: Tx) -> str:
        tx.insert(
            TABLE,
            id=name,
            fingerprint="f",
            status=200,
            body="",
            sealed=0,
            created_at=tx.now,
            expires_at=tx.now,
        )
        return name

    return work


def names(tx: Tx) -> list[str]:
    return tx.column("SELECT id FROM idempotency_records ORDER BY id")


def test_a_write_is_seen_by_the_next_read(database):
    assert database.write_now(add("a")) == "a"
    assert database.read_now(names) == ["a"]


def test_a_failing_write_leaves_nothing_and_says_why(database):
    def work(tx: Tx) -> None:
        add("a")(tx)
        raise ConflictError("no")

    with pytest.raises(ConflictError, match="no"):
        database.write_now(work)
    assert database.read_now(names) == []


def test_writes_that_wait_together_fail_alone(database):
    def fail(tx: Tx) -> None:
        add("broken")(tx)
        raise ConflictError("no")

    async def crowd() -> Any:
        work = [fail if i % 3 == 0 else add(f"{i:03}") for i in range(90)]
        return await asyncio.gather(*(database.write(one) for one in work), return_exceptions=True)

    answers = asyncio.run(crowd())
    assert [isinstance(a, ConflictError) for a in answers] == [i % 3 == 0 for i in range(90)]
    assert database.read_now(names) == [f"{i:03}" for i in range(90) if i % 3]


def test_the_loser_of_a_race_for_a_key_is_told_so(database):
    database.write_now(add("a"))
    with pytest.raises(UniqueError):
        database.write_now(add("a"))
    assert database.read_now(names) == ["a"]


def test_a_read_stays_on_its_snapshot(database):
    seen: list[list[str]] = []
    begun, written = threading.Event(), threading.Event()

    def work(tx: Tx) -> None:
        seen.append(names(tx))
        begun.set()
        assert written.wait(20)
        seen.append(names(tx))

    reader = threading.Thread(target=database.read_now, args=(work,))
    reader.start()
    assert begun.wait(20)
    database.write_now(add("late"))
    written.set()
    reader.join()
    assert seen == [[], []]


def test_read_modify_write_loses_no_update(database):
    def setup(tx: Tx) -> None:
        add("counter")(tx)
        tx.run("UPDATE idempotency_records SET status = 0")

    def increment(tx: Tx) -> None:
        found = tx.value("SELECT status FROM idempotency_records WHERE id = 'counter'")
        tx.update(TABLE, "id = 'counter'", {}, status=found + 1)

    def work() -> None:
        for _ in range(15):
            while True:
                try:
                    database.write_now(increment)
                    break
                except BusyError:
                    continue

    database.write_now(setup)
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert database.read_now(lambda tx: tx.value("SELECT status FROM idempotency_records")) == 60


def test_a_read_that_takes_too_long_is_stopped_and_the_next_one_works(database_url):
    path = Path(database_url.removeprefix("sqlite:///"))
    hurried = (
        SqliteDatabase(path, Catalog(), read_deadline_s=0.05)
        if database_url.startswith("sqlite")
        else PostgresDatabase(database_url, Catalog(), read_deadline_s=0.05)
    )
    with pytest.raises(DeadlineError):
        hurried.read_now(lambda tx: tx.value(ENDLESS))
    assert hurried.read_now(names) == []
    hurried.close()


def test_time_stands_still_within_a_transaction_and_ids_are_fresh(database):
    def work(tx: Tx) -> tuple[str, str, str]:
        return tx.now, tx.new_id(), tx.new_id()

    now, one, other = database.read_now(work)
    assert now == "2026-01-01T00:00:00.000000Z"
    assert one != other


def test_code_can_tell_that_it_runs_inside_a_transaction(database):
    assert transaction_is_open() is False
    assert database.read_now(lambda _: transaction_is_open()) is True
    assert database.write_now(lambda _: transaction_is_open()) is True
    assert transaction_is_open() is False


def test_bulk_statements_take_any_number_of_rows(database):
    def work(tx: Tx) -> list[str]:
        columns = ("id", "fingerprint", "status", "body", "sealed", "created_at", "expires_at")
        rows = [(f"{i:05}", "%s :name", 200, "", 0, tx.now, tx.now) for i in range(1_200)]
        tx.insert_many(TABLE, columns, rows)
        tx.run_many(
            "UPDATE idempotency_records SET body = :body WHERE id = :id",
            [{"id": f"{i:05}", "body": "100%"} for i in range(1_200)],
        )
        wanted = [f"{i:05}" for i in range(0, 1_200, 2)]
        found = tx.fetch_for(
            "SELECT id FROM idempotency_records WHERE body = :body AND id IN", wanted, body="100%"
        )
        return sorted(row[0] for row in found)

    assert database.write_now(work) == [f"{i:05}" for i in range(0, 1_200, 2)]


def test_an_unknown_column_never_reaches_sql(database):
    with pytest.raises(ValueError, match="no column"):
        database.write_now(lambda tx: tx.update(TABLE, "id = :id", {"id": "x"}, **{"status = 1 --": 1}))


class TestSqlite:
    def test_keeps_its_file_to_its_owner(self, databases):
        url = databases.sqlite()
        path = Path(url.removeprefix("sqlite:///"))
        path.unlink()
        database = open_database(url, Catalog())
        database.close()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_refuses_a_sqlite_with_the_wal_bug(self, monkeypatch):
        monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: "3.51.2")
        with pytest.raises(RuntimeError, match=r"3\.51\.3"):
            sqlite.check_version()

    def test_commits_alone_what_made_a_group_fail(self, databases):
        """A deferred constraint shows at COMMIT; the others of the group must not go down with it."""
        database = open_database(databases.sqlite(), Catalog())
        database.write_now(
            lambda tx: tx.run(
                "CREATE TABLE child (id TEXT REFERENCES idempotency_records (id) DEFERRABLE INITIALLY DEFERRED)"
            )
        )

        async def crowd() -> Any:
            bad = lambda tx: tx.run("INSERT INTO child VALUES ('nobody')")  # noqa: E731
            work = [add("a"), bad, add("b")]
            return await asyncio.gather(*(database.write(one) for one in work), return_exceptions=True)

        answers = asyncio.run(crowd())
        assert [answers[0], type(answers[1]), answers[2]] == ["a", apsw.ConstraintError, "b"]
        assert database.read_now(names) == ["a", "b"]
        database.close()

    def test_refuses_more_writes_than_it_can_queue(self, databases, monkeypatch):
        monkeypatch.setattr(sqlite, "QUEUE_LIMIT", 2)
        database = open_database(databases.sqlite(), Catalog())
        gate, inside = threading.Event(), threading.Event()

        def block(_: Tx) -> None:
            inside.set()
            gate.wait(20)

        async def flood() -> Any:
            first = asyncio.ensure_future(database.write(block))
            await asyncio.to_thread(inside.wait, 20)
            rest = [asyncio.ensure_future(database.write(add(str(i)))) for i in range(3)]
            await asyncio.sleep(0)
            gate.set()
            return await asyncio.gather(first, *rest, return_exceptions=True)

        answers = asyncio.run(flood())
        assert [type(answer) for answer in answers] == [type(None), str, str, BusyError]
        database.close()

    def test_does_not_run_again_what_its_deadline_stopped(self, databases, monkeypatch):
        """SQLite ends the whole transaction with such a write: the others are repeated, that one is not."""
        monkeypatch.setattr(sqlite, "WRITE_DEADLINE_S", 0.2)
        database = open_database(databases.sqlite(), Catalog())
        gate, inside = threading.Event(), threading.Event()
        tried: list[str] = []

        def block(_: Tx) -> None:
            inside.set()
            gate.wait(20)

        def endless(tx: Tx) -> None:
            tried.append("endless")
            add("late")(tx)
            tx.run(f"UPDATE idempotency_records SET status = ({ENDLESS})")

        async def crowd() -> Any:
            first = asyncio.ensure_future(database.write(block))
            await asyncio.to_thread(inside.wait, 20)
            rest = [asyncio.ensure_future(database.write(work)) for work in (add("a"), endless, add("b"))]
            await asyncio.sleep(0)
            gate.set()
            return await asyncio.gather(first, *rest, return_exceptions=True)

        answers = asyncio.run(crowd())
        assert [answers[1], type(answers[2]), answers[3]] == ["a", DeadlineError, "b"]
        assert tried == ["endless"]
        assert database.read_now(names) == ["a", "b"]
        database.close()

    def test_answers_a_write_that_comes_while_it_closes(self, databases, monkeypatch):
        ended, queued = threading.Event(), threading.Event()

        class Slow(queue.Queue[Any]):
            """Where a write on its way into line gives `close` all the time it may want to be there first."""

            def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
                if item is None:
                    super().put(item, block, timeout)
                    ended.set()
                    return
                queued.set()
                ended.wait(0.2)
                super().put(item, block, timeout)

        monkeypatch.setattr(queue, "Queue", Slow)
        database = open_database(databases.sqlite(), Catalog())
        answers: list[object] = []

        def write() -> None:
            try:
                answers.append(database.write_now(add("a")))
            except BusyError as error:
                answers.append(error)

        writer = threading.Thread(target=write, daemon=True)  # unanswered, it would wait for ever
        writer.start()
        assert queued.wait(20)
        database.close()
        writer.join(20)
        assert answers == ["a"]


class TestPostgres:
    @pytest.fixture
    def hurried(self, databases: Databases, monkeypatch: pytest.MonkeyPatch) -> Iterator[PostgresDatabase]:
        """A database where a write waits half a second for the turn, whether to share it or to have it alone."""
        monkeypatch.setattr(postgres, "WRITE_DEADLINE_S", 0.5)
        opened = PostgresDatabase(databases.postgresql(), Catalog(), read_deadline_s=0.5, threads=1)
        yield opened
        opened.close()

    @pytest.fixture
    def neighbour(self, hurried: PostgresDatabase) -> Iterator[psycopg.Connection[Any]]:
        with psycopg.connect(hurried.url, autocommit=True) as opened:
            yield opened

    def test_a_write_that_waits_in_vain_for_its_turn_is_told_to_come_back(self, hurried, neighbour):
        """And leaves nothing behind: what is written next is still all or nothing, with its own deadlines."""
        timeouts = hurried.read_now(lambda tx: tx.value("SHOW statement_timeout"))
        neighbour.execute("SELECT pg_advisory_lock_shared(%s)", [postgres.TURN_KEY])

        def lose(tx: Tx) -> None:
            tx.run("SELECT 1")
            raise psycopg.errors.SerializationFailure

        with pytest.raises(BusyError):
            hurried.write_now(lose)
        neighbour.execute("SELECT pg_advisory_unlock_all()")

        def refused(tx: Tx) -> None:
            add("a")(tx)
            raise ConflictError("no")

        for _ in range(3):  # every connection there is has its turn
            with pytest.raises(ConflictError):
                hurried.write_now(refused)
            assert hurried.read_now(lambda tx: tx.value("SHOW statement_timeout")) == timeouts
        assert hurried.read_now(names) == []

    def test_a_write_kept_out_by_one_that_writes_alone_is_told_to_come_back(self, hurried, neighbour):
        neighbour.execute("SELECT pg_advisory_lock(%s)", [postgres.TURN_KEY])
        with pytest.raises(BusyError):
            hurried.write_now(add("a"))
        neighbour.execute("SELECT pg_advisory_unlock_all()")
        assert hurried.write_now(add("a")) == "a"

    def test_a_turn_alone_is_given_back(self, hurried, neighbour):
        def win_late(tx: Tx) -> str:
            tried.append(1)
            add("a")(tx)
            if len(tried) <= postgres.ALONE_AFTER:
                raise psycopg.errors.SerializationFailure
            return "won"

        tried: list[int] = []
        assert hurried.write_now(win_late) == "won"
        held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s"
        assert neighbour.execute(held, [postgres.TURN_KEY]).fetchall() == [(0,)]
        assert hurried.write_now(add("b")) == "b"


def test_the_schema_can_be_looked_at_while_the_database_is_open(database, database_url):
    database.write_now(add("a"))
    found = revisions.status(database_url)
    assert (found.is_current, found.is_newer) == (True, False)
    migrate.upgrade(database_url)
    assert database.read_now(names) == ["a"]


def test_processes_that_write_side_by_side_all_get_through(databases):
    """Each with its own pool, as processes have: whoever keeps losing is given a turn alone."""
    url = databases.postgresql()
    processes = [open_database(url, Catalog()) for _ in range(4)]

    def setup(tx: Tx) -> None:
        add("counter")(tx)
        tx.run("UPDATE idempotency_records SET status = 0")

    def increment(tx: Tx) -> None:
        found = tx.value("SELECT status FROM idempotency_records WHERE id = 'counter'")
        tx.update(TABLE, "id = 'counter'", {}, status=found + 1)

    processes[0].write_now(setup)
    with ThreadPoolExecutor(len(processes)) as pool:
        futures = [pool.submit(process.write_now, increment) for process in processes for _ in range(25)]
    assert [future.exception() for future in futures] == [None] * 100
    assert processes[0].read_now(lambda tx: tx.value("SELECT status FROM idempotency_records")) == 100
    for process in processes:
        process.close()
    databases.give_back(url)
