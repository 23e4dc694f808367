"""The real command: as a process of its own, and, where its start would only cost time, in this one."""

from __future__ import annotations

import http.client
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import pytest
import structlog

from trunkline.cli.application import run

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 60


def environment(**variables: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TRUNKLINE_")}
    return {**inherited, "PYTHONPATH": str(ROOT / "src"), **variables}


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    exit: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> dict[str, str]:
        error: dict[str, str] = json.loads(self.err)["error"]
        return error


def trunkline(*arguments: str | Path, stdin: bytes = b"", **variables: str) -> Done:
    """Run `python -m trunkline …` to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "trunkline", *map(str, arguments)],
        env=environment(**variables),
        input=stdin,
        capture_output=True,
        check=False,
        timeout=TIMEOUT_S,
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


class Here:
    """Runs commands in this process, on its real standard streams."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture

    def __call__(self, *arguments: str | Path) -> Done:
        self._capture.readouterr()
        with log_settings_kept():
            code = run([str(argument) for argument in arguments])
        out, err = self._capture.readouterr()
        return Done(int(code), out, err)


@contextmanager
def log_settings_kept() -> Iterator[None]:
    """Whatever is set about logging inside ends with it."""
    root = logging.getLogger()
    handlers, level, configured = list(root.handlers), root.level, structlog.get_config()
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.configure(**configured)


class Running:
    """A command that serves, until `stop`."""

    def __init__(self, *arguments: str | Path, **variables: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "trunkline", *map(str, arguments), "--json"],
            env=environment(**variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.printed: list[dict[str, Any]] = []
        while "url" not in (self.printed[-1] if self.printed else {}):
            self.printed.append(json.loads(self._line()))
        self.url: str = self.printed[-1]["url"]

    def _line(self) -> str:
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        line = self.process.stdout.readline()
        assert line, f"it ended: {self.process.stderr.read()}"
        return line

    def get(self, path: str, token: str = "") -> tuple[int, Any]:
        return self._ask("GET", path, token)

    def post(self, path: str, body: Any, token: str = "") -> tuple[int, Any]:
        return self._ask("POST", path, token, json.dumps(body))

    def _ask(self, method: str, path: str, token: str, body: str | None = None) -> tuple[int, Any]:
        parts = urlsplit(self.url)
        assert parts.hostname is not None
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=TIMEOUT_S)
        try:
            headers = {"authorization": f"Bearer {token}"} if token else {}
            if body is not None:
                headers["content-type"] = "application/json"
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> Done:
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=TIMEOUT_S)
        return Done(self.process.returncode, out, err)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(TIMEOUT_S)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()
