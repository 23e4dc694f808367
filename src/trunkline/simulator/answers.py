"""Answers, whole and broken."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import msgspec
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

NO_STORE = {"cache-control": "no-store", "pragma": "no-cache"}
ERROR_PAGE = """\
<!doctype html>
<html lang="en">
<head><title>502 Bad Gateway</title></head>
<body><h1>Bad Gateway</h1><p>The proxy has had no valid answer from an upstream server.</p></body>
</html>
"""


def json_answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer in JSON."""
    return Response(
        msgspec.json.encode(value),
        status,
        {"x-content-type-options": "nosniff", **(headers or {})},
        "application/json",
    )


def error_answer(
    status: int, code: str, message: str, headers: Mapping[str, str] | None = None, **more: Any
) -> Response:
    """How the API and the admin face say no."""
    return json_answer({"error": {"code": code, "message": message, **more}}, status, headers)


def error_page() -> Response:
    """What a proxy in front of a service says instead of it."""
    return HTMLResponse(ERROR_PAGE, 502)


class Cut(Response):
    """An answer of which the caller gets the status and one byte, before the connection ends."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Begin the answer that was made, and leave it there."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        # Servers end a connection whose answer is shorter than announced: nothing else can be said on it.
        await send({"type": "http.response.body", "body": bytes(self.body)[:1], "more_body": True})

    @classmethod
    def of(cls, whole: Response) -> Cut:
        """The same answer, cut."""
        cut = cls(whole.body or b"{}", whole.status_code)
        cut.raw_headers = list(whole.raw_headers)
        return cut


class Pieces(Response):
    """An answer that is sent piece by piece, and that may end too soon.

    Args:
        pieces: the body.
        is_whole: say at the end that it is the end; otherwise the connection is cut there.
    """

    def __init__(
        self,
        pieces: AsyncIterator[bytes],
        *,
        headers: Mapping[str, str],
        is_whole: bool = True,
    ) -> None:
        super().__init__(None, 200, headers)
        if "content-length" not in headers:
            del self.headers["content-length"]
        self._pieces = pieces
        self._is_whole = is_whole

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send it."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async for piece in self._pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        if self._is_whole:
            await send({"type": "http.response.body", "body": b"", "more_body": False})
