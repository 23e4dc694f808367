"""Lists of the Gestal dialect: numbered pages, and what is told about where a page lies.

Source: seed 004; informer-gestal reference B2 (pagination).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, Any, Final, Generic, TypeVar

from msgspec import Meta

from trunkline.dialects.gestal.wire_base import Query, Wire
from trunkline.infra.db.lists import MAX_OFFSET
from trunkline.kit.filters import OrderKey
from trunkline.kit.pages import ListQuery, Page

Item = TypeVar("Item")
Read = Callable[[ListQuery], Page[Any]]

SIZE: Final = 100
SIZE_MAX: Final = 1_000

_Number = Annotated[int, Meta(ge=1, description="Which page; the first unless given.")]
_Size = Annotated[
    int, Meta(ge=1, description=f"How many items a page has; {SIZE} unless given, and never over {SIZE_MAX}.")
]
_Neighbour = Annotated[int | bool, Meta(description="Its number, or `false` where there is none.")]


class PageParameters(Query, frozen=True, kw_only=True):
    """What every list takes."""

    page: _Number = 1
    per_page: _Size = SIZE


class MetaWire(Wire, frozen=True, kw_only=True):
    """Where a page lies in its list."""

    total: int
    pages: int
    per_page: int
    current_page: int
    next_page: _Neighbour
    previous_page: _Neighbour
    first_page: bool
    last_page: bool
    out_of_range: bool


class IntegratorMeta(MetaWire, frozen=True, kw_only=True):
    """The same, and how many items are on the page."""

    page_total: int


class Listed(Wire, Generic[Item], frozen=True, kw_only=True):
    """One page of a list."""

    data: list[Item]
    meta: MetaWire


class IntegratorListed(Wire, Generic[Item], frozen=True, kw_only=True):
    """One page of a list below `/integrator`."""

    data: list[Item]
    meta: IntegratorMeta


def meta_of(total: int, *, page: int, per_page: int) -> MetaWire:
    """What is told about page `page` of a list of `total` items; a list of none has its first page and no other."""
    pages = -(-total // per_page)
    inside = 1 <= page <= pages
    return MetaWire(
        total=total,
        pages=pages,
        per_page=per_page,
        current_page=page,
        next_page=page + 1 if page < pages else False,
        previous_page=page - 1 if inside and page > 1 else False,
        first_page=page == 1,
        last_page=page == max(pages, 1),
        out_of_range=page > max(pages, 1),
    )


def read_page(
    asked: PageParameters, read: Read, order: tuple[OrderKey, ...] = ()
) -> tuple[list[Any], MetaWire]:
    """The rows of the page that is asked for, and where it lies."""
    per_page = min(asked.per_page, SIZE_MAX)
    offset = (asked.page - 1) * per_page
    if offset <= MAX_OFFSET:
        found = read(ListQuery(order=order, limit=per_page, offset=offset))
        rows = found.rows
    else:  # behind the end of every list there is; only how long this one is remains to be told
        found = read(ListQuery(order=order, limit=1))
        rows = []
    return rows, meta_of(found.total or 0, page=asked.page, per_page=per_page)


def listed(rows: Iterable[Item], meta: MetaWire) -> Listed[Item]:
    """A page of the first generation."""
    return Listed(data=list(rows), meta=meta)


def integrator_listed(rows: Iterable[Item], meta: MetaWire) -> IntegratorListed[Item]:
    """A page of the third generation."""
    items = list(rows)
    members = {name: getattr(meta, name) for name in meta.__struct_fields__}
    return IntegratorListed(data=items, meta=IntegratorMeta(**members, page_total=len(items)))
