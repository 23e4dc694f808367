"""What must hold of connections after any crash."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.core.connections.freshness import later
from trunkline.core.connections.leases import LEASE_S
from trunkline.core.connections.queries import (
    DISCONNECTED_WITH_CREDENTIAL,
    FOR_A_STRANGER,
    STUCK,
    WORKING_WITH_NOTHING,
    WORKING_WITHOUT_CREDENTIAL,
)
from trunkline.infra.db import Tx
from trunkline.kit.findings import Finding

PATIENCE_S = 2 * LEASE_S


def connection_findings(tx: Tx) -> Iterator[Finding]:
    """I17: a connection that works has a credential and something it is to; an ended one has no credential.

    No refresh hangs, and whom a connection is for is known where it is.
    """
    for (connection_id,) in tx.fetch(WORKING_WITHOUT_CREDENTIAL, {}):
        yield Finding("I17", f"con_{connection_id}", "it is said to work and has no credential")
    for (connection_id,) in tx.fetch(DISCONNECTED_WITH_CREDENTIAL, {}):
        yield Finding("I17", f"con_{connection_id}", "it is disconnected and still has a credential")
    for (connection_id,) in tx.fetch(WORKING_WITH_NOTHING, {}):
        yield Finding("I17", f"con_{connection_id}", "it is said to work and is to nothing")
    for (connection_id,) in tx.fetch(FOR_A_STRANGER, {}):
        yield Finding("I17", f"con_{connection_id}", "it is for a consumer of another project")
    for (connection_id,) in tx.fetch(STUCK, {"before": later(tx.now, -PATIENCE_S)}):
        yield Finding("I17", f"con_{connection_id}", "nobody looks after a refresh that was interrupted")
