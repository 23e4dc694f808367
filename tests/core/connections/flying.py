"""A process that uses connections when it is told to: several of it share a database and a provider.

It is told by lines on its standard input and answers each with a line of JSON. A line names how many callers use
a connection at once, and which; `tend` runs a round of the background job.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from subprocess import PIPE, Popen
from typing import IO, Any, cast

import structlog

from tests.cores import every_core
from trunkline import bootstrap
from trunkline.core.connections import FlowServices, authorized, leases
from trunkline.core.connections.flows import refresh
from trunkline.core.connections.jobs import refresh_due
from trunkline.infra.db import open_database
from trunkline.infra.http import Egress, EgressPolicy
from trunkline.infra.vault.store import unlock
from trunkline.kit.errors import TrunklineError

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Setup:
    """What a process works with."""

    url: str
    key_file: str
    port: int
    lease_s: float = 60.0


class Process:
    """One of them, seen from the test."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._popen = self._begin()
        self._is_ready = False

    def _begin(self) -> Popen[str]:
        command = [sys.executable, "-m", "tests.core.connections.flying", json.dumps(asdict(self._setup))]
        path = {"PYTHONPATH": "src:.", "PATH": "", "PYTHONWARNINGS": "error"}
        with every_core():
            return Popen(command, cwd=ROOT, env=path, stdin=PIPE, stdout=PIPE, text=True)

    def wait(self) -> None:
        """Until it can be told something."""
        if not self._is_ready:
            assert self._popen.stdout is not None
            assert self._popen.stdout.readline() == "ready\n"
            self._is_ready = True

    @property
    def pid(self) -> int:
        return self._popen.pid

    def tell(self, line: str) -> None:
        self.wait()
        assert self._popen.stdin is not None
        self._popen.stdin.write(f"{line}\n")
        self._popen.stdin.flush()

    def answer(self) -> dict[str, int]:
        """How often each outcome came: a token, or the name of an error."""
        assert self._popen.stdout is not None
        return cast("dict[str, int]", json.loads(self._popen.stdout.readline()))

    def kill(self) -> None:
        """As the operating system does; and begin another."""
        self._popen.kill()
        self._end()
        self._popen = self._begin()
        self._is_ready = False

    def close(self) -> None:
        self._popen.kill()
        self._end()

    def _end(self) -> None:
        self._popen.wait()
        for pipe in (self._popen.stdin, self._popen.stdout):
            cast("IO[str]", pipe).close()


async def _use(env: FlowServices, connection_id: str) -> str:
    try:
        used = await authorized(env, None, connection_id)
    except TrunklineError as error:
        return type(error).__name__
    return dict(used.headers)["Authorization"]


async def _tend(env: FlowServices) -> dict[str, int]:
    try:
        return {"tended": await refresh_due(env)}
    except TrunklineError as error:  # the worker would run the job again; whoever told us does
        return {type(error).__name__: 1}


async def _serve(env: FlowServices) -> None:
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        told = line.split()
        answer: Any
        if told[0] == "tend":
            answer = await _tend(env)
        else:
            count, ids = int(told[0]), told[1:]
            answer = Counter(await asyncio.gather(*(_use(env, one) for one in ids for _ in range(count))))
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _main() -> None:
    setup = Setup(**json.loads(sys.argv[1]))
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    for module in (leases, refresh):
        vars(module)["LEASE_S"] = setup.lease_s
    database = open_database(setup.url, bootstrap.catalog())
    vault = unlock(database, Path(setup.key_file)).vault
    egress = Egress(EgressPolicy(allowed=frozenset({("127.0.0.1", setup.port)})))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    asyncio.run(_serve(FlowServices(database, vault, egress, "https://hub.example")))


if __name__ == "__main__":
    _main()
