from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from tests.databases import Databases
from trunkline.infra.db import Catalog, Database, Tx, open_database
from trunkline.infra.db.locks import advisory_lock, read_committed

KEY = 7
WAITERS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


@pytest.fixture
def postgres(databases: Databases) -> Iterator[Database]:
    opened = open_database(databases.postgresql(), Catalog())
    yield opened
    opened.close()


def test_costs_nothing_on_sqlite(databases):
    database = open_database(databases.sqlite(), Catalog())

    def work(tx: Tx) -> int:
        read_committed(tx)
        advisory_lock(tx, KEY)
        return tx.statements

    assert database.write_now(work) == 0
    database.close()


def test_lowers_the_isolation_of_this_transaction_only(postgres):
    def level(tx: Tx) -> str:
        return str(tx.value("SHOW transaction_isolation"))

    def lowered(tx: Tx) -> str:
        read_committed(tx)
        return level(tx)

    assert postgres.write_now(lowered) == "read committed"
    assert postgres.write_now(level) == "serializable"


def test_must_come_before_any_other_statement(postgres):
    def late(tx: Tx) -> None:
        tx.value("SELECT 1")
        read_committed(tx)

    with pytest.raises(psycopg.errors.ActiveSqlTransaction):
        postgres.write_now(late)


def test_the_next_holder_waits_and_then_sees_what_the_first_committed(postgres):
    held = threading.Event()

    def first(tx: Tx) -> None:
        read_committed(tx)
        advisory_lock(tx, KEY)
        held.set()
        deadline = time.monotonic() + 30
        while tx.value(WAITERS) == 0 and time.monotonic() < deadline:
            pass
        tx.run("INSERT INTO periodic (id, next_run_at) VALUES ('seen', 'now')")

    def second(tx: Tx) -> list[str]:
        read_committed(tx)
        advisory_lock(tx, KEY)
        return tx.column("SELECT id FROM periodic")

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(postgres.write_now, first)
        assert held.wait(30)
        assert postgres.write_now(second) == ["seen"]
        running.result()
