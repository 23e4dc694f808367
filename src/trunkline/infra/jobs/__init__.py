"""Background jobs: rows written with what they follow from, run at least once, by one worker at a time."""

from trunkline.infra.jobs.executor import Handler, Handlers, JobContext, backoff_s, describe, run_job
from trunkline.infra.jobs.schedule import Due, Periodic, Periodics, find_due, fire
from trunkline.infra.jobs.store import (
    LEASE_S,
    MAX_ATTEMPTS,
    Job,
    claim,
    complete,
    enqueue,
    extend,
    fail,
    park,
    release,
)

__all__ = [
    "LEASE_S",
    "MAX_ATTEMPTS",
    "Due",
    "Handler",
    "Handlers",
    "Job",
    "JobContext",
    "Periodic",
    "Periodics",
    "backoff_s",
    "claim",
    "complete",
    "describe",
    "enqueue",
    "extend",
    "fail",
    "find_due",
    "fire",
    "park",
    "release",
    "run_job",
]
