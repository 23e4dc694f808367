"""Authorization by the account's owner: to the provider and back, once, in one browser, for one connection.

    start ──► provider's page ──► callback ──► state burnt ──► code exchanged ──► account asked ──► stored

Source: RFC 6749 section 4.1, RFC 7636, RFC 9207, RFC 9700.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from urllib.parse import urlencode

import structlog
from msgspec import json, structs

from trunkline.core.access import Permission
from trunkline.core.connections.clients import Client, client_of
from trunkline.core.connections.configuration import (
    CODE,
    Configuration,
    configuration_of,
    parameters_for,
)
from trunkline.core.connections.credential import Credential
from trunkline.core.connections.errors import (
    AuthorizationRefusedError,
    InvalidStateError,
    IssuerMismatchError,
    NothingToConnectError,
)
from trunkline.core.connections.flows.journey import Callback, Finished, StartAuthorization
from trunkline.core.connections.flows.modes import chosen_mode
from trunkline.core.connections.flows.probing import identify
from trunkline.core.connections.flows.resuming import beginner, resume
from trunkline.core.connections.flows.services import FlowServices
from trunkline.core.connections.flows.tokens import TokenCall, ask, form_call
from trunkline.core.connections.identity import Account, Expected, read_identity
from trunkline.core.connections.integration_secrets import bind_secrets
from trunkline.core.connections.ownership import require_own
from trunkline.core.connections.placement import place_credential
from trunkline.core.connections.reads import require_connects, require_hold, visible_connection
from trunkline.core.connections.returning import check_return
from trunkline.core.connections.saving import Given, Wanted, save_connection
from trunkline.core.connections.sentences import shortened
from trunkline.core.connections.sources import asked_source, require_consumer, require_place
from trunkline.core.connections.states import (
    OPENID,
    Beginning,
    State,
    begin,
    burn,
    digest,
    is_known,
)
from trunkline.core.connections.token_request import code_fields
from trunkline.core.connections.token_response import Refusal, Tokens
from trunkline.infra.db import Tx
from trunkline.infra.db.moments import shared_now
from trunkline.infra.http import InvalidUrlError, Origin
from trunkline.infra.vault import same
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import InvalidRequestError, TrunklineError
from trunkline.kit.secret import Secret

MAX_CODE = 8_192  # characters

_log = structlog.get_logger("trunkline.core.connections")


@dataclass(frozen=True, slots=True)
class _Exchange:
    """A code about to be exchanged."""

    configuration: Configuration
    client: Client
    call: TokenCall
    asked_at: str


async def start_authorization(env: FlowServices, actor: Actor, request: StartAuthorization) -> str:
    """Begin an authorization; where to send the browser: the provider's page, or ours that leads there.

    Raises:
        NotFoundError: the integration, workspace, consumer or connection is absent or outside the caller's
            scope.
        ForbiddenError: the caller may not connect there, or the connection is another user's own.
        NotConnectableError: the integration or provider lacks an endpoint or a client.
        NothingToConnectError: it is not connected by authorization.
        InvalidRequestError: a bad parameter, mode or place to return to, no such provider, or an opener that is
            no origin.
    """
    return await env.database.write(partial(_start, env=env, actor=actor, request=request))


async def finish_authorization(env: FlowServices, callback: Callback) -> Finished:
    """End an authorization: exchange the code and store the connection.

    What the provider, or the person there, has refused is an outcome like others. Only what was never started
    here, or not in this browser, is an error.

    Raises:
        InvalidStateError: the state is unknown, used, expired or another browser's, or the integration has
            changed since; nothing was asked of the provider.
        IssuerMismatchError: another authorization server answers; nothing was asked of it.
    """
    state = None
    if await env.database.read(partial(is_known, state=callback.state), inline=True):
        state = await env.database.write(partial(burn, state=callback.state))
    if state is None:
        raise InvalidStateError("this authorization is unknown, was used already or has expired: start again")
    _check_state(env, state, callback)
    if callback.error is not None or not callback.code:
        return _failed(state, *_provider_error(callback))
    try:
        connection_id = await redeem(env, state, Secret(callback.code[:MAX_CODE]), callback.iss)
    except (InvalidStateError, IssuerMismatchError):
        raise
    except TrunklineError as error:
        return _failed(state, error.code, error.message)
    return Finished(
        connection_id=connection_id,
        integration_id=state.integration_id,
        return_to=state.return_to,
        opener=state.opener,
    )


async def redeem(env: FlowServices, state: State, code: Secret, issuer: str | None = None) -> str:
    """Exchange the code of an authorization that was just taken away, and store the connection; its id.

    Raises:
        AuthorizationRefusedError: the provider does not exchange it.
        InvalidStateError: what is to be connected has changed since.
        IssuerMismatchError: another authorization server answers; nothing was asked of it.
        UnauthenticatedError, NotFoundError, ForbiddenError: who began it could not do so now.
        WrongAccountError: the account is another one than the connection's.
        EgressError: the token endpoint could not be reached.
        TokenMalformedError: what it answered is no token.
    """
    exchange = await env.database.read(partial(_exchange, env=env, state=state, code=code))
    _check_issuer(exchange.configuration, issuer)
    outcome = await ask(env.egress, exchange.call)
    if isinstance(outcome, Refusal):
        raise AuthorizationRefusedError(f"the provider refused: {outcome.sentence}")
    given = await _given(env, state, exchange, outcome)
    connection_id = await env.database.write(
        partial(_store, env=env, state=state, configuration=exchange.configuration, given=given)
    )
    _log.info(
        "connection_authorized",
        connection=connection_id,
        integration=state.integration_id,
        provider=state.provider,
    )
    return connection_id


def _start(tx: Tx, env: FlowServices, actor: Actor, request: StartAuthorization) -> str:
    actor.require(Permission.CONNECTIONS_WRITE)
    source = asked_source(
        tx,
        actor,
        integration_id=request.integration_id,
        provider=request.provider,
        workspace_id=request.workspace_id,
    )
    require_consumer(tx, source, request.consumer_id)
    parameters = parameters_for(tx, source, request.parameters)
    mode = request.mode
    if request.connection_id is not None:
        row = visible_connection(tx, actor, request.connection_id)
        require_own(actor, row)
        require_hold(tx, actor, row, Tier.EDITOR)
        mode, organization_id = row.mode, row.organization_id
        require_connects(row, source, request.workspace_id)
        parameters = parameters or json.decode(row.parameters, type=dict[str, str])
    configuration = configuration_of(tx, source, parameters)
    if (configuration.scheme, configuration.grant_type) != ("oauth2", CODE):
        raise NothingToConnectError(f"{source.called} is not connected by authorization")
    mode = chosen_mode(configuration, mode)
    if request.connection_id is None:
        organization_id = require_place(tx, actor, source, request.workspace_id, mode)
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
    configuration.require("token_url")
    beginning = Beginning(
        organization_id=organization_id,
        user_id=actor.user_id,
        redirect_uri=f"{env.public_url}{request.redirect_path}",
        return_to=check_return(tx, organization_id, env.public_url, request.return_to),
        opener=_checked_opener(request.opener),
        binding=request.binding,
        to_be_opened=request.start_path is not None,
        wanted=wanted,
    )
    bind_secrets(tx, configuration)
    begun = begin(tx, env.vault, configuration, client_of(tx, env.vault, configuration), beginning)
    if request.start_path is None:
        return begun.url
    return f"{env.public_url}{request.start_path}?{urlencode({'state': begun.state})}"


def _checked_opener(opener: str | None) -> str | None:
    try:
        return None if opener is None else str(Origin.of(opener))
    except InvalidUrlError as error:
        raise InvalidRequestError.at("opener", error.message) from error


def _check_state(env: FlowServices, state: State, callback: Callback) -> None:
    if state.binding is not None and not same(state.binding, digest(callback.binding)):
        raise InvalidStateError("this authorization was started in another browser session: start again here")
    path = callback.redirect_path
    if path is not None and f"{env.public_url}{path}" != state.redirect_uri:
        raise InvalidStateError("this authorization was to come back elsewhere: start again")


def _provider_error(callback: Callback) -> tuple[str, str]:
    if callback.error is None:
        return "missing_code", "the provider sent neither a code nor an error"
    said = shortened(callback.error_description or "")
    code = shortened(callback.error, 60)
    return code, f"the provider refused: {said or code}"


def _exchange(tx: Tx, env: FlowServices, state: State, code: Secret) -> _Exchange:
    resumed = resume(tx, env, state)
    fields = code_fields(code, state.redirect_uri, resumed.verifier)
    call = form_call(resumed.configuration, resumed.client, fields, code, resumed.verifier)
    return _Exchange(resumed.configuration, resumed.client, call, shared_now(tx))


def _check_issuer(configuration: Configuration, issuer: str | None) -> None:
    """The server that answers is the one that was asked; where its name is not known, its origin must do."""
    if issuer is None:
        return
    if configuration.issuer is not None:
        fits = issuer == configuration.issuer
    else:
        known = {
            Origin.of(url)
            for url in (configuration.authorization_url, configuration.token_url)
            if url is not None
        }
        try:
            fits = Origin.of(issuer) in known
        except InvalidUrlError:
            fits = False
    if not fits:
        raise IssuerMismatchError(
            "another authorization server answers than the one that was asked: start again"
        )


async def _given(env: FlowServices, state: State, exchange: _Exchange, tokens: Tokens) -> Given:
    configuration = exchange.configuration
    credential = Credential(access=tokens.access, refresh=tokens.refresh)
    account = Account()
    if tokens.identity is not None and OPENID in (configuration.scopes or exchange.client.scopes):
        expected = Expected(exchange.client.id, state.nonce, configuration.issuer)
        account = read_identity(tokens.identity, expected, digest)
    asked = await identify(env.egress, configuration, place_credential(configuration, credential))
    if configuration.account is not None and configuration.base_url is not None:
        # The account request's ids are others: with one of those the same person would be another account.
        account = structs.replace(account, id=None)
    return Given(
        credential=credential,
        asked_at=exchange.asked_at,
        access_s=tokens.expires_in_s or configuration.lifetime_s,
        refresh_s=tokens.refresh_expires_in_s,
        scopes=tokens.scopes or configuration.scopes or exchange.client.scopes,
        account=asked if asked.is_known else account,
    )


def _store(tx: Tx, env: FlowServices, state: State, configuration: Configuration, given: Given) -> str:
    return save_connection(tx, beginner(tx, state), env.vault, configuration, state.wanted, given)


def _failed(state: State, error: str, message: str) -> Finished:
    _log.info(
        "connection_not_authorized", integration=state.integration_id, provider=state.provider, error=error
    )
    return Finished(
        connection_id=None,
        integration_id=state.integration_id,
        return_to=state.return_to,
        opener=state.opener,
        error=error,
        message=shortened(message),
    )
