"""Servers on loopback that say exactly the bytes a test gives them, and loops whose dialling is watched."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

from trunkline.infra.http import Egress, EgressPolicy, Outbound, Resolve

T = TypeVar("T")
Script = Callable[["Call"], Awaitable[None]]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
PUBLIC = "93.184.216.34"


class Call:
    """One request as the server saw it, and the way to answer it."""

    def __init__(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.head = head
        self.reader = reader
        self.writer = writer

    @property
    def line(self) -> str:
        return self.head.split(b"\r\n", 1)[0].decode()

    @property
    def headers(self) -> list[tuple[str, str]]:
        lines = self.head.decode("latin-1").split("\r\n")[1:-2]
        return [(name, value) for name, _, value in (line.partition(": ") for line in lines)]

    def header(self, name: str) -> str | None:
        return next((value for known, value in self.headers if known.lower() == name.lower()), None)

    def say(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.writer.write(piece)

    async def hang(self) -> None:
        """Say nothing until the other side closes."""
        while await self.reader.read(65_536):
            pass


class Upstream:
    """A scripted server.

    Attributes:
        connections: how many were accepted.
        calls: every request seen.
    """

    def __init__(self, script: Script) -> None:
        self._script = script
        self._tasks: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self.port = 0
        self.connections = 0
        self.calls: list[Call] = []

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks[task] = writer
        task.add_done_callback(lambda done: self._tasks.pop(done).close())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while not writer.is_closing():
                call = Call(await reader.readuntil(b"\r\n\r\n"), reader, writer)
                self.calls.append(call)
                await self._script(call)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass

    async def stop(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)


@asynccontextmanager
async def upstream(script: Script, *, host: str = "127.0.0.1", ssl: Any = None) -> AsyncIterator[Upstream]:
    made = Upstream(script)
    server = await asyncio.start_server(made.accept, host, 0, ssl=ssl)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        await made.stop()
        await server.wait_closed()


@asynccontextmanager
async def opened(
    *exempt: Upstream,
    resolve: Resolve | None = None,
    allowed: Sequence[tuple[str, int]] = (),
    **settings: Any,
) -> AsyncIterator[Egress]:
    """A client that may reach these servers and nothing else that is private."""
    pairs = {("127.0.0.1", one.port) for one in exempt} | set(allowed)
    egress = Egress(EgressPolicy(frozenset(pairs)), resolve=resolve, **settings)
    try:
        yield egress
    finally:
        await egress.close()


def script(*pieces: bytes, close: bool = False) -> Script:
    """Says the same to every request."""

    async def say(call: Call) -> None:
        call.say(*pieces)
        if close:
            call.writer.close()

    return say


def names(**addresses: str | Sequence[str]) -> Resolve:
    """A resolver that knows `name` as `name.test`."""

    async def resolve(host: str) -> Sequence[str]:
        found = addresses.get(host.removesuffix(".test").replace("-", "_"), ())
        return [found] if isinstance(found, str) else found

    return resolve


def get(url: str, *headers: tuple[str, str]) -> Outbound:
    return Outbound("GET", url, headers)


@contextmanager
def dialling(answer: Callable[[Any, tuple[str, int]], Awaitable[None]] | None = None) -> Iterator[list[str]]:
    """Every address the running loop is asked to connect to; nothing leaves the machine.

    Args:
        answer: connects instead; by default everything is refused.
    """
    loop = asyncio.get_running_loop()
    dialled: list[str] = []

    async def sock_connect(sock: Any, address: tuple[str, int]) -> None:
        dialled.append(address[0])
        if answer is None:
            raise ConnectionRefusedError
        await answer(sock, address)

    loop.sock_connect = sock_connect  # type: ignore[method-assign,assignment]
    try:
        yield dialled
    finally:
        del loop.sock_connect
