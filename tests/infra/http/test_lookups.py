"""Names that nobody answers for cost those who ask for them, and nobody else."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator, Sequence

import pytest

from tests.infra.http.upstream import PUBLIC, dialling, get, opened
from trunkline.infra.http import UnreachableError
from trunkline.infra.http.resolving import LOOKUPS_AT_ONCE, LOOKUPS_OF_A_DOMAIN, SystemResolve, domain_of


class NameServers:
    """What the operating system asks: those of `dead.example` say nothing until they are let go."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.hanging = threading.Semaphore(0)
        self.let_go = threading.Event()

    def getaddrinfo(self, host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        self.asked.append(host)
        if host.endswith(".dead.example"):
            self.hanging.release()
            self.let_go.wait()
            raise socket.gaierror("no answer")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (PUBLIC, 0))]


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Iterator[NameServers]:
    found = NameServers()
    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", found.getaddrinfo)
    yield found
    found.let_go.set()
    monkeypatch.setattr(socket, "getaddrinfo", real)


async def hang(servers: NameServers, resolve: SystemResolve) -> list[asyncio.Task[Sequence[str]]]:
    """Many lookups of the dead domain, as many of them begun as there may be."""

    async def ask(number: int) -> Sequence[str]:
        return await resolve(f"n-{number}.dead.example")

    asking = [asyncio.create_task(ask(number)) for number in range(2 * LOOKUPS_AT_ONCE)]
    for _ in range(LOOKUPS_OF_A_DOMAIN):
        await asyncio.to_thread(servers.hanging.acquire)
    return asking


def test_a_dead_name_server_holds_up_its_own_domain_only(servers: NameServers) -> None:
    async def run() -> None:
        resolve = SystemResolve()
        asking = await hang(servers, resolve)
        async with asyncio.timeout(20):
            found = await asyncio.gather(*(resolve(f"api.good-{number}.example") for number in range(20)))
        assert found == [[PUBLIC]] * 20
        assert not any(task.done() for task in asking)
        servers.let_go.set()
        outcomes = await asyncio.gather(*asking, return_exceptions=True)
        assert {type(one) for one in outcomes} == {socket.gaierror}
        assert await resolve("good.example") == [PUBLIC]
        resolve.close()

    asyncio.run(run())


def test_whoever_stopped_waiting_for_their_turn_is_not_looked_up_for(servers: NameServers) -> None:
    async def run() -> None:
        resolve = SystemResolve()
        asking = await hang(servers, resolve)
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        servers.let_go.set()
        with pytest.raises(OSError):
            await resolve("last.dead.example")
        assert len(servers.asked) == LOOKUPS_OF_A_DOMAIN + 1
        resolve.close()

    asyncio.run(run())


def test_closing_ends_what_waits_and_the_next_lookup_begins_anew(servers: NameServers) -> None:
    async def run() -> None:
        resolve = SystemResolve()
        asking = await hang(servers, resolve)
        resolve.close()
        assert await resolve("api.good.example") == [PUBLIC]
        servers.let_go.set()
        outcomes = await asyncio.gather(*asking, return_exceptions=True)
        kinds = [type(one) for one in outcomes]
        assert kinds.count(socket.gaierror) == LOOKUPS_OF_A_DOMAIN
        assert kinds.count(asyncio.CancelledError) == len(asking) - LOOKUPS_OF_A_DOMAIN
        resolve.close()

    asyncio.run(run())


def test_a_lookup_ends_with_the_last_who_waits_for_it() -> None:
    async def run() -> None:
        began, ended = asyncio.Queue[str](), asyncio.Queue[str]()

        async def resolve(host: str) -> Sequence[str]:
            began.put_nowait(host)
            try:
                await asyncio.Event().wait()
            finally:
                ended.put_nowait(host)
            return []

        async with opened(resolve=resolve) as egress:
            first, second = (asyncio.create_task(egress.fetch(get("https://a.test/"))) for _ in range(2))
            assert await began.get() == "a.test"
            await asyncio.sleep(0)  # the second waits, too
            first.cancel()
            await asyncio.wait([first])
            assert ended.empty()
            second.cancel()
            assert await ended.get() == "a.test"
            third = asyncio.create_task(egress.fetch(get("https://a.test/")))
            assert await began.get() == "a.test"
            assert began.empty()
        with pytest.raises(UnreachableError):
            await third

    asyncio.run(run())


def test_who_asks_while_a_lookup_is_given_up_gets_an_answer_of_their_own() -> None:
    async def run() -> None:
        asked, began = 0, asyncio.Event()

        async def resolve(_: str) -> Sequence[str]:
            nonlocal asked
            asked += 1
            if asked == 1:
                began.set()
                await asyncio.Event().wait()
            return ["10.0.0.1"]

        async with opened(resolve=resolve) as egress:
            with dialling():
                first = asyncio.create_task(egress.fetch(get("https://a.test/")))
                await began.wait()
                first.cancel()
                outcomes = await asyncio.gather(
                    first, egress.fetch(get("https://a.test/")), return_exceptions=True
                )
        assert isinstance(outcomes[0], asyncio.CancelledError)
        assert isinstance(outcomes[1], UnreachableError)
        assert asked == 2

    asyncio.run(run())


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("api.example.com", "example.com"),
        ("a.b.c.example.com", "example.com"),
        ("example.com", "example.com"),
        ("localhost", "localhost"),
        ("api.example.co.uk", "example.co.uk"),
        ("b.api.example.com.br", "example.com.br"),
        ("n1.abc.io", "abc.io"),
        ("n1.com.example.com", "example.com"),
        ("co.uk", "co.uk"),
    ],
)
def test_names_are_told_apart_by_the_domain_somebody_registered(host: str, domain: str) -> None:
    assert domain_of(host) == domain
