"""An authorization begun outside of a browser, by a program, is tied to the browser that opens it first.

What the program hands out is a page of this instance, which sends that browser on to the provider. From then on
nobody else can end it, even with the provider's URL in hand: that one passes by more eyes than the first (the
provider's logs, a history, a screen), and whoever ends an authorization decides whose account is connected.

It does not keep anybody from being sent to that page by a stranger who began it: what is agreed to there is the
provider's to say, and the person's to read.

Source: RFC 9700 sections 2.1 and 4.7.
"""

from __future__ import annotations

from functools import partial

from trunkline.core.connections.errors import InvalidStateError
from trunkline.core.connections.flows.resuming import resume
from trunkline.core.connections.flows.services import FlowServices
from trunkline.core.connections.queries import BOUND_AS
from trunkline.core.connections.states import UNOPENED, authorization_url, digest, find, is_known, nonce_of
from trunkline.core.connections.tables import oauth_states
from trunkline.infra.db import Tx
from trunkline.infra.vault import same
from trunkline.kit.errors import ConflictError, ForbiddenError, NotFoundError, UnauthenticatedError


async def open_authorization(env: FlowServices, state: str, binding: str) -> str:
    """Tie a started authorization to the browser known by `binding`; the provider's page to send it on to.

    Opening it again in the same browser changes nothing.

    Raises:
        InvalidStateError: it is unknown, was ended or has expired; another browser has opened it; or who began it
            could not begin it now, or not in the same way.
        VaultError: the verifier does not open.
    """
    if not await env.database.read(partial(is_known, state=state), inline=True):
        raise InvalidStateError("this authorization is unknown, was used already or has expired: start again")
    return await env.database.write(partial(_open, env=env, text=state, binding=binding))


def _open(tx: Tx, env: FlowServices, text: str, binding: str) -> str:
    state, mine = find(tx, text), digest(binding)
    if state is None:
        raise InvalidStateError("this authorization is unknown, was used already or has expired: start again")
    if state.binding is None:
        raise InvalidStateError("this authorization was not started to be opened here")
    place = {"id": state.id, "binding": UNOPENED}
    tied = state.binding == UNOPENED and tx.update(oauth_states, BOUND_AS, place, binding=mine) == 1
    if not tied and not same(state.binding, mine):
        raise InvalidStateError("this authorization was opened in another browser: start again")
    try:
        resumed = resume(tx, env, state)
    except (UnauthenticatedError, ForbiddenError, NotFoundError, ConflictError) as error:
        raise InvalidStateError(f"this authorization cannot go on: {error.message}") from error
    return authorization_url(
        resumed.configuration,
        resumed.client,
        state.redirect_uri,
        text,
        resumed.verifier,
        None if state.nonce is None else nonce_of(text),
    )
