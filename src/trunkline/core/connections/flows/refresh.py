"""The refresh engine: a connection's token is replaced by one process at a time, and never lost.

    fresh enough ─────────────────────────────────────────────► use it
    not refreshable, ran out ─────────────────────────────────► needs_reauth
    somebody refreshes it ──► wait, at most 5 s ──────────────► use theirs, or the old one while it is valid
    lease ──► token call ──► tokens ──► store the generation ─► use them
                         ├─► the grant is gone ──► generation moved meanwhile? use it : needs_reauth
                         └─► no answer, or "later" ──► wait 5 s … 1 h, use the old one while it is valid

Each step is a transaction of its own, and the token call is inside none of them. Once a byte of it was sent it
is not repeated; what came of it is then unknown until the provider has answered a later try.
"""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import dataclass
from functools import partial

import structlog
from msgspec import json

from trunkline.core.connections.credential import Credential
from trunkline.core.connections.errors import (
    NeedsReauthError,
    RefreshUnavailableError,
    TokenRefusedError,
)
from trunkline.core.connections.flows.breaker import Circuit
from trunkline.core.connections.flows.guarding import require_unchanged
from trunkline.core.connections.flows.inflight import in_flight
from trunkline.core.connections.flows.looking import look
from trunkline.core.connections.flows.services import FlowServices
from trunkline.core.connections.flows.storing import store_renewal
from trunkline.core.connections.flows.tokens import TokenCall, ask, is_final, renewal_call
from trunkline.core.connections.freshness import Lifetimes, backoff_s, seconds_until, times_of
from trunkline.core.connections.leases import LEASE_S, Lease, Renewal, claim_lease, give_back
from trunkline.core.connections.reasons import SENTENCES, Reason
from trunkline.core.connections.scopes import missing_scopes
from trunkline.core.connections.standing import Held
from trunkline.core.connections.token_response import Refusal, Refused, Tokens
from trunkline.core.connections.transitions import need_reauth
from trunkline.infra.http import EgressError
from trunkline.infra.jobs import describe
from trunkline.kit.actor import system_actor
from trunkline.kit.errors import InvalidRequestError, TrunklineError

WAIT_S = 5.0  # that whoever does not refresh waits for whoever does
POLL_MIN_S = 0.02
POLL_MAX_S = 0.25
FLAGGED_AFTER = 3  # failures in a row, of which somebody should know
REFUSED_AFTER = 10  # refusals in a row that nobody understands; more than an hour of them

REFRESHER = system_actor("token refresh")
_log = structlog.get_logger("trunkline.core.connections")


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One claimed try."""

    held: Held
    call: TokenCall
    lease: Lease
    refused: int | None


async def refreshed(
    env: FlowServices,
    connection_id: str,
    refused: int | None = None,
    *,
    beyond: int | None = None,
    due: bool = False,
) -> Held:
    """The connection with a token to be used, a fresh one where the present one is stale or was refused.

    Args:
        env: what to work with.
        connection_id: 32 hex digits.
        refused: the generation that the upstream has just refused.
        beyond: a generation that is to be replaced although nothing is wrong with it. Where that cannot be done
            now, the connection comes as it is.
        due: refresh also what need not be fresh but kept alive.

    Raises:
        NotFoundError: it is gone.
        NeedsReauthError, ConnectionSuspendedError, ConnectionPendingError, CredentialDestroyedError: it
            cannot be used.
        RefreshUnavailableError: no fresh token can be got right now.
        TokenRefusedError: the provider does not accept the integration's client.
        NotConnectableError: the integration no longer says how.
        VaultError: a stored secret does not open.
    """
    flying = in_flight(env.database)
    held = None
    for _ in range(3):
        try:
            held = await flying.join(
                connection_id, partial(_fly, env, connection_id, refused, beyond, due=due), WAIT_S
            )
        except TimeoutError:
            return _make_do(await look(env, connection_id), refused, 1.0)
        # The flight that was joined may not have known of the refusal.
        standing = held.standing
        settled = standing.is_fresh(held.now, refused) and standing.generation != beyond
        if settled or not standing.refreshable:
            return held
    return held or await look(env, connection_id)


async def _fly(
    env: FlowServices, connection_id: str, refused: int | None, beyond: int | None, *, due: bool
) -> Held:
    deadline = time.monotonic() + WAIT_S
    pause_s = POLL_MIN_S
    while True:
        held = await look(env, connection_id)
        standing = held.standing
        await require_unchanged(env, held)
        renewed = standing.generation != beyond or not standing.refreshable
        if renewed and standing.is_fresh(held.now, refused) and not (due and standing.is_due(held.now)):
            return held
        if not standing.refreshable:
            return await _run_out(env, held)
        if standing.is_leased(held.now):
            if time.monotonic() >= deadline:
                return _make_do(held, refused, 1.0)
            await asyncio.sleep(pause_s)
            pause_s = min(POLL_MAX_S, pause_s * 1.5)
            continue
        attempt = await _claimed(env, held, refused)
        if isinstance(attempt, Held):
            return attempt
        if attempt is not None:
            return await _spend(env, attempt)


async def _run_out(env: FlowServices, held: Held) -> Held:
    await _give_up(env, held, Reason.ACCESS_EXPIRED)
    return await look(env, held.standing.id)


async def _claimed(env: FlowServices, held: Held, refused: int | None) -> _Attempt | Held | None:
    """A claimed try; the connection as it is while none may be made; None where somebody was faster."""
    standing = held.standing
    if standing.retry_at is not None and standing.retry_at > held.now:
        return _make_do(held, refused, seconds_until(standing.retry_at, held.now))
    call = await env.database.read(
        partial(renewal_call, vault=env.vault, configuration=held.configuration, credential=held.credential)
    )
    wait_s = in_flight(env.database).breaker.wait_s(_circuit(held, call))
    if wait_s > 0:
        return _make_do(held, refused, wait_s)
    began = time.monotonic()
    lease = await env.database.write(partial(claim_lease, standing=standing, single_use=call.single_use))
    if lease is None:
        return None
    attempt = _Attempt(held, call, lease, refused)
    if time.monotonic() - began > LEASE_S / 2:
        # Too little of the lease is left for a call that must end within it.
        return await _put_off(env, attempt, None, spent=standing.is_uncertain, asked_s=None)
    return attempt


async def _spend(env: FlowServices, attempt: _Attempt) -> Held:
    breaker, circuit = in_flight(env.database).breaker, _circuit(attempt.held, attempt.call)
    try:
        outcome = await ask(env.egress, attempt.call)
    except Exception as error:  # noqa: BLE001  # whatever it is, the lease is given back and the intent kept
        breaker.failed(circuit)
        unknown = attempt.held.standing.is_uncertain or (attempt.call.single_use and _may_be_sent(error))
        why = error.code if isinstance(error, TrunklineError) else describe(error)
        return await _put_off(env, attempt, why, spent=unknown, asked_s=None)
    if isinstance(outcome, Refusal) and outcome.kind in {Refused.TRANSIENT, Refused.MALFORMED}:
        breaker.failed(circuit)
    else:
        breaker.succeeded(circuit)
    if isinstance(outcome, Tokens):
        return await _keep(env, attempt, outcome)
    return await _refusal(env, attempt, outcome)


def _circuit(held: Held, call: TokenCall) -> Circuit:
    """What a failure is counted against: a publisher's integrations ask in their own way, and it may be wrong."""
    return held.configuration.source.organization_id, call.endpoint


def _may_be_sent(error: Exception) -> bool:
    """Whether a byte of the request may have left; one that is refused for what it says never did."""
    return error.sent if isinstance(error, EgressError) else not isinstance(error, InvalidRequestError)


async def _keep(env: FlowServices, attempt: _Attempt, tokens: Tokens) -> Held:
    held, standing = attempt.held, attempt.held.standing
    granted = tokens.scopes or tuple(json.decode(standing.scopes, type=list[str]))
    missing = missing_scopes(held.configuration, granted)
    times = times_of(
        attempt.lease.asked_at,
        Lifetimes(
            access_s=tokens.expires_in_s or held.configuration.lifetime_s,
            refresh_s=tokens.refresh_expires_in_s
            or _left(standing.refresh_expires_at, attempt.lease.asked_at),
            refreshable=True,
            idles=attempt.call.single_use,
        ),
    )
    renewal = Renewal(
        # A refresh token that is left out stays what it was.
        credential=Credential(
            given=held.credential.given,
            access=tokens.access,
            refresh=tokens.refresh or held.credential.refresh,
        ),
        times=times,
        flag=Reason.MISSING_SCOPE if missing else None,
        columns={
            "scopes": json.encode(granted).decode(),
            "refusals": standing.refusals + 1 if attempt.refused == standing.generation else 0,
        },
    )
    if await store_renewal(env, REFRESHER, held, renewal):
        _log.info("connection_refreshed", connection=standing.id, generation=standing.generation + 1)
    return await look(env, standing.id)


async def _refusal(env: FlowServices, attempt: _Attempt, refusal: Refusal) -> Held:
    standing = attempt.held.standing
    _log.warning(
        "connection_refresh_refused", connection=standing.id, kind=refusal.kind.value, said=refusal.sentence
    )
    if is_final(refusal, attempt.call):
        return await _lost(env, attempt)
    if refusal.kind is Refused.REQUEST and standing.failures + 1 >= REFUSED_AFTER:
        await _give_up(env, attempt.held, Reason.REFUSED)
        return await look(env, standing.id)
    unknown = standing.is_uncertain or (attempt.call.single_use and refusal.processed)
    return await _put_off(env, attempt, refusal, spent=unknown, asked_s=refusal.retry_after_s)


async def _lost(env: FlowServices, attempt: _Attempt) -> Held:
    """The provider says that the grant is gone: somebody else has it, it was spent unseen, or it was revoked."""
    standing = attempt.held.standing
    if standing.is_uncertain:
        reason = Reason.OUTCOME_UNKNOWN
    elif standing.refresh_expires_at is not None and standing.refresh_expires_at <= attempt.lease.asked_at:
        reason = Reason.REFRESH_TOKEN_EXPIRED
    else:
        reason = Reason.REVOKED
    await _give_up(env, attempt.held, reason)
    return await look(env, standing.id)


async def _give_up(env: FlowServices, held: Held, reason: Reason) -> None:
    """Leave it to the owner, unless somebody has moved the generation on; then what they stored counts."""
    given_up = await env.database.write(
        partial(need_reauth, actor=REFRESHER, row=held.standing, reason=reason)
    )
    if given_up:
        _log.warning("connection_needs_reauth", connection=held.standing.id, reason=reason.value)
        raise NeedsReauthError(
            f"the connection {held.standing.name} must be connected again: {SENTENCES[reason]}"
        )


async def _put_off(
    env: FlowServices, attempt: _Attempt, why: Refusal | str | None, *, spent: bool, asked_s: float | None
) -> Held:
    standing = attempt.held.standing
    failures = standing.failures + 1
    wait_s = backoff_s(failures, asked_s)
    rejected = isinstance(why, Refusal) and why.kind is Refused.CLIENT
    flag = Reason.REFRESH_FAILING if failures >= FLAGGED_AFTER else None
    await env.database.write(
        partial(
            give_back,
            actor=REFRESHER,
            standing=standing,
            lease=attempt.lease,
            wait_s=wait_s,
            reason=Reason.CLIENT_REJECTED if rejected else flag,
            spent=spent,
        )
    )
    if not isinstance(why, Refusal):
        _log.warning("connection_refresh_failed", connection=standing.id, failures=failures, error=why)
    if rejected and isinstance(why, Refusal) and not standing.is_valid(attempt.held.now, attempt.refused):
        raise TokenRefusedError(
            f"the provider does not accept the client of {attempt.held.configuration.source.name}:"
            f" {why.sentence}"
        )
    return _make_do(attempt.held, attempt.refused, wait_s)


def _make_do(held: Held, refused: int | None, wait_s: float) -> Held:
    """The connection with the token it has, where that can still be used.

    Raises:
        RefreshUnavailableError: it cannot.
    """
    if held.standing.is_valid(held.now, refused):
        return held
    raise RefreshUnavailableError(
        f"a fresh token for the connection {held.standing.name} cannot be got right now; try again",
        max(1, math.ceil(wait_s)),
    )


def _left(moment: str | None, now: str) -> int | None:
    """Seconds until a moment, where there is one and it is to come."""
    return None if moment is None or moment <= now else max(1, int(seconds_until(moment, now)))
