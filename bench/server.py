"""The server in a process of its own on one core, and a client on the other that keeps its connections."""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import uvloop
from msgspec import Struct

from trunkline.settings import Settings

SERVER_CORE, CLIENT_CORE = 0, 1
ANSWER_S = 60.0
STOP_S = 20.0


@dataclass(frozen=True, slots=True)
class Server:
    """A running server and where it listens."""

    host: str
    port: int
    pid: int

    def cpu_s(self) -> float:
        """Processor time it has used since it began, in its own code and in the system's."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # proc(5): utime and stime


class Load(Struct, frozen=True):
    """How lists were answered.

    Attributes:
        rate: lists per second.
        cpu_s: processor time of the server per list.
        p50_s: half of the answers took longer.
        p99_s: one answer of a hundred took longer.
    """

    rate: float
    cpu_s: float
    p50_s: float = 0.0
    p99_s: float = 0.0


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """Keep this process on one core where the machine has several."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core} & before or before)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def serving(settings: Settings) -> Iterator[Server]:
    """`bench.served` on an instance that nobody else has open, stopped at the end."""
    command = [sys.executable, "-m", "bench.served", str(settings.data_dir), settings.database_url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[1]) as server:
        try:
            os.sched_setaffinity(server.pid, {SERVER_CORE})
            assert server.stdout is not None
            url = urlsplit(server.stdout.readline().decode())
            yield Server(url.hostname or "127.0.0.1", url.port or 80, server.pid)
        finally:
            server.send_signal(signal.SIGTERM)
            try:
                server.wait(STOP_S)
            except subprocess.TimeoutExpired:
                server.kill()


def get(server: Server, path: str, key: str) -> bytes:
    """One answer's body."""
    url = f"http://{server.host}:{server.port}{path}"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"})
    with urllib.request.urlopen(request, timeout=ANSWER_S) as answer:
        return bytes(answer.read())


def load(server: Server, paths: Sequence[str], key: str, *, clients: int, seconds: float) -> Load:
    """Let `clients` ask in turn for `paths`, each for the next as soon as it has its answer."""

    async def ask() -> list[float]:
        loop = asyncio.get_running_loop()
        requests = [_request(server, path, key) for path in paths]
        until = time.perf_counter() + seconds
        starts = [i * len(requests) // clients for i in range(clients)]
        asking = [_Client([*requests[start:], *requests[:start]], until) for start in starts]
        for one in asking:
            await loop.create_connection(lambda one=one: one, server.host, server.port)  # type: ignore[misc]
        await asyncio.wait_for(asyncio.gather(*(one.done for one in asking)), seconds + ANSWER_S)
        return [taken for one in asking for taken in one.taken]

    with on_core(CLIENT_CORE):
        used, start = server.cpu_s(), time.perf_counter()
        taken = uvloop.run(ask())
        elapsed, used = time.perf_counter() - start, server.cpu_s() - used
    cuts = statistics.quantiles(taken, n=100)
    return Load(len(taken) / elapsed, used / len(taken), cuts[49], cuts[98])


def _request(server: Server, path: str, key: str) -> bytes:
    lines = (f"GET {path} HTTP/1.1", f"Host: {server.host}:{server.port}", f"Authorization: Bearer {key}")
    return "\r\n".join((*lines, "", "")).encode()


class _Client(asyncio.Protocol):
    """One connection; reads just enough of HTTP to know where an answer ends."""

    def __init__(self, requests: Sequence[bytes], until: float) -> None:
        self.taken: list[float] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._requests = cycle(requests)
        self._until = until
        self._head = bytearray()
        self._missing = 0  # bytes of the body still to come
        self._asked = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance
        self._ask()

    def _ask(self) -> None:
        self._head.clear()
        self._asked = time.perf_counter()
        self._transport.write(next(self._requests))

    def data_received(self, data: bytes) -> None:
        if self._missing:
            self._missing -= len(data)
        else:
            self._head += data
            head, found, body = self._head.partition(b"\r\n\r\n")
            if not found:
                return
            if not head.startswith(b"HTTP/1.1 200"):
                self.stop(RuntimeError(self._head.decode(errors="replace")[:300]))
                return
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            self._missing = int(length.partition(b":")[2]) - len(body)
        if self._missing == 0:
            self._answered()

    def _answered(self) -> None:
        now = time.perf_counter()
        self.taken.append(now - self._asked)
        if now < self._until:
            self._ask()
        else:
            self.stop()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server closed the connection"))

    def stop(self, error: Exception | None = None) -> None:
        if not self.done.done():
            if error is None:
                self.done.set_result(None)
            else:
                self.done.set_exception(error)
        self._transport.close()
