"""Lists of the Informer dialect: `start`, `limit` and `sort`, and the collections they answer with.

Source: seed 003, GET /api/integrations; informer-gestal reference A1 (paging).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, TypeVar

from msgspec import UNSET, Meta, UnsetType

from trunkline.dialects.informer.hal import Collection, Link, Links, link, own_links, template, with_query
from trunkline.dialects.informer.wire_base import AnyCall, Query
from trunkline.infra.db.lists import MAX_OFFSET
from trunkline.kit.errors import InvalidRequestError
from trunkline.kit.filters import Node, OrderKey
from trunkline.kit.pages import ListQuery, Page

Embedded = TypeVar("Embedded")

LIMIT: Final = 30
LIMIT_MAX: Final = 500

_Start = Annotated[int, Meta(ge=0, le=MAX_OFFSET, description="How many items to skip; 0 unless given.")]
_Limit = Annotated[
    int, Meta(ge=1, le=LIMIT_MAX, description=f"How many to return at most; {LIMIT} unless given.")
]
_Sort = Annotated[
    str, Meta(description="A field, or several with commas between; with `-` in front, from last to first.")
]


class ListParameters(Query, frozen=True, kw_only=True):
    """What every list takes."""

    start: _Start | UnsetType = UNSET
    limit: _Limit | UnsetType = UNSET
    sort: _Sort | UnsetType = UNSET


def list_query(
    asked: ListParameters, fields: Mapping[str, str], *, default: str = "name", where: Node | None = None
) -> ListQuery:
    """Read the parameters of a list.

    Args:
        asked: what was asked for.
        fields: what it can be sorted by: our names by those of the dialect.
        default: how it is sorted where nothing is said.
        where: what the other parameters keep.

    Raises:
        InvalidRequestError: `sort` names what the list cannot be sorted by.
    """
    return ListQuery(
        where=where,
        order=_order(default if asked.sort is UNSET else asked.sort, fields),
        limit=LIMIT if asked.limit is UNSET else asked.limit,
        offset=0 if asked.start is UNSET else asked.start,
    )


def collection(call: AnyCall, path: str, page: Page[Any], embedded: Embedded) -> Collection[Embedded]:
    """Spell a page of the list at `path`; `embedded` holds its items."""
    asked: ListParameters = call.query
    query = _written(asked)
    start = 0 if asked.start is UNSET else asked.start
    limit = LIMIT if asked.limit is UNSET else asked.limit
    relations: Links = {}
    if page.has_next:
        relations["next"] = _at(call, path, query, start + limit, limit)
    if start > 0:
        relations["prev"] = _at(call, path, query, max(0, start - limit), limit)
    relations["search"] = template(call, f"{path}{{?{','.join(asked.__struct_encode_fields__)}}}")
    return Collection(
        links=own_links(call, with_query(path, query), relations),
        embedded=embedded,
        start=start,
        count=len(page.rows),
        total=page.total or 0,
    )


def whole(
    call: AnyCall, path: str, embedded: Embedded, count: int, relations: Links | None = None
) -> Collection[Embedded]:
    """A collection that is never cut into pages."""
    return Collection(
        links=own_links(call, path, relations), embedded=embedded, start=0, count=count, total=count
    )


def _at(call: AnyCall, path: str, query: dict[str, str], start: int, limit: int) -> Link:
    return link(call, with_query(path, {**query, "start": str(start), "limit": str(limit)}))


def _written(asked: ListParameters) -> dict[str, str]:
    """The parameters that were given and are known, as they are written."""
    names = zip(asked.__struct_fields__, asked.__struct_encode_fields__, strict=True)
    values = {written: getattr(asked, name) for name, written in names}
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in values.items()
        if value is not UNSET
    }


def _order(text: str, fields: Mapping[str, str]) -> tuple[OrderKey, ...]:
    keys = []
    for part in text.split(","):
        name = part.removeprefix("-")
        if name not in fields:
            raise InvalidRequestError.at(
                "sort", f"sorts by {', '.join(sorted(fields))}, not by {name[:50]!r}"
            )
        keys.append(OrderKey(fields[name], "desc" if part.startswith("-") else "asc", path="sort"))
    return tuple(keys)
