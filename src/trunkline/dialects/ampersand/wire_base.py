"""What every shape of the Ampersand dialect has in common: camelCase, optional members left out, bare UUIDs.

Source: ampersand reference section 1.0; DESIGN section 4.1.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from trunkline.kit.errors import InvalidRequestError, NotFoundError, Problem
from trunkline.kit.ids import parse_id
from trunkline.web import Call, FlowCall
from trunkline.web.errors import InvalidQueryError

AnyCall = Call | FlowCall
Value = TypeVar("Value")

Json = Annotated[msgspec.Raw, Meta(extra_json_schema={"type": "object"})]
"""A stored JSON object, passed through as the text it is kept as."""


class Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of what is answered; members without a value are left out."""


class Body(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of what is read from a body; unknown members are ignored."""


class Query(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of query strings; unknown parameters are ignored."""


UpdateMask = Annotated[
    list[str],
    Meta(max_length=100, description="Paths of what is to be changed; the rest of the object is ignored."),
]
Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]


def present(value: Value | None) -> Value | UnsetType:
    """An optional value as a member that is left out where there is none."""
    return UNSET if value is None else value


def updated(created_at: str, updated_at: str) -> str | UnsetType:
    """When something was last changed, left out where it never was."""
    return UNSET if updated_at == created_at else updated_at


def sent(body: Body) -> dict[str, Any]:
    """The members a caller sent, by the dialect's names; null is a value, absence is not."""
    names = zip(body.__struct_fields__, body.__struct_encode_fields__, strict=True)
    members = {written: getattr(body, name) for name, written in names}
    return {name: value for name, value in members.items() if value is not UNSET}


def path_id(call: AnyCall, kind: str, name: str) -> str:
    """The 32 hex digits of an id in the path, in its prefixed or its canonical spelling.

    Raises:
        NotFoundError: no id of this kind; it looks like one that is unknown or invisible.
    """
    found = parse_id(kind, call.path[name])
    if found is None:
        raise NotFoundError(kind.replace("_", " "))
    return found


def parameter_id(kind: str, text: str, name: str) -> str:
    """The 32 hex digits of an id in the query string, in the parameter `name`.

    Raises:
        InvalidQueryError: no id of this kind.
    """
    found = parse_id(kind, text)
    if found is None:
        sentence = f"not an id of kind {kind.replace('_', ' ')}"
        raise InvalidQueryError(f"{name}: {sentence}", Problem(name, sentence))
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
