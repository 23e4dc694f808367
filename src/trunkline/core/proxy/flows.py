"""Forwarding one request with a connection's credential, and passing the answer back as it comes."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Final, Protocol

from trunkline.core.access import Permission, variables_of
from trunkline.core.connections import (
    Authorized,
    Configuration,
    FlowServices,
    Held,
    Looked,
    authorized,
    authorized_for,
    heed_answer,
    look_up,
)
from trunkline.core.integrations import expand
from trunkline.core.proxy.addressing import Pairs, destination
from trunkline.core.proxy.headers import incoming, outgoing
from trunkline.core.proxy.log import RequestLog
from trunkline.core.proxy.slots import Slots
from trunkline.core.proxy.specs import ProxiedRequestRow
from trunkline.infra.db import Tx
from trunkline.infra.http import Limits, Outbound, Streamed, Target
from trunkline.kit.actor import Actor
from trunkline.kit.clock import stamp
from trunkline.kit.errors import InvalidRequestError, TrunklineError
from trunkline.kit.ids import new_id

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
LIMITS: Final = Limits()
REPEATABLE: Final = 256 * 1024  # bytes of a body that are kept until it is clear that it was accepted
REFUSED: Final = 401
SHOWN: Final = 500  # characters of a path in the log


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyRequest:
    """What to send, and with whose credential: a connection, or the caller's own of an integration.

    Attributes:
        workspace_id: whose connection of the integration, where the caller has several.
        url: relative to the base URL of the integration, or of another origin its connection was made for; its
            query is sent as it is spelled.
        params: added to the query.
        headers: what the caller asks to send; identities of the caller are left out.
        body: bytes, or an iterator that is read once.
        length: how many bytes an iterator yields, where known.
    """

    connection_id: str | None = None
    integration_id: str | None = None
    workspace_id: str | None = None
    method: str
    url: str
    params: Pairs = ()
    headers: Pairs = ()
    body: bytes | AsyncIterator[bytes] | None = None
    length: int | None = None
    request_id: str | None = None


class Body(Protocol):
    """An answer's body: bytes as they come, until it is closed."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    async def __anext__(self) -> bytes: ...

    async def aclose(self) -> None:
        """Let the upstream go."""


@dataclass(frozen=True, slots=True)
class Forwarded:
    """The upstream's answer.

    Attributes:
        headers: by lower-case name.
        body: as it comes; it must be closed, which lets the upstream go.
    """

    status: int
    headers: dict[str, str]
    body: Body


@dataclass(frozen=True, slots=True)
class Sight:
    """What one transaction saw of the connection a request is to be sent with.

    Attributes:
        connection: its row, and its credential where that opens.
        identity: the integration's own headers, filled in for who acts.
    """

    connection: Looked
    identity: Pairs = ()


@dataclass(slots=True)
class _Sending:
    """A request under way, and what the log will say of it."""

    actor: Actor
    request: ProxyRequest
    credential: Authorized
    target: Target
    identity: Pairs
    body: bytes | AsyncIterator[bytes] | None = None
    upstream: AbstractAsyncContextManager[Streamed] | None = None
    has_slot: bool = False
    started: float = field(default_factory=time.monotonic)
    attempts: int = 0
    status: int | None = None
    error: str | None = None
    received: int = 0

    @property
    def is_repeatable(self) -> bool:
        return self.credential.refreshable and not isinstance(self.body, AsyncIterator)

    def outbound(self) -> Outbound:
        return Outbound(
            self.request.method,
            self.target,
            outgoing(self.request.headers, self.identity, self.credential.headers),
            self.body,
            self.request.length if isinstance(self.body, AsyncIterator) else None,
        )

    async def hang_up(self) -> None:
        """Let the upstream go."""
        upstream, self.upstream = self.upstream, None
        if upstream is not None:
            await upstream.__aexit__(None, None, None)

    def entry(self, created_at: str) -> ProxiedRequestRow:
        return ProxiedRequestRow(
            id=new_id(),
            organization_id=self.credential.organization_id,
            workspace_id=self.credential.workspace_id,
            integration_id=self.credential.integration_id,
            connection_id=self.credential.connection_id,
            user_id=self.actor.user_id,
            key_id=self.actor.key_id,
            request_id=self.request.request_id,
            method=self.request.method,
            host=self.target.origin.authority,
            path=self.target.path[:SHOWN],
            status=self.status,
            error=self.error,
            attempts=self.attempts,
            response_bytes=self.received,
            duration_ms=round((time.monotonic() - self.started) * 1000),
            created_at=created_at,
        )


class Proxy:
    """Forwards requests; one per process."""

    def __init__(self, env: FlowServices, log: RequestLog, *, slots: Slots | None = None) -> None:
        self.log = log
        self._env = env
        self._slots = slots or Slots()

    def look(self, tx: Tx, actor: Actor, connection_id: str) -> Sight:
        """What `forward` reads before it sends, for the transaction that admits the caller.

        Raises:
            NotFoundError: there is no such connection within the caller's reach.
            ForbiddenError: it is another user's own.
            ConflictError: the connection needs its owner.
        """
        actor.require(Permission.CONNECTIONS_USE)
        looked = look_up(tx, self._env.vault, actor, connection_id)
        if not isinstance(looked.held, Held) or not looked.held.configuration.headers:
            return Sight(looked)
        return Sight(looked, _identity(tx, actor, looked.held.configuration, looked.row.organization_id))

    async def forward(self, actor: Actor, request: ProxyRequest, sight: Sight | None = None) -> Forwarded:
        """Send a request with a connection's credential.

        When the upstream refuses the credential, a fresh one is got and the request sent once more, unless its
        body was too long to be kept.

        Args:
            actor: who sends it.
            request: what to send.
            sight: what `look` has just seen for them of the connection the request names.

        Raises:
            NotFoundError: there is no such connection within the caller's reach.
            InvalidRequestError: the URL, a header or the method cannot be sent; nothing was.
            ConflictError: the connection needs its owner.
            EgressError: the upstream could not be reached or did not answer.
            TooManyRequestsError: too many of the organization's requests are under way.
        """
        actor.require(Permission.CONNECTIONS_USE)
        if request.method not in METHODS:
            raise InvalidRequestError.at("method", f"must be one of {', '.join(METHODS)}")
        if sight is not None:
            identity = sight.identity
            credential = await self._authorized(actor, request, looked=sight.connection)
        else:
            credential = await self._authorized(actor, request)
            identity = await self._identified(actor, credential)
        sending = _Sending(actor, request, credential, _target(request, credential), identity)
        try:
            self._slots.take(credential.organization_id)
            sending.has_slot = True
            sending.body = await _repeatable(request)
            answer = await self._sent(sending)
            sending.status = answer.status
            headers = incoming(answer.headers, answer.status)
        except BaseException as error:
            if isinstance(error, TrunklineError):
                sending.error = error.code
            await self._end(sending)
            raise
        return Forwarded(answer.status, headers, _Body(answer, sending, self._end))

    async def _authorized(
        self,
        actor: Actor,
        request: ProxyRequest,
        *,
        refused: int | None = None,
        looked: Looked | None = None,
    ) -> Authorized:
        if request.connection_id is not None:
            return await authorized(self._env, actor, request.connection_id, refused=refused, looked=looked)
        if request.integration_id is None:
            raise ValueError("a request needs a connection or an integration")
        return await authorized_for(
            self._env, actor, request.integration_id, request.workspace_id, refused=refused
        )

    async def _identified(self, actor: Actor, credential: Authorized) -> Pairs:
        """The integration's own headers, filled in for who acts."""
        config, organization_id = credential.config, credential.organization_id
        if not config.headers:
            return ()
        return await self._env.database.read(
            lambda tx: _identity(tx, actor, config, organization_id), inline=True
        )

    async def _sent(self, sending: _Sending) -> Streamed:
        answer = await self._attempt(sending)
        if answer.status != REFUSED or not sending.is_repeatable:
            return answer
        refused = sending.credential.generation
        fresh = await self._authorized(sending.actor, sending.request, refused=refused)
        if fresh.generation == refused:
            return answer
        await sending.hang_up()
        sending.credential, sending.target = fresh, _target(sending.request, fresh)
        return await self._attempt(sending)

    async def _attempt(self, sending: _Sending) -> Streamed:
        sending.attempts += 1
        upstream = self._env.egress.stream(sending.outbound(), LIMITS)
        answer = await upstream.__aenter__()
        sending.upstream = upstream
        return answer

    async def _end(self, sending: _Sending) -> None:
        """Let the upstream and the slot go, have the log written, and heed what the answer says of the credential.

        Whatever of it fails, the rest happens.
        """
        try:
            await sending.hang_up()
        finally:
            if sending.has_slot:
                self._slots.give_back(sending.credential.organization_id)
            self.log.note(sending.entry(stamp(self._env.clock.now())))
        if sending.status is not None:
            await heed_answer(self._env, sending.credential, sending.status)


def _identity(tx: Tx, actor: Actor, config: Configuration, organization_id: str) -> Pairs:
    known = variables_of(tx, user_id=actor.user_id, organization_id=organization_id)
    return expand(config.headers, known.user, known.tenant)


def _target(request: ProxyRequest, credential: Authorized) -> Target:
    return destination(
        credential.base_url,
        request.url,
        request.params,
        origins=credential.origins,
        credential=credential.params,
    )


async def _repeatable(request: ProxyRequest) -> bytes | AsyncIterator[bytes] | None:
    """The body as bytes where it is short, so that it can be sent again; else as an iterator."""
    if not isinstance(request.body, AsyncIterator):
        return request.body
    if request.length is not None and request.length > REPEATABLE:
        return request.body
    kept = bytearray()
    async for chunk in request.body:
        kept += chunk
        if len(kept) > REPEATABLE:
            return _resumed(bytes(kept), request.body)
    return bytes(kept) if kept or request.length is not None else None


async def _resumed(start: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield start
    async for chunk in rest:
        yield chunk


class _Body:
    """An answer's body on its way; no generator, because one that was never begun would not let go."""

    def __init__(
        self, answer: Streamed, sending: _Sending, end: Callable[[_Sending], Awaitable[None]]
    ) -> None:
        self._chunks = answer.chunks
        self._sending = sending
        self._end: Callable[[_Sending], Awaitable[None]] | None = end

    def __aiter__(self) -> _Body:
        return self

    async def __anext__(self) -> bytes:
        try:
            chunk = await anext(self._chunks)
        except TrunklineError as error:
            self._sending.error = error.code
            raise
        self._sending.received += len(chunk)
        return chunk

    async def aclose(self) -> None:
        """Let the upstream and the slot go, and have the log written; once."""
        end, self._end = self._end, None
        if end is not None:
            await end(self._sending)
