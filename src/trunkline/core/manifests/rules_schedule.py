"""Rules about schedules, of objects that are read and of the watch on a schema."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.core.manifests.places import Place, shown
from trunkline.core.manifests.rules import Complaint, Context, Rulebook, Scope
from trunkline.core.manifests.schedules import Schedule, ScheduleError, read_schedule

READ_INTERVAL_LEAST = 10  # minutes
WATCH_INTERVAL_LEAST = 60

SCHEDULE = Rulebook()


@SCHEDULE.rule(
    "schedule-syntax",
    "error",
    Scope.SCHEDULE,
    sentence="A schedule has five cron fields: minute, hour, day of month, month and day of week.",
    remedy='Write for example "*/10 * * * *" for every ten minutes.',
)
def schedule_syntax(schedule: Place, _: Context) -> Iterator[Complaint]:
    """A schedule can be read."""
    try:
        read_schedule(schedule.text)
    except ScheduleError as error:
        yield schedule, f"{shown(schedule.text)!r} is no schedule: {error}."


@SCHEDULE.rule(
    "schedule-every-minute",
    "error",
    Scope.SCHEDULE,
    sentence="The minute of a schedule is not `*`.",
    remedy='Write "*/10 …" or a longer step instead of "* …".',
)
def schedule_every_minute(schedule: Place, _: Context) -> Iterator[Complaint]:
    """The likeliest mistake of all has a sentence of its own."""
    found = _readable(schedule)
    if found is not None and found.every_minute:
        yield schedule, "The schedule runs every minute."


@SCHEDULE.rule(
    "schedule-interval",
    "error",
    Scope.SCHEDULE,
    sentence=f"Two runs of a read are at least {READ_INTERVAL_LEAST} minutes apart,"
    f" two looks at a schema {WATCH_INTERVAL_LEAST}.",
    remedy="Choose a longer step, and no minutes that are close together, not even across midnight.",
)
def schedule_interval(schedule: Place, context: Context) -> Iterator[Complaint]:
    """Providers limit how often they are asked."""
    found = _readable(schedule)
    if found is None or found.every_minute or found.never_fires:
        return
    if found.least_interval < context.interval_least:
        least = context.interval_least
        yield (
            schedule,
            f"Two runs are only {found.least_interval} minutes apart; at least {least} are needed.",
        )


@SCHEDULE.rule(
    "schedule-never",
    "error",
    Scope.SCHEDULE,
    sentence="A schedule fires on some day.",
    remedy="Choose a day that one of the months has.",
)
def schedule_never(schedule: Place, _: Context) -> Iterator[Complaint]:
    """A date such as 30 February never comes."""
    found = _readable(schedule)
    if found is not None and found.never_fires:
        yield schedule, "None of the months has that day: the schedule never runs."


def _readable(schedule: Place) -> Schedule | None:
    try:
        return read_schedule(schedule.text)
    except ScheduleError:
        return None
