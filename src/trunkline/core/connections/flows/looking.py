"""Reading a connection for use, and what to do where its credential cannot be opened any more."""

from __future__ import annotations

from functools import partial
from typing import NoReturn

from trunkline.core.connections.errors import NeedsReauthError
from trunkline.core.connections.flows.services import FlowServices
from trunkline.core.connections.reasons import SENTENCES, Reason
from trunkline.core.connections.standing import Held, UnreadableError, hold, read_standing
from trunkline.core.connections.transitions import need_reauth
from trunkline.infra.db import Tx
from trunkline.kit.actor import system_actor

KEEPER = system_actor("the stored credential does not open")


async def look(env: FlowServices, connection_id: str) -> Held:
    """A usable connection as it stands, by the clock that everybody shares.

    Raises:
        NotFoundError: it is gone.
        NeedsReauthError, ConnectionSuspendedError, ConnectionPendingError, CredentialDestroyedError: it
            cannot be used.
        NotConnectableError: its integration is gone, or can no longer be read.
    """

    def work(tx: Tx) -> Held:
        return hold(tx, env.vault, read_standing(tx, connection_id), shared_clock=True)

    try:
        return await env.database.read(work, inline=True)
    except UnreadableError as error:
        unreadable = error
    return await leave_unreadable(env, unreadable)


async def leave_unreadable(env: FlowServices, error: UnreadableError) -> NoReturn:
    """Leave a connection whose credential does not open to its owner.

    Raises:
        NeedsReauthError: always.
    """
    row = error.standing
    await env.database.write(partial(need_reauth, actor=KEEPER, row=row, reason=Reason.UNREADABLE))
    raise NeedsReauthError(
        f"the connection {row.name} must be connected again: {SENTENCES[Reason.UNREADABLE]}"
    ) from error
