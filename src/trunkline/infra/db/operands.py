"""Which operators and values fit a field: everything a caller wrote is checked here before it is bound.

The rules are the same on both databases and in every dialect, so a comparison either means one thing
everywhere or is refused with the place it was written at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from trunkline.infra.db.spec import Field, FieldKind
from trunkline.kit.clock import parse_time
from trunkline.kit.errors import InvalidRequestError
from trunkline.kit.filters import MAX_ITEMS, Compare, Op

MAX_TEXT = 1_000  # characters of one value
MAX_WILDCARDS = 20  # `%` and `_` of one pattern; each may multiply the matching work
_INTEGERS = range(-(2**63), 2**63)

_EQUALITY = frozenset({Op.EQ, Op.NEQ, Op.IN, Op.NOT_IN, Op.IS_NULL})
_RANGES = frozenset({Op.GT, Op.GTE, Op.LT, Op.LTE})
ALLOWED: dict[FieldKind, frozenset[Op]] = {
    FieldKind.TEXT: frozenset(Op) - {Op.HAS_KEY},
    FieldKind.CHOICE: _EQUALITY,
    FieldKind.TIME: _EQUALITY | _RANGES,
    FieldKind.INTEGER: _EQUALITY | _RANGES,
    FieldKind.BOOLEAN: _EQUALITY,
    FieldKind.ID: _EQUALITY,
    FieldKind.JSON: frozenset({Op.IS_NULL, Op.HAS_KEY}),
}
_HEX_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)


def operand(field: Field, compare: Compare) -> Any:
    """The value of a comparison as the database stores such values; a list for `IN` and `NOT_IN`.

    Raises:
        InvalidRequestError: the operator does not fit the field's kind, or the value does not.
    """
    op, value, path = compare.op, compare.value, compare.path or compare.field
    if op not in ALLOWED[field.kind]:
        offered = ", ".join(sorted(ALLOWED[field.kind]))
        raise InvalidRequestError.at(path, f"{op} does not apply to a {field.kind} field; use {offered}")
    if op is Op.IS_NULL:
        if not isinstance(value, bool):
            raise InvalidRequestError.at(path, "expected true or false")
        return value
    if op is Op.IN or op is Op.NOT_IN:
        return _items(field, value, path)
    if op is Op.HAS_KEY:
        return text(value, path)
    if value is None and (op is Op.EQ or op is Op.NEQ):
        return None
    if op is Op.LIKE or op is Op.ILIKE:
        return _pattern(text(value, path), path)
    return _scalar(field, value, path)


def _items(field: Field, value: Any, path: str) -> list[str | int]:
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        raise InvalidRequestError.at(path, "expected a list")
    if len(value) > MAX_ITEMS:
        raise InvalidRequestError.at(path, f"more than {MAX_ITEMS} items")
    return [_scalar(field, item, f"{path}[{index}]") for index, item in enumerate(value)]


def _scalar(field: Field, value: Any, path: str) -> str | int:
    if field.kind is FieldKind.CHOICE:
        if value not in field.choices:
            raise InvalidRequestError.at(path, f"expected one of {', '.join(field.choices)}")
        return str(value)
    return _READERS[field.kind](value, path)


def _boolean(value: Any, path: str) -> int:
    if not isinstance(value, bool):
        raise InvalidRequestError.at(path, "expected true or false")
    return int(value)


def _integer(value: Any, path: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidRequestError.at(path, "expected an integer")
    if value not in _INTEGERS:
        raise InvalidRequestError.at(path, "beyond 64 bits")
    return value


def _time(value: Any, path: str) -> str:
    stored = parse_time(value) if isinstance(value, str) else None
    if stored is None:
        raise InvalidRequestError.at(path, "expected an RFC 3339 time with its offset")
    return stored


def _id(value: Any, path: str) -> str:
    if not isinstance(value, str) or not _HEX_ID.fullmatch(value):
        raise InvalidRequestError.at(path, "expected an id")
    return value


def text(value: Any, path: str) -> str:
    """A string both databases can hold and compare.

    Raises:
        InvalidRequestError: not a string, over 1,000 characters, or with U+0000 or a lone surrogate.
    """
    if not isinstance(value, str):
        raise InvalidRequestError.at(path, "expected a string")
    if len(value) > MAX_TEXT:
        raise InvalidRequestError.at(path, f"longer than {MAX_TEXT} characters")
    if "\x00" in value or (not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value)):
        raise InvalidRequestError.at(path, "holds U+0000 or a lone surrogate")
    return value


def _pattern(pattern: str, path: str) -> str:
    bare = pattern.replace("\\\\", "")
    if bare.endswith("\\"):
        raise InvalidRequestError.at(path, "ends with a backslash that escapes nothing")
    bare = bare.replace("\\%", "").replace("\\_", "")
    if bare.count("%") + bare.count("_") > MAX_WILDCARDS:
        raise InvalidRequestError.at(path, f"more than {MAX_WILDCARDS} wildcards")
    return pattern


_READERS: dict[FieldKind, Callable[[Any, str], str | int]] = {
    FieldKind.TEXT: text,
    FieldKind.TIME: _time,
    FieldKind.INTEGER: _integer,
    FieldKind.BOOLEAN: _boolean,
    FieldKind.ID: _id,
}
