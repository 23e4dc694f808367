"""What people do with connections beside connecting: rename, disconnect, confirm, purge; in one transaction each."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from msgspec import UNSET, UnsetType

from trunkline.core.access import DeletedError, NotDeletedError, Permission, require_tier, tombstone
from trunkline.core.connections.errors import NothingToConfirmError, OriginsDifferError
from trunkline.core.connections.notes import checked_metadata
from trunkline.core.connections.ownership import require_own
from trunkline.core.connections.queries import (
    BY_ID,
    EXPIRED_CONNECTIONS,
    LIVE_OF_INTEGRATION,
    STANDING,
)
from trunkline.core.connections.reads import require_hold, visible_connection
from trunkline.core.connections.reasons import Reason
from trunkline.core.connections.revocation import end_connection, queue_revocation
from trunkline.core.connections.specs import ConnectionRow
from trunkline.core.connections.standing import (
    DISCONNECTED,
    SUSPENDED,
    Standing,
    changed_origins,
    named_origins,
    read_configuration,
)
from trunkline.core.connections.tables import connections
from trunkline.core.connections.transitions import journal, resume
from trunkline.core.integrations import visible_integration
from trunkline.core.journal import empty_payloads
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor, Tier, system_actor
from trunkline.kit.errors import NotFoundError
from trunkline.kit.strictjson import encode
from trunkline.kit.text import check_name

BATCH = 100  # connections ended in one transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateConnection:
    """The request to change what a connection is called; what is UNSET stays as it is."""

    id: str
    name: str | UnsetType = UNSET
    metadata: Mapping[str, Any] | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class Ended:
    """One batch of ended connections; `last` is where the next begins, None when there is none."""

    count: int
    last: str | None


def update_connection(tx: Tx, actor: Actor, request: UpdateConnection) -> ConnectionRow:
    """Rename a connection or change its notes.

    Raises:
        NotFoundError: absent or outside the caller's scope.
        ForbiddenError: the caller may not change it.
        DeletedError: it is disconnected.
        InvalidRequestError: the name or the notes are malformed or too long.
    """
    actor.require(Permission.CONNECTIONS_WRITE)
    row = visible_connection(tx, actor, request.id)
    require_hold(tx, actor, row, Tier.EDITOR)
    if row.deleted_at is not None:
        raise DeletedError("the connection is disconnected: connect it again first")
    stored: dict[str, Any] = {}
    if request.name is not UNSET and request.name != row.name:
        stored["name"] = check_name("name", request.name)
    if request.metadata is not UNSET:
        stored["metadata"] = checked_metadata(request.metadata)
    if not stored:
        return row
    tx.update(connections, BY_ID, {"id": row.id}, **stored, updated_at=tx.now)
    after = visible_connection(tx, actor, row.id)
    journal(tx, actor, "updated", after, changed=tuple(stored))
    return after


def disconnect_connection(tx: Tx, actor: Actor, connection_id: str) -> ConnectionRow:
    """Destroy a connection's credential and have it revoked; a no-op when it is disconnected already.

    Its row stays until its retention is over, so that what uses it finds out why, and so that its owner can
    connect it again under the same id.

    Raises:
        NotFoundError: absent or outside the caller's scope.
        ForbiddenError: the caller may not change it.
    """
    actor.require(Permission.CONNECTIONS_WRITE)
    row = visible_connection(tx, actor, connection_id)
    require_hold(tx, actor, row, Tier.EDITOR)
    if row.status != DISCONNECTED:
        stamp = {} if row.deleted_at is not None else tombstone(tx, row.organization_id).columns()
        end_connection(tx, actor, _standing(tx, row.id), Reason.BY_OWNER, **stamp)
    elif row.deleted_at is None:
        tx.update(connections, BY_ID, {"id": row.id}, **tombstone(tx, row.organization_id).columns())
    return visible_connection(tx, actor, connection_id)


def confirm_connection_origins(
    tx: Tx, actor: Actor, connection_id: str, origins: Collection[str]
) -> ConnectionRow:
    """Let a suspended connection's credential be shown to the servers its integration names now.

    Args:
        tx: the transaction.
        actor: its owner, or an editor where it is shared.
        connection_id: 32 hex digits.
        origins: all that may come to see it; whoever edits the integration meanwhile is not consented to.

    Raises:
        NotFoundError: absent, disconnected or outside the caller's scope.
        ForbiddenError: the caller may not change it, or it is another user's own.
        NothingToConfirmError: there is nobody new.
        OriginsDifferError: the integration names others than these.
        NotConnectableError: its integration is gone, or can no longer be read.
    """
    actor.require(Permission.CONNECTIONS_WRITE)
    row = visible_connection(tx, actor, connection_id, deleted=False)
    require_own(actor, row)
    require_hold(tx, actor, row, Tier.EDITOR)
    standing = _standing(tx, row.id)
    configuration = read_configuration(tx, standing)
    added = changed_origins(standing.origins, configuration)
    suspended = standing.status == SUSPENDED and standing.reason == Reason.ORIGIN_CHANGED
    if not added and not suspended:
        raise NothingToConfirmError("the connection's integration names nobody new")
    if set(origins) != set(configuration.origins):
        raise OriginsDifferError(
            f"the integration now names {', '.join(configuration.origins)}: confirm exactly these",
            *named_origins(configuration),
        )
    consented = encode(configuration.origins)
    tx.update(connections, BY_ID, {"id": row.id}, origins=consented, updated_at=tx.now)
    told = {"origins": list(added)}
    event_id = journal(tx, actor, "origins_confirmed", row, changed=("origins",), data=told)
    if suspended:
        resume(
            tx, actor, row, due_at=tx.now if row.refreshable else row.access_expires_at, parent_id=event_id
        )
    return visible_connection(tx, actor, connection_id)


def end_connections_of(
    tx: Tx, actor: Actor, integration_id: str, *, after: str = "", limit: int = BATCH
) -> Ended:
    """Disconnect connections to an integration, wherever they are: what its publisher does in an emergency.

    Raises:
        NotFoundError: the integration is absent or outside the caller's scope.
        ForbiddenError: the caller is no admin of it.
    """
    actor.require(Permission.CONNECTIONS_WRITE)
    integration = visible_integration(tx, actor, integration_id)
    require_tier(tx, actor, integration, Tier.ADMIN, "integration")
    found = tx.column(LIVE_OF_INTEGRATION, integration_id=integration_id, after=after, limit=limit)
    for connection_id in found:
        standing = _standing(tx, connection_id)
        own = standing.organization_id == integration.organization_id
        # To another tenant it is the integration that ended them, not a person of the publisher's.
        acting = actor if own else system_actor("the integration's publisher ended all its connections")
        stamp = {} if standing.deleted_at is not None else tombstone(tx, standing.organization_id).columns()
        end_connection(tx, acting, standing, Reason.BY_PUBLISHER, **stamp)
    return Ended(len(found), found[-1] if len(found) == limit else None)


def destroy_connections(tx: Tx, actor: Actor, integration_id: str) -> int:
    """`end_connections_of` for all of them, as part of a larger transaction; how many there were.

    Raises:
        NotFoundError: the integration is absent or outside the caller's scope.
        ForbiddenError: the caller is no admin of it.
    """
    count, after = 0, ""
    while True:
        ended = end_connections_of(tx, actor, integration_id, after=after)
        count += ended.count
        if ended.last is None:
            return count
        after = ended.last


def purge_connection(tx: Tx, actor: Actor, connection_id: str) -> None:
    """Remove a disconnected or deleted connection for good; what it still holds is revoked.

    Raises:
        NotFoundError: absent or outside the caller's scope.
        ForbiddenError: the caller is no admin of the workspace, nor is it their own.
        NotDeletedError: it is live.
        ConflictError: installs use it (the installs capability refuses then).
    """
    actor.require(Permission.CONNECTIONS_WRITE)
    row = visible_connection(tx, actor, connection_id)
    require_hold(tx, actor, row, Tier.ADMIN)
    if row.deleted_at is None:
        raise NotDeletedError("the connection is live: disconnect it before purging it")
    # Recorded first: capabilities above refuse while something uses it.
    journal(tx, actor, "purged", row)
    queue_revocation(tx, _standing(tx, row.id))
    tx.delete(connections, BY_ID, id=row.id)
    empty_payloads(tx, [row.id])


def expired_connections(tx: Tx, limit: int) -> list[str]:
    """Ids of connections whose retention is over, the longest overdue first; for the retention job."""
    return [str(connection_id) for connection_id in tx.column(EXPIRED_CONNECTIONS, now=tx.now, limit=limit)]


def _standing(tx: Tx, connection_id: str) -> Standing:
    """How a connection stands, deleted or not."""
    found = tx.one(Standing, STANDING, id=connection_id)
    if found is None:
        raise NotFoundError("connection")
    return found
