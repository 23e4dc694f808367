"""Connecting with a credential the owner brings: it is tried before it is saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from msgspec import json

from trunkline.core.access import Permission
from trunkline.core.connections.brought import Imported, brought_credential
from trunkline.core.connections.clients import api_key_of
from trunkline.core.connections.configuration import (
    CODE,
    Configuration,
    configuration_of,
    parameters_for,
)
from trunkline.core.connections.credential import Credential
from trunkline.core.connections.errors import (
    CredentialRefusedError,
    CredentialUntestedError,
    TokenRefusedError,
)
from trunkline.core.connections.flows.modes import chosen_mode
from trunkline.core.connections.flows.probing import Finding, Verdict, examine
from trunkline.core.connections.flows.services import FlowServices
from trunkline.core.connections.flows.tokens import TokenCall, ask, is_final, renewal_call
from trunkline.core.connections.freshness import LIFE_MAX_S, seconds_until
from trunkline.core.connections.integration_secrets import bind_secrets
from trunkline.core.connections.ownership import require_own
from trunkline.core.connections.placement import place_credential
from trunkline.core.connections.reads import require_connects, require_hold, visible_connection
from trunkline.core.connections.saving import Given, Wanted, save_connection
from trunkline.core.connections.sources import asked_source, require_consumer, require_place
from trunkline.core.connections.specs import ConnectionRow
from trunkline.core.connections.token_response import Refusal, Tokens
from trunkline.infra.db import Tx
from trunkline.infra.db.moments import shared_now
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import NotFoundError
from trunkline.kit.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Connect:
    """The request to connect with a credential.

    Attributes:
        integration_id, provider: what to connect, one of them. A provider itself is connected with the app of the
            workspace, or of the project whose group the workspace is.
        credentials: by name: `apiKey`; `username` and `password`; `token`; the inputs of a token exchange or of
            the provider's own scheme; `clientId`, `clientSecret` and `scope` of the client credentials and
            password grants; `refreshToken` and `accessToken` of a grant made elsewhere. Nothing at all, for
            what is connected by authorization, makes a connection that waits for it.
        imported: what is known of those tokens.
        connection_id: the connection to be connected again; None for a new one.
        mode: `per_user` or `shared`; None is as the integration says.
        singular: take the connection there is, instead of making a second.
        consumer_id: for whom its publisher has it connected; a new one's only.
    """

    workspace_id: str
    credentials: Mapping[str, Secret] = field(repr=False)
    integration_id: str | None = None
    provider: str | None = None
    imported: Imported | None = None
    name: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    connection_id: str | None = None
    mode: str | None = None
    singular: bool = False
    consumer_id: str | None = None


@dataclass(frozen=True, slots=True)
class _Plan:
    """What was asked for, checked."""

    configuration: Configuration
    wanted: Wanted
    credential: Credential
    call: TokenCall | None
    asked_at: str
    pending: bool
    imported: Imported


async def connect(env: FlowServices, actor: Actor, request: Connect) -> ConnectionRow:
    """Make a connection, or connect one again, with a credential that was found good.

    Raises:
        NotFoundError: the integration, workspace, consumer or connection is absent or outside the caller's
            scope.
        ForbiddenError: the caller may not connect there, or the connection is another user's own.
        InvalidRequestError: a credential or parameter is missing, unknown, malformed or has expired, or no
            provider is called so.
        CredentialRefusedError: the provider refuses the credential; nothing was saved.
        CredentialUntestedError: the provider could not be asked; nothing was saved.
        NotConnectableError: the integration lacks an endpoint or a client.
        WrongAccountError: the credential is another account's.
        EgressError: the token endpoint could not be reached.
    """
    plan = await env.database.write(partial(_planned, env=env, actor=actor, request=request))
    given = None if plan.pending else await _given(env, plan)

    def store(tx: Tx) -> ConnectionRow:
        saved = save_connection(tx, actor, env.vault, plan.configuration, plan.wanted, given)
        return visible_connection(tx, actor, saved)

    return await env.database.write(store)


async def reconnect(
    env: FlowServices, actor: Actor, connection_id: str, credentials: Mapping[str, Secret]
) -> ConnectionRow:
    """Give a connection a fresh credential of the same account; it keeps its id, name and parameters.

    Raises:
        NotFoundError: it is absent or outside the caller's scope, or its integration is gone.
        Others: as `connect` does.
    """

    def find(tx: Tx) -> Connect:
        actor.require(Permission.CONNECTIONS_WRITE)
        row = visible_connection(tx, actor, connection_id)
        if row.integration_id is None and row.provider is None:
            raise NotFoundError("integration")
        return Connect(
            integration_id=row.integration_id,
            provider=row.provider if row.integration_id is None else None,
            workspace_id=row.workspace_id,
            credentials=credentials,
            connection_id=connection_id,
        )

    return await connect(env, actor, await env.database.read(find, inline=True))


def _planned(tx: Tx, env: FlowServices, actor: Actor, request: Connect) -> _Plan:
    actor.require(Permission.CONNECTIONS_WRITE)
    source = asked_source(
        tx,
        actor,
        integration_id=request.integration_id,
        provider=request.provider,
        workspace_id=request.workspace_id,
    )
    require_consumer(tx, source, request.consumer_id)
    mode, parameters = request.mode, parameters_for(tx, source, request.parameters)
    if request.connection_id is not None:
        row = visible_connection(tx, actor, request.connection_id)
        require_own(actor, row)
        require_hold(tx, actor, row, Tier.EDITOR)
        require_connects(row, source, request.workspace_id)
        mode, parameters = row.mode, parameters or json.decode(row.parameters, type=dict[str, str])
    configuration = configuration_of(tx, source, parameters)
    mode = chosen_mode(configuration, mode)
    if request.connection_id is None:
        require_place(tx, actor, source, request.workspace_id, mode)
    bind_secrets(tx, configuration)
    now = shared_now(tx)
    imported = request.imported or Imported()
    credential = brought_credential(tx, env.vault, configuration, request.credentials, imported, now)
    by_code = (configuration.scheme, configuration.grant_type) == ("oauth2", CODE)
    pending = by_code and credential.refresh is None and credential.access is None
    needs_token = configuration.scheme == "token_exchange" or (
        configuration.scheme == "oauth2" and credential.access is None and not pending
    )
    call = renewal_call(tx, env.vault, configuration, credential) if needs_token else None
    wanted = Wanted(
        workspace_id=request.workspace_id,
        connection_id=request.connection_id,
        singular=request.singular,
        mode=mode,
        name=request.name,
        metadata=request.metadata,
        parameters=parameters,
        consumer_id=request.consumer_id,
    )
    return _Plan(configuration, wanted, credential, call, now, pending, imported)


async def _given(env: FlowServices, plan: _Plan) -> Given:
    configuration, credential = plan.configuration, plan.credential
    tokens: Tokens | None = None
    if plan.call is not None:
        outcome = await ask(env.egress, plan.call)
        if isinstance(outcome, Refusal):
            raise _refused(configuration, outcome, plan.call)
        tokens = outcome
        credential = Credential(
            given=credential.given, access=tokens.access, refresh=tokens.refresh or credential.refresh
        )
    finding = await examine(
        env.egress, configuration, place_credential(configuration, await _usable(env, plan, credential))
    )
    spent = plan.call is not None and plan.call.single_use
    if not spent:  # what was got for a token that is good once is kept, whatever the service says to it
        _require_good(configuration, finding)
    return Given(
        credential=credential,
        asked_at=plan.asked_at,
        access_s=(tokens.expires_in_s if tokens else _left(plan.imported.access_expires_at, plan.asked_at))
        or configuration.lifetime_s,
        refresh_s=(tokens.refresh_expires_in_s if tokens else None)
        or _left(plan.imported.refresh_expires_at, plan.asked_at),
        scopes=(tokens.scopes if tokens else None) or plan.imported.scopes or configuration.scopes,
        account=finding.account,
        shown=next(iter(plan.credential.given.values()), None) if len(plan.credential.given) == 1 else None,
    )


def _left(moment: str | None, now: str) -> int | None:
    """Whole seconds until a moment; one where it has passed."""
    return None if moment is None else min(LIFE_MAX_S, max(1, int(seconds_until(moment, now))))


async def _usable(env: FlowServices, plan: _Plan, credential: Credential) -> Credential:
    """The credential with the integration's own key where the owner brought none."""
    if plan.configuration.scheme != "api_key" or "apiKey" in credential.given:
        return credential
    shared = await env.database.read(
        partial(api_key_of, vault=env.vault, configuration=plan.configuration), inline=True
    )
    return credential if shared is None else Credential(given={"apiKey": shared})


def _refused(configuration: Configuration, refusal: Refusal, call: TokenCall) -> Exception:
    name = configuration.source.name
    if is_final(refusal, call):
        return CredentialRefusedError(f"{name} refuses the credential: {refusal.sentence}")
    return TokenRefusedError(f"{name} gave no token: {refusal.sentence}")


def _require_good(configuration: Configuration, finding: Finding) -> None:
    name = configuration.source.name
    status = "" if finding.status is None else f" with status {finding.status}"
    if finding.verdict is Verdict.REFUSED:
        raise CredentialRefusedError(f"{name} refuses the credential{status}; nothing was saved")
    if finding.verdict is Verdict.UNKNOWN:
        raise CredentialUntestedError(f"{name} could not be asked about the credential{status}; try again")
