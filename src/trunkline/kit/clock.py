"""Time as the database stores it: UTC text with six decimals and `Z`, which sorts bytewise."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Where the time comes from; injectable so that retention and expiry can be tested."""

    def now(self) -> datetime:
        """The present moment, aware and in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present moment, aware and in UTC."""
        return datetime.now(UTC)


class FixedClock:
    """A clock that moves only when told to, for tests and simulations."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        """The moment it was last set to."""
        return self._now

    def advance(self, step: timedelta) -> None:
        """Move forward (or, with a negative step, back) by `step`."""
        self._now += step


def stamp(moment: datetime) -> str:
    """Spell an aware moment as stored text, e.g. `2026-11-22T10:00:00.000000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def read_stamp(text: str) -> datetime:
    """Read stored text back into an aware moment."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_RFC_3339 = re.compile(
    rf"{_DATE}(?:[Tt][0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(?:\.[0-9]{{1,9}})?(?:[Zz]|[+-][0-9]{{2}}:[0-9]{{2}}))?",
    re.ASCII,
)


def parse_time(text: str) -> str | None:
    """Normalise RFC 3339 text (or a bare date) from a caller to stored text; None when it is not one.

    Digits beyond microseconds are cut off. Source: RFC 3339 section 5.6; a missing offset is refused because
    it would be a guess.
    """
    if not _RFC_3339.fullmatch(text):
        return None
    try:
        whole = f"{text}T00:00:00Z" if len(text) == len("2026-01-01") else text.upper()
        return stamp(datetime.fromisoformat(whole))
    except (ValueError, OverflowError):
        return None
