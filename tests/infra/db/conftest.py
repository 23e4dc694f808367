from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import Databases
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
def library(
    request: pytest.FixtureRequest, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """The library of `world`, on each engine; shared by all tests, which only read it."""
    catalog = Catalog(specs=SPECS)
    opened: Database
    if request.param == "sqlite":
        opened = SqliteDatabase(Path(tmp_path_factory.mktemp("library")) / "library.db", catalog)
    else:
        opened = PostgresDatabase(databases.postgresql(migrated=False), catalog)
    opened.write_now(fill)
    yield opened
    opened.close()
