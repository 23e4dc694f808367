"""What people ask of a connection over the network: is it good, end it, end all of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial

from msgspec import json

from trunkline.core.access import Permission
from trunkline.core.connections.flows.authorized import Authorized, authorized
from trunkline.core.connections.flows.probing import Finding, Verdict, examine
from trunkline.core.connections.flows.services import FlowServices
from trunkline.core.connections.identity import Account, stored_account
from trunkline.core.connections.placement import Placed
from trunkline.core.connections.queries import BY_ID
from trunkline.core.connections.reads import require_hold, visible_connection
from trunkline.core.connections.reasons import Reason
from trunkline.core.connections.service import (
    confirm_connection_origins,
    disconnect_connection,
    end_connections_of,
)
from trunkline.core.connections.specs import ConnectionRow
from trunkline.core.connections.tables import connections
from trunkline.core.connections.transitions import believe, need_reauth
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor, Tier, system_actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """What the provider said about a connection.

    Attributes:
        connection: as it is afterwards.
        status: of the provider's answer, where there was one.
    """

    connection: ConnectionRow
    verdict: Verdict
    status: int | None


async def probe(env: FlowServices, actor: Actor, connection_id: str) -> Probed:
    """Ask the provider whether a connection's credential is good, and whose it is.

    A token that is refused is refreshed and tried once more; what cannot be refreshed and is refused is left to
    its owner.

    Raises:
        NotFoundError: absent, disconnected or outside the caller's scope.
        ForbiddenError: the caller may not change it.
        Others: as `authorized` does.
    """
    tester = system_actor(f"a connection is tested by user {actor.user_id}")

    def admit(tx: Tx) -> None:
        actor.require(Permission.CONNECTIONS_WRITE)
        require_hold(tx, actor, visible_connection(tx, actor, connection_id, deleted=False), Tier.EDITOR)

    await env.database.read(admit, inline=True)
    ready = await authorized(env, tester, connection_id)
    finding = await _examined(env, ready)
    if finding.verdict is Verdict.REFUSED and ready.refreshable:
        ready = await authorized(env, tester, connection_id, refused=ready.generation)
        finding = await _examined(env, ready)
    row = ready.connection
    if finding.verdict is Verdict.REFUSED and not ready.refreshable:
        await env.database.write(
            partial(need_reauth, actor=tester, row=row, reason=Reason.CREDENTIAL_REFUSED)
        )
    elif finding.account.is_known:
        await env.database.write(partial(_remember, row=row, account=finding.account))
    if finding.verdict is Verdict.GOOD and ready.row.is_refused:
        due_at = ready.access_expires_at
        await env.database.write(partial(believe, actor=tester, row=row, due_at=due_at))

    def read(tx: Tx) -> ConnectionRow:
        return visible_connection(tx, actor, connection_id)

    after = await env.database.read(read, inline=True)
    return Probed(connection=after, verdict=finding.verdict, status=finding.status)


async def disconnect(env: FlowServices, actor: Actor, connection_id: str) -> ConnectionRow:
    """`disconnect_connection` in a transaction of its own."""
    return await env.database.write(partial(disconnect_connection, actor=actor, connection_id=connection_id))


async def disconnect_all(env: FlowServices, actor: Actor, integration_id: str) -> int:
    """Disconnect every connection to an integration, in batches; how many there were.

    A batch that fails leaves those before it ended; calling again takes up where it stopped.

    Raises:
        NotFoundError: the integration is absent or outside the caller's scope.
        ForbiddenError: the caller is no admin of it.
    """
    count, after = 0, ""
    while True:
        ended = await env.database.write(
            partial(end_connections_of, actor=actor, integration_id=integration_id, after=after)
        )
        count += ended.count
        if ended.last is None:
            return count
        after = ended.last


async def confirm_origins(
    env: FlowServices, actor: Actor, connection_id: str, origins: Collection[str]
) -> ConnectionRow:
    """`confirm_connection_origins` in a transaction of its own."""
    return await env.database.write(
        partial(confirm_connection_origins, actor=actor, connection_id=connection_id, origins=origins)
    )


async def _examined(env: FlowServices, ready: Authorized) -> Finding:
    placed = Placed(headers=tuple(ready.headers), params=tuple(ready.params))
    return await examine(env.egress, ready.config, placed)


def _remember(tx: Tx, row: ConnectionRow, account: Account) -> None:
    """Whose it is; an account that is known already is only told anew, never exchanged for another."""
    told = json.encode(account).decode()
    known = stored_account(row.account)
    if not account.is_another_than(known) and not account.tells_less_than(known):
        tx.update(connections, BY_ID, {"id": row.id}, account=told)
