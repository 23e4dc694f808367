"""Using a connection: everything a request needs to go out with its credential, and to nobody but its origins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from msgspec import structs

from trunkline.core.connections.configuration import Configuration
from trunkline.core.connections.flows.guarding import require_unchanged
from trunkline.core.connections.flows.inflight import in_flight
from trunkline.core.connections.flows.looking import opening
from trunkline.core.connections.flows.refresh import refreshed
from trunkline.core.connections.flows.services import FlowServices
from trunkline.core.connections.freshness import seconds_until
from trunkline.core.connections.ownership import require_own
from trunkline.core.connections.placement import place_credential
from trunkline.core.connections.reads import connection_for, visible_connection
from trunkline.core.connections.sources import home_of
from trunkline.core.connections.specs import ConnectionRow
from trunkline.core.connections.standing import Held, hold, read_standing
from trunkline.infra.db import Tx
from trunkline.infra.http import Origin
from trunkline.kit.actor import Actor, system_actor
from trunkline.kit.errors import NotFoundError

SYSTEM = system_actor("a connection is used by what its owner has set up")
NOTED_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorized:
    """A connection ready to be used. What it carries is sent to `origins` and shown to nobody.

    Attributes:
        base_url: where requests go, without a slash at its end; empty where the integration does not say.
        headers, params: what authenticates a request.
        origins: where the credential may go.
        generation: to be given back as `refused` when the upstream refuses it.
        refreshable: whether there can be another one then.
        config: the rest of how the integration sends requests.
    """

    connection: ConnectionRow
    base_url: str
    headers: Sequence[tuple[str, str]] = field(repr=False)
    params: Sequence[tuple[str, str]] = field(repr=False)
    origins: frozenset[Origin]
    generation: int
    refreshable: bool
    config: Configuration

    @property
    def connection_id(self) -> str:
        """32 hex digits."""
        return self.connection.id

    @property
    def organization_id(self) -> str:
        """The tenant it is used in."""
        return self.connection.organization_id

    @property
    def workspace_id(self) -> str:
        """Where it is used."""
        return self.connection.workspace_id

    @property
    def integration_id(self) -> str | None:
        """What it connects to."""
        return self.connection.integration_id


async def authorized(
    env: FlowServices, actor: Actor | None, connection_id: str, *, refused: int | None = None
) -> Authorized:
    """What a request needs to be authenticated with a connection, with a fresh token where one is needed.

    Args:
        env: what to work with.
        actor: who uses it; None for what runs without anybody, such as a sync its owner has set up.
        connection_id: 32 hex digits.
        refused: the generation that the upstream has just refused, to get another.

    Raises:
        NotFoundError: absent, deleted, or outside the caller's scope.
        ForbiddenError: it is another user's own.
        NeedsReauthError, ConnectionSuspendedError, ConnectionPendingError, CredentialDestroyedError: it
            cannot be used; the sentence says who can help.
        RefreshUnavailableError: it needs a fresh token, which cannot be got right now.
        TokenRefusedError: it needs a fresh token, and the provider does not accept the integration's client.
        NotConnectableError: its integration is gone, or can no longer be read.
    """
    acting = actor or SYSTEM

    def work(tx: Tx) -> tuple[ConnectionRow, Held]:
        row = visible_connection(tx, acting, connection_id, deleted=False)
        require_own(acting, row)
        return row, hold(tx, env.vault, read_standing(tx, connection_id))

    row, held = await opening(env, work)
    return await _ready(env, row, held, refused)


async def authorized_for(
    env: FlowServices,
    actor: Actor,
    integration_id: str,
    workspace_id: str | None = None,
    *,
    refused: int | None = None,
) -> Authorized:
    """`authorized` with the caller's connection to an integration, their own before the shared one.

    Args:
        env: what to work with.
        actor: who uses it.
        integration_id: 32 hex digits.
        workspace_id: where the connection is; None for the integration's own workspace.
        refused: the generation that the upstream has just refused, to get another.

    Raises:
        NotFoundError: the integration is absent or outside the caller's scope, or nothing is connected.
        Others: as `authorized` does.
    """

    def work(tx: Tx) -> tuple[ConnectionRow, Held]:
        place = workspace_id or home_of(tx, actor, integration_id)
        row = connection_for(tx, actor, integration_id, place)
        if row is None:
            raise NotFoundError("connection")
        return row, hold(tx, env.vault, read_standing(tx, row.id))

    row, held = await opening(env, work)
    return await _ready(env, row, held, refused)


async def _ready(env: FlowServices, row: ConnectionRow, held: Held, refused: int | None) -> Authorized:
    await require_unchanged(env, held)
    if not held.standing.is_fresh(held.now, refused):
        held = await refreshed(env, row.id, refused)
    standing = held.standing
    if row.last_used_at is None or seconds_until(held.now, row.last_used_at) >= NOTED_S:
        in_flight(env.database).note_use(env.database, held.now, row.id)
    placed = place_credential(held.configuration, held.credential)
    return Authorized(
        connection=structs.replace(
            row, generation=standing.generation, access_expires_at=standing.access_expires_at
        ),
        base_url=held.configuration.base_url or "",
        headers=placed.headers,
        params=placed.params,
        origins=held.configuration.api_origins,
        generation=standing.generation,
        refreshable=standing.refreshable,
        config=held.configuration,
    )
