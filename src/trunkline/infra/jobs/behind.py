"""What is noted in memory and written now and then, so that no request waits for it."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod


class WriteBehind(ABC):
    """Writes what was noted every few seconds while it runs, and the rest when it stops.

    What is noted but not written is lost in a crash, and only then.
    """

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._ending = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @abstractmethod
    async def flush(self) -> None:
        """Write everything that is waiting; what cannot be written waits on. Raises nothing."""

    def start(self) -> None:
        """Write from now on, on the running event loop."""
        self._ending = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Write what is waiting and stop.

        A write under way is waited for, not cancelled: nobody else knows what it has taken.
        """
        task, self._task = self._task, None
        if task is not None:
            self._ending.set()
            await task
        await self.flush()

    async def _run(self) -> None:
        while not await self._ends_within(self._every_s):
            await self.flush()

    async def _ends_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                return await self._ending.wait()
        except TimeoutError:
            return False
