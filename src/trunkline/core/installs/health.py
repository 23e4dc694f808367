"""Whether an install can do its work, kept beside it because lists show it.

Our contract: an install is unhealthy while what it authenticates with cannot be used or is refused: disconnected,
suspended, not connected yet, waiting for its owner to connect again, or for its publisher to mend the client.
Failures of the provider's server change nothing. The status of the last operation is absent until there is one.

Source: reference of the Ampersand API section 3 (healthStatus, lastOperationStatus).
"""

from __future__ import annotations

from typing import Final

from trunkline.core.installs.queries import BY_ID, HEALTH_DIFFERS, IS_USABLE
from trunkline.core.installs.tables import installs
from trunkline.core.journal import Change, record
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor

HEALTHY: Final = "healthy"
UNHEALTHY: Final = "unhealthy"


def health_of(tx: Tx, auth_state_id: str | None) -> str:
    """The health of an install that authenticates with this connection or secret; None for nothing."""
    if auth_state_id is None or tx.value(IS_USABLE, id=auth_state_id) is not None:
        return HEALTHY
    return UNHEALTHY


def follow_connection(tx: Tx, actor: Actor, change: Change, event_id: str) -> None:
    """A connection that can or cannot be used any more: so can the installs that authenticate with it."""
    health = health_of(tx, change.subject_id)
    there = {"auth_state_id": change.subject_id, "health": health}
    for install_id, organization_id, workspace_id in tx.fetch(HEALTH_DIFFERS, there):
        tx.update(installs, BY_ID, {"id": install_id}, health=health)
        following = Change(
            type="integration_install.health_changed",
            subject_kind="install",
            subject_id=install_id,
            organization_id=organization_id,
            workspace_id=workspace_id,
            changed=("health",),
            data={"health": health},
            parent_id=event_id,
        )
        record(tx, actor, following)
