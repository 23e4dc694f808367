"""One client serves many event loops; what belongs to a loop is gone when the loop is."""

from __future__ import annotations

import asyncio
import gc
import threading
import warnings
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvloop

from tests.infra.http.upstream import OK, Call, get, script, upstream
from trunkline.infra.http import Egress, EgressError, EgressPolicy

Run = Callable[[Coroutine[Any, Any, Any]], Any]


class Anywhere(frozenset[tuple[str, int]]):
    """Every port of this machine."""

    def __contains__(self, pair: object) -> bool:
        return isinstance(pair, tuple) and pair[0] == "127.0.0.1"


async def twice(egress: Egress) -> tuple[int, int]:
    async with upstream(script(OK)) as server:
        for _ in range(2):
            assert (await egress.fetch(get(server.origin))).body == b"ok"
        return server.connections, len(server.calls)


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_a_loop_that_ends_takes_its_connections_along(run: Run) -> None:
    egress = Egress(EgressPolicy(Anywhere()))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(3):
            assert run(twice(egress)) == (1, 2)
        gc.collect()


def test_threads_with_loops_of_their_own_share_a_client() -> None:
    egress = Egress(EgressPolicy(Anywhere()))
    seen: list[tuple[int, int]] = []
    together = threading.Barrier(4)

    def flow() -> None:
        together.wait()
        seen.extend(asyncio.run(twice(egress)) for _ in range(3))

    threads = [threading.Thread(target=flow) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [(1, 2)] * 12


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_requests_on_their_way_fail_when_the_client_is_closed(run: Run) -> None:
    async def flow() -> list[bool]:
        asked = asyncio.Event()
        looked_up = asyncio.Event()

        async def silent(call: Call) -> None:
            asked.set()
            await call.hang()

        async def resolve(_: str) -> list[str]:
            looked_up.set()
            await asyncio.Event().wait()
            return []

        async with upstream(silent) as server:
            egress = Egress(EgressPolicy(Anywhere()), resolve=resolve)
            sent = asyncio.create_task(egress.fetch(get(server.origin)))
            waiting = asyncio.create_task(egress.fetch(get("https://a.test/")))
            await asked.wait()
            await looked_up.wait()
            await egress.close()
            failures = await asyncio.gather(sent, waiting, return_exceptions=True)
        return [one.sent for one in failures if isinstance(one, EgressError)]

    assert run(flow()) == [True, False]


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_a_closed_client_closes_its_connections_and_opens_them_again(run: Run) -> None:
    async def flow() -> None:
        egress = Egress(EgressPolicy(Anywhere()))
        async with upstream(script(OK)) as server:
            for round_ in (1, 2):
                await egress.fetch(get(server.origin))
                idle = server.calls[-1].reader
                await egress.close()
                assert await idle.read() == b""
                assert server.connections == round_
            await egress.close()

    run(flow())
