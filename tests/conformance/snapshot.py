"""What a database holds, and whose the rows are that came and went between two looks at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

import apsw
from sqlalchemy import Table

from trunkline import bootstrap
from trunkline.infra.db import Database, Engine, Tx
from trunkline.infra.db.schema import metadata
from trunkline.infra.db.sqlite import SqliteDatabase

Row = tuple[Any, ...]
Contents = dict[str, list[Row]]
LAZY = {("connections", "last_used_at")}  # written down some seconds after what it is about


@cache
def tables() -> tuple[Table, ...]:
    bootstrap.load_tables()
    return tuple(metadata.tables.values())


Stamp = tuple[int, int | None]  # of a table: how many rows it has, and the newest row's place or writer


@dataclass
class _Seen:
    """What is known of a database since the last look, and which tables had rows changed or removed since."""

    version: int = 0
    stamps: dict[str, Stamp] = field(default_factory=dict)
    contents: Contents = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    watching: apsw.Connection | None = None


_seen: WeakKeyDictionary[Database, _Seen] = WeakKeyDictionary()


def contents(database: Database) -> Contents:
    """Every row of every table; only what was written since the last time is read anew."""
    seen = _seen.setdefault(database, _Seen())
    if isinstance(database, SqliteDatabase) and not _is_newer(database, seen):
        return seen.contents
    changed, seen.changed = seen.changed, set()
    seen.stamps, seen.contents = database.check_now(lambda tx: _look(tx, seen, changed))
    return seen.contents


def _is_newer(database: SqliteDatabase, seen: _Seen) -> bool:
    """Whether anything was committed; from the first time on, the writer tells where it changes rows."""
    if seen.watching is None:
        seen.watching = apsw.Connection(str(database.path))
        writer = database._writer_connection.raw  # nobody else knows of rows that are overwritten
        writer.set_update_hook(
            lambda what, _database, table, _row: (
                seen.changed.add(table) if what != apsw.SQLITE_INSERT else None
            )
        )
    version, seen.version = seen.version, seen.watching.pragma("data_version")
    return version != seen.version


def _look(tx: Tx, seen: _Seen, changed: set[str]) -> tuple[dict[str, Stamp], Contents]:
    place = "xmin::text::bigint" if tx.engine is Engine.POSTGRESQL else "rowid"
    stamps = {name: (count, newest) for name, count, newest in tx.fetch(_stamps(place), {})}
    found = {}
    for table in tables():
        name, (count, _) = table.name, stamps[table.name]
        rows, was = seen.contents.get(name), seen.stamps.get(name)
        if rows is None or was is None or name in changed:
            rows = _rows(tx, table)
        elif was != stamps[name]:
            rows = rows + _rows(tx, table, f"WHERE {place} > {was[1] or 0}")
        # An update on PostgreSQL is a row of a new writer instead of the one before; what is gone is missed.
        found[name] = rows if len(rows) == count else _rows(tx, table)
    return stamps, found


@cache
def _stamps(place: str) -> str:
    return " UNION ALL ".join(
        f"SELECT '{table.name}', count(*), max({place}) FROM {table.name}" for table in tables()
    )


def _rows(tx: Tx, table: Table, where: str = "") -> list[Row]:
    columns = ["NULL" if (table.name, column) in LAZY else column for column in table.c.keys()]  # noqa: SIM118
    return tx.fetch(f"SELECT {', '.join(columns)} FROM {table.name} {where} ORDER BY 1", {})


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
        if rows is not those[name]:
            same = _begin_alike(rows, those[name])
            others = set(those[name][same:])  # every table has a key, so no row is there twice
            found[name] = [row for row in rows[same:] if row not in others]
    return {name: rows for name, rows in found.items() if rows}


def _begin_alike(these: list[Row], those: list[Row]) -> int:
    """How many rows two looks share at the beginning."""
    pairs = enumerate(zip(these, those, strict=False))
    return next((at for at, (one, other) in pairs if one is not other), min(len(these), len(those)))


__all__ = ["Changes", "Contents", "changes", "contents"]
