"""Semantic versions: reading and precedence. Source: SemVer 2.0.0 sections 2, 9-11."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import total_ordering

MAX_LENGTH = 100  # characters
_NUMBER = r"(0|[1-9][0-9]{0,17})"
_VERSION = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?",
    re.ASCII,
)


@total_ordering
@dataclass(frozen=True, slots=True, eq=False)
class SemVer:
    """A parsed version; compares by precedence, so build metadata is ignored."""

    major: int
    minor: int
    patch: int
    pre: tuple[str, ...] = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SemVer) and self._key() == other._key()

    def __lt__(self, other: SemVer) -> bool:
        return self._key() < other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[int, int, int, bool, tuple[tuple[bool, int, str], ...]]:
        # Numbers before words, and a release (no identifiers) after every pre-release of it.
        pre = tuple((False, int(p), "") if p.isdigit() else (True, 0, p) for p in self.pre)
        return self.major, self.minor, self.patch, not self.pre, pre


def parse(text: str) -> SemVer | None:
    """Read a version such as `1.4.0-rc.1+build.5`; None when it is not one."""
    found = _VERSION.fullmatch(text) if len(text) <= MAX_LENGTH else None
    if found is None:
        return None
    pre = tuple(found[4].split(".")) if found[4] else ()
    if any(not part or (part.isdigit() and len(part) > 1 and part[0] == "0") for part in pre):
        return None
    return SemVer(int(found[1]), int(found[2]), int(found[3]), pre)


def satisfies(version: SemVer, requirement: str) -> bool | None:
    """Whether a version meets `1.2.3`, `^1.2`, `~1.2.3`, `>=1.0.0` or `*`; None when that is not one.

    `^` keeps the leftmost non-zero number, `~` the minor one; missing numbers count as zero.
    """
    if requirement == "*":
        return True
    found = re.fullmatch(r"(\^|~|>=|=)?(.+)", requirement)
    lower = parse(_padded(found[2])) if found else None
    if found is None or lower is None:
        return None
    sign = found[1] or "="
    if sign == "=" or version < lower:
        return version == lower
    kept = 2 if sign == "~" else _leading(lower)
    return sign == ">=" or _numbers(version)[:kept] == _numbers(lower)[:kept]


def _numbers(version: SemVer) -> tuple[int, int, int]:
    return version.major, version.minor, version.patch


def _leading(lower: SemVer) -> int:
    """How many numbers `^` keeps: up to the first that is not zero."""
    return next((i for i, number in enumerate(_numbers(lower), start=1) if number), 3)


def _padded(text: str) -> str:
    return text + ".0" * (2 - text.count(".")) if re.fullmatch(r"[0-9.]+", text) else text
