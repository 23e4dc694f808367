"""A finished answer and its way onto the wire."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Protocol

from starlette.types import Message, Send

BODILESS = (204, 304)  # statuses that must not carry content (RFC 9110 sections 15.3.5 and 15.4.5)
VARY = "Accept, Authorization, Cookie"  # what an answer to one URL may depend on

# Other control characters could end a header, or the answer (RFC 9110 section 5.5).
_UNSPEAKABLE = re.compile(r"[^\t\x20-\x7e\x80-\xff]")


class Stream(Protocol):
    """A body that comes piece by piece; closing it, begun or not, lets go of where it comes from."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    async def __anext__(self) -> bytes: ...

    async def aclose(self) -> None:
        """Let go."""


@dataclass(slots=True)
class Answer:
    """Status, headers by lower-case name, body.

    Attributes:
        stream: the body instead, where it is passed on as it comes.
    """

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    stream: Stream | None = None

    async def check(self) -> None:
        """Refuse headers that cannot be sent, while there is still time for another answer.

        Raises:
            ValueError: a header holds a character that none may; the stream is let go.
        """
        if _UNSPEAKABLE.search("".join((*self.headers, *self.headers.values()))):
            if self.stream is not None:
                await self.stream.aclose()
            raise ValueError("an answer's header holds a character that no header may")

    async def send(self, send: Send, *, request_id: str, head: bool = False) -> None:
        """Write it, without its body for a HEAD request; a client that has left is no error."""
        headers = {
            "cache-control": "no-store",
            **self.headers,
            "x-request-id": request_id,
            "x-content-type-options": "nosniff",
        }
        if self.status not in BODILESS and self.stream is None:
            headers["content-length"] = str(len(self.body))
        start = {"type": "http.response.start", "status": self.status, "headers": _raw(headers)}
        try:
            if self.stream is not None:
                await _pass_on(self.stream, start, send, head=head)
                return
            await send(start)
            await send({"type": "http.response.body", "body": b"" if head else self.body})
        except OSError:
            # ASGI servers may raise when the connection is closed; what was done stays done.
            return


async def _pass_on(stream: Stream, start: Message, send: Send, *, head: bool) -> None:
    """Send what comes as it comes; however it ends, where it comes from is let go."""
    async with aclosing(stream):
        await send(start)
        if not head:
            async for chunk in stream:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def _raw(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
