"""The one clock that every process working on a database shares."""

from __future__ import annotations

from trunkline.infra.db.statements import Engine
from trunkline.infra.db.tx import Tx

# The statement's moment, not the transaction's: a transaction may have waited for a lock before this.
_SERVER_TIME = "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"


def shared_now(tx: Tx) -> str:
    """The present moment as stored text, by the database's own clock.

    Machines disagree about the time by more than leases can bear, so what one process writes for another to
    wait for is measured by this. An embedded database has no clock but its machine's; and where the clock is a
    simulated one, that is everybody's.
    """
    if tx.engine is Engine.POSTGRESQL and not tx.simulated:
        return str(tx.value(_SERVER_TIME))
    return tx.now
