"""What every shape of the platform dialect has in common: camelCase, nulls present, ids with a prefix.

Source: seeds 000 and 001.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta

from trunkline.kit.errors import InvalidRequestError, NotFoundError
from trunkline.kit.ids import format_id, parse_id
from trunkline.web import Call, FlowCall

Json = Annotated[msgspec.Raw, Meta(extra_json_schema={"type": "object"})]
"""A stored JSON object, passed through as the text it is kept as."""


class Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of what is answered; every member is present, absent values are null."""


class Body(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Base of what is read from a body; unknown members are refused.

    A member of type `X | UnsetType = UNSET` may be left out, which is not the same as null.
    """


class Query(msgspec.Struct, frozen=True, kw_only=True, rename={"order_by": "orderBy"}):
    """Base of query strings; parameters keep the document's snake_case, save `orderBy`."""


class Success(Wire, frozen=True, kw_only=True):
    """It is done."""

    success: bool


DONE = Success(success=True)


def given(body: Body) -> dict[str, Any]:
    """The members a caller sent, by our names; null is a value, absence is not."""
    members = {name: getattr(body, name) for name in body.__struct_fields__}
    return {name: value for name, value in members.items() if value is not UNSET}


def spell_id(kind: str, hex_id: str | None) -> str | None:
    """An optional id as it is printed."""
    return None if hex_id is None else format_id(kind, hex_id)


def spell_time(stored: str) -> str:
    """A stored time in milliseconds, as the original prints it: `2026-11-22T10:00:00.000Z`."""
    return f"{stored[:23]}Z"


def spell_optional_time(stored: str | None) -> str | None:
    """An optional time as it is printed."""
    return None if stored is None else spell_time(stored)


def path_id(call: Call | FlowCall, kind: str, name: str = "id") -> str:
    """The 32 hex digits of an id in the path.

    Raises:
        NotFoundError: no id of this kind; it looks like one that is unknown or invisible.
    """
    found = parse_id(kind, call.path[name])
    if found is None:
        raise NotFoundError(kind.replace("_", " "))
    return found


def member_id(kind: str, text: str, path: str) -> str:
    """The 32 hex digits of an id in a body or parameter; `path` is where it was written.

    Raises:
        InvalidRequestError: no id of this kind.
    """
    found = parse_id(kind, text)
    if found is None:
        raise InvalidRequestError.at(path, f"not an id of kind {kind.replace('_', ' ')}")
    return found
