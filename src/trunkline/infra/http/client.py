"""The one client of the platform: every request to somebody else's server goes through `Egress`.

    targets ── what the URL says ──► resolving ── which addresses, all allowed ──► connecting ── one of those
    framing ── the head, checked ────────────────────────────────────────────────────┘

Redirects come back as they are, cookies are forgotten, proxies of the environment are not used, and nothing is
sent twice except a read whose idle connection turned out to be closed.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from importlib import import_module
from typing import TYPE_CHECKING

from trunkline.infra.db import transaction_is_open
from trunkline.infra.http.decoding import INLINE_BYTES, decoded
from trunkline.infra.http.messages import Fetched, Limits, Outbound, Streamed
from trunkline.infra.http.policy import EgressPolicy
from trunkline.infra.http.resolving import Resolve, Resolving, SystemResolve

if TYPE_CHECKING:
    from trunkline.infra.http.exchange import Exchange
    from trunkline.infra.http.line import Line

_DEFAULT_LIMITS = Limits()
_PUBLIC_ONLY = EgressPolicy()
_ENCODED = frozenset({"content-encoding", "content-length"})


class Egress:
    """Sends requests to other people's servers; one per process, for any number of event loops.

    What belongs to an event loop (connections, looked-up names) is made when it first sends, and let go when it
    ends or with `close`.
    """

    def __init__(
        self,
        policy: EgressPolicy = _PUBLIC_ONLY,
        *,
        resolve: Resolve | None = None,
        tls: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing is opened yet.

        Args:
            policy: where requests may go.
            resolve: looks names up; by default the operating system.
            tls: verifies certificates; by default against the machine's authorities.
            clock: in seconds; says when a looked-up name is forgotten.
        """
        self.policy = policy
        self._system = SystemResolve()
        self._resolve = resolve or self._system
        self._context = tls
        self._clock = clock
        self._lines: dict[asyncio.AbstractEventLoop, Line] = {}

    @staticmethod
    def load() -> None:
        """Import what sending needs, before there is anything to send.

        It takes a tenth of a second, and most commands never send.
        """
        import_module("trunkline.infra.http.exchange")

    async def fetch(self, request: Outbound, limits: Limits = _DEFAULT_LIMITS) -> Fetched:
        """Send a request and read its whole answer, undoing one content encoding.

        Raises:
            InvalidRequestError: URL, method, a header or the body is not one that is sent.
            PayloadTooLargeError: the request's body is over the limit.
            EgressError: no answer, or none that is accepted; `sent` says whether repeating is safe.
            RuntimeError: a transaction is open, which must not wait for somebody else's server.
        """
        exchange = self._exchange(request, limits)
        async with exchange as answer:
            body = await exchange.read()
        headers = answer.headers
        coding = ",".join(value for name, value in headers if name.lower() == "content-encoding")
        if len(body) <= INLINE_BYTES:
            plain = decoded(body, coding, limits.response_bytes)
        else:
            plain = await asyncio.to_thread(decoded, body, coding, limits.response_bytes)
        if plain is not body:
            headers = [line for line in headers if line[0].lower() not in _ENCODED]
        return Fetched(answer.status, headers, plain)

    def stream(
        self, request: Outbound, limits: Limits = _DEFAULT_LIMITS
    ) -> AbstractAsyncContextManager[Streamed]:
        """Send a request and hand over its answer as it arrives, encoded as it is.

        Entering raises what `fetch` raises; reading on may raise an EgressError, too. Leaving before the end
        closes the connection. It may be left on another task than it was entered on.

        Raises:
            RuntimeError: a transaction is open, which must not wait for somebody else's server.
        """
        return self._exchange(request, limits)

    async def close(self) -> None:
        """Close what the running event loop opened; a request sent afterwards opens it again."""
        line = self._lines.pop(asyncio.get_running_loop(), None)
        if line is not None:
            await line.close()
        if not self._lines:
            self._system.close()

    def _exchange(self, request: Outbound, limits: Limits) -> Exchange:
        if transaction_is_open():
            raise RuntimeError("a request was to be sent inside a transaction")
        from trunkline.infra.http.exchange import Exchange  # noqa: PLC0415  # see `load`

        return Exchange(self._line, request, limits)

    async def _line(self) -> Line:
        loop = asyncio.get_running_loop()
        line = self._lines.get(loop)
        if line is None or line.session.closed:
            from trunkline.infra.http.connecting import PinnedConnector  # noqa: PLC0415  # see `load`
            from trunkline.infra.http.line import Line  # noqa: PLC0415  # see `load`

            for other in [known for known in tuple(self._lines) if known.is_closed()]:
                self._lines.pop(other, None)
            line = self._lines[loop] = Line(
                Resolving(self.policy, self._resolve, clock=self._clock),
                PinnedConnector(self.policy, self._tls),
            )
            await line.open()
        return line

    def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = ssl.create_default_context()
            self._context.set_alpn_protocols(["http/1.1"])
        return self._context
