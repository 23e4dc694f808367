"""Several server processes on one port, for PostgreSQL: granian's supervisor starts and restarts them."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from functools import partial
from typing import Any

from granian.constants import HTTPModes, Interfaces, Loops
from granian.log import LogLevels
from granian.server.mp import MPServer

from trunkline.bootstrap import Platform, application, open_platform
from trunkline.cli.failures import CommandError, Exit
from trunkline.cli.listening import Address
from trunkline.cli.opening import opened
from trunkline.infra.log import configure_log
from trunkline.settings import LogFormat, Settings

BACKLOG = 1_024  # connections waiting to be accepted, over all processes
KILL_AFTER_S = 60  # what a process may take to finish requests and jobs when it is stopped
POLL_S = 0.02


def serve_in_workers(settings: Settings, address: Address, announce: Callable[[], None]) -> Exit:
    """Serve from `settings.workers` processes until a signal comes.

    Raises:
        CommandError: the database is SQLite, which one process serves.
    """
    if settings.sqlite_path is not None:
        raise CommandError(
            "workers_need_postgresql",
            "several workers need PostgreSQL; SQLite is served by one process",
            "leave --workers out, or pass --database-url postgresql://…",
            exit_code=Exit.USAGE,
        )
    with opened(settings):
        pass  # what would stop every process is better said once, before any starts
    server = MPServer(
        "trunkline",
        address.host,
        address.port,
        interface=Interfaces.ASGI,
        workers=settings.workers,
        loop=Loops.uvloop,
        http=HTTPModes.http1,
        websockets=False,
        backlog=BACKLOG,
        respawn_failed_workers=True,
        workers_kill_timeout=KILL_AFTER_S,
        log_level=LogLevels.error,
        log_dictconfig={"loggers": {"_granian": {"propagate": True}}},
        process_name=None,
    )
    threading.Thread(target=_announce, args=(address, announce), daemon=True).start()
    server.serve(target_loader=partial(load_worker, settings), wrap_loader=False)
    return Exit.OK


def load_worker(settings: Settings) -> ClosingApplication:
    """The application of one process, with a database of its own; called in that process."""
    # Until granian listens for signals here, the supervisor's handlers are in force: they would swallow a
    # stop that comes while the database is being opened, and this process would go on serving.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    configure_log(json_lines=settings.log_format is LogFormat.JSON, level=settings.log_level.value)
    return ClosingApplication(open_platform(settings))


class ClosingApplication:
    """The server's application, which closes its database after its last request."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._application = application(platform)

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        """Serve one ASGI connection."""
        try:
            await self._application(scope, receive, send)
        finally:
            if scope["type"] == "lifespan":
                self._platform.close()


def _announce(address: Address, announce: Callable[[], None]) -> None:
    while True:
        with suppress(OSError), socket.create_connection((address.reachable_host, address.port), timeout=1):
            break
        time.sleep(POLL_S)
    announce()
