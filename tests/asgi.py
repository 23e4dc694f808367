"""A client that calls an ASGI application in this process, the way a server would."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any
from urllib.parse import unquote


@dataclass(frozen=True)
class Response:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Headers = Mapping[str, str] | Sequence[tuple[str, str]]


# Each request comes from elsewhere: wrong passwords of one test slow down no other.
_ADDRESSES = count(1)


class File(bytes):
    """A body that is sent as what it is."""

    media_type = "image/png"


def call(app: Any, method: str, path: str, headers: Headers = (), body: Any = b"") -> Response:
    """One request; a body that is no bytes is sent as JSON."""
    return asyncio.run(acall(app, method, path, headers, body))


async def acall(app: Any, method: str, path: str, headers: Headers = (), body: Any = b"") -> Response:
    pairs = list(headers.items() if isinstance(headers, Mapping) else headers)
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
        pairs.append(("content-type", "application/json"))
    elif isinstance(body, File):
        pairs.append(("content-type", body.media_type))
    chunks = [body[start : start + 65536] for start in range(0, len(body), 65536)] or [b""]
    return await send_chunks(app, method, path, pairs, chunks)


async def send_chunks(
    app: Any, method: str, path: str, headers: Headers = (), chunks: Sequence[bytes | None] = (b"",)
) -> Response:
    """A request whose body comes in pieces; None is a client that hangs up."""
    path, _, query = path.partition("?")
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "client": (f"192.0.2.{next(_ADDRESSES)}", 1),
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in pairs],
    }
    waiting = list(chunks)
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        chunk = waiting.pop(0) if waiting else None
        if chunk is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": chunk, "more_body": bool(waiting)}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    if not sent:
        return Response(0, {}, b"")
    start, *bodies = sent
    assert [start["type"], *{message["type"] for message in bodies}] == [
        "http.response.start",
        "http.response.body",
    ]
    assert [message.get("more_body", False) for message in bodies] == [True] * (len(bodies) - 1) + [False]
    given = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"]]
    assert len(dict(given)) == len(given), "a header was sent twice"
    return Response(start["status"], dict(given), b"".join(message["body"] for message in bodies))
