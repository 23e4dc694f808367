"""A headless Chromium as a process, and its DevTools protocol on two pipes."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

BROWSER = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))),
    None,
)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_S = 30
# The browser reads commands from descriptor 3 and writes answers to 4, whatever they were here.
_SHIM = """\
import fcntl, os, sys
one, two = (fcntl.fcntl(int(given), fcntl.F_DUPFD, 10) for given in sys.argv[1:3])
os.dup2(one, 3), os.dup2(two, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
_WIDTH, _HEIGHT = 1_280, 1_600

Heard = Callable[[str, dict[str, Any]], None]
"""What takes an event: of which session, and what it says."""


class BrowserError(AssertionError):
    """The browser refused a command, ended, or did not come to show what was waited for."""


class DevTools:
    """A browser with a profile of its own, until `close`.

    Nothing waits for a time: what is waited for is waited for until it is so, or `PATIENCE_S` are over. Every name
    but this machine's leads nowhere, so that nothing depends on what is outside.
    """

    def __init__(self, profile: Path) -> None:
        assert BROWSER is not None
        reads, self._commands = os.pipe()
        self._answers, writes = os.pipe()
        flags = (*FLAGS, f"--user-data-dir={profile}", f"--window-size={_WIDTH},{_HEIGHT}")
        outside = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"
        self._process = subprocess.Popen(
            [sys.executable, "-ISc", _SHIM, str(reads), str(writes)]
            + [BROWSER, *flags, outside, "--remote-debugging-pipe", "about:blank"],
            pass_fds=(reads, writes),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(reads)
        os.close(writes)
        self._buffer = b""
        self._next = 0
        self._then: dict[int, Callable[[dict[str, Any]], None]] = {}
        self._heard: dict[str, Heard] = {}

    def hear(self, event: str, heard: Heard) -> None:
        """Have something called for each event of a kind."""
        self._heard[event] = heard

    def command(self, method: str, parameters: object = None, session: str | None = None) -> dict[str, Any]:
        """Send a command and wait for its answer.

        Raises:
            BrowserError: refused, or not answered in time.
        """
        answers: list[dict[str, Any]] = []
        self.post(method, parameters, session, answers.append)
        self.until(lambda: bool(answers), f"an answer to {method}")
        if "error" in answers[0]:
            raise BrowserError(f"{method}: {answers[0]['error']}")
        result: dict[str, Any] = answers[0]["result"]
        return result

    def post(
        self,
        method: str,
        parameters: object = None,
        session: str | None = None,
        then: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        """Send a command; its answer goes to `then`, whenever it comes."""
        self._next += 1
        message: dict[str, Any] = {"id": self._next, "method": method, "params": parameters or {}}
        if session is not None:
            message["sessionId"] = session
        if then is not None:
            self._then[self._next] = then
        os.write(self._commands, json.dumps(message).encode() + b"\0")

    def until(self, done: Callable[[], bool], what: str) -> None:
        """Take in what the browser says until something is so.

        Raises:
            BrowserError: it ended before, or it takes too long.
        """
        end = time.monotonic() + PATIENCE_S
        while not done():
            readable, _, _ = select.select([self._answers], [], [], max(0.0, end - time.monotonic()))
            if not readable:
                raise BrowserError(f"waited {PATIENCE_S} seconds for {what}")
            chunk = os.read(self._answers, 1 << 20)
            if not chunk:
                raise BrowserError(f"the browser ended while {what} was waited for")
            *whole, self._buffer = (self._buffer + chunk).split(b"\0")
            for message in whole:
                self._take(json.loads(message))

    def close(self) -> None:
        """End the browser and everything it has started."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._commands)
        os.close(self._answers)

    def _take(self, message: dict[str, Any]) -> None:
        if "id" in message:
            then = self._then.pop(message["id"], None)
            if then is not None:
                then(message)
            return
        heard = self._heard.get(message["method"])
        if heard is not None:
            heard(message.get("sessionId", ""), message["params"])
