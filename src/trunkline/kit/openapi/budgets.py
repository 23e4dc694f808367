"""How large a document, and what is made of it, may be: a hostile one is refused before it costs much."""

from __future__ import annotations

import math
from collections.abc import Iterable

from trunkline.kit.openapi.places import ROOT, Place, refused

DEPTH_MAX = 64  # nested objects and lists in the document
OUTPUT_DEPTH_MAX = 100  # in one definition; common JSON readers stop at 128
NODES_MAX = 2_000_000  # members and items, with every alias and inlined reference counted where it is used
TEXT_CHARS_MAX = 32 * 1024 * 1024  # all names and strings together, counted the same way
DIGITS_MAX = 300  # of one number; every double has fewer
INTEGER_MAX = 10**DIGITS_MAX

_TOO_MANY = f"the document has more than {NODES_MAX:,} nodes once references are followed; split it"
_TOO_LONG = f"the document has more than {TEXT_CHARS_MAX:,} characters of text once references are followed"


class Budget:
    """Counts nodes and text as they are read or made and refuses what goes over."""

    def __init__(self) -> None:
        self._nodes_left = NODES_MAX
        self._text_left = TEXT_CHARS_MAX

    def spend(self, nodes: int, place: Place) -> None:
        """Takes `nodes` off what is left.

        Raises:
            InvalidRequestError: fewer are left.
        """
        self._nodes_left -= nodes
        if self._nodes_left < 0:
            raise refused(place, _TOO_MANY)

    def spend_text(self, text: str, place: Place) -> None:
        """Takes the characters of `text` off what is left.

        Raises:
            InvalidRequestError: fewer are left.
        """
        self._text_left -= len(text)
        if self._text_left < 0:
            raise refused(place, _TOO_LONG)

    def copy(self, value: object, place: Place, depth: int) -> object:
        """A deep copy of data, which is never rewritten; `depth` is where it stands in the definition.

        An integer beyond 64 bits becomes the nearest double, as most JSON readers take it anyway.

        Raises:
            InvalidRequestError: it nests too deeply there or the budget is spent.
        """
        if isinstance(value, str):
            self.spend_text(value, place)
            return value
        if not isinstance(value, (dict, list)):
            return _stored(value)
        self.check_depth(depth, place)
        self.spend(len(value), place)
        if isinstance(value, list):
            return [self.copy(item, place, depth + 1) for item in value]
        for key in value:
            self.spend_text(key, place)
        return {key: self.copy(item, place, depth + 1) for key, item in value.items()}

    def check_depth(self, depth: int, place: Place) -> None:
        """Lets a definition nest as deep as common readers can follow.

        Raises:
            InvalidRequestError: `depth` is over the limit.
        """
        if depth > OUTPUT_DEPTH_MAX:
            raise refused(place, f"nests deeper than {OUTPUT_DEPTH_MAX} levels once references are followed")


def _stored(value: object) -> object:
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return float(value)
    return value


def check_tree(root: object) -> None:
    """Accepts a finite tree of plain JSON values within the limits, and nothing else.

    Raises:
        InvalidRequestError: too deep, too large, a value that JSON cannot spell, U+0000 or half a
            surrogate pair in a text.
    """
    budget = Budget()
    stack: list[tuple[object, Place, int]] = [(root, ROOT, 1)]
    while stack:
        value, place, depth = stack.pop()
        if depth > DEPTH_MAX and isinstance(value, (dict, list)):
            raise refused(place, f"nests deeper than {DEPTH_MAX} levels")
        children: Iterable[tuple[str | int, object]] = ()
        if isinstance(value, dict):
            budget.spend(len(value), place)
            _check_names(value, place, budget)
            children = value.items()
        elif isinstance(value, list):
            budget.spend(len(value), place)
            children = enumerate(value)
        for token, item in children:
            # A place is made only where one is needed: most values are small and in order.
            if isinstance(item, (dict, list)):
                stack.append((item, place.child(token), depth + 1))
            elif (wrong := _flaw(item, place, budget)) is not None:
                raise refused(place.child(token), wrong)


def _check_names(value: dict[object, object], place: Place, budget: Budget) -> None:
    for name in value:
        wrong = _flaw(name, place, budget) if isinstance(name, str) else "is not a text"
        if wrong is not None:
            # The name itself may be what no message can carry.
            raise refused(place, f"has a member whose name {wrong}")


def _flaw(value: object, place: Place, budget: Budget) -> str | None:
    """What keeps a value from being plain JSON that every database and reader takes."""
    if isinstance(value, str):
        # Counted before it is looked at: an aliased text may stand here a hundred thousand times.
        budget.spend_text(value, place)
        if "\x00" in value:
            return "holds the character U+0000"
        return None if value.isascii() or _is_encodable(value) else "holds half of a surrogate pair"
    if isinstance(value, float):
        return None if math.isfinite(value) else "must be a finite number"
    if isinstance(value, int):
        return None if abs(value) < INTEGER_MAX else f"must have at most {DIGITS_MAX} digits"
    return None if value is None else "is not a value that JSON can spell"


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
