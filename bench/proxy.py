"""Requests through the proxy, against the same upstream called directly and through a bare reverse proxy.

    python -m bench.proxy [--rounds 5] [--json]

Upstream and proxies are processes of their own on one core, the client is on the other: what is compared is how
much of that core one request takes, and how much later it is answered.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.server import SERVER_CORE, STOP_S, Load, Server, load
from bench.upstreams import LARGE, SMALL, TOKEN
from bench.world import folder

CLIENTS = (1, 32)
SECONDS = 1.5
SIZES = {"1 KB": SMALL, "1 MB": LARGE}
Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Subject:
    """Something that answers GET of so many bytes."""

    server: Server
    prefix: str
    key: str = TOKEN

    def measured(self, size: int, clients: int) -> Load:
        """What one round of load shows."""
        path = f"{self.prefix}/bytes/{size}"
        return load(self.server, [path], self.key, clients=clients, seconds=SECONDS)


@contextmanager
def process(*arguments: str, environment: dict[str, str] | None = None) -> Iterator[str]:
    """A process of this project; its first line of output, and its end at the end of the block."""
    command = [sys.executable, "-m", *arguments]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[1],
        env={**os.environ, **(environment or {})},
    ) as running:
        try:
            os.sched_setaffinity(running.pid, {SERVER_CORE} & os.sched_getaffinity(0) or {0})
            assert running.stdout is not None
            yield running.stdout.readline().decode().strip()
        finally:
            running.terminate()
            try:
                running.wait(STOP_S)
            except subprocess.TimeoutExpired:
                running.kill()


def at(url: str) -> Server:
    """A server to be asked at a URL; its process is of no interest."""
    parts = urlsplit(url)
    return Server(parts.hostname or "127.0.0.1", parts.port or 80, os.getpid())


@contextmanager
def trunkline(root: Path, upstream: str) -> Iterator[Subject]:
    """The product as users start it, with one connection to the upstream."""
    allow = {"TRUNKLINE_EGRESS_ALLOW": urlsplit(upstream).netloc, "TRUNKLINE_LOG_LEVEL": "error"}
    made = json.loads(_output(allow, "trunkline", "init", "--data-dir", str(root), "--json"))
    serve = ("trunkline", "serve", "--data-dir", str(root), "--port", "0", "--json")
    with process(*serve, environment=allow) as line:
        url = json.loads(line)["url"]
        call = partial(_api, url, made["token"])
        auth = {"type": "bearer", "mode": "shared", "apiBaseUri": upstream}
        place = {"workspaceId": made["workspaceId"]}
        integration = call(
            "/api/integrations", {**place, "slug": "bench", "name": "Bench", "authConfig": auth}
        )
        connection = call(
            "/api/connections",
            {**place, "integrationId": integration["id"], "credentials": {"token": TOKEN}},
        )
        yield Subject(at(url), f"/api/connections/{connection['id']}/proxy", made["token"])


def _output(environment: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(
        command, check=True, capture_output=True, text=True, env={**os.environ, **environment}
    ).stdout


def _api(url: str, key: str, path: str, body: Any) -> Any:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    request = urllib.request.Request(url + path, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def compared(subjects: dict[str, Subject], rounds: int) -> Iterator[tuple[str, Figures]]:
    """Every size and number of clients."""
    for name, size in SIZES.items():
        for clients in CLIENTS:
            seen: dict[str, list[Load]] = {subject: [] for subject in subjects}
            for number in range(rounds):
                order = list(subjects) if number % 2 == 0 else list(subjects)[::-1]
                for subject in order:
                    seen[subject].append(subjects[subject].measured(size, clients))
            yield f"{name}, {clients} client{'s' if clients > 1 else ''}", _figures(seen)


def _figures(seen: dict[str, list[Load]]) -> Figures:
    def rate(name: str) -> float:
        return statistics.median([one.rate for one in seen[name]])

    def against(name: str, base: str) -> float:
        pairs = zip(seen[name], seen[base], strict=True)
        return statistics.median([mine.rate / theirs.rate for mine, theirs in pairs])

    def later(name: str) -> float:
        pairs = zip(seen[name], seen["direct"], strict=True)
        return statistics.median([mine.p50_s - theirs.p50_s for mine, theirs in pairs]) * 1e3

    return {
        "direct /s": rate("direct"),
        "bare proxy /s": rate("bare proxy"),
        "trunkline /s": rate("trunkline"),
        "trunkline / bare proxy": against("trunkline", "bare proxy"),
        "bare proxy / direct": against("bare proxy", "direct"),
        "bare proxy adds ms": later("bare proxy"),
        "trunkline adds ms": later("trunkline"),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(prog="python -m bench.proxy", description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="print one JSON object at the end")
    given = parser.parse_args(arguments)
    say: Callable[[str], None] = partial(print, file=sys.stderr if given.json else sys.stdout, flush=True)
    say(f"load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    found: dict[str, Figures] = {}
    with ExitStack() as stack:
        upstream = stack.enter_context(process("bench.upstreams", "upstream"))
        bare = stack.enter_context(process("bench.upstreams", "proxy", upstream))
        product = stack.enter_context(trunkline(stack.enter_context(folder()), upstream))
        subjects = {
            "direct": Subject(at(upstream), ""),
            "bare proxy": Subject(at(bare), ""),
            "trunkline": product,
        }
        for name, figures in compared(subjects, given.rounds):
            found[name] = figures
            say(f"  {name}: " + ", ".join(f"{key} {value:,.2f}" for key, value in figures.items()))
    if given.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
