"""What connections need done in the background; registered in `bootstrap`.

Whatever a connection waits for stands in its row as one time, `due_at`: keeping its grant alive, taking up a
refresh whose process died, trying again after a failure, telling its owner that it has run out. One job looks
for rows whose time has come, so that nothing waits longer than a lease and a round of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any

import structlog

from trunkline.core.connections.errors import (
    CredentialDestroyedError,
    NeedsReauthError,
    RefreshUnavailableError,
)
from trunkline.core.connections.flows.inflight import in_flight
from trunkline.core.connections.flows.refresh import refreshed
from trunkline.core.connections.flows.revoking import revoke_due
from trunkline.core.connections.flows.services import FlowServices
from trunkline.core.connections.freshness import later
from trunkline.core.connections.queries import (
    ANY_DUE,
    ANY_REVOCATION_DUE,
    DUE_CONNECTIONS,
    FINISHED_REVOCATIONS,
    STILL_DUE,
)
from trunkline.core.connections.revocation import REVOKE_JOB
from trunkline.core.connections.states import forget_expired_states
from trunkline.core.connections.tables import connection_revocations, connections
from trunkline.infra.db import Tx
from trunkline.infra.db.locks import read_committed
from trunkline.infra.http import Egress
from trunkline.infra.jobs import Handler, JobContext, Periodic, describe
from trunkline.infra.vault import Vault
from trunkline.kit.errors import ConflictError, NotFoundError

REFRESH_JOB = "connections.refresh_due"
FORGET_JOB = "connections.forget"
BATCH = 100
AT_ONCE = 32  # so that providers that hang keep the others waiting for a minute at most
ROUND_S = 15.0
PUT_OFF_S = 3_600.0  # of what cannot be done and will not be done by itself
NO_BROWSER = ""  # nobody is sent anywhere by a job
KEPT_S = 30 * 86_400.0  # finished revocations

_log = structlog.get_logger("trunkline.core.connections")


def job_handlers(vault: Vault, egress: Egress) -> Mapping[str, Handler]:
    """What runs the jobs of each kind."""

    def flow(work: Callable[[FlowServices], Coroutine[Any, Any, object]]) -> Handler:
        def run(context: JobContext) -> None:
            env = FlowServices(context.database, vault, egress, NO_BROWSER, context.clock)
            asyncio.run(_on_a_loop_of_its_own(env, work))

        return run

    return {REFRESH_JOB: flow(refresh_due), REVOKE_JOB: flow(_revoke_all), FORGET_JOB: _forget}


PERIODICS: Mapping[str, Periodic] = {
    REFRESH_JOB: Periodic(ROUND_S, needed=lambda tx: tx.value(ANY_DUE, now=tx.now) is not None),
    REVOKE_JOB: Periodic(60, needed=lambda tx: tx.value(ANY_REVOCATION_DUE, now=tx.now) is not None),
    FORGET_JOB: Periodic(3_600),
}


async def refresh_due(env: FlowServices, limit: int = BATCH) -> int:
    """Look at connections whose time has come; how many they were."""
    ids = await env.database.read(lambda tx: tx.column(DUE_CONNECTIONS, now=tx.now, limit=limit))
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(connection_id: str) -> None:
        async with turn:
            await _tend(env, connection_id)

    await asyncio.gather(*(one(connection_id) for connection_id in ids))
    return len(ids)


async def _tend(env: FlowServices, connection_id: str) -> None:
    try:
        await refreshed(env, connection_id, due=True)
    except (NeedsReauthError, RefreshUnavailableError, CredentialDestroyedError, NotFoundError):
        pass  # its row says so, and when to look again
    except ConflictError as error:
        _log.info("connection_not_tended", connection=connection_id, error=describe(error))
    except Exception as error:  # noqa: BLE001  # one connection must not keep the others waiting
        _log.error("connection_not_tended", connection=connection_id, error=describe(error))
    # What has not been given another time would be looked at again and again.
    await env.database.write(partial(_put_off, connection_id=connection_id))


async def _revoke_all(env: FlowServices) -> None:
    while await revoke_due(env):
        pass


async def _on_a_loop_of_its_own(
    env: FlowServices, work: Callable[[FlowServices], Coroutine[Any, Any, object]]
) -> None:
    try:
        await work(env)
    finally:
        await in_flight(env.database).settle(env.database)
        await env.egress.close()


def _put_off(tx: Tx, connection_id: str) -> None:
    read_committed(tx)
    there = {"id": connection_id, "now": tx.now}
    tx.update(connections, STILL_DUE, there, due_at=later(tx.now, PUT_OFF_S))


def _forget(context: JobContext) -> None:
    def work(tx: Tx) -> None:
        forget_expired_states(tx)
        tx.delete(connection_revocations, FINISHED_REVOCATIONS, before=later(tx.now, -KEPT_S))

    context.database.write_now(work)
