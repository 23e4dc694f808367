"""What connections do when their workspace changes; registered in `bootstrap`, run in the same transaction."""

from __future__ import annotations

from trunkline.core.connections.queries import CONNECTIONS_IN_WORKSPACE, IN_WORKSPACE
from trunkline.core.connections.tables import connections
from trunkline.core.journal import Change, empty_payloads
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor


def purge_with_workspace(tx: Tx, actor: Actor, change: Change, event_id: str) -> None:  # noqa: ARG001
    """On `workspace.purging`: every connection in it goes, credentials included."""
    gone = tx.column(CONNECTIONS_IN_WORKSPACE, workspace_id=change.subject_id)
    tx.delete(connections, IN_WORKSPACE, workspace_id=change.subject_id)
    empty_payloads(tx, gone)
