"""Jobs that come round: one row per kind says when the next is due, and whoever moves it on makes the job."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from trunkline.infra.db import Tx
from trunkline.infra.db.locks import read_committed
from trunkline.infra.db.moments import shared_now
from trunkline.infra.jobs.queries import AS_SEEN, FIRST_RUN, PERIODICS
from trunkline.infra.jobs.store import enqueue
from trunkline.infra.jobs.tables import periodic
from trunkline.kit.clock import read_stamp, stamp


@dataclass(frozen=True, slots=True)
class Periodic:
    """How often a kind of job runs.

    Attributes:
        interval_s: seconds from one run to the next; runs that were missed are not made up for.
        needed: asked each time it is due; what need not run costs a read and no write.
    """

    interval_s: float
    needed: Callable[[Tx], bool] | None = None


Periodics = Mapping[str, Periodic]


@dataclass(frozen=True, slots=True)
class Due:
    """A kind whose turn has come.

    Attributes:
        seen: the time its row holds; None when it has no row yet.
        next: the time it gets.
        runs: False when only its row is to be put right.
    """

    kind: str
    seen: str | None
    next: str
    runs: bool


def find_due(tx: Tx, periodics: Periodics) -> list[Due]:
    """The kinds to be run now: those never run, and those whose time has come.

    A time further ahead than the interval means that the clock was set back or the interval shortened: it is
    only moved back, as running at once might be too soon.
    """
    times: dict[str, str] = dict(tx.fetch(PERIODICS, {}))
    # The shared clock: by their own, processes that disagree would move the time to and fro and run each time.
    now = shared_now(tx)
    due = []
    for kind, every in periodics.items():
        seen = times.get(kind)
        following = stamp(read_stamp(now) + timedelta(seconds=every.interval_s))
        if seen is not None and seen > following:
            due.append(Due(kind, seen, following, runs=False))
        elif (seen is None or seen <= now) and (every.needed is None or every.needed(tx)):
            due.append(Due(kind, seen, following, runs=True))
    return due


def fire(tx: Tx, due: Due) -> bool:
    """Move a kind's time on and enqueue its job, unless another process was first. Needs its own transaction.

    Returns:
        Whether this call enqueued the job.
    """
    read_committed(tx)
    if due.seen is None:
        first = tx.run(FIRST_RUN, kind=due.kind, next=due.next)
    else:
        place = {"kind": due.kind, "seen": due.seen}
        first = tx.update(periodic, AS_SEEN, place, next_run_at=due.next)
    if first != 1 or not due.runs:
        return False
    enqueue(tx, due.kind, {}, dedupe_key=f"periodic:{due.kind}")
    return True
