"""What is asked before a credential leaves: is it still meant for whom, and for what, its owner gave it?"""

from __future__ import annotations

from functools import partial

from trunkline.core.connections.errors import NeedsReauthError
from trunkline.core.connections.flows.services import FlowServices
from trunkline.core.connections.reasons import SENTENCES, Reason
from trunkline.core.connections.standing import Held, awaiting_consent, changed_origins
from trunkline.core.connections.transitions import need_reauth, suspend
from trunkline.kit.actor import system_actor

ORIGINS = system_actor("the integration names servers that were not consented to")
SCHEMES = system_actor("the integration authenticates in another way than before")


async def require_unchanged(env: FlowServices, held: Held) -> None:
    """Stop a connection whose integration would send its credential elsewhere, or otherwise than it was given.

    Raises:
        ConnectionSuspendedError: the integration names servers its owner has not consented to.
        NeedsReauthError: it authenticates in another way now.
    """
    standing, configuration = held.standing, held.configuration
    changed = changed_origins(standing.origins, configuration)
    if changed:
        told = {"origins": list(changed)}
        await env.database.write(
            partial(suspend, actor=ORIGINS, row=standing, reason=Reason.ORIGIN_CHANGED, told=told)
        )
        raise awaiting_consent(standing, configuration)
    if (standing.scheme, standing.grant_type) != (configuration.scheme, configuration.grant_type):
        await env.database.write(
            partial(need_reauth, actor=SCHEMES, row=standing, reason=Reason.SCHEME_CHANGED)
        )
        raise NeedsReauthError(
            f"the connection {standing.name} must be connected again: {SENTENCES[Reason.SCHEME_CHANGED]}"
        )
