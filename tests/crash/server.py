"""A real server process that can be killed, and the load that runs on it."""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from tests.cores import every_core

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "src")}


def trunkline(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "trunkline", *arguments]
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False)


class Server:
    """`trunkline serve` on a free port."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "trunkline", "serve", "--port", "0", *arguments]
        with every_core():
            self.process = subprocess.Popen(
                command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        url = urlsplit(line.split()[-1])
        assert url.hostname is not None, line
        assert url.port is not None, line
        self.host, self.port = url.hostname, url.port

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.host, self.port, timeout=20)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@dataclass
class Client:
    """Speaks to one server after another; `request` returns None when the server died meanwhile."""

    token: str
    server: Server
    connection: http.client.HTTPConnection | None = None

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def patient(
        self, method: str, path: str, body: Any = None, key: str | None = None
    ) -> tuple[int, Any] | None:
        """`request`, sent again when the server says it lost against concurrent changes, as clients do."""
        answer = None
        for _ in range(10):
            answer = self.request(method, path, body, key)
            if answer is None or answer[0] != 503:
                break
        return answer

    def request(
        self, method: str, path: str, body: Any = None, key: str | None = None
    ) -> tuple[int, Any] | None:
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        if key is not None:
            headers["idempotency-key"] = key
        try:
            if self.connection is None:
                self.connection = self.server.connection()
            text = None if body is None else json.dumps(body)
            self.connection.request(method, path, text, headers)
            answer = self.connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            return None


@dataclass
class Load:
    """Writers that install, upgrade, uninstall, restore and purge in workspaces of their own.

    `acknowledged` collects (install id, event type) of every answered effect; `unanswered` the installs whose
    answer never came, by idempotency key.
    """

    token: str
    integration_id: str
    workspaces: list[str]
    seed: int
    acknowledged: list[tuple[str, str]] = field(default_factory=list)
    unanswered: list[tuple[str, str]] = field(default_factory=list)
    failures: list[Any] = field(default_factory=list)
    started: threading.Event = field(default_factory=threading.Event)

    def run(self, server: Server, *, seconds: float) -> None:
        """Put load on the server and kill it `seconds` after the first answered effect."""
        threads = [
            threading.Thread(target=self._write, args=(server, i)) for i in range(len(self.workspaces))
        ]
        for thread in threads:
            thread.start()
        assert self.started.wait(30), self.failures
        # The pause is the random moment of the kill, not a wait for something to happen.
        threading.Event().wait(seconds)
        server.kill()
        for thread in threads:
            thread.join()

    def _write(self, server: Server, number: int) -> None:
        with Client(self.token, server) as client:
            self._write_until_killed(client, number)

    def _write_until_killed(self, client: Client, number: int) -> None:
        dice = random.Random(f"{self.seed}-{number}")
        workspace = self.workspaces[number]
        for turn in range(500):
            key = f"{self.seed}-{number}-{turn}"
            made = client.patient("POST", f"/api/integrations/{self.integration_id}/install",
                                  {"workspaceId": workspace}, key)  # fmt: skip
            if made is None:
                self.unanswered.append((key, workspace))
                return
            if made[0] != 201:
                self.failures.append(made)
                return
            install_id = made[1]["id"]
            self._saw(install_id, "created")
            if not self._follow(client, install_id, dice):
                return

    def _follow(self, client: Client, install_id: str, dice: random.Random) -> bool:
        path = f"/api/integration-installs/{install_id}"
        steps = [("POST", f"{path}/upgrade", "")] * dice.randrange(2)
        steps += [("DELETE", path, "deleted"), ("POST", f"{path}/restore", "restored")] * dice.randrange(2)
        steps += [("DELETE", path, "deleted"), ("DELETE", f"{path}/purge", "purged")]
        for method, target, effect in steps:
            answer = client.patient(method, target)
            if answer is None:
                return False
            if answer[0] != 200:
                self.failures.append((method, target, answer))
                return False
            if effect:
                self._saw(install_id, effect)
        return True

    def _saw(self, install_id: str, effect: str) -> None:
        self.acknowledged.append((install_id, f"integration_install.{effect}"))
        self.started.set()
