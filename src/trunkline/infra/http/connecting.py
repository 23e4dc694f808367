"""Connections that go to the very address that was checked, pooled by origin and address."""

from __future__ import annotations

import asyncio
import select
import socket
import ssl
from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from typing import Any

import structlog
from aiohttp import BaseConnector, ClientRequest, ClientTimeout
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection

from trunkline.infra.http.addresses import Address
from trunkline.infra.http.dispatch import Dispatch
from trunkline.infra.http.errors import (
    TOO_LARGE,
    TargetForbiddenError,
    UnreachableError,
    UpstreamTooLargeError,
)
from trunkline.infra.http.policy import EgressPolicy
from trunkline.infra.http.targets import read_address

CONNECTIONS_MAX = 1_024  # of one event loop; who wants more waits as long as connecting may take
CONNECTIONS_PER_TARGET_MAX = 256
IDLE_S = 15.0

WIRE_READ = 256 * 1024  # bytes the event loop hands over at once, of whatever they are

current_dispatch: ContextVar[Dispatch] = ContextVar("current_dispatch")

_log = structlog.get_logger("trunkline.infra.http")


class MeteredProtocol(ResponseHandler):
    """A connection that stops listening when more comes than was allowed, whatever it is.

    The parser's own limits do not know endless chunk extensions, trailers or informational answers.
    """

    _allowed = 0

    def allow(self, count: int) -> None:
        """That many bytes may come from now on."""
        self._allowed = count

    def data_received(self, data: bytes) -> None:
        """Hand on what is within the allowance."""
        self._allowed -= len(data)
        if self._allowed >= 0:
            super().data_received(data)
            return
        excess = UpstreamTooLargeError(TOO_LARGE, sent=True)
        self.set_exception(excess)
        if self._payload is not None:
            self._payload.set_exception(excess)
            self._payload = None  # or the end of the connection would be the reason
        if self.transport is not None:
            self.transport.abort()


class PinnedConnector(BaseConnector):
    """Dials the address in the request's URL and nothing else; names never get here.

    The URL aiohttp sees holds the address, and its `server_hostname` the host: both are part of the key of its
    pool, so a connection is used again only for the same host at the same address.
    """

    def __init__(self, policy: EgressPolicy, tls: Callable[[], ssl.SSLContext]) -> None:
        super().__init__(
            limit=CONNECTIONS_MAX, limit_per_host=CONNECTIONS_PER_TARGET_MAX, keepalive_timeout=IDLE_S
        )
        self._factory = partial(MeteredProtocol, self._loop)  # type: ignore[assignment]  # a narrower one
        self._policy = policy
        self._tls = tls

    async def connect(self, req: ClientRequest, traces: list[Any], timeout: ClientTimeout) -> Connection:  # noqa: ASYNC109  # aiohttp's signature
        """A connection, new or idle until now.

        Raises:
            UnreachableError: none can be made.
            UpstreamProtocolError: the request was sent before and must not be sent again.
        """
        dispatch = current_dispatch.get()
        dispatch.begin()
        while True:
            connection = await super().connect(req, traces, timeout)
            protocol = connection.protocol
            if not isinstance(protocol, MeteredProtocol):
                raise UnreachableError  # it was closed while it was waited for
            if dispatch.fresh or _is_quiet(protocol):
                break
            connection.close()
        protocol.allow(dispatch.limits.header_bytes + WIRE_READ)
        dispatch.leave()
        return connection

    async def _create_connection(
        self,
        req: ClientRequest,  # noqa: ARG002
        traces: list[Any],  # noqa: ARG002
        timeout: ClientTimeout,  # noqa: ARG002, ASYNC109
    ) -> ResponseHandler:
        dispatch = current_dispatch.get()
        dispatch.fresh = True
        try:
            async with asyncio.timeout(dispatch.attempt_s):
                return await self._dial(dispatch)
        except OSError as error:
            _log.info(
                "egress_unreachable",
                origin=str(dispatch.target.origin),
                address=str(dispatch.address),
                reason=str(error) or type(error).__name__,
            )
            raise UnreachableError from error

    async def _dial(self, dispatch: Dispatch) -> ResponseHandler:
        target, address = dispatch.target, dispatch.address
        reason = self._policy.objection_to(target, address)
        if reason is None and not self._policy.exempts(target) and is_own(address, target.port):
            reason = "an address of this machine"
        if reason is not None:
            raise _refused(dispatch, reason)
        dialled = socket.socket(_family(address), socket.SOCK_STREAM)
        try:
            await self._connect(dialled, dispatch)
            encrypted = target.scheme == "https"
            _, protocol = await self._loop.create_connection(
                self._factory,
                sock=dialled,
                ssl=self._tls() if encrypted else None,
                server_hostname=target.host if encrypted else None,
            )
        except BaseException:
            dialled.close()
            raise
        return protocol

    async def _connect(self, dialled: socket.socket, dispatch: Dispatch) -> None:
        wanted = dispatch.address, dispatch.target.port
        dialled.setblocking(False)
        await self._loop.sock_connect(dialled, (str(dispatch.address), dispatch.target.port))
        peer, port, *_ = dialled.getpeername()
        if (read_address(peer), port) != wanted:
            raise _refused(dispatch, "the connection leads elsewhere")


def is_own(address: Address, port: int) -> bool:
    """Whether an address is one of this machine's; asks the routing table and sends nothing."""
    try:
        with socket.socket(_family(address), socket.SOCK_DGRAM) as probe:
            probe.connect((str(address), port))
            return read_address(probe.getsockname()[0]) == address
    except OSError:  # no way there at all, which connecting finds out too
        return False


def _is_quiet(protocol: ResponseHandler) -> bool:
    """Whether an idle connection is fit for a request.

    Bytes that came while nobody had asked would be taken for the answer; an end that came would fail it. Both
    may have arrived without the event loop having looked.
    """
    transport = protocol.transport
    if transport is None or protocol.should_close:
        return False
    poll = select.poll()
    poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)
    return not poll.poll(0)


def _family(address: Address) -> socket.AddressFamily:
    return socket.AF_INET if address.version == 4 else socket.AF_INET6


def _refused(dispatch: Dispatch, reason: str) -> TargetForbiddenError:
    _log.warning(
        "egress_forbidden",
        origin=str(dispatch.target.origin),
        reason=reason,
        address=str(dispatch.address),
    )
    return TargetForbiddenError()
