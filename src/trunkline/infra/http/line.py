"""What one event loop needs to send: connections, and the names it has looked up."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from aiohttp import BaseConnector, ClientSession, ClientTimeout, DummyCookieJar

from trunkline.infra.http.resolving import Resolving

BUFFER = 64 * 1024  # bytes of an answer held before the upstream has to wait


class _NoCookies(DummyCookieJar):
    def update_cookies_from_headers(self, *_: Any) -> None:
        """Not even parsed."""


class Line:
    """The part of `Egress` that belongs to one event loop.

    It closes itself when the loop shuts its asynchronous generators down, as `asyncio.run` does at its end, so
    that a job which runs a flow on a loop of its own need not know that anything was opened.
    """

    def __init__(self, resolving: Resolving, connector: BaseConnector) -> None:
        self.resolving = resolving
        self.session = ClientSession(
            connector=connector,
            cookie_jar=_NoCookies(),
            timeout=ClientTimeout(),  # none: the time is kept in `Dispatch`
            auto_decompress=False,
            trust_env=False,
            read_bufsize=BUFFER,
        )
        self._lifetime = self._live()

    async def open(self) -> None:
        """Tie it to the running loop."""
        await anext(self._lifetime)

    async def close(self) -> None:
        """Close every connection; requests on their way fail."""
        await self._lifetime.aclose()

    async def _live(self) -> AsyncGenerator[None]:
        try:
            yield
        finally:
            await self.resolving.close()
            await self.session.close()
