"""Removing an install with what was connected for it alone.

Source: reference of the Ampersand API, DELETE …/installations/{id}.
"""

from __future__ import annotations

from trunkline.core.connections import disconnect_connection
from trunkline.core.installs.queries import USED_BESIDE
from trunkline.core.installs.reads import visible_install
from trunkline.core.installs.uninstall import uninstall
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor


def remove_install(tx: Tx, actor: Actor, install_id: str) -> None:
    """Uninstall, and disconnect the connection that no other live install uses; a no-op when it is deleted.

    A workspace secret stays: it may serve more than installs.

    Raises:
        NotFoundError: absent or outside the caller's scope.
        ForbiddenError: the caller is no editor of the workspace, or may not end the connection.
    """
    row = visible_install(tx, actor, install_id)
    uninstall(tx, actor, row.id)
    if row.deleted_at is not None or row.auth_state_id is None or row.auth_scheme == "secret":
        return
    if not tx.value(USED_BESIDE, connection_id=row.auth_state_id, id=row.id):
        disconnect_connection(tx, actor, row.auth_state_id)
