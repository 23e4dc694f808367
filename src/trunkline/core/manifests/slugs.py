"""Members' slugs of a manifest's objects: `read:contact`, `write:me~2fmessages`.

What a slug may not hold is written as `~` and two hexadecimal digits for each byte of its UTF-8, and so is `~`
itself: two names never share a slug, and each slug leads back to its name.
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

Action: TypeAlias = Literal["read", "write", "subscribe"]

ACTIONS: tuple[Action, ...] = ("read", "write", "subscribe")
SLUG_MAX = 128  # characters; what a slug may have at all
WRITTEN_MAX = SLUG_MAX - len("subscribe:")  # characters of a written name, so that it fits with every action
_PLAIN = re.compile(r"[A-Za-z0-9._:-]", re.ASCII)
_WRITTEN = re.compile(r"(?:[A-Za-z0-9._:-]|~[0-9a-f]{2})+", re.ASCII)
_ESCAPE = re.compile(r"~([0-9a-f]{2})", re.ASCII)


def written_name(object_name: str) -> str:
    """An object's name in the letters of a slug."""
    return "".join(
        char if _PLAIN.fullmatch(char) else "".join(f"~{byte:02x}" for byte in char.encode())
        for char in object_name
    )


def object_slug(action: Action, object_name: str) -> str:
    """The slug of an action's object."""
    return f"{action}:{written_name(object_name)}"


def object_of_slug(slug: str) -> tuple[Action, str] | None:
    """The action and the object's name that a slug stands for; None where it is not of this form."""
    action, _, written = slug.partition(":")
    for known in ACTIONS:
        if action == known and _WRITTEN.fullmatch(written):
            return _named(known, written)
    return None


def _named(action: Action, written: str) -> tuple[Action, str] | None:
    # Escapes stand for bytes, so plain characters pass as bytes, too, until all of them are together.
    parts = _ESCAPE.split(written)
    data = b"".join(bytes.fromhex(part) if i % 2 else part.encode() for i, part in enumerate(parts))
    try:
        name = data.decode()
    except UnicodeDecodeError:
        return None
    return (action, name) if written_name(name) == written else None
