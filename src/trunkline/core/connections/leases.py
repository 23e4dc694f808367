"""The lease under which one process, and only one, spends a connection's refresh token.

    read ──► claim ──► token call ──► keep                       (the generation moves on)
               │                 └──► give back, with or without the intent
               └─ another holds it: wait for the generation to move

A claim writes down which generation's refresh token is about to be sent. Whoever finds that record without an
outcome knows that the token may have been spent by a process that did not live to tell. What is kept is kept
for a generation, whoever holds the lease by then: the first answer to arrive wins, and nobody sees a token that
is not stored.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trunkline.core.connections.credential import Credential, seal_credential
from trunkline.core.connections.freshness import Times, later
from trunkline.core.connections.queries import CLAIM, GIVEN_UP, LEASED, UNCHANGED
from trunkline.core.connections.reasons import Reason
from trunkline.core.connections.standing import OK, Standing
from trunkline.core.connections.tables import connections
from trunkline.core.connections.transitions import NO_LEASE, journal, tell
from trunkline.infra.db import Tx
from trunkline.infra.db.locks import read_committed
from trunkline.infra.db.moments import shared_now
from trunkline.infra.vault import Vault
from trunkline.kit.actor import Actor

LEASE_S = 60.0  # three times as long as a token call may take
PROCESS = f"{socket.gethostname()[:60]}:{os.getpid()}"


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease got; `asked_at` is when, which everything got under it lives from."""

    owner: str
    asked_at: str


def claim_lease(tx: Tx, standing: Standing, *, single_use: bool) -> Lease | None:
    """Lease a connection as it was read; None where somebody was faster.

    Args:
        tx: a transaction of its own.
        standing: as it was read.
        single_use: whether a refresh token is about to be spent, so that the intent must be on record.
    """
    read_committed(tx)
    now = shared_now(tx)
    owner = f"{PROCESS}/{secrets.token_hex(8)}"
    until = later(now, LEASE_S)
    claimed = tx.update(
        connections,
        CLAIM,
        {"id": standing.id, "generation": standing.generation, "now": now},
        lease_owner=owner,
        lease_until=until,
        intent=str(standing.generation) if single_use else None,
        # Should this process die, the background finds the connection when the lease has run out.
        due_at=until,
    )
    return Lease(owner, now) if claimed == 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """What is to be kept of an answer with tokens.

    Attributes:
        flag: what is to be told of a connection that works.
        columns: the rest, by column.
    """

    credential: Credential
    times: Times
    flag: Reason | None
    columns: Mapping[str, Any]


def keep_renewal(tx: Tx, actor: Actor, vault: Vault, standing: Standing, renewal: Renewal) -> bool:
    """Store what was got as the next generation; False where that one exists already.

    A connection that was given up meanwhile, by somebody whose try came later, works again. One that was
    suspended stays so.

    Args:
        tx: a transaction of its own.
        actor: for the audit.
        vault: seals it.
        standing: of the generation that was spent.
        renewal: what was got for it.

    Raises:
        VaultError: the vault's key cannot be used.
    """
    read_committed(tx)
    generation = standing.generation + 1
    following = {"id": standing.id, "generation": generation}
    sealed = seal_credential(tx, vault, standing.organization_id, standing.id, generation, renewal.credential)
    times = renewal.times
    stored = tx.update(
        connections,
        UNCHANGED,
        {"id": standing.id, "generation": standing.generation},
        **NO_LEASE,
        credential=sealed,
        generation=generation,
        refreshed_at=times.refreshed_at,
        access_expires_at=times.access_expires_at,
        refresh_expires_at=times.refresh_expires_at,
        stale_at=times.stale_at,
        due_at=times.due_at,
        failures=0,
        retry_at=None,
        **renewal.columns,
    )
    if stored != 1:
        return False
    flag = None if renewal.flag is None else renewal.flag.value
    if tx.update(connections, GIVEN_UP, following, status=OK, reason=flag, updated_at=tx.now) == 1:
        journal(tx, actor, "resumed", standing, changed=("status",))
    elif standing.reason != flag:
        tell(tx, actor, standing, flag, generation=generation)
    return True


def give_back(
    tx: Tx,
    actor: Actor,
    standing: Standing,
    lease: Lease,
    wait_s: float,
    *,
    reason: Reason | None,
    spent: bool,
) -> None:
    """End a lease that came to nothing, and put the next try off.

    Args:
        tx: a transaction of its own.
        actor: for the audit.
        standing: as it was claimed.
        lease: proves that it is still ours; a lost one is somebody else's to end.
        wait_s: until anybody may try again.
        reason: what to tell whoever looks; None leaves what is told, as does that the client was rejected: only
            an answer with tokens says that it no longer is.
        spent: the refresh token may have been spent: the intent stays on record.
    """
    read_committed(tx)
    retry_at = later(shared_now(tx), wait_s)
    given_back = tx.update(
        connections,
        LEASED,
        {"id": standing.id, "generation": standing.generation, "lease_owner": lease.owner},
        lease_owner=None,
        lease_until=None,
        intent=str(standing.generation) if spent else None,
        failures=standing.failures + 1,
        retry_at=retry_at,
        due_at=retry_at,
    )
    if given_back == 1 and reason is not None and standing.reason not in {reason, Reason.CLIENT_REJECTED}:
        tell(tx, actor, standing, reason.value, generation=standing.generation)
