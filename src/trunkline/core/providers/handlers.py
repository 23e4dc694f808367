"""What providers do when a workspace changes; registered in `bootstrap`, run in the same transaction."""

from __future__ import annotations

from trunkline.core.journal import Change, empty_payloads
from trunkline.core.providers.queries import APPS_IN_WORKSPACE, IN_WORKSPACE
from trunkline.core.providers.tables import provider_apps
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor


def purge_with_workspace(tx: Tx, actor: Actor, change: Change, event_id: str) -> None:  # noqa: ARG001
    """On `workspace.purging`: every app registered in it goes, secrets included."""
    gone = tx.column(APPS_IN_WORKSPACE, workspace_id=change.subject_id)
    tx.delete(provider_apps, IN_WORKSPACE, workspace_id=change.subject_id)
    empty_payloads(tx, gone)
