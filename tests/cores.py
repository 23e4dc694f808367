"""The machine's cores, shared among the workers of a test run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

_ours: set[int] = set()  # all that this process was given; empty where it keeps to none


def keep_to_one(worker: str) -> None:
    """Keep a worker, its threads and its database server to one core.

    They wake each other so often that doing it across cores takes a fifth more of both.

    Args:
        worker: its name, as `gw1`; empty where there is only one.
    """
    if worker and hasattr(os, "sched_setaffinity"):
        _ours.update(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {sorted(_ours)[int(worker.removeprefix("gw")) % len(_ours)]})


@contextmanager
def every_core() -> Iterator[None]:
    """Inside, processes are started that run side by side: on whichever core is free."""
    if not _ours:
        yield
        return
    one = os.sched_getaffinity(0)
    os.sched_setaffinity(0, _ours)
    try:
        yield
    finally:
        os.sched_setaffinity(0, one)


__all__ = ["every_core", "keep_to_one"]
