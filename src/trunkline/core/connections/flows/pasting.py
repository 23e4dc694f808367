"""Ending an authorization with a code that its owner brings by hand.

Providers show one on a page where there is nothing to send a browser back to. It is redeemed as if it had come with
the browser: once, by who has started the authorization, in the browser they started it in, with its verifier.

Source: informer-gestal reference A3 row 10; RFC 6749 section 4.1.3, RFC 7636 section 4.5.
"""

from __future__ import annotations

from functools import partial

from trunkline.core.access import Permission
from trunkline.core.connections.errors import InvalidStateError
from trunkline.core.connections.flows.authorization import redeem
from trunkline.core.connections.flows.journey import PastedCode
from trunkline.core.connections.flows.services import FlowServices
from trunkline.core.connections.queries import STARTED
from trunkline.core.connections.reads import visible_connection
from trunkline.core.connections.specs import ConnectionRow
from trunkline.core.connections.states import State, digest, take
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor


async def redeem_code(env: FlowServices, actor: Actor, pasted: PastedCode) -> ConnectionRow:
    """Exchange a pasted code for tokens and store the connection.

    Raises:
        InvalidStateError: the caller has started no such authorization in this browser, or it was used already,
            has expired, or what is to be connected has changed since; nothing was asked of the provider.
        AuthorizationRefusedError: the provider does not exchange the code; it is to be started again.
        ForbiddenError: the caller may not connect there.
        NotFoundError: what is to be connected, or where, is gone.
        WrongAccountError: the account is another one than the connection's.
        EgressError: the token endpoint could not be reached.
        TokenMalformedError: what it answered is no token.
    """
    actor.require(Permission.CONNECTIONS_WRITE)
    redirect_uri = f"{env.public_url}{pasted.redirect_path}"
    state = await env.database.write(partial(_taken, actor=actor, pasted=pasted, redirect_uri=redirect_uri))
    connection_id = await redeem(env, state, pasted.code)
    return await env.database.read(lambda tx: visible_connection(tx, actor, connection_id), inline=True)


def _taken(tx: Tx, actor: Actor, pasted: PastedCode, redirect_uri: str) -> State:
    """The authorization the code ends, taken away: neither the browser nor another code can end it now."""
    open_here = tx.all(
        State,
        STARTED,
        integration_id=pasted.integration_id,
        workspace_id=pasted.workspace_id,
        user_id=actor.user_id,
        binding=digest(pasted.binding),
        redirect_uri=redirect_uri,
        now=tx.now,
    )
    wanted = None if pasted.state is None else digest(pasted.state)
    for state in open_here:
        if wanted in (None, state.id) and take(tx, state):
            return state
    raise InvalidStateError(
        "you have started no such authorization in this browser, or it was used already or has expired: start one"
    )
