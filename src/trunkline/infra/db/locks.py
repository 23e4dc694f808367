"""What a transaction may ask of PostgreSQL about its neighbours; SQLite, with its one writer, needs neither."""

from __future__ import annotations

from trunkline.infra.db.statements import Engine
from trunkline.infra.db.tx import Tx

_READ_COMMITTED = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED"
_ADVISORY_LOCK = "SELECT pg_advisory_xact_lock(:key)"
_SHARED_ADVISORY_LOCK = "SELECT pg_advisory_xact_lock_shared(:key)"


def read_committed(tx: Tx) -> None:
    """Let every statement see what was committed before it began, instead of one snapshot for all.

    For transactions that hand out work: they wait for a neighbour, or skip what it holds, where a
    serializable one would fail and be repeated. Must come before any other statement; a transaction that
    reads first and then decides has no business here.
    """
    if tx.engine is Engine.POSTGRESQL:
        tx.run(_READ_COMMITTED)


def advisory_lock(tx: Tx, key: int) -> None:
    """Wait until no other transaction holds `key`, then hold it until this one ends.

    Only a `read_committed` transaction sees afterwards what the one before it has committed.
    """
    if tx.engine is Engine.POSTGRESQL:
        tx.fetch(_ADVISORY_LOCK, {"key": key})


def shared_advisory_lock(tx: Tx, key: int) -> None:
    """Hold `key` together with others that share it, keeping out whoever wants it alone, until this one ends."""
    if tx.engine is Engine.POSTGRESQL:
        tx.fetch(_SHARED_ADVISORY_LOCK, {"key": key})
