"""Order and places as SQL: ORDER BY, and the predicate for what lies behind a place in that order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from trunkline.infra.db.spec import Field, FieldKind, ListSpec
from trunkline.kit.errors import InvalidRequestError
from trunkline.kit.filters import MAX_ORDER_KEYS, Nulls, OrderKey
from trunkline.kit.pages import Keyset, KeyValue

_NUMBERS = frozenset({FieldKind.INTEGER, FieldKind.BOOLEAN})


class Key(NamedTuple):
    """One sort key ready for SQL; the last of an order is always the id."""

    sql: str
    kind: FieldKind
    descending: bool
    nullable: bool
    nulls_first: bool

    def flipped(self) -> Key:
        """The same key in the opposite order."""
        return self._replace(descending=not self.descending, nulls_first=not self.nulls_first)

    def term(self) -> str:
        """Its part of ORDER BY. The databases' defaults for NULL differ, so it is always spelled."""
        direction = "DESC" if self.descending else "ASC"
        if not self.nullable:
            return f"{self.sql} {direction}"
        return f"{self.sql} {direction} NULLS {'FIRST' if self.nulls_first else 'LAST'}"

    def fits(self, value: KeyValue) -> bool:
        """Whether `value` can have come from this key."""
        if value is None:
            return self.nullable
        return isinstance(value, int if self.kind in _NUMBERS else str)


def resolve_order(spec: ListSpec[Any], order: tuple[OrderKey, ...]) -> tuple[OrderKey, ...]:
    """The total order a list is read in, which its cursors are bound to.

    The spec's default when nothing is asked, with the id as tie-break; nulls are stated exactly where a
    field can be NULL. Keys behind the id decide nothing and are dropped.

    Raises:
        InvalidRequestError: a field that is unknown, not sortable or named twice, or too many keys.
    """
    resolved: list[OrderKey] = []
    seen: set[str] = set()
    for key in order or spec.order:
        path = key.path or key.field
        if key.field in seen:
            raise InvalidRequestError.at(path, "sorted by twice")
        seen.add(key.field)
        if len(seen) > MAX_ORDER_KEYS and key.field != "id":
            raise InvalidRequestError.at(path, f"more than {MAX_ORDER_KEYS} sort keys")
        found = spec.fields.get(key.field)
        if found is None:
            raise InvalidRequestError.at(path, "unknown field")
        if not found.sortable or found.kind is FieldKind.JSON:
            raise InvalidRequestError.at(path, "cannot be sorted by")
        nulls: Nulls = "first" if key.nulls_first else "last"
        resolved.append(OrderKey(key.field, key.direction, nulls if _nullable(found) else None))
    for place, key in enumerate(resolved):
        if key.field == "id":
            return tuple(resolved[: place + 1])
    return (*resolved, OrderKey("id", resolved[-1].direction))


def keys_of(
    spec: ListSpec[Any], order: tuple[OrderKey, ...], expression: Callable[[str], str]
) -> tuple[Key, ...]:
    """A resolved order as SQL keys; `expression` spells a field."""
    keys = []
    for key in order:
        found = spec.fields.get(key.field)
        kind, nullable = (FieldKind.ID, False) if found is None else (found.kind, _nullable(found))
        sql = "t0.id" if found is None else expression(key.field)
        keys.append(Key(sql, kind, key.direction == "desc", nullable, key.nulls_first))
    return tuple(keys)


def _nullable(field: Field) -> bool:
    # A mask is whatever SQL the spec says, so outsiders may see NULL where the column has none.
    return field.nullable or field.masked


def order_by(keys: Sequence[Key]) -> str:
    """What stands behind ORDER BY."""
    return ", ".join([key.term() for key in keys])


def behind(
    keys: Sequence[Key], place: Keyset, bind: Callable[[KeyValue], str], *, inclusive: bool = False
) -> str:
    """The predicate for the rows after `place` in the order of `keys`, or from it on when `inclusive`.

    One direction and no NULL is a row-value comparison, which both databases seek in an index. Anything
    else is spelled key by key, under a bound on the first key that can be sought.

    Raises:
        InvalidRequestError: the place is not one of this order.
    """
    if len(place.values) != len(keys) or not all(map(Key.fits, keys, place.values)):
        raise InvalidRequestError("unknown cursor")
    marks = [None if value is None else bind(value) for value in place.values]
    first = keys[0]
    sign = "<" if first.descending else ">"
    if all(key.descending is first.descending and not key.nullable for key in keys):
        left = ", ".join([key.sql for key in keys])
        right = ", ".join([mark for mark in marks if mark is not None])
        return f"({left}) {sign}{'=' if inclusive else ''} ({right})"
    tail = "TRUE" if inclusive else "FALSE"
    for key, mark in zip(reversed(keys), reversed(marks), strict=True):
        same = f"{key.sql} IS NULL" if mark is None else f"{key.sql} = {mark}"
        tail = f"({_beyond(key, mark)} OR ({same} AND {tail}))"
    if marks[0] is not None and (not first.nullable or first.nulls_first):
        return f"({first.sql} {sign}= {marks[0]} AND {tail})"
    return tail


def _beyond(key: Key, mark: str | None) -> str:
    if mark is None:
        return f"{key.sql} IS NOT NULL" if key.nulls_first else "FALSE"
    further = f"{key.sql} {'<' if key.descending else '>'} {mark}"
    return f"{further} OR {key.sql} IS NULL" if key.nullable and not key.nulls_first else further
