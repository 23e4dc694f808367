"""What a list is asked for and what it answers, in no dialect's spelling."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from trunkline.kit.filters import Node, OrderKey

LIMIT_MAX = 100  # rows; seed 000: "Page size (1-100, default 100)"

Row = TypeVar("Row")
KeyValue = str | int | None


class Deleted(StrEnum):
    """Whether tombstoned rows are part of a list; the caller still needs the tier to restore them."""

    HIDE = "false"
    INCLUDE = "true"
    ONLY = "only"


@dataclass(frozen=True, slots=True)
class Keyset:
    """A place between two rows: the order key values (the id last) of the row it was taken from."""

    values: tuple[KeyValue, ...]


@dataclass(frozen=True, slots=True)
class Anchor:
    """A place given as a row's id (32 hex digits); resolved inside the caller's scope."""

    id: str


Position = Keyset | Anchor


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuery:
    """One page of one list.

    Attributes:
        where: the caller's filter, shorthands already ANDed in; None for no filter.
        order: sort keys; empty for the spec's default. The id is always appended as tie-break.
        after, before: at most one; rows strictly behind or in front of that place.
        offset: rows to skip, for page-number dialects; not together with a place.
        ids: narrows to these ids; never widens the scope.
        count: whether the exact total is wanted.
    """

    where: Node | None = None
    order: tuple[OrderKey, ...] = ()
    limit: int = LIMIT_MAX
    after: Position | None = None
    before: Position | None = None
    offset: int = 0
    ids: tuple[str, ...] | None = None
    deleted: Deleted = Deleted.HIDE
    count: bool = True


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Rows in the asked order, the exact total ignoring the place, and what lies on both sides.

    Attributes:
        start, end: key values of the first and last row, for cursors; None on an empty page.
        order: the resolved order including the id, which a cursor is bound to.
    """

    rows: list[Row]
    total: int | None
    has_next: bool
    has_previous: bool
    start: Keyset | None
    end: Keyset | None
    order: tuple[OrderKey, ...]
