"""`GET /ping` with an installation's access key against the same without any credential.

    python -m bench.gestal [--rounds 9] [--json]

The server is a process of its own on one core, the client is on the other. What a request with a key costs beside
one without is the look-up of the key, with each request; what it must not cost is a write.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import uvloop

from bench.proxy import _api, _output, at, process
from bench.server import ANSWER_S, CLIENT_CORE, Server, on_core
from bench.world import folder
from trunkline import bootstrap
from trunkline.infra.db import Tx
from trunkline.settings import load_settings

CLIENTS = (1, 16)
SECONDS = 1.0
COUNTED = 200  # requests whose statements are counted
ANSWER = b"HTTP/1.1 204"
Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Subject:
    """A request for `/ping`, ready to be sent."""

    authorization: str | None

    def request(self, server: Server) -> bytes:
        """Its bytes."""
        lines = ["GET /ping HTTP/1.1", f"Host: {server.host}:{server.port}"]
        if self.authorization is not None:
            lines.append(f"Authorization: {self.authorization}")
        return "\r\n".join((*lines, "", "")).encode()


class _Pinger(asyncio.Protocol):
    """One connection that asks again as soon as it has its answer, which is a head and no body."""

    def __init__(self, request: bytes, until: float) -> None:
        self.answers = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._request = request
        self._until = until
        self._head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._head += data
        if not self._head.endswith(b"\r\n\r\n"):
            return
        if not self._head.startswith(ANSWER):
            self._stop(RuntimeError(self._head.decode(errors="replace")[:300]))
            return
        self.answers += 1
        self._head = b""
        if time.perf_counter() < self._until:
            self._transport.write(self._request)
        else:
            self._stop()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server closed the connection"))

    def _stop(self, error: Exception | None = None) -> None:
        if error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(error)
        self._transport.close()


def rate(server: Server, subject: Subject, clients: int) -> float:
    """Answers per second."""

    async def ask() -> int:
        loop = asyncio.get_running_loop()
        until = time.perf_counter() + SECONDS
        pingers = [_Pinger(subject.request(server), until) for _ in range(clients)]
        for one in pingers:
            await loop.create_connection(lambda one=one: one, server.host, server.port)  # type: ignore[misc]
        await asyncio.wait_for(asyncio.gather(*(one.done for one in pingers)), SECONDS + ANSWER_S)
        return sum(one.answers for one in pingers)

    with on_core(CLIENT_CORE):
        start = time.perf_counter()
        return uvloop.run(ask()) / (time.perf_counter() - start)


@contextmanager
def trunkline(root: Path) -> Iterator[tuple[Server, dict[str, Subject], str]]:
    """The product as users start it, with one activated integration; also the access key."""
    quiet = {"TRUNKLINE_LOG_LEVEL": "error"}
    made = json.loads(_output(quiet, "trunkline", "init", "--data-dir", str(root), "--json"))
    with process(
        "trunkline", "serve", "--data-dir", str(root), "--port", "0", "--json", environment=quiet
    ) as line:
        url = json.loads(line)["url"]
        call = partial(_api, url, made["token"])
        body = {"name": "Bench", "url": "https://bench.example"}
        integration_id = call("/gestal/integrations", body)["cloud_id"]
        installed = call(f"/api/integrations/{integration_id}/install", {"workspaceId": made["workspaceId"]})
        path = f"/gestal/integrations/installations/{installed['id']}/accesskeys"
        key = str(call(path, {})["access_key"])
        subjects = {
            "anonymous": Subject(None),
            "access key": Subject(f"Basic {b64encode(f'{key}:'.encode()).decode()}"),
            "bearer": Subject(f"Bearer {made['token']}"),
        }
        yield at(url), subjects, key


def compared(server: Server, subjects: dict[str, Subject], rounds: int) -> Iterator[tuple[str, Figures]]:
    """Every number of clients."""
    for clients in CLIENTS:
        seen: dict[str, list[float]] = {name: [] for name in subjects}
        for number in range(rounds):
            order = list(subjects) if number % 2 == 0 else list(subjects)[::-1]
            for name in order:
                seen[name].append(rate(server, subjects[name], clients))
        figures = {f"{name} /s": statistics.median(seen[name]) for name in subjects}
        for name in ("access key", "bearer"):
            pairs = zip(seen[name], seen["anonymous"], strict=True)
            figures[f"{name} / anonymous"] = statistics.median([mine / base for mine, base in pairs])
        yield f"{clients} client{'s' if clients > 1 else ''}", figures


def cost(root: Path, authorization: str) -> Figures:
    """Statements and writes of one request with the key, counted in this process."""
    platform = bootstrap.open_platform(load_settings({"data_dir": root}))
    app, opened = bootstrap.application(platform), []
    begin = platform.database.transaction

    def transaction(cursor: Any, *, writable: bool) -> Tx:
        opened.append(begin(cursor, writable=writable))
        return opened[-1]

    vars(platform.database)["transaction"] = transaction
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/ping",
        "raw_path": b"/ping",
        "query_string": b"",
        "headers": [(b"authorization", authorization.encode())],
        "client": ("127.0.0.1", 1),
    }

    async def ask() -> None:
        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start" and message["status"] != 204:
                raise RuntimeError(message)

        for _ in range(COUNTED):
            await app(dict(scope), receive, send)

    try:
        asyncio.run(ask())
    finally:
        platform.close()
    return {
        "transactions": len(opened) / COUNTED,
        "statements": sum(tx.statements for tx in opened) / COUNTED,
        "writes": sum(tx.writable for tx in opened) / COUNTED,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(prog="python -m bench.gestal", description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", action="store_true", help="print one JSON object at the end")
    given = parser.parse_args(arguments)
    say: Callable[[str], None] = partial(print, file=sys.stderr if given.json else sys.stdout, flush=True)
    say(f"load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    found: dict[str, Figures] = {}
    with ExitStack() as stack:
        root = stack.enter_context(folder())
        with trunkline(root) as (server, subjects, _key):
            for name, figures in compared(server, subjects, given.rounds):
                found[name] = figures
                say(f"  {name}: " + ", ".join(f"{key} {value:,.2f}" for key, value in figures.items()))
        found["cost"] = cost(root, str(subjects["access key"].authorization))
        say("  one request with a key: " + ", ".join(f"{k} {v:g}" for k, v in found["cost"].items()))
    if given.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
