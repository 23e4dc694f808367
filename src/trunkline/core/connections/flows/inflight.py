"""What one process is doing about the connections of one database.

Nothing in here is needed for a refresh to be right: that is the lease's business. It spares the database, since
of many callers in a process only one waits at the row, and the provider, since a dead endpoint is left alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import structlog

from trunkline.core.connections.flows.breaker import Breaker
from trunkline.core.connections.queries import TOUCH
from trunkline.infra.db import Database, Tx
from trunkline.infra.db.locks import read_committed
from trunkline.infra.jobs import describe
from trunkline.kit.errors import TrunklineError

Answer = TypeVar("Answer")

TOUCH_S = 5.0  # uses are written down together
SETTLE_S = 25.0

_log = structlog.get_logger("trunkline.core.connections")
_known: WeakKeyDictionary[Database, InFlight] = WeakKeyDictionary()


class InFlight:
    """Flights, the breaker and the uses not written down yet.

    A flight belongs to no caller: one that is cancelled, or stops waiting, does not end it, because what it is
    about to get must be stored.
    """

    def __init__(self) -> None:
        self.breaker = Breaker()
        self._flights: dict[tuple[asyncio.AbstractEventLoop, str], asyncio.Task[Any]] = {}
        self._used: dict[str, str] = {}
        self._touching: dict[asyncio.AbstractEventLoop, asyncio.Task[None]] = {}

    async def join(
        self, key: str, start: Callable[[], Coroutine[Any, Any, Answer]], patience_s: float
    ) -> Answer:
        """The outcome of the flight with this key, beginning it where there is none.

        Whoever begins it waits for it; whoever joins, only so long.

        Raises:
            TimeoutError: the joined flight takes longer; it goes on.
        """
        place = (asyncio.get_running_loop(), key)
        task = self._flights.get(place)
        if task is not None:
            return await asyncio.wait_for(asyncio.shield(task), patience_s)
        task = asyncio.create_task(start(), name=f"connection {key}")
        self._flights[place] = task
        task.add_done_callback(partial(self._landed, place))
        return await asyncio.shield(task)

    def note_use(self, database: Database, moment: str, connection_id: str) -> None:
        """Remember that a connection was used at a moment, to be written down within a few seconds."""
        self._used[connection_id] = moment
        loop = asyncio.get_running_loop()
        if loop not in self._touching:
            task = asyncio.create_task(self._touch_later(database), name="connection uses")
            self._touching[loop] = task
            task.add_done_callback(lambda _: self._touching.pop(loop, None))

    async def settle(self, database: Database, patience_s: float = SETTLE_S) -> None:
        """Wait for the flights of this event loop and write down what was used; for a server that stops.

        What has not landed by then is taken up by whoever finds its lease run out.
        """
        loop = asyncio.get_running_loop()
        running = [task for (where, _), task in self._flights.items() if where is loop]
        if running:
            await asyncio.wait(running, timeout=patience_s)
        touching = self._touching.get(loop)
        if touching is not None:
            touching.cancel()
            with suppress(asyncio.CancelledError):
                await touching
        await self._touch(database)

    def _landed(self, place: tuple[asyncio.AbstractEventLoop, str], task: asyncio.Task[Any]) -> None:
        del self._flights[place]
        # Looked at, so that an outcome nobody waited for is no warning.
        failure = None if task.cancelled() else task.exception()
        if failure is not None and not isinstance(failure, TrunklineError):
            _log.error("connection_flight_failed", connection=place[1], error=describe(failure))

    async def _touch_later(self, database: Database) -> None:
        while self._used:
            await asyncio.sleep(TOUCH_S)
            await self._touch(database)

    async def _touch(self, database: Database) -> None:
        used, self._used = self._used, {}
        if not used:
            return
        try:
            await database.write(partial(_write_uses, used=used))
        except Exception as error:  # noqa: BLE001  # a time nobody depends on
            _log.warning("connection_uses_lost", count=len(used), error=describe(error))


def in_flight(database: Database) -> InFlight:
    """What this process is doing about this database's connections."""
    found = _known.get(database)
    if found is None:
        found = _known.setdefault(database, InFlight())
    return found


def _write_uses(tx: Tx, used: dict[str, str]) -> None:
    read_committed(tx)
    tx.run_many(
        TOUCH, [{"id": connection_id, "now": moment} for connection_id, moment in sorted(used.items())]
    )
