"""What connections do when things below them change; registered in `bootstrap`, run in the same transaction."""

from __future__ import annotations

from typing import Any

from trunkline.core.access import tombstone
from trunkline.core.connections.queries import (
    ACTIVE_USER,
    ALL_OF_INTEGRATION,
    BY_ID,
    CONNECTIONS_IN_WORKSPACE,
    HOLDING_IN_WORKSPACE,
    IN_OR_OF_WORKSPACE,
    IN_WORKSPACE,
    OF_INTEGRATION,
    OF_MEMBER,
    OF_USER_IN_USE,
    OF_USER_WITH_STATUS,
    STANDING,
    TO_INTEGRATIONS_OF_WORKSPACE,
)
from trunkline.core.connections.reasons import Reason
from trunkline.core.connections.revocation import end_connection, queue_revocation
from trunkline.core.connections.standing import DISCONNECTED, SUSPENDED, Standing
from trunkline.core.connections.tables import connections, integration_secrets, oauth_states
from trunkline.core.connections.transitions import resume, suspend
from trunkline.core.journal import Change, empty_payloads
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor, system_actor

REMOVED = system_actor("the integration was removed")


def purge_with_workspace(tx: Tx, actor: Actor, change: Change, event_id: str) -> None:  # noqa: ARG001
    """On `workspace.purging`: every connection in it goes, credentials included, and their tokens are revoked.

    Connections elsewhere to its integrations are ended: there is nothing left for them to connect to.
    """
    workspace_id = change.subject_id
    for connection_id in tx.column(HOLDING_IN_WORKSPACE, workspace_id=workspace_id):
        queue_revocation(tx, _standing(tx, connection_id))
    for connection_id in tx.column(TO_INTEGRATIONS_OF_WORKSPACE, workspace_id=workspace_id):
        _detach(tx, _standing(tx, connection_id), event_id)
    gone = tx.column(CONNECTIONS_IN_WORKSPACE, workspace_id=workspace_id)
    tx.delete(oauth_states, IN_OR_OF_WORKSPACE, workspace_id=workspace_id)
    tx.delete(connections, IN_WORKSPACE, workspace_id=workspace_id)
    tx.delete(integration_secrets, IN_WORKSPACE, workspace_id=workspace_id)
    empty_payloads(tx, gone)


def end_with_integration(tx: Tx, actor: Actor, change: Change, event_id: str) -> None:  # noqa: ARG001
    """On `integration.purged`: its connections are ended, its secrets and unfinished authorizations go."""
    for connection_id in tx.column(ALL_OF_INTEGRATION, integration_id=change.subject_id):
        _detach(tx, _standing(tx, connection_id), event_id)
    tx.delete(oauth_states, OF_INTEGRATION, integration_id=change.subject_id)
    tx.delete(integration_secrets, BY_ID, id=change.subject_id)


def end_with_removed_integration(tx: Tx, actor: Actor, change: Change, event_id: str) -> None:  # noqa: ARG001
    """On `integration.removed`: its connections are ended where they are, its secrets and states go.

    It may be restored: whoever wants to use it then connects anew.
    """
    for connection_id in tx.column(ALL_OF_INTEGRATION, integration_id=change.subject_id):
        row = _standing(tx, connection_id)
        if row.status != DISCONNECTED:
            stamp = _stamp(tx, row)
            end_connection(tx, REMOVED, row, Reason.INTEGRATION_REMOVED, parent_id=event_id, **stamp)
    tx.delete(oauth_states, OF_INTEGRATION, integration_id=change.subject_id)
    tx.delete(integration_secrets, BY_ID, id=change.subject_id)


def follow_user(tx: Tx, actor: Actor, change: Change, event_id: str) -> None:
    """On `user.updated`: an inactive user's own connections are suspended, and resume with the user."""
    if "active" not in change.changed:
        return
    user_id = change.subject_id
    if tx.value(ACTIVE_USER, id=user_id):
        for connection_id in tx.column(OF_USER_WITH_STATUS, user_id=user_id, status=SUSPENDED):
            row = _standing(tx, connection_id)
            if row.reason == Reason.USER_INACTIVE:
                due_at = tx.now if row.refreshable else row.access_expires_at
                resume(tx, actor, row, due_at=due_at, parent_id=event_id)
        return
    for connection_id in tx.column(OF_USER_IN_USE, user_id=user_id):
        suspend(tx, actor, _standing(tx, connection_id), Reason.USER_INACTIVE, parent_id=event_id)


def end_with_membership(tx: Tx, actor: Actor, change: Change, event_id: str) -> None:
    """On `organization_member.deleted`: what the user had connected for themselves there is ended."""
    there = {"user_id": change.subject_id, "organization_id": change.organization_id}
    for connection_id in tx.column(OF_MEMBER, **there):
        row = _standing(tx, connection_id)
        end_connection(tx, actor, row, Reason.MEMBERSHIP_ENDED, parent_id=event_id, **_stamp(tx, row))


def _detach(tx: Tx, row: Standing, event_id: str) -> None:
    # Without the integration, a provider alone would make it a connection of the provider itself.
    gone: dict[str, Any] = {"integration_id": None, "provider": None}
    if row.status == DISCONNECTED:
        tx.update(connections, BY_ID, {"id": row.id}, **gone)
        return
    columns = {**gone, **_stamp(tx, row)}
    end_connection(tx, REMOVED, row, Reason.INTEGRATION_REMOVED, parent_id=event_id, **columns)


def _stamp(tx: Tx, row: Standing) -> dict[str, Any]:
    return {} if row.deleted_at is not None else dict(tombstone(tx, row.organization_id).columns())


def _standing(tx: Tx, connection_id: str) -> Standing:
    found = tx.one(Standing, STANDING, id=connection_id)
    if found is None:
        raise LookupError(f"connection {connection_id} was there a statement ago")
    return found
