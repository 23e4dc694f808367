"""The ASGI application: request in, exactly one answer out, whatever happens in between."""

from __future__ import annotations

import re
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import structlog
from starlette.types import Receive, Scope, Send

from trunkline.infra.db import Database
from trunkline.kit.errors import NotFoundError, TrunklineError
from trunkline.web.answer import VARY, Answer
from trunkline.web.cors import is_preflight
from trunkline.web.dialect import Dialect
from trunkline.web.endpoint import Endpoint
from trunkline.web.errors import ClientGoneError, InternalError, MethodNotAllowedError
from trunkline.web.incoming import Incoming
from trunkline.web.resolver import HEADER, Choice
from trunkline.web.router import Match, Router
from trunkline.web.services import Services

Page = Callable[[Incoming], Awaitable[Answer]]
Resolver = Callable[[Incoming, Match], Awaitable[tuple[Endpoint, Choice]]]
Lifespan = Callable[[], AbstractAsyncContextManager[None]]

_UNSTORED = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # control characters and lone surrogates

_log = structlog.get_logger("trunkline.web")


class Application:
    """Serves dialects and a few pages; plain ASGI.

    Every dialect is served below `/<name>` and, verbatim, at the root, save what a route keeps to the mount. What
    no operation answers is refused in the words of the dialect that alone has paths beginning so.
    """

    def __init__(
        self,
        database: Database,
        services: Services,
        dialects: Sequence[Dialect],
        *,
        pages: Mapping[str, Page],
        resolver: Resolver | None = None,
        lifespan: Lifespan | None = None,
    ) -> None:
        """Compile the routes.

        Args:
            database: what transactions run on.
            services: handed to every handler.
            dialects: the first one spells the errors of paths that belong to none.
            pages: fixed paths answered to GET without a dialect.
            resolver: decides between dialects that share an operation at the root.
            lifespan: entered before the first request and left after the last.

        Raises:
            ValueError: there is no dialect, two operations claim the same place, or an operation id is used
                twice in a dialect.
        """
        if not dialects:
            raise ValueError("there is no dialect to serve")
        self._dialects = {**_beginnings(dialects), **{dialect.name: dialect for dialect in dialects}}
        self._default = dialects[0]
        self._pages = dict(pages)
        self._resolver = resolver
        self._lifespan = lifespan or _nothing
        self._router = Router()
        for dialect in dialects:
            _check_operation_ids(dialect)
            for route in dialect.routes:
                endpoint = Endpoint(dialect, route, database, services)
                self._router.add(f"/{dialect.name}", endpoint)
                if not route.mount_only:
                    self._router.add("", endpoint, shared=resolver is not None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] == "http":
            await self._serve(Incoming(scope, receive), send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1000})

    async def _serve(self, incoming: Incoming, send: Send) -> None:
        dialect = self._dialects.get(incoming.path[1:].partition("/")[0], self._default)
        choice = match = None
        try:
            page = self._pages.get(incoming.path)
            preflight = None if page is not None else self._preflight(incoming, dialect)
            match = None if page is not None or preflight is not None else self._match(incoming)
            if preflight is not None:
                dialect, answer = preflight
            elif match is not None:
                dialect = match.candidates[0].dialect
                endpoint, choice = await self._chosen(incoming, match)
                dialect = endpoint.dialect
                answer = await endpoint.answer(incoming, match.parameters(endpoint, incoming.raw_path))
            else:
                answer = await _page(incoming, page)
            await answer.check()
        except ClientGoneError:
            return
        except TrunklineError as error:
            answer = _spelled(dialect, error, incoming)
        except Exception as error:  # noqa: BLE001  # the last line of defence; the answer tells nothing of it
            _report(error, incoming, dialect, self._place(incoming, match))
            answer = _spelled(dialect, InternalError(), incoming)
        if choice is not None:
            answer.headers |= {HEADER: f"{choice.dialect}; by={choice.by}", "vary": VARY}
        if dialect.cors is not None:
            answer.headers |= dialect.cors.headers()
        await answer.send(send, request_id=incoming.request_id, head=incoming.method == "HEAD")

    def _preflight(self, incoming: Incoming, dialect: Dialect) -> tuple[Dialect, Answer] | None:
        """What a browser is told that asks for a page of another origin; None where nobody gives it leave.

        Where there is nothing, whoever refuses what follows gives leave as well, or no page could read why.
        """
        if not is_preflight(incoming):
            return None
        methods = self._router.methods(incoming.path)
        for candidates in methods.values():
            for endpoint in candidates:
                if endpoint.dialect.cors is not None:
                    return endpoint.dialect, endpoint.dialect.cors.preflight(methods)
        if methods or dialect.cors is None:
            return None
        return dialect, dialect.cors.preflight({route.method for route in dialect.routes})

    def _match(self, incoming: Incoming) -> Match | None:
        path = incoming.path
        if _UNSTORED.search(path):
            return None  # no stored name holds such a character, and no database need be asked about one
        return self._router.match(incoming.method, path)

    def _place(self, incoming: Incoming, match: Match | None) -> str | None:
        """The path as it is declared: in what was sent instead, keys and tokens may stand."""
        if match is not None:
            return match.candidates[0].route.path
        return incoming.path if incoming.path in self._pages else None

    async def _chosen(self, incoming: Incoming, match: Match) -> tuple[Endpoint, Choice | None]:
        if match.allow is not None:
            raise MethodNotAllowedError(incoming.method, match.allow)
        if len(match.candidates) == 1 or self._resolver is None:
            return match.candidates[0], None
        return await self._resolver(incoming, match)

    async def _live(self, receive: Receive, send: Send) -> None:
        """The ASGI lifespan protocol around `lifespan`."""
        await receive()
        phase = "startup"
        try:
            async with self._lifespan():
                await send({"type": "lifespan.startup.complete"})
                phase = "shutdown"
                await receive()
        except Exception as error:
            await send({"type": f"lifespan.{phase}.failed", "message": str(error)})
            raise
        await send({"type": "lifespan.shutdown.complete"})


async def _page(incoming: Incoming, page: Page | None) -> Answer:
    if page is None:
        raise NotFoundError("path")
    if incoming.method not in ("GET", "HEAD"):
        raise MethodNotAllowedError(incoming.method, ("GET", "HEAD"))
    return await page(incoming)


@asynccontextmanager
async def _nothing() -> AsyncIterator[None]:
    yield


def _beginnings(dialects: Sequence[Dialect]) -> dict[str, Dialect]:
    """The dialects that alone have paths at the root which begin with a segment, by that segment."""
    found: dict[str, set[str]] = {}
    for dialect in dialects:
        for route in dialect.routes:
            if not route.mount_only:
                found.setdefault(route.path[1:].partition("/")[0], set()).add(dialect.name)
    by_name = {dialect.name: dialect for dialect in dialects}
    return {first: by_name[names.pop()] for first, names in found.items() if len(names) == 1}


def _check_operation_ids(dialect: Dialect) -> None:
    seen: set[str] = set()
    for route in dialect.routes:
        if route.operation_id in seen:
            raise ValueError(f"{dialect.name} has two operations called {route.operation_id}")
        seen.add(route.operation_id)


def _spelled(dialect: Dialect, error: TrunklineError, incoming: Incoming) -> Answer:
    status, headers, body = dialect.render_error(error, incoming.request_id)
    spelled = {name.lower(): value for name, value in headers.items()}
    if dialect.negotiate_error is not None:
        spelled.setdefault("content-type", dialect.negotiate_error(incoming.headers))
    spelled.setdefault("content-type", dialect.error_media_type)
    if isinstance(error, MethodNotAllowedError):
        spelled["allow"] = ", ".join(error.allow)
    return Answer(status, spelled, body)


def _report(error: Exception, incoming: Incoming, dialect: Dialect, place: str | None) -> None:
    # Formatted here, because some log renderers add the values of local variables, secrets among them.
    trace = "".join(traceback.format_exception(error))
    _log.error(
        "request_failed",
        request_id=incoming.request_id,
        dialect=dialect.name,
        method=incoming.method,
        path=place,
        trace=trace,
    )
