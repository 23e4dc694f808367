"""Access keys: a prefix such as `sec_`, 37 random characters and 6 of checksum, all base62.

The checksum lets an edge or a leak scanner refuse a mistyped or made-up key without a database look-up;
it proves nothing about who holds the key.
"""

from __future__ import annotations

import re
import secrets
import string
import zlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from trunkline.kit.secret import Secret


class KeyKind(StrEnum):
    """What a key is for; the value is the prefix it is spelled with."""

    SECRET = "sec_"  # noqa: S105  # a prefix
    PUBLIC = "pub_"
    TOKEN = "tok_"  # noqa: S105  # a prefix
    SESSION = "ses_"
    API = "inf_"


PREFIXES: Final = tuple(kind.value for kind in KeyKind)
LENGTH: Final = 47  # characters, prefix included

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM = 37  # characters, 220 bits; showing the last 4 of the checksum in a hint leaves at least 196
_CHECKSUM = 6  # characters: the fewest that hold 32 bits
_SHAPE = re.compile(rf"({'|'.join(PREFIXES)})[0-9A-Za-z]{{{_RANDOM + _CHECKSUM}}}")
_LEADING_PREFIX = re.compile(r"[a-z]{2,6}_")
_SHORTEST_HINTED = 20  # characters; four of fewer would give too much of a foreign key away


@dataclass(frozen=True, slots=True)
class KeyText:
    """A well-formed key: it may still be unknown, expired or revoked."""

    kind: KeyKind
    text: Secret


def generate(prefix: str) -> Secret:
    """A fresh random key that begins with `prefix`.

    Raises:
        ValueError: the prefix is none of `PREFIXES`.
    """
    kind = KeyKind(prefix)
    body = kind.value + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM))
    return Secret(body + _checksum(body))


def parse(text: str) -> KeyText | None:
    """Read a key; None when it is malformed or its checksum is wrong."""
    found = _SHAPE.fullmatch(text)
    if found is None or _checksum(text[:-_CHECKSUM]) != text[-_CHECKSUM:]:
        return None
    return KeyText(KeyKind(found[1]), Secret(text))


def hint(text: str) -> str:
    """What may be shown of a key so that its owner recognises it, e.g. `sec_…a1B2`.

    Works on keys of other shapes too; of a short one nothing but a leading prefix is shown.
    """
    found = _LEADING_PREFIX.match(text)
    prefix = found[0] if found else ""
    return f"{prefix}…{text[-4:]}" if len(text) >= _SHORTEST_HINTED else f"{prefix}…"


def _checksum(body: str) -> str:
    number = zlib.crc32(body.encode())
    digits = ""
    for _ in range(_CHECKSUM):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
