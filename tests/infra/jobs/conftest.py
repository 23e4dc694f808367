from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.databases import Databases, lend
from trunkline.infra.db import Catalog, Database, Tx
from trunkline.infra.jobs import Job, claim, enqueue
from trunkline.infra.jobs.tables import jobs, periodic
from trunkline.kit.clock import FixedClock

START = datetime(2026, 11, 22, 10, tzinfo=UTC)
NOW = "2026-11-22T10:00:00.000000Z"
COLUMNS = [column.name for column in jobs.columns if column.name != "created_at"]


class Desk:
    """A database with jobs in it, at a moment that only moves when told to."""

    def __init__(self, database: Database, clock: FixedClock) -> None:
        self.database = database
        self.clock = clock

    def add(self, kind: str = "work", **options: Any) -> str:
        payload = options.pop("payload", {"install_id": "i1"})
        return self.database.write_now(lambda tx: enqueue(tx, kind, payload, **options))

    def take(self, limit: int = 10, worker: str = "w1") -> list[Job]:
        return self.database.write_now(lambda tx: claim(tx, worker=worker, limit=limit))

    def one(self) -> Job:
        [job] = self.take()
        return job

    def rows(self) -> list[dict[str, Any]]:
        sql = f"SELECT {', '.join(COLUMNS)} FROM jobs ORDER BY id"
        found = self.database.read_now(lambda tx: tx.fetch(sql, {}))
        return [dict(zip(COLUMNS, row, strict=True)) for row in found]

    def row(self) -> dict[str, Any]:
        [row] = self.rows()
        return row

    def pass_time(self, **step: float) -> None:
        self.clock.advance(timedelta(**step))


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def job_database(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Database]:
    url = databases.sqlite() if request.param == "sqlite" else databases.postgresql()
    opened = lend(url, Catalog())
    yield opened
    opened.close()


@pytest.fixture
def desk(job_database: Database) -> Desk:
    """No jobs, on each engine."""

    def clear(tx: Tx) -> None:
        tx.delete(jobs, "TRUE")
        tx.delete(periodic, "TRUE")

    clock = FixedClock(START)
    job_database.catalog = Catalog(clock=clock)
    job_database.write_now(clear)
    return Desk(job_database, clock)
