"""Where in a document something stands, and the refusal or warning that names it.

A place is a linked path, so walking two million nodes builds no two million strings; the JSON pointer is
spelled only when a person has to read it.
"""

from __future__ import annotations

from dataclasses import dataclass

from trunkline.kit.errors import InvalidRequestError, Problem

SHOWN_CHARS_MAX = 80  # of any text of the document that a message quotes
WARNINGS_MAX = 200  # a document with more mistakes is not read better by listing them


@dataclass(frozen=True, slots=True)
class Place:
    """One spot in a document.

    Attributes:
        parent: the spot around it; `None` for the document itself.
        token: the member name or list index, as text.
    """

    parent: Place | None
    token: str

    def child(self, *tokens: str | int) -> Place:
        """The spot that many steps further in."""
        place = self
        for token in tokens:
            place = Place(place, str(token))
        return place

    @property
    def pointer(self) -> str:
        """The JSON pointer of the spot as a URI fragment, `#/paths/~1pets/get`.

        Source: RFC 6901.
        """
        tokens: list[str] = []
        place: Place | None = self
        while place is not None and place.parent is not None:
            tokens.append(shown(place.token).replace("~", "~0").replace("/", "~1"))
            place = place.parent
        return "#" + "".join("/" + token for token in reversed(tokens))


ROOT = Place(None, "")


def shown(text: str) -> str:
    """`text`, shortened so that a hostile document cannot fill a message."""
    return text if len(text) <= SHOWN_CHARS_MAX else text[:SHOWN_CHARS_MAX] + "…"


def refused(place: Place, message: str) -> InvalidRequestError:
    """The refusal of what stands at `place`; the caller raises it."""
    return InvalidRequestError.at(place.pointer, message)


class Warnings:
    """What was read otherwise than it was written, each spot and sentence once."""

    def __init__(self) -> None:
        self._seen: dict[Problem, None] = {}
        self._left_out = 0

    def add(self, place: Place, message: str) -> None:
        """Notes one; beyond the limit they are only counted."""
        problem = Problem(place.pointer, message)
        if problem in self._seen:
            return
        if len(self._seen) >= WARNINGS_MAX:
            self._left_out += 1
            return
        self._seen[problem] = None

    def listed(self) -> tuple[Problem, ...]:
        """All of them in the order noted, closed by a count of those left out."""
        if not self._left_out:
            return tuple(self._seen)
        return (*self._seen, Problem("#", f"{self._left_out} more warnings are not listed"))
