"""What a database holds, and whose the rows are that came and went between two looks at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

import apsw
from sqlalchemy import Table

from trunkline import bootstrap
from trunkline.infra.db import Database, Tx
from trunkline.infra.db.schema import metadata
from trunkline.infra.db.sqlite import SqliteDatabase

Row = tuple[Any, ...]
Contents = dict[str, list[Row]]
LAZY = {("connections", "last_used_at")}  # written down some seconds after what it is about


@cache
def tables() -> tuple[Table, ...]:
    bootstrap.load_tables()
    return tuple(metadata.tables.values())


_watching: WeakKeyDictionary[Database, apsw.Connection] = WeakKeyDictionary()
_known: WeakKeyDictionary[Database, tuple[Any, Contents]] = WeakKeyDictionary()


def contents(database: Database) -> Contents:
    """Every row of every table; looked up anew only where something was committed since the last time."""
    version = _version(database)
    known, found = _known.get(database, (None, {}))
    if known != version:
        found = _read(database)
        _known[database] = version, found
    return found


def _version(database: Database) -> Any:
    """What is another one after every commit."""
    if not isinstance(database, SqliteDatabase):
        return database.read_now(lambda tx: tx.value("SELECT pg_current_wal_insert_lsn()::text"))
    if database not in _watching:
        _watching[database] = apsw.Connection(str(database.path))
    # SQLite changes this number whenever another connection commits a change.
    return _watching[database].pragma("data_version")


def _columns(table: Table) -> list[str]:
    return ["NULL" if (table.name, column) in LAZY else column for column in table.c.keys()]  # noqa: SIM118


def _read(database: Database) -> Contents:
    def look(tx: Tx) -> Contents:
        return {
            table.name: tx.fetch(f"SELECT {', '.join(_columns(table))} FROM {table.name} ORDER BY 1", {})
            for table in tables()
        }

    return database.check_now(look)


@dataclass(frozen=True)
class Changes:
    """Rows that are gone (or are no longer the same), and rows that are new (or are the same no longer)."""

    gone: Mapping[str, list[Row]]
    new: Mapping[str, list[Row]]

    def outside(self, column: str, mine: frozenset[str]) -> list[tuple[str, Row]]:
        """Changes that touch rows of others: rows whose `column` is none of `mine`.

        Rows of tables without the column belong to whoever added them, so none of them may be gone.
        """
        found = []
        for table in tables():
            own = "id" if table.name == f"{column.removesuffix('_id')}s" else column
            index = list(table.c.keys()).index(own) if own in table.c else None
            if index is None:
                found += [(table.name, row) for row in self.gone.get(table.name, ())]
                continue
            touched = (*self.gone.get(table.name, ()), *self.new.get(table.name, ()))
            found += [(table.name, row) for row in touched if row[index] not in mine]
        return found

    def __bool__(self) -> bool:
        return bool(self.gone or self.new)


def changes(before: Contents, after: Contents) -> Changes:
    """What happened between two looks."""
    return Changes(_without(before, after), _without(after, before))


def _without(these: Contents, those: Contents) -> dict[str, list[Row]]:
    found = {}
    for name, rows in these.items():
        if rows != those[name]:
            others = set(those[name])  # every table has a key, so no row is there twice
            found[name] = [row for row in rows if row not in others]
    return {name: rows for name, rows in found.items() if rows}


__all__ = ["Changes", "Contents", "changes", "contents"]
