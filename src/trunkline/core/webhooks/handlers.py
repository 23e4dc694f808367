"""What this capability does when a workspace is purged; registered in `bootstrap`, run in the same transaction."""

from __future__ import annotations

from trunkline.core.journal import Change, empty_payloads
from trunkline.core.webhooks.queries import IN_WORKSPACE, IN_WORKSPACE_ALL
from trunkline.core.webhooks.tables import (
    destination_routes,
    destinations,
    signing_keys,
    topic_routes,
    topics,
)
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor


def purge_with_workspace(tx: Tx, actor: Actor, change: Change, event_id: str) -> None:  # noqa: ARG001
    """On `workspace.purging`: destinations, topics and routes in it go, secrets included."""
    gone = tx.column(IN_WORKSPACE_ALL, workspace_id=change.subject_id)
    for table in (destination_routes, topic_routes, signing_keys, topics, destinations):
        tx.delete(table, IN_WORKSPACE, workspace_id=change.subject_id)
    empty_payloads(tx, gone)
