"""User names: unique in the organization that manages the user, the same in any case, never like an id."""

from __future__ import annotations

import re
from itertools import count

from trunkline.core.access.queries import USERNAMES_LIKE
from trunkline.infra.db import Tx
from trunkline.kit.errors import InvalidRequestError
from trunkline.kit.ids import parse_any, parse_id

MAX_USERNAME = 64  # characters
_ROOM = 8  # characters left for a number behind a name that is made up
_USERNAME = re.compile(rf"[a-z0-9][a-z0-9._-]{{0,{MAX_USERNAME - 1}}}", re.ASCII)
_UNFIT = re.compile(r"[^a-z0-9._-]+", re.ASCII)
_BARE_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
_FOLDED = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def fold(text: str) -> str:
    """The text with ASCII letters in lower case; no others are folded, so that both databases agree."""
    return text.translate(_FOLDED)


def check_username(path: str, value: str) -> str:
    """The name with ASCII letters in lower case.

    Raises:
        InvalidRequestError: not 1-64 ASCII letters, digits or `._-`, not starting with a letter or digit, or
            it would be read as an id.
    """
    folded = fold(value)
    if not _USERNAME.fullmatch(folded):
        raise InvalidRequestError.at(
            path, f"must be 1-{MAX_USERNAME} letters, digits or ._- and start with a letter or digit"
        )
    if is_like_an_id(folded):
        raise InvalidRequestError.at(path, "must not look like an id")
    return folded


def is_like_an_id(text: str) -> bool:
    """Whether a name could be mistaken for an id: ids and names may be given in the same places."""
    known = parse_any(text) is not None or parse_id("user", text) is not None
    return known or _BARE_ID.fullmatch(text) is not None


def free_username(tx: Tx, organization_id: str, email: str) -> str:
    """A name made of the local part of an address, with `-2` and so on behind it where it is taken."""
    local = _UNFIT.sub("-", fold(email.partition("@")[0]))[: MAX_USERNAME - _ROOM].strip("._-")
    base = local or "user"
    if is_like_an_id(base):
        base = f"user-{base}"
    # `.` follows `-` in the order of bytes: everything between is `base` with a number, or longer.
    taken = set(
        tx.column(
            USERNAMES_LIKE,
            organization_id=organization_id,
            base=base,
            numbered=f"{base}-",
            beyond=f"{base}.",
        )
    )
    if base not in taken:
        return base
    return next(name for number in count(2) if (name := f"{base}-{number}") not in taken)
