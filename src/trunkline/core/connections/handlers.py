"""What connections do when their workspace changes; registered in `bootstrap`, run in the same transaction."""

from __future__ import annotations

from trunkline.core.access import NO_TOMBSTONE
from trunkline.core.connections.queries import (
    BY_DELETION,
    CONNECTIONS_IN_WORKSPACE,
    IN_WORKSPACE,
    LIVE_IN_WORKSPACE,
    STAMP_OF_WORKSPACE,
)
from trunkline.core.connections.tables import connections
from trunkline.core.journal import Change, empty_payloads
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor


def delete_with_workspace(tx: Tx, actor: Actor, change: Change, event_id: str) -> None:  # noqa: ARG001
    """On `workspace.deleted`: the live connections in it carry the same tombstone."""
    deleted_at, tier, deletion_id, purge_after = tx.fetch(STAMP_OF_WORKSPACE, {"id": change.subject_id})[0]
    tx.update(
        connections,
        LIVE_IN_WORKSPACE,
        {"workspace_id": change.subject_id},
        deleted_at=deleted_at,
        retention_tier=tier,
        deletion_id=deletion_id,
        purge_after=purge_after,
    )


def restore_with_workspace(tx: Tx, actor: Actor, change: Change, event_id: str) -> None:  # noqa: ARG001
    """On `workspace.restored`: exactly the connections its deletion took come back."""
    deletion = {"workspace_id": change.subject_id, "deletion_id": change.data["deletionId"]}
    tx.update(connections, BY_DELETION, deletion, **NO_TOMBSTONE)


def purge_with_workspace(tx: Tx, actor: Actor, change: Change, event_id: str) -> None:  # noqa: ARG001
    """On `workspace.purging`: every connection in it goes, credentials included."""
    gone = tx.column(CONNECTIONS_IN_WORKSPACE, workspace_id=change.subject_id)
    tx.delete(connections, IN_WORKSPACE, workspace_id=change.subject_id)
    empty_payloads(tx, gone)
