"""Storing what a provider has given out: it exists nowhere else, so storing it is tried until it works."""

from __future__ import annotations

import asyncio
import time
from functools import partial

import structlog

from trunkline.core.connections.flows.services import FlowServices
from trunkline.core.connections.leases import Renewal, keep_renewal
from trunkline.core.connections.revocation import revoke_orphan
from trunkline.core.connections.standing import Held
from trunkline.infra.jobs import describe
from trunkline.kit.actor import Actor
from trunkline.kit.errors import UnavailableError

PERSIST_S = 120.0  # how long storing is tried while the database cannot
PAUSE_MIN_S = 0.05
PAUSE_MAX_S = 2.0

_log = structlog.get_logger("trunkline.core.connections")


async def store_renewal(env: FlowServices, actor: Actor, held: Held, renewal: Renewal) -> bool:
    """Store fresh tokens before anybody uses them; False where the generation had moved on already.

    Tokens that came too late for a connection that was ended meanwhile are revoked in their turn.

    Raises:
        UnavailableError: the database has not answered for two minutes; the tokens are lost.
    """
    deadline = time.monotonic() + PERSIST_S
    pause_s = PAUSE_MIN_S
    while True:
        try:
            stored = await env.database.write(
                partial(keep_renewal, actor=actor, vault=env.vault, standing=held.standing, renewal=renewal)
            )
            if not stored:
                await env.database.write(
                    partial(
                        revoke_orphan,
                        actor=actor,
                        vault=env.vault,
                        standing=held.standing,
                        configuration=held.configuration,
                        credential=renewal.credential,
                    )
                )
        except UnavailableError as error:
            if time.monotonic() >= deadline:
                _log.error("connection_tokens_lost", connection=held.standing.id, error=describe(error))
                raise
            await asyncio.sleep(pause_s)
            pause_s = min(PAUSE_MAX_S, pause_s * 2)
        else:
            return stored
