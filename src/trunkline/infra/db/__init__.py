"""Transactions on SQLite and PostgreSQL, the list compiler, the schema. The only ring that speaks to drivers."""

from pathlib import Path

from trunkline.infra.db.database import (
    BusyError,
    Catalog,
    Database,
    DeadlineError,
    UniqueError,
)
from trunkline.infra.db.spec import Field, FieldKind, ListSpec, Mode, Relation, Scope, Specs
from trunkline.infra.db.sqlite import SqliteDatabase
from trunkline.infra.db.statements import Engine
from trunkline.infra.db.tx import Tx, transaction_is_open

__all__ = [
    "BusyError",
    "Catalog",
    "Database",
    "DeadlineError",
    "Engine",
    "Field",
    "FieldKind",
    "ListSpec",
    "Mode",
    "Relation",
    "Scope",
    "Specs",
    "Tx",
    "UniqueError",
    "open_database",
    "transaction_is_open",
]


def open_database(url: str, catalog: Catalog) -> Database:
    """Open a migrated database by URL: `sqlite:///path` or `postgresql://…`."""
    if url.startswith(("postgresql://", "postgres://")):
        # Nothing that works on SQLite pays for the driver.
        from trunkline.infra.db.postgres import PostgresDatabase  # noqa: PLC0415

        return PostgresDatabase(url, catalog)
    return SqliteDatabase(Path(url.removeprefix("sqlite:///")), catalog)
