"""One HTTP request as the server hands it over; its body is read once, on demand and within a limit."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.types import Receive, Scope

from trunkline.kit.errors import PayloadTooLargeError
from trunkline.kit.ids import new_id
from trunkline.web.errors import ClientGoneError

_SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


class Incoming:
    """The request line, the headers and a body still to be read.

    Attributes:
        raw_path: the path as it was sent, percent-encoding included.
        request_id: the caller's `x-request-id` where it is harmless, else a fresh one.
        source: the network address it comes from; empty where the server does not tell.
        verified_user: id of the user whose password came with the request and was found right.
    """

    __slots__ = (
        "_body", "_receive", "headers", "method", "path", "query_string", "raw_path", "request_id", "source",
        "verified_user",
    )  # fmt: skip

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._receive = receive
        self._body: bytes | None = None
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        raw = scope.get("raw_path")
        self.raw_path: str = raw.decode("latin-1").partition("?")[0] if raw else quote(self.path)
        self.source = str((scope.get("client") or ("",))[0])
        self.verified_user: str | None = None
        self.query_string: bytes = scope.get("query_string", b"")
        self.headers = Headers(scope=scope)
        given = self.headers.get("x-request-id", "")
        self.request_id = given if _SANE_REQUEST_ID.fullmatch(given) else new_id()

    async def body(self, limit: int) -> bytes:
        """The whole body; reads no more of a longer one than shows that it is too long.

        Raises:
            PayloadTooLargeError: it is longer than `limit` bytes.
            ClientGoneError: the client hung up before it was complete.
        """
        if self._body is None:
            declared = self.headers.get("content-length", "")
            if declared.isascii() and declared.isdigit() and int(declared[:20]) > limit:
                raise _too_large(limit)
            self._body = await self._read(limit)
        if len(self._body) > limit:
            raise _too_large(limit)
        return self._body

    async def chunks(self, limit: int) -> AsyncIterator[bytes]:
        """The body piece by piece, as it comes; what was read whole before is one piece.

        Raises:
            PayloadTooLargeError: it is longer than `limit` bytes; shorter pieces of it were given out.
            ClientGoneError: the client hung up before it was complete.
        """
        if self._body is not None:
            yield self._body
            return
        length = 0
        async for chunk in self._received():
            length += len(chunk)
            if length > limit:
                raise _too_large(limit)
            if chunk:
                yield chunk

    async def _read(self, limit: int) -> bytes:
        body = bytearray()
        async for chunk in self._received():
            body += chunk
            if len(body) > limit:
                raise _too_large(limit)
        return bytes(body)

    async def _received(self) -> AsyncIterator[bytes]:
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            yield message.get("body", b"")
            if not message.get("more_body", False):
                return


def _too_large(limit: int) -> PayloadTooLargeError:
    return PayloadTooLargeError(f"the body is longer than {limit} bytes")
