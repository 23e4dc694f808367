"""Where the profiles `held` and `answer-held` keep requests until an admin call lets them go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Gate:
    """Holds requests. It belongs to the event loop that serves the simulator."""

    def __init__(self) -> None:
        self._held: list[asyncio.Future[None]] = []
        self._watching: list[tuple[int, asyncio.Future[None]]] = []

    @property
    def held(self) -> int:
        """How many requests wait."""
        return len(self._held)

    async def hold(self) -> None:
        """Wait until released."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._held.append(future)
        for number, watching in self._watching:
            if self.held >= number and not watching.done():
                watching.set_result(None)
        try:
            await future
        finally:
            if future in self._held:
                self._held.remove(future)

    def release(self) -> int:
        """Let every request that waits go on; how many did."""
        released, self._held = self._held, []
        for future in released:
            if not future.done():
                future.set_result(None)
        return len(released)

    async def wait_for(self, number: int, timeout_s: float) -> int:
        """Wait until so many requests are held, or the time is up; how many are."""
        if self.held < number:
            async with self._watched(number) as arrived:
                await asyncio.wait({arrived}, timeout=timeout_s)
        return self.held

    @asynccontextmanager
    async def _watched(self, number: int) -> AsyncIterator[asyncio.Future[None]]:
        arrived: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        watching = (number, arrived)
        self._watching.append(watching)
        try:
            yield arrived
        finally:
            self._watching.remove(watching)
