"""Lists of the platform dialect: their parameters, and the pages they answer with.

A resource module derives its parameters from `ListParameters` (or `TrashParameters`) and adds a member for
each shorthand; a member named like a field of the list's spec filters by it, `name` by substring.

Source: seeds 000 and 001.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final, Generic, TypeVar

from msgspec import UNSET, Meta, UnsetType

from trunkline.dialects.platform.filters import parse_filter, parse_order
from trunkline.dialects.platform.wire_base import Query, Wire
from trunkline.infra.db import FieldKind, ListSpec
from trunkline.infra.db.lists import resolve_order
from trunkline.kit.errors import InvalidRequestError
from trunkline.kit.filters import MAX_ITEMS, All, Compare, Node, Op, OrderKey
from trunkline.kit.ids import parse_id
from trunkline.kit.pages import LIMIT_MAX, Anchor, Deleted, Keyset, ListQuery, Page, Position
from trunkline.web import Call

Item = TypeVar("Item")

_Cursor = Annotated[str, Meta(min_length=1)]
_Filter = Annotated[
    str,
    Meta(
        description="Nested filter: `AND`, `OR`, `NOT`, comparison operators per field, and relations.",
        extra_json_schema={"contentMediaType": "application/json", "contentSchema": {"type": "object"}},
    ),
]
_OrderBy = Annotated[
    str,
    Meta(
        description='Sort keys, applied in order, e.g. `[{"createdAt": "desc"}]`.',
        extra_json_schema={
            "contentMediaType": "application/json",
            "contentSchema": {"type": "array", "items": {"type": "object"}},
        },
    ),
]


class ListParameters(Query, frozen=True, kw_only=True):
    """What every list takes."""

    limit: Annotated[int, Meta(ge=1, le=LIMIT_MAX, description="Page size.")] = LIMIT_MAX
    after: Annotated[_Cursor, Meta(description="Return the page behind this cursor.")] | UnsetType = UNSET
    before: Annotated[_Cursor, Meta(description="Return the page in front of this cursor.")] | UnsetType = (
        UNSET
    )
    ids: Annotated[str, Meta(description="Comma-separated ids to narrow the list to.")] | UnsetType = UNSET
    filter: _Filter | UnsetType = UNSET
    order_by: _OrderBy | UnsetType = UNSET


class TrashParameters(ListParameters, frozen=True, kw_only=True):
    """What lists of things that can be restored take."""

    include_deleted: Annotated[
        Deleted, Meta(description="`false` leaves deleted objects out, `only` returns nothing else.")
    ] = Deleted.HIDE


_OWN: Final = frozenset(TrashParameters.__struct_fields__)


class PageInfo(Wire, frozen=True, kw_only=True):
    """Where the page lies; cursors are null on an empty page."""

    total: int
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


class ListPage(Wire, Generic[Item], frozen=True, kw_only=True):
    """One page of a list."""

    data: list[Item]
    page_info: PageInfo


def list_query(call: Call, spec: ListSpec[Any], *, elsewhere: frozenset[str] = frozenset()) -> ListQuery:
    """Read the parameters of a list.

    Args:
        call: its query is a `ListParameters`.
        spec: what is listed.
        elsewhere: members the handler reads itself.

    Raises:
        InvalidRequestError: a malformed id, filter, order or cursor, or two cursors.
    """
    asked: ListParameters = call.query
    order = () if asked.order_by is UNSET else parse_order(asked.order_by, spec)
    if asked.after is not UNSET and asked.before is not UNSET:
        raise InvalidRequestError.at("before", "not together with after")
    nodes = [
        _shorthand(spec, name, value)
        for name in asked.__struct_fields__
        if name not in _OWN and name not in elsewhere and (value := getattr(asked, name)) is not UNSET
    ]
    if asked.filter is not UNSET:
        nodes.append(parse_filter(asked.filter, spec, call.tx.specs))
    return ListQuery(
        where=nodes[0] if len(nodes) == 1 else All(tuple(nodes)) if nodes else None,
        order=order,
        limit=asked.limit,
        after=_position(call, spec, asked.after, "after", order),
        before=_position(call, spec, asked.before, "before", order),
        ids=None if asked.ids is UNSET else _ids(spec, asked.ids),
        deleted=asked.include_deleted if isinstance(asked, TrashParameters) else Deleted.HIDE,
    )


def list_page(
    call: Call, spec: ListSpec[Any], page: Page[Any], spell: Callable[[Any], Item]
) -> ListPage[Item]:
    """Spell a page: its rows by `spell`, its ends as cursors."""

    def cursor(place: Keyset | None) -> str | None:
        if place is None:
            return None
        return call.services.cursors.encode(spec.entity, _tenant(call), page.order, place)

    return ListPage(
        data=[spell(row) for row in page.rows],
        page_info=PageInfo(
            total=page.total or 0,
            has_next_page=page.has_next,
            has_previous_page=page.has_previous,
            start_cursor=cursor(page.start),
            end_cursor=cursor(page.end),
        ),
    )


def _tenant(call: Call) -> str:
    return min(call.actor.organizations, default="")


def _position(
    call: Call, spec: ListSpec[Any], text: str | UnsetType, name: str, order: tuple[OrderKey, ...]
) -> Position | None:
    if text is UNSET:
        return None
    row_id = _row_id(spec, text)
    if row_id is not None:
        return Anchor(row_id)
    resolved = resolve_order(spec, order)
    return call.services.cursors.decode(text, spec.entity, _tenant(call), resolved, path=name)


def _ids(spec: ListSpec[Any], text: str) -> tuple[str, ...]:
    items = text.split(",")
    if len(items) > MAX_ITEMS:
        raise InvalidRequestError.at("ids", f"more than {MAX_ITEMS} items")
    found = []
    for index, item in enumerate(items):
        row_id = _row_id(spec, item)
        if row_id is None:
            raise InvalidRequestError.at(f"ids[{index}]", f"not an id of kind {spec.entity}")
        found.append(row_id)
    return tuple(dict.fromkeys(found))


def _row_id(spec: ListSpec[Any], text: str) -> str | None:
    found = spec.fields.get("id")
    return None if found is None else _parsed(found.id_kinds, text)


def _parsed(kinds: tuple[str, ...], text: str) -> str | None:
    return next((found for kind in kinds if (found := parse_id(kind, text)) is not None), None)


def _shorthand(spec: ListSpec[Any], name: str, value: Any) -> Node:
    if name == "name":
        return Compare("name", Op.ICONTAINS, value, name)
    for suffix, op in (("_after", Op.GTE), ("_before", Op.LTE)):
        if name.endswith(suffix) and name.removesuffix(suffix) in spec.fields:
            return Compare(name.removesuffix(suffix), op, value, name)
    field = spec.fields[name]
    if field.kind is FieldKind.ID:
        row_id = _parsed(field.id_kinds, value)
        if row_id is None:
            raise InvalidRequestError.at(name, f"not an id of kind {' or '.join(field.id_kinds)}")
        value = row_id
    return Compare(name, Op.EQ, value, name)
