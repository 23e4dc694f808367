from __future__ import annotations

import http.client
import json
import os
import select
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Here, Running, environment
from tests.databases import Databases

# An application whose one request ends when a line comes in: no test has to guess how long to wait.
SLOW = """
import asyncio, sys
import uvloop
from trunkline.cli.listening import reserved
from trunkline.cli.serving import serve_application
from trunkline.infra.log import configure_log
from trunkline.settings import load_settings

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        for phase in ("startup", "shutdown"):
            await receive()
            print(phase, flush=True)
            await send({"type": f"lifespan.{phase}.complete"})
        return
    print("asked", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
    await send({"type": "http.response.body", "body": b"done"})

configure_log(json_lines=True, level="info")
with reserved(load_settings({"port": 0}, environ={})) as address:
    sys.exit(uvloop.run(serve_application(app, address, lambda: print(address.port, flush=True))))
"""


class SlowServer:
    """Serves one request that is under way until `finish`."""

    def __init__(self) -> None:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            [sys.executable, "-c", SLOW], env=environment(), stdin=pipe, stdout=pipe, stderr=pipe, text=True
        )
        assert self.line() == "startup"
        self.port = int(self.line())
        self.answer: tuple[int, bytes] | None = None
        self._client = threading.Thread(target=self._ask)
        self._client.start()
        assert self.line() == "asked"

    def _ask(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", "/")
            response = connection.getresponse()
            self.answer = response.status, response.read()
        except (OSError, http.client.HTTPException):
            self.answer = None
        finally:
            connection.close()

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def signal(self, number: signal.Signals) -> None:
        """Send the signal and wait until it was taken up."""
        assert self.process.stderr is not None
        self.process.send_signal(number)
        self.process.stderr.readline()

    def finish(self) -> tuple[int, str]:
        out, _ = self.process.communicate("\n", timeout=30)
        self._client.join(30)
        return self.process.returncode, out


@pytest.fixture
def slow() -> Any:
    server = SlowServer()
    yield server
    if server.process.poll() is None:
        server.process.kill()
        server.process.communicate()


# What the first outbound request would wait for is there before the server listens, and not sooner.
CLIENT = """
import sys
from trunkline.cli.opening import opened
from trunkline.cli.serving import application_of
from trunkline.settings import load_settings

with opened(load_settings({"data_dir": sys.argv[1]}, environ={})) as platform:
    print("aiohttp" in sys.modules)
    application_of(platform)
    print("aiohttp" in sys.modules)
"""


def test_the_client_of_others_is_loaded_before_the_server_listens(home: Path) -> None:
    command = [sys.executable, "-c", CLIENT, str(home)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_serves_until_it_is_stopped(home: Path, initialised: dict[str, str]) -> None:
    with Running("serve", "--data-dir", home, "--port", "0") as server:
        assert server.printed == [{"url": server.url, "publicUrl": None}]
        assert server.url.startswith("http://127.0.0.1:")
        assert server.get("/health/ready") == (200, {"status": "ready"})
        status, workspaces = server.get("/api/workspaces", initialised["token"])
        assert (status, [one["id"] for one in workspaces["data"]]) == (200, [initialised["workspaceId"]])
        done = server.stop()
    assert (done.exit, done.out) == (0, "")
    assert "Traceback" not in done.err


def test_a_second_server_on_the_same_file_is_refused_but_commands_are_not(here: Here, home: Path) -> None:
    with Running("serve", "--data-dir", home, "--port", "0", "--log-format", "json") as server:
        refused = here("serve", "--data-dir", home, "--port", "0", "--json")
        assert (refused.exit, refused.out, refused.error["code"]) == (1, "", "already_served")
        assert f"process {server.process.pid}" in refused.error["message"]
        port = server.url.rpartition(":")[2]
        taken = here("serve", "--data-dir", home, "--port", port, "--json")
        assert (taken.exit, taken.out, taken.error["code"]) == (1, "", "port_in_use")
        made = here("key", "create", "beside", "--data-dir", home, "--json")
        assert (made.exit, made.err) == (0, "")
        assert server.get("/api/workspaces", made.json["token"])[0] == 200
        assert here("verify", "--data-dir", home, "--json").json == {"ok": True, "findings": []}
        assert here("key", "revoke", made.json["id"], "--data-dir", home, "--json").exit == 0
        assert server.get("/api/workspaces", made.json["token"])[0] == 401
        assert here("db", "upgrade", "--data-dir", home, "--json").json["isCurrent"] is True
        assert here("init", "--data-dir", home, "--json").error["code"] == "instance_exists"
        assert server.stop(signal.SIGINT).exit == 0


def test_a_request_under_way_is_answered_before_it_stops(slow: SlowServer) -> None:
    slow.signal(signal.SIGTERM)
    assert slow.finish() == (0, "shutdown\n")
    assert slow.answer == (200, b"done")


def test_a_second_signal_stops_waiting(slow: SlowServer) -> None:
    slow.signal(signal.SIGTERM)
    slow.signal(signal.SIGTERM)
    code, out = slow.finish()
    assert (code, out) == (130, "shutdown\n")


@pytest.mark.parametrize(
    ("flags", "exit_code", "error"),
    [
        (["--host", "0.0.0.0"], 2, "settings_invalid"),
        (["--host", "0.0.0.0", "--public-url", "http://hub.example.com"], 2, "settings_invalid"),
        (["--workers", "2"], 2, "workers_need_postgresql"),
        (["--port", "70000"], 2, "settings_invalid"),
        (["--host", "192.0.2.1", "--unsafe-public-http", "--port", "0"], 1, "cannot_listen"),
        (["--host", "no such host", "--unsafe-public-http"], 1, "unknown_host"),
    ],
)
def test_refuses_to_start(here: Here, home: Path, flags: list[str], exit_code: int, error: str) -> None:
    refused = here("serve", "--data-dir", home, "--json", *flags)
    assert (refused.exit, refused.out, refused.error["code"]) == (exit_code, "", error)


def test_refuses_a_port_where_somebody_else_listens(here: Here, home: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        refused = here("serve", "--data-dir", home, "--port", port, "--json")
    assert (refused.exit, refused.error["code"]) == (1, "port_in_use")


def test_refuses_what_is_not_there_or_not_current(here: Here, tmp_path: Path) -> None:
    data = tmp_path / "data"
    refused = here("serve", "--data-dir", data, "--port", "0", "--json")
    assert (refused.exit, refused.error["code"]) == (1, "not_initialised")
    assert refused.error["hint"] == f"make one with: trunkline init --data-dir {data}"
    assert not data.exists()
    data.mkdir(mode=0o700)
    (data / "trunkline.db").touch(mode=0o600)
    refused = here("serve", "--data-dir", data, "--port", "0", "--json")
    assert (refused.exit, refused.error["code"]) == (1, "not_initialised")
    assert refused.error["hint"] == f"make one with: trunkline init --data-dir {data}"


def test_refuses_a_key_file_of_another_instance_or_none(here: Here, home: Path, tmp_path: Path) -> None:
    assert here("init", "--data-dir", tmp_path / "other", "--json").exit == 0
    shutil.copy(tmp_path / "other" / "vault.key", home / "vault.key")
    refused = here("serve", "--data-dir", home, "--port", "0", "--json")
    assert (refused.exit, refused.error["code"]) == (1, "vault_key")
    (home / "vault.key").unlink()
    refused = here("serve", "--data-dir", home, "--port", "0", "--json")
    assert (refused.exit, refused.error["code"]) == (1, "vault_key")
    assert not (home / "vault.key").exists()


def test_several_workers_serve_and_stop_on_postgresql(databases: Databases, tmp_path: Path) -> None:
    where = ("--data-dir", tmp_path / "data", "--database-url", databases.postgresql(migrated=False))
    with Running("up", *where, "--port", "0", "--workers", "2") as server:
        assert server.printed[0]["baseUrl"] == server.url
        token = server.printed[0]["token"]
        answers = [server.get("/api/workspaces", token)[0] for _ in range(4)]
        assert answers == [200, 200, 200, 200]
        done = server.stop()
    assert (done.exit, done.out) == (0, "")
    assert "Traceback" not in done.err


def _workers(supervisor: int) -> set[int]:
    children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text("utf-8").split()
    return {int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()}


@pytest.mark.skipif(sys.platform != "linux", reason="several workers share a port on Linux only")
def test_a_worker_that_dies_is_replaced_and_none_outlives_the_supervisor(
    databases: Databases, tmp_path: Path
) -> None:
    where = ("--data-dir", tmp_path / "data", "--database-url", databases.postgresql(migrated=False))
    with Running("up", *where, "--port", "0", "--workers", "2", "--log-format", "json") as server:
        first, other = _workers(server.process.pid)
        os.kill(first, signal.SIGKILL)
        assert server.process.stderr is not None
        ended = next(
            said for line in server.process.stderr if (said := json.loads(line))["event"] == "worker_ended"
        )
        assert ended["exit_code"] == -signal.SIGKILL
        while len(now := _workers(server.process.pid)) < 2:
            assert server.process.poll() is None
        assert other in now
        assert server.get("/health/ready")[0] == 200
        ends = [os.pidfd_open(pid) for pid in now]
        server.process.kill()
        for end in ends:
            assert select.select([end], [], [], 30)[0] == [end]
            os.close(end)


@pytest.mark.parametrize("command", ["up", "demo"])
def test_flags_that_cannot_be_are_refused_before_anything_is_made(
    here: Here, tmp_path: Path, command: str
) -> None:
    where = ("--data-dir", tmp_path / "data", "--port", "0", "--json")
    for flags in (("--workers", "2"), ("--host", "0.0.0.0"), ("--public-url", "https://[x")):
        assert here(command, *where, *flags).exit == 2
    assert list(tmp_path.iterdir()) == []


def test_a_start_brings_the_providers_of_this_release(home: Path, initialised: dict[str, str]) -> None:
    with closing(sqlite3.connect(home / "trunkline.db", isolation_level=None)) as connection:
        [(all_of_them,)] = connection.execute("SELECT count(*) FROM providers").fetchall()
        connection.execute("DELETE FROM providers WHERE name LIKE 's%'")
        with Running("serve", "--data-dir", home, "--port", "0") as server:
            assert server.get("/api/workspaces", initialised["token"])[0] == 200
            assert connection.execute("SELECT count(*) FROM providers").fetchall() == [(all_of_them,)]
