"""A text that must not leave the process by accident: credentials, tokens, key material."""

from __future__ import annotations

import hmac
from typing import ClassVar, Never, final

from trunkline.kit.errors import InvalidRequestError

SHORTEST_HINTED = 12  # characters; four of fewer would give too much away
_MASK = "Secret(***)"


@final
class Secret:
    """Holds a text that only `reveal` gives back.

    It prints as `Secret(***)` in every format, no encoder knows it (json, msgspec, pickle, copy), it
    cannot be a dictionary key, and comparing two takes the same time wherever they differ.
    """

    __slots__ = ("_text",)
    __hash__: ClassVar[None]  # type: ignore[assignment]

    def __init__(self, value: str | bytes) -> None:
        """Hold `value`; bytes are read as UTF-8.

        Raises:
            InvalidRequestError: the value is not Unicode text (bytes that are no UTF-8, a lone surrogate).
        """
        text = _as_text(value)
        if text is None:
            raise InvalidRequestError("a secret must be valid Unicode text")
        self._text: str = text

    def reveal(self) -> str:
        """The text itself: call it only where the text is used, and never keep the result."""
        return self._text

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __repr__(self) -> str:
        return _MASK

    __str__ = __repr__

    def __format__(self, format_spec: str) -> str:
        return _MASK

    # Pickle and copy of every protocol ask here; what object defines would hand the text out.
    def __getstate__(self) -> Never:
        raise TypeError("a Secret cannot be pickled or copied")


def hint_of(value: Secret) -> str:
    """The end of a credential, so that whoever gave it recognises it: `…` and four characters, if it is long."""
    text = value.reveal()
    return f"…{text[-4:]}" if len(text) >= SHORTEST_HINTED else "…"


def _as_text(value: str | bytes) -> str | None:
    # A Unicode error carries the whole value, so none may become the context of another exception.
    try:
        return value.decode() if isinstance(value, bytes) else value.encode().decode()
    except UnicodeError:
        return None
