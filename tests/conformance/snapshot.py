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
    look = _of_sqlite if isinstance(database, SqliteDatabase) else _of_postgresql
    version, found = look(database, *_known.get(database, (None, {})))
    _known[database] = version, found
    return found


def _of_sqlite(database: Database, known: Any, found: Contents) -> tuple[Any, Contents]:
    assert isinstance(database, SqliteDatabase)
    if database not in _watching:
        _watching[database] = apsw.Connection(str(database.path))
    # SQLite changes this number whenever another connection commits a change.
    version = _watching[database].pragma("data_version")
    if version != known:
        found = database.check_now(lambda tx: {table.name: _rows(tx, table) for table in tables()})
    return version, found


def _of_postgresql(database: Database, known: Any, found: Contents) -> tuple[Any, Contents]:
    known = known or {}

    def look(tx: Tx) -> tuple[Any, Contents]:
        stamps = {name: rest for name, *rest in tx.fetch(_stamps(), {})}
        changed = [table for table in tables() if stamps[table.name] != known.get(table.name)]
        return stamps, {**found, **{table.name: _rows(tx, table) for table in changed}}

    return database.check_now(look)


@cache
def _stamps() -> str:
    """What is another one for every table that was changed: a new row has the newest writer, a gone one is missed."""
    stamp = "SELECT '{0}', count(*), max(xmin::text::bigint) FROM {0}"
    return " UNION ALL ".join(stamp.format(table.name) for table in tables())


def _rows(tx: Tx, table: Table) -> list[Row]:
    columns = ["NULL" if (table.name, column) in LAZY else column for column in table.c.keys()]  # noqa: SIM118
    return tx.fetch(f"SELECT {', '.join(columns)} FROM {table.name} ORDER BY 1", {})


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
