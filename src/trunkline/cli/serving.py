"""Serving: the application on granian, in this process and on this event loop, until a signal ends it.

    reserve the address ── open the database ── start the worker ── listen ── announce
                                                                      │ SIGTERM, SIGINT
    exit 0 ── close the database ── stop the worker ── finish what is under way ── stop listening

A second signal stops waiting for requests that do not end.
"""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import structlog
import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server.embed import Server
from msgspec import structs

from trunkline.bootstrap import Platform, application
from trunkline.cli.failures import CommandError, Exit
from trunkline.cli.listening import Address, served_alone
from trunkline.cli.opening import opened
from trunkline.infra.log import configure_log
from trunkline.settings import LogFormat, Settings

BACKLOG = 1_024  # connections waiting to be accepted
DRAIN_S = 30.0  # how long requests under way may take to finish when the server stops
POLL_S = 0.01  # between looks whether the server accepts connections yet

Asgi = Callable[
    [MutableMapping[str, Any], Callable[..., Awaitable[Any]], Callable[..., Awaitable[None]]], Awaitable[None]
]

_log = structlog.get_logger(__name__)


def serve_instance(settings: Settings, address: Address, announce: Callable[[], None]) -> Exit:
    """Serve until a signal comes, then stop in order.

    Args:
        settings: of an instance that exists and is current.
        address: reserved by the caller.
        announce: called once, when connections are accepted.

    Raises:
        CommandError: the server could not start.
    """
    begin_log(settings)
    with served_alone(settings), opened(structs.replace(settings, port=address.port)) as platform:
        return uvloop.run(serve_application(application_of(platform), address, announce))


def application_of(platform: Platform) -> Asgi:
    """The application of an open instance, with all imported that its first requests would wait for.

    Raises:
        SettingsError: `default_dialect` is no dialect that is served.
    """
    platform.services.egress.load()
    return application(platform)


def begin_log(settings: Settings) -> None:
    """Log as a server does: in its format, from its level on."""
    configure_log(json_lines=settings.log_format is LogFormat.JSON, level=settings.log_level.value)


async def serve_application(
    app: Asgi,
    address: Address,
    announce: Callable[[], None],
    *,
    signals: Sequence[signal.Signals] = (signal.SIGTERM, signal.SIGINT),
    lifeline: int | None = None,
) -> Exit:
    """Serve `app` on this event loop until it is told to stop, and let what is under way finish.

    Args:
        app: plain ASGI.
        address: where to listen; others may listen there, too.
        announce: called once, when connections are accepted.
        signals: the first tells it to stop, another not to wait any longer.
        lifeline: a file descriptor whose end tells it to stop, too.

    Raises:
        CommandError: the application did not start, or the server stopped by itself.
    """
    stop, hurry = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def on_signal() -> None:
        (hurry if stop.is_set() else stop).set()

    for number in signals:
        loop.add_signal_handler(number, on_signal)
    if lifeline is not None:
        loop.add_reader(lifeline, stop.set)
    async with lifespan(app):
        # What there is now lives as long as the process: no later search for garbage walks through it.
        gc.collect()
        gc.freeze()
        server = Server(
            app,
            address.host,
            address.port,
            interface=Interfaces.ASGINL,
            http=HTTPModes.http1,
            websockets=False,
            backlog=BACKLOG,
            log_level=LogLevels.error,
            log_dictconfig={"loggers": {"_granian": {"propagate": True}}},
        )
        serving = asyncio.create_task(server.serve())
        # Even when it is to stop already: before it listens, granian does not take note of it.
        if await _accepts(address, serving) and not stop.is_set():
            announce()
        await _first(serving, stop)
        if not stop.is_set():
            message = "the server stopped by itself; the log says why"
            raise CommandError("server_failed", message) from serving.exception()
        _log.info("stopping")
        if lifeline is not None:
            loop.remove_reader(lifeline)
        server.stop()  # type: ignore[no-untyped-call]
        return await _drained(serving, hurry)


async def _accepts(address: Address, serving: asyncio.Task[None]) -> bool:
    while not serving.done():
        try:
            _, writer = await asyncio.open_connection(address.reachable_host, address.port)
        except OSError:
            await asyncio.sleep(POLL_S)
        else:
            writer.close()
            return True
    return False


async def _drained(serving: asyncio.Task[None], hurry: asyncio.Event) -> Exit:
    await _first(serving, hurry, timeout_s=DRAIN_S)
    if serving.done():
        return Exit.OK
    _log.warning("requests_cut_off", after="a second signal" if hurry.is_set() else f"{DRAIN_S:.0f} s")
    serving.cancel()
    return Exit.INTERRUPTED if hurry.is_set() else Exit.FAILED


async def _first(
    serving: asyncio.Task[None], event: asyncio.Event, *, timeout_s: float | None = None
) -> None:
    """Wait until the server ends, the event comes or the time is up."""
    waiting = asyncio.create_task(event.wait())
    await asyncio.wait({serving, waiting}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()


@asynccontextmanager
async def lifespan(app: Asgi) -> AsyncIterator[None]:
    """Tell the application that it starts, and at the end that it stops.

    Raises:
        CommandError: it says that it could not start.
        Exception: whatever it raised while starting or stopping.

    Source: ASGI specification, lifespan protocol 2.0.
    """
    to_app: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    from_app: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
    running = asyncio.ensure_future(
        app({"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}}, to_app.get, from_app.put)
    )
    await _told(to_app, from_app, running, "startup")
    try:
        yield
    finally:
        await _told(to_app, from_app, running, "shutdown")
        await running


async def _told(
    to_app: asyncio.Queue[dict[str, str]],
    from_app: asyncio.Queue[MutableMapping[str, Any]],
    running: asyncio.Future[None],
    phase: str,
) -> None:
    await to_app.put({"type": f"lifespan.{phase}"})
    answer = asyncio.ensure_future(from_app.get())
    either: set[asyncio.Future[Any]] = {answer, running}
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    if not answer.done():
        answer.cancel()
        await running
        raise CommandError("server_failed", f"the application ended during {phase}")
    message = answer.result()
    if message["type"].endswith(".failed"):
        reason = message.get("message") or "no reason given"
        raise CommandError("server_failed", f"the application failed during {phase}: {reason}")
