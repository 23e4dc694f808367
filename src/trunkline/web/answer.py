"""A finished answer and its way onto the wire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.types import Send

BODILESS = (204, 304)  # statuses that must not carry content (RFC 9110 sections 15.3.5 and 15.4.5)


@dataclass(slots=True)
class Answer:
    """Status, headers by lower-case name, body."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    async def send(self, send: Send, *, request_id: str, head: bool = False) -> None:
        """Write it, without its body for a HEAD request; a client that has left is no error."""
        headers = {
            "cache-control": "no-store",
            **self.headers,
            "x-request-id": request_id,
            "x-content-type-options": "nosniff",
        }
        if self.status not in BODILESS:
            headers["content-length"] = str(len(self.body))
        try:
            await send({"type": "http.response.start", "status": self.status, "headers": _raw(headers)})
            await send({"type": "http.response.body", "body": b"" if head else self.body})
        except OSError:
            # ASGI servers may raise when the connection is closed; what was done stays done.
            return


def _raw(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
