"""How far one request has got: what its time is spent on, and whether a byte of it can have left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from trunkline.infra.http.addresses import Address
from trunkline.infra.http.errors import UpstreamProtocolError
from trunkline.infra.http.messages import Limits, Outbound
from trunkline.infra.http.targets import Target
from trunkline.kit.errors import InvalidRequestError, PayloadTooLargeError

PIECE = 64 * 1024  # bytes of a body handed over at once

_REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS"})


class Dispatch:
    """One request on its way.

    Attributes:
        address: the one to connect to.
        attempt_s: how long connecting to it may take, where there is another one to try after it.
        sent: whether a byte of the request can have left.
        fresh: whether the connection was made for this request.
        answered: whether the head of the answer has come.
        failure: what the request's own body raised.
        end: when all must be over, in the loop's time.
    """

    address: Address

    def __init__(self, request: Outbound, target: Target, limits: Limits) -> None:
        self.request = request
        self.target = target
        self.limits = limits
        self.attempt_s: float | None = None
        self.sent = False
        self.fresh = False
        self.answered = False
        self.failure: Exception | None = None
        now = asyncio.get_running_loop().time()
        self.end = now + limits.total_s
        self.clock = asyncio.timeout_at(min(self.end, now + limits.connect_s))
        body = request.body
        self._streams = body is not None and (not isinstance(body, bytes) or len(body) > PIECE)

    def begin(self) -> None:
        """A connection is about to be asked for.

        Raises:
            UpstreamProtocolError: for the second time, and the first may have had an effect. The library
                tries again where a connection breaks; that is right only for a connection that had been idle,
                which the upstream may have closed before it saw the request, and only for reads.
        """
        repeatable = not self.fresh and not self.request.body and self.request.method in _REPEATABLE
        self.fresh = False
        if self.sent and not repeatable:
            raise UpstreamProtocolError(
                "the upstream server closed the connection instead of answering", sent=True
            )

    def leave(self) -> None:
        """The connection stands: from here on bytes can leave."""
        self.sent = True
        if self._streams:
            self._set_clock(self.end)
        else:
            self.await_answer()

    def await_answer(self) -> None:
        """All of the request is on its way: the upstream's time to begin its answer runs."""
        self._set_clock(min(self.end, asyncio.get_running_loop().time() + self.limits.first_byte_s))

    def data(self) -> bytes | Upload | None:
        """The body as the library takes it; made for every attempt anew, but only the last one reads it."""
        body = self.request.body
        if body is None or (isinstance(body, bytes) and not self._streams):
            return body or None
        if isinstance(body, bytes):
            return Upload(self, _pieces(body), len(body))
        return Upload(self, body, self.request.length)

    @property
    def may_have_a_body(self) -> bool:
        """Whether the library would make up what the body is."""
        return bool(self.request.body) or self.request.method not in _REPEATABLE

    @property
    def length(self) -> int | None:
        """What the Content-Length of a streamed body must be, where it is known."""
        body = self.request.body
        if not self._streams:
            return None
        return len(body) if isinstance(body, bytes) else self.request.length

    def _set_clock(self, when: float) -> None:
        if not self.answered and not self.clock.expired():
            self.clock.reschedule(when)


class Upload:
    """A request's body, counted: neither over the limit nor of another length than was announced."""

    def __init__(self, dispatch: Dispatch, pieces: AsyncIterator[bytes], length: int | None) -> None:
        self._dispatch = dispatch
        self._pieces = pieces
        self._length = length
        self._count = 0

    def __aiter__(self) -> Upload:
        return self

    async def __anext__(self) -> bytes:
        try:
            piece = await anext(self._pieces, None)
            self._check(piece)
        except Exception as error:
            self._dispatch.failure = error
            raise
        if piece is None:
            self._dispatch.await_answer()
            raise StopAsyncIteration
        return piece

    def _check(self, piece: bytes | None) -> None:
        limit = self._dispatch.limits.request_bytes
        self._count += len(piece or b"")
        if self._count > limit:
            raise PayloadTooLargeError(f"the request's body is over {limit} bytes")
        if self._length is not None and self._count > self._length:
            raise InvalidRequestError("the request's body is longer than announced")
        if self._length is not None and piece is None and self._count < self._length:
            raise InvalidRequestError("the request's body is shorter than announced")


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), PIECE):
        yield body[start : start + PIECE]
