"""JSON pointers: where in an answer something stands.

Source: RFC 6901.
"""

from __future__ import annotations

from typing import Any


def pointed(document: Any, pointer: str | None) -> Any:
    """What stands at a place of decoded JSON; None where nothing does."""
    if pointer is None:
        return None
    found = document
    for raw in pointer.split("/")[1:]:
        name = raw.replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict):
            found = found.get(name)
        elif isinstance(found, list) and name.isdecimal() and int(name) < len(found):
            found = found[int(name)]
        else:
            return None
    return found


def pointed_text(document: Any, pointer: str | None, limit: int) -> str | None:
    """The text or number at a place, as printable text of at most `limit` characters; None for anything else."""
    found = pointed(document, pointer)
    if isinstance(found, bool) or not isinstance(found, str | int):
        return None
    return "".join(filter(str.isprintable, str(found)))[:limit] or None
