"""Processes whose clocks disagree share one: the database's, where it has one of its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.databases import Databases
from trunkline.infra.db import Catalog, Database, open_database
from trunkline.infra.jobs import (
    Job,
    Periodic,
    claim,
    complete,
    enqueue,
    extend,
    fail,
    find_due,
    fire,
    release,
)
from trunkline.kit.clock import SystemClock, stamp

HOURLY = {"sweep": Periodic(3600)}


class Skewed(SystemClock):
    """The machine's clock, set wrong."""

    def __init__(self, by: timedelta) -> None:
        self._by = by

    def now(self) -> datetime:
        return datetime.now(UTC) + self._by


@pytest.fixture
def url(databases: Databases) -> Iterator[str]:
    made = databases.postgresql()
    yield made
    databases.give_back(made)


@pytest.fixture
def right(url: str) -> Iterator[Database]:
    opened = open_database(url, Catalog())
    yield opened
    opened.close()


@pytest.fixture(params=[-24, 24])
def wrong(request: pytest.FixtureRequest, url: str) -> Iterator[Database]:
    """Another process on the same database, whose clock is a day off."""
    opened = open_database(url, Catalog(clock=Skewed(timedelta(hours=request.param))))
    yield opened
    opened.close()


def ask(database: Database) -> str:
    return database.write_now(lambda tx: enqueue(tx, "work", {}, dedupe_key="k"))


def take(database: Database) -> list[Job]:
    return database.write_now(lambda tx: claim(tx, worker="w", limit=1))


def one(database: Database) -> Job:
    [job] = take(database)
    return job


def moment(database: Database, column: str) -> str:
    return str(database.read_now(lambda tx: tx.value(f"SELECT {column} FROM jobs")))


def around_now(seconds: float) -> tuple[str, str]:
    """An hour before and after what is `seconds` from now: much less than the clocks are apart."""
    then = datetime.now(UTC) + timedelta(seconds=seconds)
    return stamp(then - timedelta(hours=1)), stamp(then + timedelta(hours=1))


def test_a_lease_that_holds_is_nobody_elses(right, wrong):
    ask(right)
    job = one(right)
    assert take(wrong) == []
    assert right.write_now(lambda tx: complete(tx, job)) is True


def test_a_lease_lasts_as_long_as_anybody_elses(right, wrong):
    ask(right)
    job = one(wrong)
    low, high = around_now(60)
    assert low < moment(right, "lease_until") < high
    wrong.write_now(lambda tx: extend(tx, [job]))
    assert low < moment(right, "lease_until") < high
    assert take(right) == []


def test_what_is_asked_for_at_once_runs_at_once(right, wrong):
    job_id = ask(wrong)
    assert one(right).id == job_id


def test_a_pause_after_a_failure_is_as_long_as_anybody_elses(right, wrong):
    ask(right)
    job = one(wrong)
    wrong.write_now(lambda tx: fail(tx, job, "it broke", delay_s=1800))
    low, high = around_now(1800)
    assert low < moment(right, "run_at") < high
    assert take(wrong) == []


def test_what_is_given_back_is_free_at_once(right, wrong):
    ask(right)
    job = one(wrong)
    right.write_now(lambda tx: enqueue(tx, "work", {}, dedupe_key="k", run_at=around_now(36 * 3600)[0]))
    wrong.write_now(lambda tx: release(tx, [job]))
    assert one(right).id == job.id


def test_what_comes_round_keeps_its_time(right, wrong):
    [due] = right.read_now(lambda tx: find_due(tx, HOURLY))
    assert right.write_now(lambda tx: fire(tx, due)) is True
    assert wrong.read_now(lambda tx: find_due(tx, HOURLY)) == []
    assert right.read_now(lambda tx: find_due(tx, HOURLY)) == []
