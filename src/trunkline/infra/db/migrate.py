"""Bring a database's schema up (or down) with Alembic; the only place SQLAlchemy executes anything.

Each run is one transaction on one connection: a kill leaves the old schema or the new one. On SQLite the
standard library's driver is used, alone and with exclusive locking, so that its older SQLite never shares
the write-ahead log with another connection.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, NullPool, create_engine, event, text
from sqlalchemy.exc import OperationalError

from trunkline import migrations
from trunkline.infra.db.revisions import BUSY_TIMEOUT_MS, SchemaError, status
from trunkline.infra.db.schema import metadata

LOCK_KEY = 7_461_003  # advisory lock of PostgreSQL: one migration at a time
AGAIN_S = 0.05  # between looks at whether SQLite's file is free
LOCK_TIMEOUT_MS = 10_000  # waiting for other sessions' locks; better to fail than to queue everybody


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


@contextmanager
def _connect(url: str) -> Iterator[Connection]:
    engine = _engine(url)
    try:
        if engine.dialect.name == "sqlite":
            with _alone(engine) as connection:
                yield connection
            return
        with engine.begin() as connection:
            connection.execute(text(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}"))
            connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK_KEY})"))
            yield connection
    finally:
        engine.dispose()


@contextmanager
def _alone(engine: Engine) -> Iterator[Connection]:
    """A transaction that has SQLite's file to itself; whoever has it is waited for."""
    deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        connection = engine.connect()
        try:
            transaction = connection.begin()
        except OperationalError:
            # Closed between tries: with exclusive locking a connection keeps its share of the file while it
            # waits, and whoever migrates could not commit.
            connection.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(AGAIN_S)
        else:
            break
    with connection, transaction:
        connection.exec_driver_sql(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        yield connection


def _engine(url: str) -> Engine:
    if url.startswith("postgres"):
        return create_engine("postgresql+psycopg://" + url.split("://", 1)[1])
    engine = create_engine("sqlite:///" + url.removeprefix("sqlite:///"), poolclass=NullPool)
    event.listen(engine, "connect", _exclusive)
    event.listen(engine, "begin", _begin)
    return engine


def _exclusive(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy's transaction, not the driver's guess of one
    connection.execute("PRAGMA busy_timeout=0")  # `_alone` waits instead
    connection.execute("PRAGMA locking_mode=EXCLUSIVE")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
