"""Time as the database stores it: UTC text with six decimals and `Z`, which sorts bytewise."""

from __future__ import annotations

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
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def read_stamp(text: str) -> datetime:
    """Read stored text back into an aware moment."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def parse_time(text: str) -> str | None:
    """Normalise RFC 3339 text (or a bare date) from a caller to stored text; None when it is not one.

    Source: RFC 3339 section 5.6; a missing offset is refused because it would be a guess.
    """
    try:
        moment = datetime.fromisoformat(f"{text}T00:00:00+00:00" if len(text) == len("2026-01-01") else text)
        return stamp(moment) if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None
