"""Recognise credentials in text that is about to be published, before every customer can read them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_PATTERNS = (
    r"(?:sec|tok|prv|ses|inf)_[0-9A-Za-z]{43}",
    r"ak_[0-9A-Za-z]{32}",
    r"AKIA[0-9A-Z]{16}",
    r"gh[oprsu]_[0-9A-Za-z]{36}",
    r"xox[abeprs]-[0-9A-Za-z-]{10,}",
    r"sk_live_[0-9A-Za-z]{16,}",
    r"AIza[0-9A-Za-z_-]{35}",
    r"whsec_[0-9A-Za-z+/=]{24,}",
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----",
)
_KNOWN = re.compile("|".join(_PATTERNS), re.ASCII)
_SLOTS = frozenset(
    {"clientsecret", "password", "apikey", "accesstoken", "refreshtoken", "privatekey", "secret", "token"}
)


def find_secrets(value: Any, path: str, *, slots: bool = False) -> Iterator[str]:
    """Paths of strings that look like a credential.

    Args:
        value: decoded JSON.
        path: where it stands, as the first part of every answer.
        slots: also report any text standing in a member whose name asks for a secret.
    """
    if isinstance(value, str):
        if _KNOWN.search(value):
            yield path
    elif isinstance(value, Mapping):
        for name, member in value.items():
            if slots and isinstance(member, str) and member and _folded(name) in _SLOTS:
                yield f"{path}.{name}"
            else:
                yield from find_secrets(member, f"{path}.{name}", slots=slots)
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from find_secrets(item, f"{path}[{i}]", slots=slots)


def _folded(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()
