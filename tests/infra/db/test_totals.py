"""Totals are remembered on SQLite; what is remembered is what would be counted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.databases import Databases
from trunkline.infra.db import Catalog, Database, Tx, open_database

COUNT = "SELECT count(*) FROM periodic WHERE next_run_at = :at"


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Database]:
    opened = open_database(getattr(databases, request.param)(), Catalog())
    yield opened
    opened.close()


def add(tx: Tx, name: str) -> None:
    tx.run("INSERT INTO periodic (id, next_run_at) VALUES (:id, 'now')", id=name)


def total(tx: Tx, at: str = "now") -> int:
    return tx.total(COUNT, {"at": at})


def test_a_total_follows_every_commit(database):
    seen = []
    for name in ("one", "two", "three"):
        database.write_now(lambda tx, name=name: add(tx, name))
        seen.append([database.read_now(total) for _ in range(3)])
    assert seen == [[1, 1, 1], [2, 2, 2], [3, 3, 3]]


def test_a_total_follows_commits_of_other_processes(databases):
    url = databases.sqlite()
    here, elsewhere = open_database(url, Catalog()), open_database(url, Catalog())
    assert here.read_now(total) == 0
    elsewhere.write_now(lambda tx: add(tx, "one"))
    assert here.read_now(total) == 1
    here.close()
    elsewhere.close()


def test_a_total_is_of_the_snapshot_the_transaction_began_with(database):
    def work(tx: Tx) -> tuple[int, int]:
        before = total(tx)
        database.write_now(lambda other: add(other, "one"))
        return before, total(tx)

    assert database.read_now(work) == (0, 0)
    assert database.read_now(total) == 1


def test_a_write_counts_what_it_has_added_itself(database):
    def work(tx: Tx) -> tuple[int, int]:
        before = total(tx)
        add(tx, "one")
        return before, total(tx)

    assert database.write_now(work) == (0, 1)


def test_a_total_that_was_rolled_back_is_not_remembered(database):
    def work(tx: Tx) -> None:
        add(tx, "one")
        assert total(tx) == 1
        raise KeyError

    for _ in range(2):
        with pytest.raises(KeyError):
            database.write_now(work)
    assert (database.read_now(total), database.write_now(total)) == (0, 0)


def test_totals_with_other_parameters_are_kept_apart(database):
    database.write_now(lambda tx: add(tx, "one"))
    assert [database.read_now(lambda tx, at=at: total(tx, at)) for at in ("now", "then", "now")] == [1, 0, 1]
