"""Reading rows through a list spec: one page, one row, some rows, a count.

Every statement starts from the caller's scope. A page is one statement for its rows, one for the total and
one for what lies on the side it came from; each is skipped where the answer is known already.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

from trunkline.infra.db.keyset import Key, behind, keys_of, order_by, resolve_order
from trunkline.infra.db.predicates import Predicates, source
from trunkline.infra.db.rows import loader
from trunkline.infra.db.spec import ListSpec, Mode, Scope
from trunkline.infra.db.tx import Tx
from trunkline.kit.errors import InvalidRequestError
from trunkline.kit.filters import MAX_ITEMS
from trunkline.kit.pages import Anchor, Deleted, Keyset, ListQuery, Page, Position

__all__ = ["count_rows", "get_row", "get_rows", "list_rows", "resolve_order"]

Row = TypeVar("Row", bound=msgspec.Struct)

MAX_OFFSET = 2**31 - 1  # rows
ROW = "t0"  # alias of the row being read; related rows are t1, t2, …


def list_rows(tx: Tx, spec: ListSpec[Row], query: ListQuery, scope: Scope) -> Page[Row]:
    """One page of what the caller may see, in a total order, with exact total and flags.

    At most two statements without a place and three with one, plus one to resolve an `Anchor`. The count
    is saved when the page itself holds everything.

    Raises:
        InvalidRequestError: the query names what the spec does not have, a value does not fit, a limit is
            passed, or the place is unknown to the caller.
    """
    _check(query)
    reading = _Reading(tx, spec, scope)
    order = resolve_order(spec, query.order)
    keys = keys_of(spec, order, reading.expression)
    reading.restrict(query)
    backwards = query.before is not None
    walk = [key.flipped() for key in keys] if backwards else keys
    place = reading.place(query.before if backwards else query.after, keys)
    found, positions = reading.walk(query, walk, place)
    ahead = len(found) > query.limit
    came_from = query.offset > 0 if place is None else reading.lies_behind(walk, place)
    rows = found[: query.limit]
    total = None
    if query.count:
        whole = place is None and not ahead and (len(rows) > 0 or query.offset == 0)
        total = query.offset + len(rows) if whole else reading.count()
    if backwards:
        rows.reverse()
    return Page(
        rows=_load(spec, rows),
        total=total,
        has_next=came_from if backwards else ahead,
        has_previous=ahead if backwards else came_from,
        start=Keyset(tuple([rows[0][i] for i in positions])) if rows else None,
        end=Keyset(tuple([rows[-1][i] for i in positions])) if rows else None,
        order=order,
    )


def count_rows(tx: Tx, spec: ListSpec[Any], query: ListQuery, scope: Scope) -> int:
    """How many rows the caller may see that match, whatever the page.

    Raises:
        InvalidRequestError: as in `list_rows`.
    """
    _check(query)
    reading = _Reading(tx, spec, scope)
    reading.restrict(query)
    return reading.count()


def get_row(tx: Tx, spec: ListSpec[Row], id_hex: str, scope: Scope, *, deleted: bool = True) -> Row | None:
    """One row by id, or None when it is absent or invisible; the two look alike.

    Args:
        tx: the transaction.
        spec: what to read.
        id_hex: 32 hex digits.
        scope: what the caller may see.
        deleted: whether a tombstoned row is given to callers who hold the restore tier on it.
    """
    rows = get_rows(tx, spec, (id_hex,), scope, deleted=deleted)
    return rows[0] if rows else None


def get_rows(
    tx: Tx, spec: ListSpec[Row], ids: Sequence[str], scope: Scope, *, deleted: bool = True
) -> list[Row]:
    """Those of `ids` the caller may see, each once, in the order of the ids themselves; one statement."""
    if not ids:
        return []
    reading = _Reading(tx, spec, scope)
    reading.keep_ids(ids)
    reading.keep_seen(Mode.GET, Deleted.INCLUDE if deleted else Deleted.HIDE)
    order = " ORDER BY t0.id" if len(ids) > 1 else ""
    return _load(spec, reading.fetch(reading.columns(), order))


def _check(query: ListQuery) -> None:
    if query.limit < 1:
        raise InvalidRequestError.at("limit", "must be at least 1")
    if query.after is not None and query.before is not None:
        raise InvalidRequestError.at("before", "not together with after")
    if not 0 <= query.offset <= MAX_OFFSET:
        raise InvalidRequestError.at("offset", f"must be between 0 and {MAX_OFFSET}")
    if query.offset and (query.after is not None or query.before is not None):
        raise InvalidRequestError.at("offset", "not together with a cursor")
    if query.ids is not None and len(query.ids) > MAX_ITEMS:
        raise InvalidRequestError.at("ids", f"more than {MAX_ITEMS} items")


def _load(spec: ListSpec[Row], rows: list[tuple[Any, ...]]) -> list[Row]:
    width = len(spec.row.__struct_fields__)
    return loader(spec.row)([row[:width] for row in rows] if rows and len(rows[0]) > width else rows)


class _Reading:
    """The statements of one read: they share the restriction to what belongs to the list."""

    __slots__ = ("_parts", "_predicates", "_restriction", "_spec", "_tx")

    def __init__(self, tx: Tx, spec: ListSpec[Any], scope: Scope) -> None:
        self._tx = tx
        self._spec = spec
        self._predicates = Predicates(tx.engine, tx.specs, scope)
        self._parts: list[str] = []
        self._restriction: dict[str, Any] = {}

    def fetch(
        self, columns: Sequence[str], rest: str = "", *, where: Sequence[str] = ()
    ) -> list[tuple[Any, ...]]:
        """Run one statement over the list, or over `where` instead."""
        return self._tx.fetch(self._select(columns, rest, where or self._parts), self._predicates.params)

    def _select(self, columns: Sequence[str], rest: str, where: Sequence[str]) -> str:
        found = source(self._spec, ROW)
        return f"SELECT {', '.join(columns)} FROM {found} WHERE {' AND '.join(where)}{rest}"

    def expression(self, name: str) -> str:
        """What a field sorts by."""
        return self._predicates.expression(self._spec, ROW, name)

    def restrict(self, query: ListQuery) -> None:
        """Keep what the query asks for among what the caller may see."""
        self.keep_seen(Mode.LIST, query.deleted)
        if query.ids is not None:
            self.keep_ids(query.ids)
        if query.where is not None:
            self._parts.append(self._predicates.matching(self._spec, ROW, query.where))
        # What pages bind later says where they lie; every page of a list has the same total.
        self._restriction = dict(self._predicates.params)

    def keep_ids(self, ids: Sequence[str]) -> None:
        """Keep rows of these ids."""
        if len(ids) == 1:
            self._parts.append(f"{ROW}.id = {self._predicates.bind(ids[0])}")
        else:
            self._parts.append(f"{ROW}.id IN {self._predicates.bind_all(ids)}" if ids else "FALSE")

    def keep_seen(self, mode: Mode, deleted: Deleted) -> None:
        """Keep what is visible to the caller, and alive or rightfully seen in the trash."""
        self._parts += self._seen(mode, deleted)

    def _seen(self, mode: Mode, deleted: Deleted) -> list[str]:
        spec, scope = self._spec, self._predicates.scope
        visible = f"({scope.visible(spec, ROW, mode)})"
        if not spec.soft_delete:
            return [visible, "FALSE"] if deleted is Deleted.ONLY else [visible]
        if deleted is Deleted.HIDE:
            return [visible, f"{ROW}.deleted_at IS NULL"]
        restorable = f"({scope.at_least(spec, ROW, spec.restore_tier)})"
        if deleted is Deleted.ONLY:
            return [visible, f"{ROW}.deleted_at IS NOT NULL", restorable]
        return [visible, f"({ROW}.deleted_at IS NULL OR {restorable})"]

    def columns(self) -> list[str]:
        """SQL of the row's fields, in order."""
        spec = self._spec
        columns = []
        for name in spec.row.__struct_fields__:
            if name == "insider":
                insider = self._predicates.scope.insider(spec, ROW)
                columns.append(f"(CASE WHEN {insider} THEN 1 ELSE 0 END)")
            elif name in spec.fields:
                columns.append(spec.column(name, ROW))
            else:
                columns.append(spec.columns[name].format(a=ROW) if name in spec.columns else f"{ROW}.{name}")
        return columns

    def place(self, position: Position | None, keys: Sequence[Key]) -> Keyset | None:
        """The key values of a position; an anchor is looked up in all the caller may see, trash included."""
        if not isinstance(position, Anchor):
            return position
        where = [f"{ROW}.id = {self._predicates.bind(position.id)}", *self._seen(Mode.LIST, Deleted.INCLUDE)]
        found = self.fetch([key.sql for key in keys], where=where)
        if not found:
            raise InvalidRequestError("unknown cursor")
        return Keyset(found[0])

    def walk(
        self, query: ListQuery, walk: Sequence[Key], place: Keyset | None
    ) -> tuple[list[tuple[Any, ...]], list[int]]:
        """The rows in walking order, one more than asked for, and where in each its key values stand."""
        bind = self._predicates.bind
        columns = self.columns()
        columns += [key.sql for key in walk if key.sql not in columns]
        where = self._parts if place is None else [*self._parts, behind(walk, place, bind)]
        # One row more than asked for tells whether anything follows without a statement of its own.
        rest = f" ORDER BY {order_by(walk)} LIMIT {bind(query.limit + 1)}"
        if query.offset:
            rest = f"{rest} OFFSET {bind(query.offset)}"
        return self.fetch(columns, rest, where=where), [columns.index(key.sql) for key in walk]

    def lies_behind(self, walk: Sequence[Key], place: Keyset) -> bool:
        """Whether anything of the list is on the other side of the place, the place itself included."""
        back = behind([key.flipped() for key in walk], place, self._predicates.bind, inclusive=True)
        return bool(self.fetch(["1"], " LIMIT 1", where=[*self._parts, back]))

    def count(self) -> int:
        """How many rows the list has."""
        return self._tx.total(self._select(["count(*)"], "", self._parts), self._restriction)
