"""Forwarding one request with a connection's credential, and passing the answer back as it comes."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Final, Protocol

from trunkline.core.access import Permission, variables_of
from trunkline.core.connections import Authorized, FlowServices, authorized, authorized_for
from trunkline.core.integrations import expand
from trunkline.core.proxy.addressing import Pairs, destination
from trunkline.core.proxy.headers import incoming, outgoing
from trunkline.core.proxy.log import RequestLog
from trunkline.core.proxy.slots import Slots
from trunkline.core.proxy.specs import ProxiedRequestRow
from trunkline.infra.http import Limits, Outbound, Streamed, parse_target
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
        url: relative to the base URL of the integration, or of another origin its connection was made for.
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


@dataclass(slots=True)
class _Sending:
    """A request under way, and what the log will say of it."""

    actor: Actor
    request: ProxyRequest
    credential: Authorized
    url: str
    identity: Pairs
    body: bytes | AsyncIterator[bytes] | None = None
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
            self.url,
            outgoing(self.request.headers, self.identity, self.credential.headers),
            self.body,
            self.request.length if isinstance(self.body, AsyncIterator) else None,
        )

    def entry(self, created_at: str) -> ProxiedRequestRow:
        target = parse_target(self.url)
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
            host=target.origin.authority,
            path=target.path[:SHOWN],
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

    async def forward(self, actor: Actor, request: ProxyRequest) -> Forwarded:
        """Send a request with a connection's credential.

        When the upstream refuses the credential, a fresh one is got and the request sent once more, unless its
        body was too long to be kept.

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
        credential = await self._authorized(actor, request)
        identity = await self._identity(actor, credential)
        sending = _Sending(actor, request, credential, _url(request, credential), identity)
        async with AsyncExitStack() as stack:
            stack.callback(self._note, sending)
            stack.enter_context(self._slots.taken(credential.organization_id))
            sending.body = await _repeatable(request)
            try:
                answer = await self._sent(stack, sending)
            except TrunklineError as error:
                sending.error = error.code
                raise
            sending.status = answer.status
            headers = incoming(answer.headers, answer.status)
            return Forwarded(answer.status, headers, _Body(answer, sending, stack.pop_all()))

    async def _authorized(
        self, actor: Actor, request: ProxyRequest, refused: int | None = None
    ) -> Authorized:
        if request.connection_id is not None:
            return await authorized(self._env, actor, request.connection_id, refused=refused)
        if request.integration_id is None:
            raise ValueError("a request needs a connection or an integration")
        return await authorized_for(
            self._env, actor, request.integration_id, request.workspace_id, refused=refused
        )

    async def _identity(self, actor: Actor, credential: Authorized) -> Pairs:
        """The integration's own headers, filled in for who acts."""
        headers, organization_id = credential.config.headers, credential.organization_id
        if not headers:
            return ()
        known = await self._env.database.read(
            lambda tx: variables_of(tx, user_id=actor.user_id, organization_id=organization_id), inline=True
        )
        return expand(headers, known.user, known.tenant)

    async def _sent(self, stack: AsyncExitStack, sending: _Sending) -> Streamed:
        attempt = await stack.enter_async_context(AsyncExitStack())
        answer = await self._attempt(attempt, sending)
        if answer.status != REFUSED or not sending.is_repeatable:
            return answer
        refused = sending.credential.generation
        fresh = await self._authorized(sending.actor, sending.request, refused)
        if fresh.generation == refused:
            return answer
        await attempt.aclose()
        sending.credential, sending.url = fresh, _url(sending.request, fresh)
        return await self._attempt(stack, sending)

    async def _attempt(self, stack: AsyncExitStack, sending: _Sending) -> Streamed:
        sending.attempts += 1
        return await stack.enter_async_context(self._env.egress.stream(sending.outbound(), LIMITS))

    def _note(self, sending: _Sending) -> None:
        self.log.note(sending.entry(stamp(self._env.clock.now())))


def _url(request: ProxyRequest, credential: Authorized) -> str:
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

    def __init__(self, answer: Streamed, sending: _Sending, held: AsyncExitStack) -> None:
        self._chunks = answer.chunks
        self._sending = sending
        self._held = held

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
        """Let the upstream and the slot go, and have the log written."""
        await self._held.aclose()
