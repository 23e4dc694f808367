"""What the proxy does when something below it changes."""

from __future__ import annotations

from trunkline.core.journal import Change
from trunkline.core.proxy.queries import OF_WORKSPACE
from trunkline.core.proxy.tables import proxied_requests
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor


def forget_workspace_requests(tx: Tx, actor: Actor, change: Change, event_id: str) -> None:  # noqa: ARG001
    """Delete the log of a workspace that is purged."""
    tx.delete(proxied_requests, OF_WORKSPACE, workspace_id=change.subject_id)
