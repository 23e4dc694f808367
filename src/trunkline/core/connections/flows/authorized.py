"""Using a connection: everything a request needs to go out with its credential, and to nobody but its origins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from msgspec import structs

from trunkline.core.connections.configuration import Configuration
from trunkline.core.connections.flows.guarding import require_unchanged
from trunkline.core.connections.flows.inflight import in_flight
from trunkline.core.connections.flows.looking import leave_unreadable
from trunkline.core.connections.flows.refresh import refreshed
from trunkline.core.connections.flows.services import FlowServices
from trunkline.core.connections.freshness import seconds_until
from trunkline.core.connections.ownership import require_own
from trunkline.core.connections.placement import place_credential
from trunkline.core.connections.reads import connection_for
from trunkline.core.connections.seeing import Usable, usable_connection
from trunkline.core.connections.sources import home_of
from trunkline.core.connections.specs import ConnectionRow
from trunkline.core.connections.standing import Held, UnreadableError, hold
from trunkline.infra.db import Tx
from trunkline.infra.http import Origin
from trunkline.infra.vault import Vault
from trunkline.kit.actor import Actor, system_actor
from trunkline.kit.errors import NotFoundError

SYSTEM = system_actor("a connection is used by what its owner has set up")
NOTED_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorized:
    """A connection ready to be used. What it carries is sent to `origins` and shown to nobody.

    Attributes:
        row: the connection as it stood when it was looked at.
        base_url: where requests go, without a slash at its end; empty where the integration does not say.
        headers, params: what authenticates a request.
        origins: where the credential may go.
        generation: to be given back as `refused` when the upstream refuses it.
        access_expires_at: when the token in it ends, as far as anybody knows.
        refreshable: whether there can be another one then.
        config: the rest of how the integration sends requests.
    """

    row: Usable = field(repr=False)
    base_url: str
    headers: Sequence[tuple[str, str]] = field(repr=False)
    params: Sequence[tuple[str, str]] = field(repr=False)
    origins: frozenset[Origin]
    generation: int
    access_expires_at: str | None
    refreshable: bool
    config: Configuration

    @property
    def connection(self) -> ConnectionRow:
        """The connection as people see it, the token it has now included."""
        return structs.replace(
            self.row.row, generation=self.generation, access_expires_at=self.access_expires_at
        )

    @property
    def connection_id(self) -> str:
        """32 hex digits."""
        return self.row.id

    @property
    def organization_id(self) -> str:
        """The tenant it is used in."""
        return self.row.organization_id

    @property
    def workspace_id(self) -> str:
        """Where it is used."""
        return self.row.workspace_id

    @property
    def integration_id(self) -> str | None:
        """What it connects to."""
        return self.row.integration_id


@dataclass(frozen=True, slots=True)
class Looked:
    """What one transaction saw of a connection that is to be used.

    Attributes:
        row: the connection; the caller may use it.
        held: opened; or why it does not open, which is to be written down outside the transaction.
    """

    row: Usable
    held: Held | UnreadableError


def look_up(tx: Tx, vault: Vault, actor: Actor | None, connection_id: str) -> Looked:
    """The part of `authorized` that reads, for a transaction that does something else besides.

    What it saw is to be used at once: it is the moment from which on a change no longer counts.

    Raises:
        NotFoundError, ForbiddenError, NotConnectableError: as `authorized` does.
        NeedsReauthError, ConnectionSuspendedError, ConnectionPendingError, CredentialDestroyedError: it
            cannot be used.
    """
    acting = actor or SYSTEM
    row = usable_connection(tx, acting, connection_id)
    require_own(acting, row)
    try:
        return Looked(row, hold(tx, vault, row))
    except UnreadableError as error:
        return Looked(row, error)


async def authorized(
    env: FlowServices,
    actor: Actor | None,
    connection_id: str,
    *,
    refused: int | None = None,
    looked: Looked | None = None,
) -> Authorized:
    """What a request needs to be authenticated with a connection, with a fresh token where one is needed.

    Args:
        env: what to work with.
        actor: who uses it; None for what runs without anybody, such as a sync its owner has set up.
        connection_id: 32 hex digits.
        refused: the generation that the upstream has just refused, to get another.
        looked: what `look_up` has just seen of it for this caller, where it has been asked.

    Raises:
        NotFoundError: absent, deleted, or outside the caller's scope.
        ForbiddenError: it is another user's own.
        NeedsReauthError, ConnectionSuspendedError, ConnectionPendingError, CredentialDestroyedError: it
            cannot be used; the sentence says who can help.
        RefreshUnavailableError: it needs a fresh token, which cannot be got right now.
        TokenRefusedError: it needs a fresh token, and the provider does not accept the integration's client.
        NotConnectableError: its integration is gone, or can no longer be read.
    """
    if looked is None:
        looked = await env.database.read(lambda tx: look_up(tx, env.vault, actor, connection_id), inline=True)
    return await _ready(env, looked, refused)


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

    def work(tx: Tx) -> Looked:
        place = workspace_id or home_of(tx, actor, integration_id)
        row = connection_for(tx, actor, integration_id, place)
        if row is None:
            raise NotFoundError("connection")
        return look_up(tx, env.vault, actor, row.id)

    return await _ready(env, await env.database.read(work, inline=True), refused)


async def _ready(env: FlowServices, looked: Looked, refused: int | None) -> Authorized:
    row, held = looked.row, looked.held
    if isinstance(held, UnreadableError):
        await leave_unreadable(env, held)
    await require_unchanged(env, held)
    if not held.standing.is_fresh(held.now, refused):
        held = await refreshed(env, row.id, refused)
    standing = held.standing
    if row.last_used_at is None or _noted_before(row.last_used_at, held.now):
        in_flight(env.database).note_use(env.database, held.now, row.id)
    placed = place_credential(held.configuration, held.credential)
    return Authorized(
        row=row,
        base_url=held.configuration.base_url or "",
        headers=placed.headers,
        params=placed.params,
        origins=held.configuration.api_origins,
        generation=standing.generation,
        access_expires_at=standing.access_expires_at,
        refreshable=standing.refreshable,
        config=held.configuration,
    )


def _noted_before(moment: str, now: str) -> bool:
    return seconds_until(now, moment) >= NOTED_S
