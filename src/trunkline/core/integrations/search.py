"""Looking for integrations by words: every word must occur in the name or the description, in any case."""

from __future__ import annotations

from trunkline.kit.errors import InvalidRequestError
from trunkline.kit.filters import All, AnyOf, Compare, Node, Op

MAX_TERMS = 10
_SEARCHED = ("name", "description")


def having_words(text: str, path: str = "q") -> Node | None:
    """The condition that a row has all words of `text`; None for no words.

    Case is that of ASCII letters, as everywhere. Rows are tested one by one, within what the caller sees: see
    docs/decisions/0005-search-reads-rows.md.

    Raises:
        InvalidRequestError: more than ten words.
    """
    terms = text.split()
    if len(terms) > MAX_TERMS:
        raise InvalidRequestError.at(path, f"more than {MAX_TERMS} words")
    if not terms:
        return None
    return All(tuple(_having(term, path) for term in terms))


def _having(term: str, path: str) -> Node:
    return AnyOf(tuple(Compare(field, Op.ICONTAINS, term, path) for field in _SEARCHED))
