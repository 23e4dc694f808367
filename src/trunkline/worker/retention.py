"""The retention job: what was deleted and is past its deadline is purged, each object in its own transaction."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import structlog

from trunkline.infra.db import Tx
from trunkline.infra.jobs import JobContext
from trunkline.kit.actor import Actor
from trunkline.kit.errors import ConflictError, NotFoundError

BATCH = 200  # objects of one kind per run and round
CONFIRM_S = 3_600.0  # a deadline must be seen passed for so long before it counts

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Purger:
    """How objects of one kind are found and purged.

    Attributes:
        kind: for the log.
        find: ids past their deadline, at most that many, the longest overdue first.
        purge: the same verb people use, as the system.
    """

    kind: str
    find: Callable[[Tx, int], Sequence[str]]
    purge: Callable[[Tx, Actor, str], None]


class Retention:
    """Purges in the order of its purgers, whatever points at something before that something.

    A clock that jumps forward for a moment must not empty the trash, so a deadline counts only when it has
    been seen passed twice, an hour apart by a clock that cannot jump.
    """

    def __init__(
        self,
        purgers: Sequence[Purger],
        *,
        confirm_s: float = CONFIRM_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._purgers = purgers
        self._confirm_s = confirm_s
        self._monotonic = monotonic
        self._first_seen: dict[tuple[str, str], float] = {}

    def run(self, context: JobContext) -> None:
        """One round over every kind."""
        now = self._monotonic()
        seen: dict[tuple[str, str], float] = {}
        purged = 0
        for purger in self._purgers:
            for object_id in context.database.read_now(partial(_found, purger)):
                key = (purger.kind, object_id)
                seen[key] = self._first_seen.get(key, now)
                if now - seen[key] >= self._confirm_s and _purge(context, purger, object_id):
                    purged += 1
                    del seen[key]
        self._first_seen = seen
        if purged:
            _log.info("retention_purged", objects=purged)


def _found(purger: Purger, tx: Tx) -> Sequence[str]:
    return purger.find(tx, BATCH)


def _purge(context: JobContext, purger: Purger, object_id: str) -> bool:
    try:
        context.database.write_now(lambda tx: purger.purge(tx, context.actor, object_id))
    except NotFoundError:
        return False  # restored or purged meanwhile
    except ConflictError as error:
        # Still pinned or installed: it waits until what points at it is gone.
        _log.debug("retention_waits", kind=purger.kind, id=object_id, code=error.code)
        return False
    return True
