"""What is noted in memory reaches its place: now and then while it runs, and all of it when it stops."""

from __future__ import annotations

import asyncio

from trunkline.infra.jobs.behind import WriteBehind


class Notes(WriteBehind):
    """Writes to a list, and takes as long as it is told to."""

    def __init__(self, every_s: float = 0) -> None:
        super().__init__(every_s)
        self.waiting: list[int] = []
        self.written: list[int] = []
        self.taken = asyncio.Event()
        self.let_go = asyncio.Event()

    async def flush(self) -> None:
        notes, self.waiting = self.waiting, []
        if notes:
            self.taken.set()
            await self.let_go.wait()
        self.written += notes


def test_a_stop_waits_for_the_write_under_way_and_writes_the_rest() -> None:
    async def live() -> list[int]:
        notes = Notes()
        notes.waiting.append(1)
        notes.start()
        await notes.taken.wait()
        stopping = asyncio.create_task(notes.stop())
        notes.waiting.append(2)
        await asyncio.sleep(0)
        notes.let_go.set()
        await stopping
        return notes.written

    assert asyncio.run(live()) == [1, 2]


def test_a_stop_does_not_wait_for_the_next_turn_and_it_may_start_again() -> None:
    notes = Notes(every_s=3_600)
    notes.let_go.set()

    async def live(number: int) -> None:
        notes.start()
        notes.waiting.append(number)
        await notes.stop()

    for number in (1, 2):
        asyncio.run(live(number))
    assert notes.written == [1, 2]


def test_what_never_ran_is_written_when_it_stops() -> None:
    notes = Notes()
    notes.let_go.set()
    notes.waiting.append(1)
    asyncio.run(notes.stop())
    assert notes.written == [1]
