"""Runs one leased job: finds its handler, and whatever comes of it, says so in the job's row."""

from __future__ import annotations

import random
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import structlog

from trunkline.infra.db import Database
from trunkline.infra.jobs.store import MAX_ATTEMPTS, MAX_ERROR, Job, complete, fail, park
from trunkline.kit.actor import Actor, system_actor
from trunkline.kit.clock import Clock
from trunkline.kit.errors import TrunklineError
from trunkline.kit.leaks import find_secrets

BACKOFF_MIN_S = 1.0
BACKOFF_MAX_S = 3600.0
BACKOFF_GROWTH = 3  # reaches the maximum with the eighth attempt, so that ten of them span hours

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class JobContext:
    """What a handler works with; it opens its own transactions, as short as it can.

    Attributes:
        payload: the ids the job was made with.
        actor: the system, acting because of this job.
        clock: where the time comes from.
    """

    database: Database
    payload: Mapping[str, str]
    actor: Actor
    clock: Clock


Handler = Callable[[JobContext], None]
Handlers = Mapping[str, Handler]
Jitter = Callable[[float, float], float]


def run_job(database: Database, handlers: Handlers, job: Job, *, jitter: Jitter = random.uniform) -> None:
    """Run a job on the calling thread and record how it ended. Never raises: there is nobody to catch it.

    A job that fails is tried again with growing pauses and parked after its last attempt; one whose kind has
    no handler is parked at once.
    """
    try:
        outcome = _outcome(database, handlers, job, jitter)
        if not database.write_now(outcome):
            _log.warning("job_lease_lost", job=job.id, kind=job.kind, attempt=job.attempt)
    except Exception as error:  # noqa: BLE001  # the row could not be written: its lease expires instead
        _log.error("job_outcome_lost", job=job.id, kind=job.kind, error=describe(error))


def backoff_s(attempt: int, jitter: Jitter = random.uniform) -> float:
    """Seconds to wait after a failed attempt: anything between 1 s and a bound that grows up to an hour.

    Source: full jitter, as in Brooker, "Exponential Backoff And Jitter" (2015).
    """
    return jitter(BACKOFF_MIN_S, min(BACKOFF_MAX_S, BACKOFF_GROWTH**attempt))


def describe(error: BaseException) -> str:
    """An error in a few words that hold no secret, for `last_error` and the log.

    Only the platform's own errors are quoted; the texts of others may hold anything that was handled, so of
    those the type and the place must do.
    """
    if isinstance(error, TrunklineError):
        text = f"{error.code}: {error.message}"
        leaks = next(find_secrets(text, "error"), None)
        return error.code if leaks else text[:MAX_ERROR]
    place = ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        place = f" in {frame.f_globals.get('__name__')}, line {line}"
    return f"{type(error).__name__}{place}"[:MAX_ERROR]


def _outcome(database: Database, handlers: Handlers, job: Job, jitter: Jitter) -> partial[bool]:
    handler = handlers.get(job.kind)
    if handler is None:
        reason = f"no handler for jobs of kind {job.kind}: they are another release's"
        _log.error("job_parked", job=job.id, kind=job.kind, error=reason)
        return partial(park, job=job, error=reason)
    actor = system_actor(f"job {job.kind}")
    try:
        handler(JobContext(database, job.payload, actor, database.catalog.clock))
    except BaseException as error:  # noqa: BLE001  # even SystemExit: it would end the loop, not the process
        reason = describe(error)
        event = "job_parked" if job.attempt >= MAX_ATTEMPTS else "job_failed"
        _log.warning(event, job=job.id, kind=job.kind, attempt=job.attempt, error=reason)
        return partial(fail, job=job, error=reason, delay_s=backoff_s(job.attempt, jitter))
    return partial(complete, job=job)
