"""Getting a connection a fresh token because somebody asks for one, not because it is needed."""

from __future__ import annotations

from trunkline.core.access import Permission
from trunkline.core.connections.errors import RefreshUnavailableError
from trunkline.core.connections.flows.refresh import refreshed
from trunkline.core.connections.flows.services import FlowServices
from trunkline.core.connections.ownership import require_own
from trunkline.core.connections.reads import require_hold, visible_connection
from trunkline.core.connections.specs import ConnectionRow
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor, Tier

AGAIN_S = 5  # seconds after which it may be asked for again, where nobody has said when


async def renew(env: FlowServices, actor: Actor, connection_id: str, *, force: bool = False) -> ConnectionRow:
    """Refresh a connection's token where it has run out, or in any case; the connection as it is afterwards.

    A connection without a token that can be refreshed stays as it is. However many ask while a
    call is under way, they share it.

    Args:
        env: what to work with.
        actor: who asks.
        connection_id: 32 hex digits.
        force: also where the present token is good for long.

    Raises:
        NotFoundError: absent, disconnected or outside the caller's scope.
        ForbiddenError: the caller may not change it, or it is another user's own.
        NeedsReauthError, ConnectionSuspendedError, ConnectionPendingError, CredentialDestroyedError: it cannot
            be used.
        RefreshUnavailableError: no fresh token can be got right now; the one of before is kept.
        TokenRefusedError: the provider does not accept the client.
        NotConnectableError: its integration or provider is gone, or can no longer be read.
    """

    def admit(tx: Tx) -> ConnectionRow:
        actor.require(Permission.CONNECTIONS_WRITE)
        row = visible_connection(tx, actor, connection_id, deleted=False)
        require_own(actor, row)
        require_hold(tx, actor, row, Tier.EDITOR)
        return row

    before = await env.database.read(admit, inline=True)
    held = await refreshed(env, connection_id, beyond=before.generation if force else None)
    if force and before.refreshable and held.standing.generation == before.generation:
        raise RefreshUnavailableError(
            f"a fresh token for the connection {before.name} cannot be got right now; try again", AGAIN_S
        )
    return await env.database.read(lambda tx: visible_connection(tx, actor, connection_id), inline=True)
