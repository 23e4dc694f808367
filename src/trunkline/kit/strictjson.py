"""Strict JSON in, compact JSON out.

Every decoder at hand accepts duplicate keys, and the last one wins: a filter or manifest could then mean
one thing to a reviewer and another to the server. So bodies and filters are read here.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import Any, NoReturn

import msgspec

from trunkline.kit.errors import InvalidRequestError

MAX_DEPTH = 32
MAX_INTEGER = 2**63 - 1

_encoder = msgspec.json.Encoder()
_sorted_encoder = msgspec.json.Encoder(order="sorted")


def encode(value: Any) -> str:
    """Compact JSON text, members in their given order."""
    return _encoder.encode(value).decode()


def content_hash(value: Any) -> str:
    """SHA-256 over the value with sorted members: equal meaning gives an equal hash, whatever the order."""
    return hashlib.sha256(_sorted_encoder.encode(value)).hexdigest()


def decode(data: bytes | str, *, what: str = "body") -> Any:
    """Read JSON, refusing what could be read in two ways or not stored on both databases.

    Raises:
        InvalidRequestError: malformed, duplicate members, NaN or Infinity, integers beyond 64 bits, nesting
            deeper than 32, U+0000 or lone surrogates.
    """
    try:
        text = data.decode() if isinstance(data, bytes) else data
        value = json.loads(text, object_pairs_hook=_members, parse_constant=_constant)
    except RecursionError as error:
        raise InvalidRequestError.at(what, f"nested deeper than {MAX_DEPTH}") from error
    except UnicodeDecodeError as error:
        raise InvalidRequestError.at(what, "not UTF-8") from error
    except ValueError as error:
        raise InvalidRequestError.at(what, f"not valid JSON: {str(error)[:200]}") from error
    check(value, what)
    return value


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError(f"duplicate member {_repeated(pairs)[:100]!r}")
    return members


def _repeated(pairs: list[tuple[str, Any]]) -> str:
    # Counted once for all: who sends the body chooses how many members there are.
    times = Counter(name for name, _ in pairs)
    return next(name for name in times if times[name] > 1)


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def check(root: Any, what: str) -> None:
    """Refuse a decoded value that could not be read or stored here.

    Raises:
        InvalidRequestError: nested deeper than 32, an integer beyond 64 bits, U+0000 or lone surrogates.
    """
    level = [root]
    for _ in range(MAX_DEPTH + 1):
        below: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                below.extend(value.values())
                below.extend(value)
            elif isinstance(value, list):
                below.extend(value)
            else:
                _check_scalar(value, what)
        if not below:
            return
        level = below
    raise InvalidRequestError.at(what, f"nested deeper than {MAX_DEPTH}")


def _check_scalar(value: Any, what: str) -> None:
    if isinstance(value, str):
        if "\x00" in value:
            raise InvalidRequestError.at(what, "holds U+0000, which cannot be stored")
        if not value.isascii() and not _is_scalar_text(value):
            raise InvalidRequestError.at(what, "holds a lone surrogate, which is not a character")
    elif isinstance(value, int) and not -MAX_INTEGER - 1 <= value <= MAX_INTEGER:
        raise InvalidRequestError.at(what, "holds an integer beyond 64 bits")
    elif isinstance(value, float) and value in (float("inf"), float("-inf")):
        raise InvalidRequestError.at(what, "holds a number beyond double precision")


def _is_scalar_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
