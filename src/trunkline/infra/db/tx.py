"""One open transaction, the same for both databases: statements in, rows out.

Core functions take a `Tx` and nothing else of the database. They may run twice (a serialization failure
repeats the whole function), so time and ids come from here and nothing outside may be touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol, TypeVar

import msgspec
from sqlalchemy import Table

from trunkline.infra.db.rows import loader
from trunkline.infra.db.spec import Specs
from trunkline.infra.db.statements import Engine, delete_sql, insert_sql, update_sql
from trunkline.kit.clock import Clock, SystemClock, stamp
from trunkline.kit.ids import new_id

Row = TypeVar("Row", bound=msgspec.Struct)
Params = Mapping[str, Any]

IN_LIMIT = 500  # values per IN list; more only makes the statement cache useless

_open: ContextVar[int] = ContextVar("open_transactions", default=0)


class Cursor(Protocol):
    """What a driver must do for `Tx`; each engine module implements it in a few lines."""

    def fetch(self, sql: str, params: Params) -> list[tuple[Any, ...]]:
        """All rows of a statement."""
        ...

    def total(self, sql: str, params: Params) -> int:
        """The one number a statement reads; an engine may know it from an earlier look at the same data."""
        ...

    def run(self, sql: str, params: Params) -> int:
        """Execute a statement; the number of rows it touched."""
        ...

    def run_many(self, sql: str, rows: Iterable[Params]) -> None:
        """Execute a statement once per row of named values."""
        ...

    def insert_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Execute an INSERT once per row of positional values; the statement has the engine's marks."""
        ...


class Tx:
    """A read or write transaction on one snapshot.

    Attributes:
        engine: which database this is; only `infra` may care.
        now: the transaction's moment as stored text; every row it writes carries the same.
        simulated: whether that is not the machine's time but one that is set.
        specs: the list specs by entity name.
        reactions: what else must happen when something changes, by event type (see `core.journal`).
        statements: how many statements ran, for pinned query counts.
    """

    def __init__(
        self,
        cursor: Cursor,
        *,
        engine: Engine,
        clock: Clock,
        specs: Specs,
        reactions: Mapping[str, Sequence[Callable[..., None]]],
        writable: bool,
    ) -> None:
        self._cursor = cursor
        self.engine = engine
        self.now = stamp(clock.now())
        self.simulated = not isinstance(clock, SystemClock)
        self.specs = specs
        self.reactions = reactions
        self.writable = writable
        self.statements = 0

    def new_id(self) -> str:
        """A fresh id (32 hex digits)."""
        return new_id()

    def fetch(self, sql: str, params: Params) -> list[tuple[Any, ...]]:
        """Rows as plain tuples; prefer `all` with a Struct outside `infra`."""
        self.statements += 1
        return self._cursor.fetch(sql, params)

    def total(self, sql: str, params: Params) -> int:
        """How many rows a `count(*)` finds, exact on this snapshot."""
        self.statements += 1
        return self._cursor.total(sql, params)

    def fetch_for(self, sql: str, values: Iterable[Any], **params: Any) -> list[tuple[Any, ...]]:
        """Rows of a statement that ends in `IN`, for any number of values."""
        wanted = list(values)
        rows: list[tuple[Any, ...]] = []
        for start in range(0, len(wanted), IN_LIMIT):
            items = {f"item{i}": value for i, value in enumerate(wanted[start : start + IN_LIMIT])}
            marks = ", ".join(f":{name}" for name in items)
            rows.extend(self.fetch(f"{sql.rstrip()} ({marks})", {**params, **items}))
        return rows

    def all(self, row: type[Row], sql: str, **params: Any) -> list[Row]:
        """Every row, its columns in the order of the Struct's fields."""
        return loader(row)(self.fetch(sql, params))

    def one(self, row: type[Row], sql: str, **params: Any) -> Row | None:
        """The first row, or None."""
        rows = self.all(row, sql, **params)
        return rows[0] if rows else None

    def value(self, sql: str, **params: Any) -> Any:
        """The first column of the first row, or None."""
        rows = self.fetch(sql, params)
        return rows[0][0] if rows else None

    def column(self, sql: str, **params: Any) -> list[Any]:
        """The first column of every row."""
        return [row[0] for row in self.fetch(sql, params)]

    def run(self, sql: str, **params: Any) -> int:
        """Execute a statement; the number of rows it touched."""
        self.statements += 1
        return self._cursor.run(sql, params)

    def insert(self, table: Table, **values: Any) -> None:
        """Add one row."""
        self.statements += 1
        self._cursor.run(insert_sql(table, tuple(values)), values)

    def insert_many(self, table: Table, columns: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> None:
        """Add many rows of positional values in one round trip."""
        if rows:
            self.statements += 1
            self._cursor.insert_many(insert_sql(table, columns, positional=self.engine), rows)

    def run_many(self, sql: str, rows: Sequence[Params]) -> None:
        """Execute a statement once per row of named values, in one round trip."""
        if rows:
            self.statements += 1
            self._cursor.run_many(sql, rows)

    def update(self, table: Table, where: str, params: Params, **values: Any) -> int:
        """Set columns of the rows that `where` (a constant or compiled predicate) matches."""
        self.statements += 1
        bound = {**params, **{f"set_{name}": value for name, value in values.items()}}
        return self._cursor.run(update_sql(table, tuple(values), where), bound)

    def delete(self, table: Table, where: str, **params: Any) -> int:
        """Remove the rows that `where` matches."""
        self.statements += 1
        return self._cursor.run(delete_sql(table, where), params)


@contextmanager
def transaction_marker() -> Iterator[None]:
    """Marks the running code as inside a transaction, for `transaction_is_open`."""
    token = _open.set(_open.get() + 1)
    try:
        yield
    finally:
        _open.reset(token)


def transaction_is_open() -> bool:
    """Whether the calling code runs inside a transaction; `infra.http` refuses to send then."""
    return _open.get() > 0
