"""One HTTP request as the server hands it over; its body is read once, on demand and within a limit."""

from __future__ import annotations

import re

from starlette.datastructures import Headers
from starlette.types import Receive, Scope

from trunkline.kit.errors import PayloadTooLargeError
from trunkline.kit.ids import new_id
from trunkline.web.errors import ClientGoneError

_SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


class Incoming:
    """The request line, the headers and a body still to be read.

    Attributes:
        request_id: the caller's `x-request-id` where it is harmless, else a fresh one.
    """

    __slots__ = ("_body", "_receive", "headers", "method", "path", "query_string", "request_id")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._receive = receive
        self._body: bytes | None = None
        self.method: str = scope["method"]
        self.path: str = scope["path"]
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

    async def _read(self, limit: int) -> bytes:
        chunks = bytearray()
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            chunks += message.get("body", b"")
            if len(chunks) > limit:
                raise _too_large(limit)
            if not message.get("more_body", False):
                return bytes(chunks)


def _too_large(limit: int) -> PayloadTooLargeError:
    return PayloadTooLargeError(f"the body is longer than {limit} bytes")
