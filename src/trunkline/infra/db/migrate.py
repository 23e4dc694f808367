"""Bring a database's schema up (or down) with Alembic; the only place SQLAlchemy executes anything.

Each run is one transaction on one connection: a kill leaves the old schema or the new one. On SQLite the
standard library's driver is used, alone and with exclusive locking, so that its older SQLite never shares
the write-ahead log with another connection.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import apsw
import psycopg
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, text

from trunkline import migrations
from trunkline.infra.db.schema import metadata

LOCK_KEY = 7_461_003  # advisory lock of PostgreSQL: one migration at a time
BUSY_TIMEOUT_MS = 5_000  # waiting for a server's write to end
LOCK_TIMEOUT_MS = 10_000  # waiting for other sessions' locks; better to fail than to queue everybody


@dataclass(frozen=True, slots=True)
class SchemaStatus:
    """Where a database's schema stands.

    Attributes:
        current: its revision, None when it has no schema yet.
        head: the revision this code needs.
        is_newer: it was migrated by a newer release.
    """

    current: str | None
    head: str
    is_newer: bool

    @property
    def is_current(self) -> bool:
        """Whether this code can run on it as it is."""
        return self.current == self.head


class SchemaError(RuntimeError):
    """The schema is not the one this code needs; the message says which command helps."""


def status(url: str) -> SchemaStatus:
    """Read where the schema of the database at `url` stands, changing nothing."""
    head, known = _revisions()
    current = _postgresql_revision(url) if url.startswith("postgres") else _sqlite_revision(url)
    if head is None:
        raise SchemaError("this installation has no migrations; reinstall it")
    return SchemaStatus(current, head, current is not None and current not in known)


@cache  # the migrations come with the code
def _revisions() -> tuple[str | None, frozenset[str]]:
    """The newest revision, and all of them."""
    script = ScriptDirectory.from_config(_config())
    return script.get_current_head(), frozenset(one.revision for one in script.walk_revisions())


def require_current(url: str) -> None:
    """Refuse a schema this code does not match.

    Raises:
        SchemaError: older (run `trunkline db upgrade`) or newer (upgrade Trunkline).
    """
    found = status(url)
    if found.is_newer:
        raise SchemaError(
            f"the database is at revision {found.current}, newer than this Trunkline; upgrade it"
        )
    if not found.is_current:
        at = f"is at revision {found.current}" if found.current else "is empty"
        raise SchemaError(f"the database {at}, this Trunkline needs {found.head}: run `trunkline db upgrade`")


def upgrade(url: str, revision: str = "head") -> None:
    """Migrate up to `revision`; a no-op when it is there already.

    Raises:
        SchemaError: the database is newer than this code.
    """
    found = status(url)
    if found.is_newer:
        raise SchemaError("the database was migrated by a newer Trunkline; upgrade Trunkline instead")
    if found.is_current and revision == "head":
        return
    with _connect(url) as connection:
        command.upgrade(_config(connection), revision)


def downgrade(url: str, revision: str) -> None:
    """Migrate down to `revision` (`base` for an empty database)."""
    with _connect(url) as connection:
        command.downgrade(_config(connection), revision)


def drift(url: str) -> list[Any]:
    """Differences between the migrated database and the declared tables; empty when there are none."""
    with _connect(url) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    config.attributes["metadata"] = metadata
    return config


def _postgresql_revision(url: str) -> str | None:
    # Without the lock of migrations: whoever only looks sees the schema as it was before one that is going on.
    with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
        if connection.execute("SELECT to_regclass('alembic_version')").fetchall() == [(None,)]:
            return None
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return None if found is None else str(found[0])


def _sqlite_revision(url: str) -> str | None:
    # Through the driver the server uses and without its exclusive lock: looking is allowed while it runs.
    path = Path(url.removeprefix("sqlite:///"))
    if not path.exists():
        return None
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        connection.set_busy_timeout(BUSY_TIMEOUT_MS)
        if not connection.table_exists("main", "alembic_version"):
            return None
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    finally:
        connection.close()
    return None if found is None else str(found[0])


@contextmanager
def _connect(url: str) -> Iterator[Connection]:
    engine = _engine(url)
    try:
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(text(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}"))
                connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK_KEY})"))
            yield connection
    finally:
        engine.dispose()


def _engine(url: str) -> Engine:
    if url.startswith("postgres"):
        return create_engine("postgresql+psycopg://" + url.split("://", 1)[1])
    engine = create_engine("sqlite:///" + url.removeprefix("sqlite:///"))
    event.listen(engine, "connect", _exclusive)
    event.listen(engine, "begin", _begin)
    return engine


def _exclusive(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy's transaction, not the driver's guess of one
    connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA locking_mode=EXCLUSIVE")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
