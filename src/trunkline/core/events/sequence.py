"""Numbers events in the order in which they became visible, which neither ids nor times give.

An event's id and time are taken when its transaction begins, so one that commits late would appear behind
a place that a reader has passed already. Its `seq` is taken after the commit, by one transaction at a time:
whoever has read `seq` n has read every event before it that will ever be.
"""

from __future__ import annotations

from trunkline.core.events.queries import NUMBER, UNNUMBERED
from trunkline.infra.db import Tx
from trunkline.infra.db.locks import advisory_lock, read_committed

LOCK_KEY = 7_461_004  # advisory lock of PostgreSQL: one numbering at a time in all processes
BATCH = 500  # events numbered by one transaction


def has_unnumbered(tx: Tx) -> bool:
    """Whether any committed event waits for its number."""
    return tx.value(UNNUMBERED) is not None


def assign_sequence(tx: Tx, limit: int = BATCH) -> int:
    """Give up to `limit` committed events the next numbers; how many there were.

    Needs a transaction of its own: before it reads, it waits for whoever numbers in another process.
    """
    read_committed(tx)
    advisory_lock(tx, LOCK_KEY)
    return tx.run(NUMBER, limit=limit)
