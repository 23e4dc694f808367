"""Jobs as rows: added in the transaction of what they follow from, leased to one worker, tried again, parked.

    ready ──claim──▶ running ──complete──▶ gone
      ▲                 │
      ├──fail, release──┤
      └──lease expired──┴──10 attempts, or nobody knows the kind──▶ parked

A job runs at least once: a worker that dies leaves its lease, and whoever claims it next runs it again, so
handlers are idempotent. `enqueue` belongs to any transaction; the others need one of their own. Whatever one
process writes for another to wait for is measured by the clock they share.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec

from trunkline.infra.db import Tx
from trunkline.infra.db.locks import read_committed
from trunkline.infra.db.moments import shared_now
from trunkline.infra.jobs.queries import (
    CLAIMS,
    ENQUEUE,
    FINISHED,
    GIVE_UP_ABANDONED,
    HELD,
    RELEASE,
    RETRY,
    RUN_AGAIN,
    WAITING,
)
from trunkline.infra.jobs.tables import jobs
from trunkline.kit.clock import read_stamp, stamp
from trunkline.kit.strictjson import encode

LEASE_S = 60  # how long a dead worker's jobs wait; a live one extends its leases every third of it
MAX_ATTEMPTS = 10
MAX_ERROR = 500  # characters of `last_error`
ABANDONED = f"its worker stopped without finishing it, {MAX_ATTEMPTS} times"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job leased to one worker.

    Attributes:
        payload: ids by name, nothing else.
        attempt: which one this is, counting from 1.
        lease: proves that the job is still this worker's.
    """

    id: str
    kind: str
    payload: Mapping[str, str]
    attempt: int
    lease: str = field(repr=False)


def enqueue(
    tx: Tx,
    kind: str,
    payload: Mapping[str, str],
    *,
    dedupe_key: str | None = None,
    run_at: str | None = None,
) -> str:
    """Have a job run once this transaction is committed; its id.

    Of several jobs with one `dedupe_key` only one waits or runs at a time. Asked for while it waits for its
    first attempt, it runs at the earlier time; asked for while it runs, it runs once more afterwards, so
    that nothing committed meanwhile is missed. The payload stays the first one's. Make the key as narrow as
    the work: transactions that ask for the same key at once can hold each other up.

    Args:
        tx: the transaction the job follows from; rolled back with it.
        kind: which handler runs it.
        payload: ids by name, never values: a job may wait for hours, in plain text.
        dedupe_key: the same for jobs that mean the same work.
        run_at: not before this stored time; None for at once.
    """
    run_at = run_at or shared_now(tx)
    if dedupe_key is not None:
        waiting = tx.value(WAITING[tx.engine], dedupe_key=dedupe_key, run_at=run_at)
        if waiting is not None:
            return str(waiting)
    job_id = tx.value(
        ENQUEUE,
        id=tx.new_id(),
        kind=kind,
        dedupe_key=dedupe_key,
        payload=encode(payload),
        run_at=run_at,
        now=tx.now,
    )
    return str(job_id)


def claim(tx: Tx, *, worker: str, limit: int) -> list[Job]:
    """Lease up to `limit` due jobs to a worker, abandoned ones first, each to one worker only."""
    read_committed(tx)
    now = shared_now(tx)
    tx.run(GIVE_UP_ABANDONED, now=now, limit=MAX_ATTEMPTS, error=ABANDONED)
    # The lease is a new one each time, so that a worker which lost one cannot take it for its own.
    lease = f"{worker}/{tx.new_id()}"
    params = {"now": now, "lease": lease, "until": _later(now, LEASE_S)}
    rows: list[tuple[Any, ...]] = []
    for statement in CLAIMS[tx.engine]:
        rows += tx.fetch(statement, {**params, "limit": limit - len(rows)})
    rows.sort(key=lambda row: (row[4], row[0]))
    return [
        Job(
            id=job_id,
            kind=kind,
            payload=msgspec.json.decode(payload, type=dict[str, str]),
            attempt=attempt,
            lease=lease,
        )
        for job_id, kind, payload, attempt, _ in rows
    ]


def extend(tx: Tx, held: Iterable[Job]) -> None:
    """Keep running jobs leased; one whose lease was lost meanwhile stays lost."""
    read_committed(tx)
    until = _later(shared_now(tx), LEASE_S)
    for job in held:
        tx.update(jobs, HELD, _held(job), lease_until=until)


def complete(tx: Tx, job: Job) -> bool:
    """Remove a job that is done, or let it run again if it was asked for meanwhile.

    Returns:
        False when the lease was lost: the job is another worker's now, or parked.
    """
    read_committed(tx)
    return tx.delete(jobs, FINISHED, **_held(job)) == 1 or tx.run(RUN_AGAIN, **_held(job)) == 1


def fail(tx: Tx, job: Job, error: str, *, delay_s: float) -> bool:
    """Try a job again after a delay, or `park` it after its last attempt.

    Returns:
        False when the lease was lost.
    """
    if job.attempt >= MAX_ATTEMPTS:
        return park(tx, job, error)
    read_committed(tx)
    run_at = _later(shared_now(tx), delay_s)
    retried = {"attempts": job.attempt, "run_at": run_at, "error": error[:MAX_ERROR]}
    return tx.run(RETRY, **_held(job), **retried) == 1


def park(tx: Tx, job: Job, error: str) -> bool:
    """Put a job aside with the reason; it keeps nobody from asking for the same work again.

    One that was asked for again while it ran starts afresh instead, as it would had that come a moment later.

    Returns:
        False when the lease was lost.
    """
    read_committed(tx)
    if tx.run(RUN_AGAIN, **_held(job)) == 1:
        return True
    columns = {"state": "parked", "dedupe_key": None, "lease_owner": None, "lease_until": None}
    return tx.update(jobs, HELD, _held(job), **columns, last_error=error[:MAX_ERROR]) == 1


def release(tx: Tx, held: Iterable[Job]) -> None:
    """Give unfinished jobs back at once, as if they had not been attempted; for a worker that stops."""
    read_committed(tx)
    now = shared_now(tx)
    for job in held:
        tx.run(RELEASE, **_held(job), now=now)


def _held(job: Job) -> dict[str, str]:
    return {"id": job.id, "lease": job.lease}


def _later(moment: str, seconds: float) -> str:
    return stamp(read_stamp(moment) + timedelta(seconds=seconds))
