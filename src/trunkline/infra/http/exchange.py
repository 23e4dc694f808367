"""One request and its answer, from the URL to the last byte, within its limits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from types import TracebackType

from aiohttp import ClientError, ClientResponse, ClientSession
from yarl import URL

from trunkline.infra.http.addresses import Address
from trunkline.infra.http.connecting import WIRE_READ, MeteredProtocol, current_dispatch
from trunkline.infra.http.dispatch import Dispatch
from trunkline.infra.http.errors import (
    TOO_LARGE,
    EgressError,
    TargetForbiddenError,
    UnreachableError,
    UpstreamProtocolError,
    UpstreamTimeoutError,
    UpstreamTooLargeError,
)
from trunkline.infra.http.framing import framed
from trunkline.infra.http.line import Line
from trunkline.infra.http.messages import Headers, Limits, Outbound, Streamed
from trunkline.infra.http.targets import Target, parse_target
from trunkline.kit.errors import PayloadTooLargeError

HEADER_LINES_MAX = 128
ADDRESSES_TRIED = 4
ATTEMPT_S = 2.0  # until the next address of the same name is tried

LATE = "the upstream server did not answer in time"
BROKEN = "the upstream server's answer is malformed or was cut off"

_NONE_MADE_UP = ("Content-Type",)  # what comes without a type goes without one
_BODILESS = frozenset({204, 304})
_CHUNKED = ["chunked"]
_CONTROLS = bytes([*range(0x09), *range(0x0A, 0x20), 0x7F])  # a tab is none


class Exchange(AbstractAsyncContextManager[Streamed]):
    """Sends on entering, closes on leaving."""

    _body: _Body

    def __init__(self, line: Callable[[], Awaitable[Line]], request: Outbound, limits: Limits) -> None:
        self._line = line
        self._request = request
        self._limits = limits
        self._response: ClientResponse | None = None

    async def __aenter__(self) -> Streamed:
        request, limits = self._request, self._limits
        if isinstance(request.body, bytes) and len(request.body) > limits.request_bytes:
            raise PayloadTooLargeError(f"the request's body is over {limits.request_bytes} bytes")
        target = request.url if isinstance(request.url, Target) else parse_target(request.url)
        headers = framed(request, target, limits)
        line = await self._line()
        dispatch = Dispatch(request, target, limits)
        try:
            async with dispatch.clock:
                self._response = await _send(line, dispatch, headers)
                dispatch.answered = True
            _allow_body(self._response, limits)
            answered = _checked_head(self._response, dispatch)
        except BaseException as error:
            if self._response is not None:
                self._response.close()
            if dispatch.failure is not None and isinstance(error, Exception):
                raise dispatch.failure from None
            if isinstance(error, TimeoutError):
                raise UpstreamTimeoutError(LATE, sent=dispatch.sent) from None
            raise
        self._body = _Body(self._response, dispatch)
        return Streamed(self._response.status, answered, self._body)

    async def read(self) -> bytes:
        """All of the body that is still to come.

        Raises:
            EgressError: it is cut off, late or too large.
        """
        pieces = []
        while piece := await self._body.next():
            pieces.append(piece)
        return b"".join(pieces)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._response is not None:
            self._response.close()


async def _send(line: Line, dispatch: Dispatch, headers: Headers) -> ClientResponse:
    """The head of the answer; another address of the name is tried where one cannot be connected to."""
    found = await line.resolving.addresses(dispatch.target)
    *others, last = found[:ADDRESSES_TRIED]
    dispatch.attempt_s = ATTEMPT_S
    for address in others:
        try:
            return await _send_to(address, line.session, dispatch, headers)
        except TargetForbiddenError:
            raise
        except UnreachableError:
            if dispatch.sent:
                raise
            line.resolving.demote(dispatch.target, address)
    dispatch.attempt_s = None
    return await _send_to(last, line.session, dispatch, headers)


async def _send_to(
    address: Address, session: ClientSession, dispatch: Dispatch, headers: Headers
) -> ClientResponse:
    dispatch.address = address
    token = current_dispatch.set(dispatch)
    try:
        return await session.request(
            dispatch.request.method,
            _pinned(dispatch, address),
            headers=headers
            if dispatch.length is None
            else [*headers, ("Content-Length", str(dispatch.length))],
            data=dispatch.data(),
            skip_auto_headers=_NONE_MADE_UP if dispatch.may_have_a_body else None,
            allow_redirects=False,
            server_hostname=dispatch.target.host,
            max_line_size=dispatch.limits.header_bytes,
            max_field_size=dispatch.limits.header_bytes,
            max_headers=HEADER_LINES_MAX,
        )
    except EgressError as error:
        error.sent = dispatch.sent
        raise
    except ClientError as error:
        raise UpstreamProtocolError(BROKEN, sent=dispatch.sent) from error
    except RuntimeError as error:
        if not session.closed:
            raise
        raise UnreachableError(sent=dispatch.sent) from error  # the client was closed meanwhile
    finally:
        current_dispatch.reset(token)


def _pinned(dispatch: Dispatch, address: Address) -> URL:
    target = dispatch.target
    host = str(address) if address.version == 4 else f"[{address}]"
    return URL(f"{target.scheme}://{host}:{target.port}{target.resource}", encoded=True)


def _allow_body(response: ClientResponse, limits: Limits) -> None:
    protocol = response.connection.protocol if response.connection is not None else None
    if isinstance(protocol, MeteredProtocol):
        protocol.allow(2 * limits.response_bytes + WIRE_READ)  # chunks may be as small as their framing


def _checked_head(response: ClientResponse, dispatch: Dispatch) -> Headers:
    if not 200 <= response.status <= 599:
        raise UpstreamProtocolError(f"the upstream server answered with status {response.status}", sent=True)
    raw = response.raw_headers
    values = b"".join([value for _, value in raw])
    names = b"".join([name for name, _ in raw])
    if len(values.translate(None, _CONTROLS)) != len(values) or b" " in names:
        raise UpstreamProtocolError("the upstream server's headers are malformed", sent=True)
    if [one.lower() for one in response.headers.getall("Transfer-Encoding", _CHUNKED)] != _CHUNKED:
        raise UpstreamProtocolError("the upstream server's transfer encoding is not known", sent=True)
    if len(values) + len(names) + 4 * len(raw) > dispatch.limits.header_bytes:
        raise UpstreamTooLargeError("the upstream server's headers are larger than what is read", sent=True)
    has_body = dispatch.request.method != "HEAD" and response.status not in _BODILESS
    if has_body and (response.content_length or 0) > dispatch.limits.response_bytes:
        raise UpstreamTooLargeError(TOO_LARGE, sent=True)
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in raw]


class _Body(AsyncIterator[bytes]):
    """The answer's body as it arrives."""

    def __init__(self, response: ClientResponse, dispatch: Dispatch) -> None:
        self._response = response
        self._dispatch = dispatch
        self._left = dispatch.limits.response_bytes

    async def __anext__(self) -> bytes:
        chunk = await self.next()
        if not chunk:
            raise StopAsyncIteration
        return chunk

    async def next(self) -> bytes:
        """What has arrived since; empty at the end."""
        try:
            chunk = await self._read()
            self._left -= len(chunk)
            if self._left < 0:
                raise UpstreamTooLargeError(TOO_LARGE, sent=True)
        except TimeoutError:
            self._response.close()
            raise UpstreamTimeoutError(LATE, sent=True) from None
        except ClientError as error:
            self._response.close()
            if self._dispatch.failure is not None:
                raise self._dispatch.failure from None
            raise UpstreamProtocolError(BROKEN, sent=True) from error
        except EgressError:
            self._response.close()
            raise
        return chunk

    async def _read(self) -> bytes:
        content, end = self._response.content, self._dispatch.end
        # Asked even where bytes are waiting: a slow reader must not hold the upstream for longer either.
        if asyncio.get_running_loop().time() >= end:
            raise TimeoutError
        chunk = content.read_nowait()
        if chunk or content.at_eof():
            return chunk
        async with asyncio.timeout_at(end):
            return await content.readany()
