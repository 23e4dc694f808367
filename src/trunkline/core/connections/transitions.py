"""How a connection's status changes: each change is one audited event, and none is made twice.

A refreshed token is no such change. The connection means after it what it meant before, so it leaves a
generation and a time in its row and a line in the log, but no event: there would be one an hour for each
connection, for good.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from trunkline.core.connections.queries import FROM_USE, REFUSED_BEFORE, WHILE_SUSPENDED, WORKING
from trunkline.core.connections.reasons import Reason
from trunkline.core.connections.standing import NEEDS_REAUTH, OK, SUSPENDED, Standing
from trunkline.core.connections.tables import connections
from trunkline.core.journal import Change, record
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor

NO_LEASE: Mapping[str, Any] = {"lease_owner": None, "lease_until": None, "intent": None}


class Named(Protocol):
    """What is told of a connection when it changes."""

    @property
    def id(self) -> str:
        """32 hex digits."""
        ...

    @property
    def organization_id(self) -> str:
        """The tenant."""
        ...

    @property
    def workspace_id(self) -> str:
        """Where it is used."""
        ...

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    @property
    def generation(self) -> int:
        """Of its credential."""
        ...


def need_reauth(tx: Tx, actor: Actor, row: Named, reason: Reason) -> bool:
    """Leave a working connection to its owner; False when it has changed since it was read.

    The credential stays: should the refusal have been a mistake of the provider's, nothing is lost. One whose
    credential is refused already is left to its owner for another reason only.
    """
    changes = {"status": NEEDS_REAUTH, "reason": reason, **NO_LEASE, "retry_at": None, "due_at": None}
    if not _change(tx, row, WORKING if reason is Reason.CREDENTIAL_REFUSED else FROM_USE, changes):
        return False
    journal(tx, actor, "needs_reauth", row, changed=("status",), data={"reason": reason})
    return True


def suspend(
    tx: Tx,
    actor: Actor,
    row: Named,
    reason: Reason,
    *,
    told: Mapping[str, Any] | None = None,
    parent_id: str | None = None,
) -> bool:
    """Keep a working connection from being used until its reason ends; False when it has changed since."""
    if not _change(tx, row, FROM_USE, {"status": SUSPENDED, "reason": reason, "due_at": None}):
        return False
    data = {"reason": reason, **(told or {})}
    journal(tx, actor, "suspended", row, changed=("status",), data=data, parent_id=parent_id)
    return True


def resume(tx: Tx, actor: Actor, row: Named, *, due_at: str | None, parent_id: str | None = None) -> bool:
    """Let a suspended connection be used again; False when it has changed since it was read."""
    if not _change(tx, row, WHILE_SUSPENDED, {"status": OK, "reason": None, "due_at": due_at}):
        return False
    journal(tx, actor, "resumed", row, changed=("status",), parent_id=parent_id)
    return True


def believe(tx: Tx, actor: Actor, row: Named, *, due_at: str | None) -> bool:
    """Let a connection be well again whose credential the provider refused and now takes; False when it changed.

    Args:
        tx: the transaction.
        actor: for the audit.
        row: as it was read.
        due_at: when the background must look at it.
    """
    changes = {"status": OK, "reason": None, "refusals": 0, "due_at": due_at}
    if not _change(tx, row, REFUSED_BEFORE, changes):
        return False
    journal(tx, actor, "resumed", row, changed=("status",))
    return True


def tell(tx: Tx, actor: Actor, row: Standing, reason: str | None, *, generation: int) -> bool:
    """Change what is told of a connection that works; False when it has changed since it was read.

    Of all there is to tell, one is an event: that the provider does not accept the client any more, since nothing
    will work once the present token has run out, and that it accepts it again.

    Args:
        tx: the transaction.
        actor: for the audit.
        row: as it was read.
        reason: what to tell; None for nothing.
        generation: which its credential has by now.
    """
    if tx.update(connections, WORKING, {"id": row.id, "generation": generation}, reason=reason) != 1:
        return False
    before, after = (one == Reason.CLIENT_REJECTED for one in (row.reason, reason))
    if after and not before:
        journal(tx, actor, "needs_reauth", row, changed=("reason",), data={"reason": reason})
    elif before and not after:
        journal(tx, actor, "resumed", row, changed=("reason",))
    return True


def journal(
    tx: Tx,
    actor: Actor,
    verb: str,
    row: Named,
    *,
    changed: tuple[str, ...] = (),
    data: Mapping[str, Any] | None = None,
    parent_id: str | None = None,
) -> str:
    """Record what happened to a connection; the event's id."""
    change = Change(
        type=f"connection.{verb}",
        subject_kind="connection",
        subject_id=row.id,
        organization_id=row.organization_id,
        workspace_id=row.workspace_id,
        changed=changed,
        data={"name": row.name, **(data or {})},
        parent_id=parent_id,
    )
    return record(tx, actor, change)


def _change(tx: Tx, row: Named, where: str, columns: Mapping[str, Any]) -> bool:
    """Of several that find out the same at once, one changes the row."""
    seen = {"id": row.id, "generation": row.generation}
    return tx.update(connections, where, seen, **columns, updated_at=tx.now) == 1
