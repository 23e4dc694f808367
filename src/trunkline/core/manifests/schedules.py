"""Schedules: cron expressions of five fields, and how close together they fire.

Understood are numbers, `*`, `?`, ranges, steps, lists, and the names of months and weekdays. A step may be longer
than its field: `*/60` is minute 0 of every hour. Where both days are restricted, either is enough.

Source: POSIX crontab(5); steps and names as Vixie cron has them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

FIELDS = ("minute", "hour", "day of month", "month", "day of week")
DAY_MINUTES = 24 * 60
_DAYS_OF = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_NAMES: tuple[dict[str, int], ...] = (
    {},
    {},
    {},
    {name: number for number, name in enumerate(_MONTHS, 1)},
    {name: number for number, name in enumerate(_WEEKDAYS)},
)
_LAST_DAY_LEAST = 28  # the first that may be the last of a month
_DIGITS_MAX = 4  # of a number; no field needs more


class ScheduleError(ValueError):
    """A text is no cron expression; the message says why."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a cron expression fires.

    Attributes:
        minutes, hours, days, months, weekdays: the values that match, Sunday being 0.
        any_day, any_weekday: whether that field leaves the day open.
        every_minute: the minute field is `*` and nothing else.
    """

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]
    any_day: bool
    any_weekday: bool
    every_minute: bool

    @property
    def never_fires(self) -> bool:
        """Whether no date ever matches, such as 30 February."""
        if self.any_day or not self.any_weekday:
            return False
        return all(self.days[0] > _DAYS_OF[month - 1] for month in self.months)

    @property
    def least_interval(self) -> int:
        """Minutes between the two firings that are closest together."""
        times = [hour * 60 + minute for hour in self.hours for minute in self.minutes]
        gaps = [later - earlier for earlier, later in pairwise(times)]
        if self._on_days_in_a_row:
            gaps.append(DAY_MINUTES - times[-1] + times[0])
        return min(gaps, default=DAY_MINUTES)

    @property
    def _on_days_in_a_row(self) -> bool:
        if self.any_day == self.any_weekday:
            # Both open: every day. Both given: either is enough, and some month brings them side by side.
            return True
        if self.any_day:
            return any((day + 1) % 7 in self.weekdays for day in self.weekdays)
        within = any(day + 1 in self.days for day in self.days)
        return within or (1 in self.days and self.days[-1] >= _LAST_DAY_LEAST)


@lru_cache(maxsize=256)
def read_schedule(text: str) -> Schedule:
    """Read a cron expression.

    Raises:
        ScheduleError: not five fields, or one that is malformed or out of range.
    """
    parts = text.split()
    if len(parts) != len(FIELDS):
        raise ScheduleError(f"it has {len(parts)} fields instead of {len(FIELDS)}")
    minutes, hours, days, months, weekdays = (_field(part, at) for at, part in enumerate(parts))
    return Schedule(
        minutes=minutes,
        hours=hours,
        days=days,
        months=months,
        weekdays=tuple(sorted({day % 7 for day in weekdays})),
        any_day=_is_open(parts[2]),
        any_weekday=_is_open(parts[4]),
        every_minute=parts[0] == "*",
    )


def _is_open(part: str) -> bool:
    return part in ("*", "?", "*/1")


def _field(part: str, at: int) -> tuple[int, ...]:
    values: set[int] = set()
    for piece in part.split(","):
        values.update(_piece(piece, at))
    return tuple(sorted(values))


def _piece(piece: str, at: int) -> range:
    span, slash, step_text = piece.partition("/")
    step = _number(step_text, at) if slash else 1
    if step < 1:
        raise ScheduleError(f"a step of 0 in the {FIELDS[at]} field never moves on")
    least, most = _BOUNDS[at]
    if span == "*" or (span == "?" and at in (2, 4) and not slash):
        # Sunday is both 0 and 7; counted twice, steps would fall on it twice.
        return range(least, min(most, 6) + 1 if at == 4 else most + 1, step)
    first, dash, last = span.partition("-")
    start = _value(first, at)
    end = _value(last, at) if dash else (most if slash else start)
    if end < start:
        raise ScheduleError(f"the range {span} in the {FIELDS[at]} field runs backwards")
    return range(start, end + 1, step)


def _value(text: str, at: int) -> int:
    named = _NAMES[at].get(text.upper())
    value = _number(text, at) if named is None else named
    least, most = _BOUNDS[at]
    if not least <= value <= most:
        raise ScheduleError(f"{value} in the {FIELDS[at]} field is not between {least} and {most}")
    return value


def _number(text: str, at: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX):
        written = f"{text[:20]} is no value of" if text else "something is missing in"
        raise ScheduleError(f"{written} the {FIELDS[at]} field")
    return int(text)
