"""What the proxy is measured against: an upstream, and a reverse proxy that does nothing but pass on.

    python -m bench.upstreams upstream
    python -m bench.upstreams proxy http://127.0.0.1:PORT

Both print where they listen and serve until a signal comes.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from socket import AF_INET, SOCK_STREAM, socket

import uvloop
from aiohttp import ClientSession, DummyCookieJar, TCPConnector, web

SMALL, LARGE = 1_024, 1_024 * 1_024  # bytes
CHUNK = 64 * 1_024
TOKEN = "bench-token-of-no-value"  # what both proxies send along

_BODIES = {size: bytes(size) for size in (SMALL, LARGE)}
_SESSION: web.AppKey[ClientSession] = web.AppKey("session", ClientSession)


async def answer(request: web.Request) -> web.Response:
    """As many bytes as the path says, to who brings the token."""
    if request.headers.get("authorization") != f"Bearer {TOKEN}":
        raise web.HTTPUnauthorized
    body = _BODIES[int(request.match_info["size"])]
    return web.Response(body=body, content_type="application/octet-stream")


def bare_proxy(upstream: str) -> web.Application:
    """An application that passes requests on with one header added, and the answers back as they come."""

    async def session(app: web.Application) -> AsyncIterator[None]:
        connector = TCPConnector(limit=0)
        async with ClientSession(
            connector=connector, cookie_jar=DummyCookieJar(), auto_decompress=False
        ) as one:
            app[_SESSION] = one
            yield

    async def forward(request: web.Request) -> web.StreamResponse:
        headers = {"Authorization": f"Bearer {TOKEN}", "Accept-Encoding": "identity"}
        async with request.app[_SESSION].get(upstream + request.path_qs, headers=headers) as found:
            back = web.StreamResponse(status=found.status)
            back.content_type = found.content_type
            back.content_length = found.content_length
            await back.prepare(request)
            async for chunk in found.content.iter_chunked(CHUNK):
                await back.write(chunk)
            await back.write_eof()
            return back

    app = web.Application()
    app.cleanup_ctx.append(session)
    app.router.add_get("/{path:.*}", forward)
    return app


def upstream_server() -> web.Application:
    """The upstream."""
    app = web.Application()
    app.router.add_get("/bytes/{size}", answer)
    return app


def main(kind: str, upstream: str = "") -> None:
    """Serve on a free port of this machine; the first line printed says where."""
    uvloop.install()
    with socket(AF_INET, SOCK_STREAM) as listening:
        listening.bind(("127.0.0.1", 0))
        host, port = listening.getsockname()
        app = upstream_server() if kind == "upstream" else bare_proxy(upstream)
        web.run_app(
            app,
            sock=listening,
            access_log=None,
            print=lambda *_: print(f"http://{host}:{port}", flush=True),
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
