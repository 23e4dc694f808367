"""What the answers to requests say of a credential that nobody can refresh.

    401 ─► heeded within 30 s already ────────────────────────────────► nothing
       ├─► there is a request to ask with ──► that answers 401 ───────► needs_reauth
       └─► there is none ──► the third that is heeded in a row ───────► needs_reauth
    2xx ─► nothing is held against it ────────────────────────────────► nothing
       ├─► refused, and there is a request to ask with ─► that is good ► ok
       └─► otherwise ─────────────────────────────────────────────────► ok, and counted from the start

One resource that answers 401 says little: it may be somebody else's, and whoever may send requests can choose it.
So the integration's own health or account request decides where it has one. Where it has none, the refusals must
last for a minute without one success between them. A connection that is refused stays in use meanwhile, so that the
first success ends it, and a mistake costs nobody a request.

A credential that can be refreshed is not judged here: whether it is good is asked at the token endpoint.
"""

from __future__ import annotations

from functools import partial
from typing import Final

import structlog

from trunkline.core.connections.configuration import Configuration
from trunkline.core.connections.flows.authorized import Authorized
from trunkline.core.connections.flows.probing import Verdict, examine
from trunkline.core.connections.flows.services import FlowServices
from trunkline.core.connections.freshness import later
from trunkline.core.connections.placement import Placed
from trunkline.core.connections.queries import REFUSED_ANEW, UNCHANGED
from trunkline.core.connections.reasons import Reason
from trunkline.core.connections.seeing import Usable
from trunkline.core.connections.tables import connections
from trunkline.core.connections.transitions import believe, need_reauth
from trunkline.infra.db import Tx
from trunkline.infra.db.moments import shared_now
from trunkline.infra.jobs import describe
from trunkline.kit.actor import system_actor
from trunkline.kit.clock import stamp
from trunkline.kit.errors import TrunklineError

REFUSED: Final = 401
REFUSALS: Final = 3  # in a row, where the provider cannot be asked
PAUSE_S: Final = 30.0  # between refusals that are heeded, and between questions

REFUSER = system_actor("the provider refuses the credential of a request")
BELIEVER = system_actor("the provider accepts the credential of a request")
_log = structlog.get_logger("trunkline.core.connections")


async def heed_answer(env: FlowServices, used: Authorized, status: int) -> None:
    """Draw from a request's answer what follows for the connection it was sent with; raises nothing.

    Args:
        env: what to work with.
        used: what the request was sent with.
        status: of the answer, after whatever was tried again.
    """
    row = used.row
    succeeded = 200 <= status < 300
    held_against = row.is_refused or row.refusals > 0
    if row.refreshable or not (used.headers or used.params):
        return
    if not (status == REFUSED and not row.is_refused) and not (succeeded and held_against):
        return
    try:
        await (_accepted(env, used) if succeeded else _refused(env, used))
    except TrunklineError as error:
        _log.warning("connection_answer_not_heeded", connection=row.id, error=describe(error))


async def _refused(env: FlowServices, used: Authorized) -> None:
    row = used.row
    if _is_pausing(env, row):
        return
    if not _can_be_asked(used.config):
        await env.database.write(partial(_count, row=row))
    elif await env.database.write(partial(_heed, row=row, refusals=row.refusals)):
        finding = await examine(env.egress, used.config, _placed(used))
        if finding.verdict is Verdict.REFUSED and finding.status == REFUSED:
            await env.database.write(
                partial(need_reauth, actor=REFUSER, row=row, reason=Reason.CREDENTIAL_REFUSED)
            )


async def _accepted(env: FlowServices, used: Authorized) -> None:
    row = used.row
    if not row.is_refused:
        await env.database.write(partial(_forget, row=row))
        return
    if _can_be_asked(used.config):
        if _is_pausing(env, row) or not await env.database.write(
            partial(_heed, row=row, refusals=row.refusals)
        ):
            return
        finding = await examine(env.egress, used.config, _placed(used))
        if finding.verdict is not Verdict.GOOD:
            return
    due_at = row.access_expires_at
    await env.database.write(partial(believe, actor=BELIEVER, row=row, due_at=due_at))


def _can_be_asked(configuration: Configuration) -> bool:
    asks = configuration.health is not None or configuration.account is not None
    return asks and configuration.base_url is not None


def _is_pausing(env: FlowServices, row: Usable) -> bool:
    return row.retry_at is not None and row.retry_at > stamp(env.clock.now())


def _placed(used: Authorized) -> Placed:
    return Placed(headers=tuple(used.headers), params=tuple(used.params))


def _heed(tx: Tx, row: Usable, refusals: int) -> bool:
    """Begin a pause as the only one; False where somebody else has, or the connection has changed."""
    now = shared_now(tx)
    seen = {"id": row.id, "generation": row.generation, "refusals": row.refusals, "now": now}
    pause = {"refusals": refusals, "retry_at": later(now, PAUSE_S)}
    return tx.update(connections, REFUSED_ANEW, seen, **pause) == 1


def _count(tx: Tx, row: Usable) -> None:
    if _heed(tx, row, row.refusals + 1) and row.refusals + 1 >= REFUSALS:
        need_reauth(tx, REFUSER, row, Reason.CREDENTIAL_REFUSED)


def _forget(tx: Tx, row: Usable) -> None:
    tx.update(connections, UNCHANGED, {"id": row.id, "generation": row.generation}, refusals=0)
