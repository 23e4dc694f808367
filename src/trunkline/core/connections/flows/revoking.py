"""Telling providers that tokens are no longer wanted, until they confirm it or have been asked often enough.

Source: RFC 7009 sections 2.1 and 2.2.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog
from msgspec import Struct

from trunkline.core.connections.clients import CLIENT_ID, GIVEN_SECRET, Client, is_given_for
from trunkline.core.connections.credential import Credential, read_credential
from trunkline.core.connections.errors import NotConnectableError
from trunkline.core.connections.flows.services import FlowServices
from trunkline.core.connections.freshness import backoff_s, later
from trunkline.core.connections.queries import (
    DUE_REVOCATIONS,
    QUEUED_AS_READ,
    REVOCATION,
    REVOKED_CONNECTION,
    STANDING,
)
from trunkline.core.connections.sealed import REVOKED_CLIENT_SECRET, REVOKED_CREDENTIAL
from trunkline.core.connections.standing import Standing, read_configuration
from trunkline.core.connections.tables import connection_revocations, connections
from trunkline.core.connections.token_request import TOKEN_LIMITS, form_request
from trunkline.core.journal import Change, record
from trunkline.core.providers import app_of
from trunkline.infra.db import Tx
from trunkline.infra.http import EgressError, Fetched, Origin, Outbound
from trunkline.infra.vault import SealError, UnknownKeyError
from trunkline.infra.vault.store import DatabaseKeyStore
from trunkline.kit.actor import system_actor
from trunkline.kit.errors import InvalidRequestError

TRIES = 8  # over about two hours
BATCH = 50
AT_ONCE = 8  # requests

REVOKER = system_actor("tokens of a disconnected connection are revoked")
_log = structlog.get_logger("trunkline.core.connections")


class _Row(Struct, frozen=True):
    """A queued revocation, in the order of the statement's columns."""

    id: str
    organization_id: str
    workspace_id: str
    connection_id: str
    integration_id: str | None
    home_id: str
    provider: str | None
    url: str
    client_id: str | None
    token_auth: str
    credential: str | None
    generation: int
    client_organization_id: str | None
    client_secret: str | None
    client_generation: int
    state: str
    attempts: int


@dataclass(frozen=True, slots=True)
class _Plea:
    """What is to be sent for one row; None of it where nothing can be."""

    row: _Row
    requests: list[Outbound] = field(repr=False)
    problem: str | None = None


async def revoke_due(env: FlowServices, limit: int = BATCH) -> int:
    """Ask the providers to revoke what is due; how many they were asked about."""
    ids = await env.database.read(lambda tx: tx.column(DUE_REVOCATIONS, now=tx.now, limit=limit))
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(revocation_id: str) -> None:
        async with turn:
            await _revoke(env, revocation_id)

    await asyncio.gather(*(one(revocation_id) for revocation_id in ids))
    return len(ids)


async def _revoke(env: FlowServices, revocation_id: str) -> None:
    plea = await env.database.read(partial(_plea, env=env, revocation_id=revocation_id))
    if plea is None:
        return
    problem = plea.problem
    for number, request in enumerate(plea.requests):
        try:
            answer = await env.egress.fetch(request, TOKEN_LIMITS)
            failed = None if _is_done(answer) else f"status {answer.status}"
        except (EgressError, InvalidRequestError) as error:
            failed = error.code
        # What ends the grant comes first; a server that ends the rest with it may not know the rest any more.
        if number == 0:
            problem = failed
        if failed is not None:
            break
    await env.database.write(partial(_note, row=plea.row, problem=problem, hopeless=not plea.requests))


def _plea(tx: Tx, env: FlowServices, revocation_id: str) -> _Plea | None:
    row = tx.one(_Row, REVOCATION, id=revocation_id)
    if row is None or row.state != "queued" or row.credential is None:
        return None
    store = DatabaseKeyStore(tx)
    place = REVOKED_CREDENTIAL.place(row.connection_id, row.generation)
    try:
        credential = read_credential(env.vault.open(store, row.organization_id, place, row.credential))
        client = _client(tx, env, row, credential)
    except (SealError, UnknownKeyError):
        return _Plea(row, [], "the stored token does not open")
    requests = [
        form_request(row.url, client, row.token_auth, {"token": token.reveal(), "token_type_hint": hint})
        for token, hint in ((credential.refresh, "refresh_token"), (credential.access, "access_token"))
        if token is not None
    ]
    return _Plea(row, requests, None if requests else "there is no token")


def _client(tx: Tx, env: FlowServices, row: _Row, credential: Credential) -> Client:
    """As whom to ask, as far as that can still be known; the server decides whether it suffices.

    Whom a secret is shown to was decided when this was queued. It is asked again, because what has changed since
    counts, and because what an earlier release queued was never asked about.
    """
    own = credential.given.get(CLIENT_ID)
    if own is not None:
        return Client(own.reveal(), credential.given.get(GIVEN_SECRET))
    if row.client_id is None and row.provider is not None and _is_providers_own(tx, row):
        app = app_of(tx, env.vault, row.home_id, row.provider)
        if app is not None:
            return Client(app.client_id, app.client_secret)
    if (
        row.client_secret is None
        or row.integration_id is None
        or not is_given_for(tx, row.integration_id, row.url)
    ):
        return Client(row.client_id or "")
    place = REVOKED_CLIENT_SECRET.place(row.integration_id, row.client_generation)
    tenant = row.client_organization_id or row.organization_id
    return Client(row.client_id or "", env.vault.open(DatabaseKeyStore(tx), tenant, place, row.client_secret))


def _is_providers_own(tx: Tx, row: _Row) -> bool:
    """Whether the endpoint is the provider's; what was found when it was queued, once nothing else tells."""
    standing = tx.one(Standing, STANDING, id=row.connection_id)
    try:
        configuration = None if standing is None else read_configuration(tx, standing)
    except NotConnectableError:
        configuration = None
    if configuration is None:
        return True
    return configuration.provider == row.provider and Origin.of(row.url) in configuration.provider_origins


def _is_done(answer: Fetched) -> bool:
    """Whether the token is no good any more; an unknown one is answered like a revoked one."""
    return answer.status in {200, 204}


def _note(tx: Tx, row: _Row, problem: str | None, *, hopeless: bool) -> None:
    attempts = row.attempts + 1
    seen = {"id": row.id, "attempts": row.attempts}
    if problem is not None and not hopeless and attempts < TRIES:
        tx.update(
            connection_revocations,
            QUEUED_AS_READ,
            seen,
            attempts=attempts,
            last_error=problem,
            next_at=later(tx.now, 12 * backoff_s(attempts)),
        )
        return
    state = "done" if problem is None else "failed"
    columns: dict[str, Any] = {"state": state, "attempts": attempts, "last_error": problem}
    emptied = {"credential": None, "client_secret": None, "next_at": None, "finished_at": tx.now}
    if tx.update(connection_revocations, QUEUED_AS_READ, seen, **columns, **emptied) != 1:
        return
    there = {"id": row.connection_id}
    if tx.update(connections, REVOKED_CONNECTION, there, revocation=state) == 1:
        change = Change(
            type="connection.revocation_finished",
            subject_kind="connection",
            subject_id=row.connection_id,
            organization_id=row.organization_id,
            workspace_id=row.workspace_id,
            changed=("revocation",),
            data={"revocation": state},
        )
        record(tx, REVOKER, change)
    if problem is not None:
        _log.warning("connection_not_revoked", connection=row.connection_id, error=problem)
