"""How a connection's status changes: each change is one audited event, and none is made twice.

A refreshed token is no such change. The connection means after it what it meant before, so it leaves a
generation and a time in its row and a line in the log, but no event: there would be one an hour for each
connection, for good.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from trunkline.core.connections.queries import FROM_STATUS
from trunkline.core.connections.reasons import Reason
from trunkline.core.connections.standing import NEEDS_REAUTH, OK, SUSPENDED
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

    The credential stays: should the refusal have been a mistake of the provider's, nothing is lost.
    """
    changes = {"status": NEEDS_REAUTH, "reason": reason, **NO_LEASE, "retry_at": None, "due_at": None}
    if not _change(tx, row, OK, changes):
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
    if not _change(tx, row, OK, {"status": SUSPENDED, "reason": reason, "due_at": None}):
        return False
    data = {"reason": reason, **(told or {})}
    journal(tx, actor, "suspended", row, changed=("status",), data=data, parent_id=parent_id)
    return True


def resume(tx: Tx, actor: Actor, row: Named, *, due_at: str | None, parent_id: str | None = None) -> bool:
    """Let a suspended connection be used again; False when it has changed since it was read."""
    if not _change(tx, row, SUSPENDED, {"status": OK, "reason": None, "due_at": due_at}):
        return False
    journal(tx, actor, "resumed", row, changed=("status",), parent_id=parent_id)
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


def _change(tx: Tx, row: Named, from_status: str, columns: Mapping[str, Any]) -> bool:
    """Of several that find out the same at once, one changes the row."""
    seen = {"id": row.id, "generation": row.generation, "from_status": from_status}
    return tx.update(connections, FROM_STATUS, seen, **columns, updated_at=tx.now) == 1
