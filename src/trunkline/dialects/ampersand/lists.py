"""Lists of the Ampersand dialect: bare arrays, and our own way to read long ones piece by piece.

A list is whole up to a thousand items. Where there are more, or fewer were asked for, the answer names the next
page: `Link: <…>; rel="next"`, and its cursor alone as `x-next-cursor`.

Source: ampersand reference section 1.0 (lists); RFC 8288 (Link).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import urlencode

from msgspec import UNSET, Meta, UnsetType

from trunkline.dialects.ampersand.wire_base import AnyCall, Query
from trunkline.infra.db import ListSpec
from trunkline.infra.db.lists import resolve_order
from trunkline.kit.errors import InvalidRequestError
from trunkline.kit.filters import All, Node, OrderKey
from trunkline.kit.pages import ListQuery, Page
from trunkline.web import Reply
from trunkline.web.errors import InvalidQueryError

Item = TypeVar("Item")

LIMIT_MAX: Final = 1_000
NEXT: Final = "x-next-cursor"
OLDEST_FIRST: Final = (OrderKey("created_at"),)

_Limit = Annotated[
    int, Meta(ge=1, le=LIMIT_MAX, description=f"How many items at most; {LIMIT_MAX} unless given.")
]
_Cursor = Annotated[
    str, Meta(description="Where the page begins: `x-next-cursor` of the page before it, in the same list.")
]


class ListParameters(Query, frozen=True, kw_only=True):
    """What every list takes."""

    limit: _Limit | UnsetType = UNSET
    cursor: _Cursor | UnsetType = UNSET


def list_query(
    call: AnyCall, spec: ListSpec[Any], *conditions: Node, order: Sequence[OrderKey] = OLDEST_FIRST
) -> ListQuery:
    """Read the parameters of a list: the oldest items first, unless `order` says otherwise.

    Raises:
        InvalidQueryError: the cursor is none of this list.
    """
    asked: ListParameters = call.query
    order = tuple(order)
    after = None
    if asked.cursor is not UNSET:
        try:
            after = call.services.cursors.decode(
                asked.cursor, spec.entity, _tenant(call), resolve_order(spec, order), path="cursor"
            )
        except InvalidRequestError as error:
            raise InvalidQueryError(error.message, *error.details) from error
    return ListQuery(
        where=All(conditions) if conditions else None,
        order=order,
        limit=LIMIT_MAX if asked.limit is UNSET else asked.limit,
        after=after,
        count=False,
    )


def listed(call: AnyCall, spec: ListSpec[Any], page: Page[Any], items: list[Item]) -> Reply:
    """A page of a list as it is answered; `items` are the page's rows, spelled."""
    if not page.has_next or page.end is None:
        return Reply(body=items)
    cursor = call.services.cursors.encode(spec.entity, _tenant(call), page.order, page.end)
    query = {**_written(call.query), "cursor": cursor}
    return Reply(body=items, headers={"link": f'<?{urlencode(query)}>; rel="next"', NEXT: cursor})


def list_page(call: AnyCall, spec: ListSpec[Any], page: Page[Any], spell: Callable[[Any], Any]) -> Reply:
    """A page of a list, each of its rows spelled by itself."""
    return listed(call, spec, page, [spell(row) for row in page.rows])


def _tenant(call: AnyCall) -> str:
    return min(call.actor.organizations, default="")


def _written(asked: ListParameters) -> dict[str, str]:
    """The parameters that were given and are known, as they are written."""
    names = zip(asked.__struct_fields__, asked.__struct_encode_fields__, strict=True)
    values = {written: getattr(asked, name) for name, written in names}
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in values.items()
        if value is not UNSET
    }
