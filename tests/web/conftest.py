from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.databases import Databases, lend
from tests.web.notes import NOTES, NoteServices, create_tables
from trunkline.app import create_app
from trunkline.infra.db import Catalog, Database
from trunkline.infra.db.database import Answer, Work
from trunkline.kit.clock import FixedClock
from trunkline.kit.errors import UnavailableError
from trunkline.web import Application

WRITER = {"authorization": "Bearer writer"}
READER = {"authorization": "Bearer reader"}


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 11, 22, 10, 0, tzinfo=UTC))


@contextmanager
def opened(url: str, clock: FixedClock) -> Iterator[Database]:
    database = lend(url, Catalog(clock=clock))
    try:
        database.write_now(create_tables)
        yield database
    finally:
        database.close()


class Witness(Database):
    """Passes everything on and remembers how it was asked; may be told that the database is down."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.engine = database.engine
        self.catalog = database.catalog
        self.asked: list[str] = []
        self.down = False

    async def read(self, work: Work[Answer], *, inline: bool = False) -> Answer:
        self._note("inline read" if inline else "read")
        return await self._database.read(work, inline=inline)

    async def write(self, work: Work[Answer]) -> Answer:
        self._note("write")
        return await self._database.write(work)

    def read_now(self, work: Work[Answer]) -> Answer:
        return self._database.read_now(work)

    def write_now(self, work: Work[Answer]) -> Answer:
        return self._database.write_now(work)

    def check_now(self, work: Work[Answer]) -> Answer:
        return self._database.check_now(work)

    def close(self) -> None:
        self._database.close()

    def _note(self, how: str) -> None:
        self.asked.append(how)
        if self.down:
            raise UnavailableError("the database cannot be reached", 5)


@pytest.fixture
def witness(database: Database) -> Witness:
    return Witness(database)


@pytest.fixture
def database(databases: Databases, clock: FixedClock) -> Iterator[Database]:
    with opened(databases.sqlite(), clock) as database:
        yield database


@pytest.fixture
def either_database(database_url: str, clock: FixedClock) -> Iterator[Database]:
    with opened(database_url, clock) as database:
        yield database


@pytest.fixture
def services() -> NoteServices:
    return NoteServices()


@pytest.fixture
def app(database: Database, services: NoteServices) -> Application:
    return create_app(database, services, [NOTES])


@pytest.fixture
def lenient(database: Database, services: NoteServices) -> Application:
    """The same routes in a dialect that ignores what it does not know."""
    return create_app(database, services, [replace(NOTES, forbid_unknown=False)])
