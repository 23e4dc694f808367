"""Names: what a member is shown as, and a slug that is the document's own name wherever that can be one."""

from __future__ import annotations

import re
from collections.abc import Iterable

NAME_CHARS_MAX = 200
SLUG_CHARS_MAX = 128

_SLUG = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._:~-]{{0,{SLUG_CHARS_MAX - 1}}}")
_FOREIGN = re.compile(r"[^A-Za-z0-9._:~-]+")
_SUFFIX_ROOM = 8  # characters, for `_` and a count


def display_name(text: str | None, slug: str) -> str:
    """The first `NAME_CHARS_MAX` characters of `text`, or the slug where that leaves nothing."""
    return (text or "").strip()[:NAME_CHARS_MAX].strip() or slug


def slug_stem(text: str) -> str:
    """`text` with what a slug cannot hold as `_`; empty where too little is left to tell it by."""
    stem = _FOREIGN.sub("_", text).lstrip("._:~-")
    return stem.rstrip("_")[: SLUG_CHARS_MAX - _SUFFIX_ROOM]


class Slugs:
    """Hands out slugs that differ, the same ones each time for the same document."""

    def __init__(self) -> None:
        self._used: set[str] = set()
        self._counts: dict[str, int] = {}

    def assign(self, wanted: Iterable[tuple[str | None, str]]) -> list[str]:
        """A slug for each pair of the slug wished for and the stem to spell one from otherwise.

        Wishes go first, so that a name which can be a slug is never taken by one made up for another.
        """
        pairs = list(wanted)
        granted = [self._granted(wish) for wish, _ in pairs]
        return [slug or self._spelled(stem) for slug, (_, stem) in zip(granted, pairs, strict=True)]

    def _granted(self, wish: str | None) -> str | None:
        if wish is None or not _SLUG.fullmatch(wish) or wish in self._used:
            return None
        self._used.add(wish)
        return wish

    def _spelled(self, stem: str) -> str:
        """The next free of `stem`, `stem_2`, `stem_3`; remembers how far each stem has come."""
        while True:
            count = self._counts[stem] = self._counts.get(stem, 0) + 1
            slug = stem if count == 1 else f"{stem}_{count}"
            if slug not in self._used:
                self._used.add(slug)
                return slug
