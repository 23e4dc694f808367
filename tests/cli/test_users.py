from __future__ import annotations

import asyncio
import io
import os
import pty
import re
import select
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import Done, Here, environment, trunkline
from trunkline.bootstrap import open_platform
from trunkline.core import access
from trunkline.kit.errors import UnauthenticatedError
from trunkline.kit.secret import Secret
from trunkline.settings import load_settings

PASSWORD = "correct horse battery staple"


def logs_in(home: Path, username: str, password: str) -> bool:
    platform = open_platform(load_settings({"data_dir": home}))
    attempt = access.LoginAttempt(username=username, password=Secret(password), source="192.0.2.1")
    try:
        asyncio.run(platform.services.logins.check(platform.database, attempt))
    except UnauthenticatedError:
        return False
    finally:
        platform.close()
    return True


def piped(here: Here, monkeypatch: pytest.MonkeyPatch, text: bytes, *arguments: str | Path) -> Done:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text), encoding="utf-8"))
    return here(*arguments)


def test_adds_lists_and_keeps_out_a_user(here: Here, home: Path, initialised: dict[str, str]) -> None:
    where = ("--data-dir", home, "--json")
    made = here("user", "add", "Ada@acme.example", "--name", "Ada", "--role", "author", *where).json
    assert made == {
        "id": made["id"],
        "organizationId": initialised["organizationId"],
        "username": "ada",
        "email": "ada@acme.example",
        "name": "Ada",
        "operator": False,
        "active": True,
        "createdAt": made["createdAt"],
    }
    assert re.fullmatch(r"usr_[0-9a-f]{32}", made["id"])
    listed = here("user", "list", *where).json
    assert [user["username"] for user in listed] == ["admin", "ada"]
    assert listed[1] == made
    out = here("user", "deactivate", "ADA", *where).json
    assert out == {**made, "active": False}
    assert [user["username"] for user in here("user", "list", *where).json] == ["admin"]
    everybody = here("user", "list", "--inactive", "--organization", "my-organization", *where).json
    assert everybody[1] == out


def test_a_user_may_be_added_as_operator_with_a_password(
    here: Here, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ("user", "add", "ops@acme.example", "--username", "Ops.1", "--role", "admin", "--operator")
    done = piped(
        here, monkeypatch, f"{PASSWORD}\n".encode(), *command, "--password-stdin", "--data-dir", home
    )
    assert (done.exit, done.err) == (0, "")
    assert re.fullmatch(r"ops\.1 \(usr_[0-9a-f]{32}\) is added\n", done.out)
    [row] = [one for one in here("user", "list", "--data-dir", home, "--json").json if one["operator"]][1:]
    assert row["name"] == "Ops.1"
    assert logs_in(home, "ops.1", PASSWORD)


@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n"])
@pytest.mark.parametrize("user", ["admin", "admin@localhost", "ADMIN"])
def test_sets_a_password_from_standard_input(
    here: Here, home: Path, monkeypatch: pytest.MonkeyPatch, user: str, ending: bytes
) -> None:
    data = f" {PASSWORD} ".encode() + ending
    done = piped(here, monkeypatch, data, "user", "password", user, "--password-stdin", "--data-dir", home)
    assert (done.exit, done.out, done.err) == (0, "admin has a new password\n", "")
    assert logs_in(home, "admin", f" {PASSWORD} ")
    assert not logs_in(home, "admin", PASSWORD)


def test_asks_for_the_password_twice_on_a_terminal_and_shows_it_never(home: Path) -> None:
    shown = on_terminal(home, [PASSWORD, PASSWORD])
    assert shown[0] == 0
    assert "Password for admin: " in shown[1]
    assert "Once more: " in shown[1]
    assert PASSWORD not in shown[1]
    assert logs_in(home, "admin", PASSWORD)
    code, text = on_terminal(home, ["another password", "yet another one"])
    assert (code, "the two are not the same" in text) == (1, True)
    assert logs_in(home, "admin", PASSWORD)


def on_terminal(home: Path, lines: list[str]) -> tuple[int, str]:
    """Exit code and everything a terminal shows while these lines are typed in, one for each question."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "trunkline", "user", "password", "admin", "--data-dir", str(home)]
    process = subprocess.Popen(
        command, env=environment(), stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    shown = b""
    waiting = list(lines)
    while select.select([ours], [], [], 60)[0]:
        try:
            read = os.read(ours, 1_024)
        except OSError:  # how a terminal says that nobody is on its other end any more
            break
        shown += read
        if waiting and read.endswith(b": "):
            os.write(ours, waiting.pop(0).encode() + b"\n")
    code = process.wait(60)
    os.close(ours)
    return code, shown.decode()


def test_init_sets_the_owners_password(here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tmp_path / "data"
    short = piped(here, monkeypatch, b"short\n", "init", "--password-stdin", "--data-dir", data, "--json")
    assert (short.exit, short.out, short.error["code"]) == (1, "", "invalid_request")
    assert not data.exists()
    done = piped(here, monkeypatch, PASSWORD.encode(), "init", "--password-stdin", "--data-dir", data)
    assert done.exit == 0
    assert PASSWORD not in done.out + done.err
    assert logs_in(data, "admin", PASSWORD)
    assert not (data.exists() and PASSWORD.encode() in (data / "trunkline.db").read_bytes())


@pytest.mark.parametrize(
    ("stdin", "arguments", "exit_code", "code"),
    [
        (b"", ("add", "nobody"), 1, "invalid_request"),
        (b"", ("add", "admin@localhost"), 1, "email_taken"),
        (b"", ("add", "a@b.test", "--username", "Admin"), 1, "username_taken"),
        (b"", ("add", "a@b.test", "--username", "a b"), 1, "invalid_request"),
        (b"", ("add", "a@b.test", "--organization", "none"), 1, "organization_not_found"),
        (b"", ("add", "a@b.test", "--organization", "org_" + "0" * 32), 1, "not_found"),
        (b"", ("add", "a@b.test", "--role", "king"), 2, "usage"),
        (b"short", ("add", "a@b.test", "--password-stdin"), 1, "invalid_request"),
        (b"x" * 2_000, ("password", "admin", "--password-stdin"), 1, "invalid_request"),
        (b"\xff" * 10, ("password", "admin", "--password-stdin"), 1, "invalid_request"),
        (b"", ("password", "admin", "--password-stdin"), 1, "invalid_request"),
        (b"a password", ("password", "admin"), 2, "no_terminal"),
        (b"a password", ("password", "nobody", "--password-stdin"), 1, "user_not_found"),
        (b"", ("deactivate", "nobody"), 1, "user_not_found"),
        (b"", ("deactivate", "admin"), 1, "organization_owner"),
        (b"", ("deactivate",), 2, "usage"),
    ],
)
def test_refuses_and_changes_nothing(
    here: Here,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    stdin: bytes,
    arguments: tuple[str, ...],
    exit_code: int,
    code: str,
) -> None:
    refused = piped(here, monkeypatch, stdin, "user", *arguments, "--data-dir", home, "--json")
    assert (refused.exit, refused.out, refused.error["code"]) == (exit_code, "", code)
    listed = here("user", "list", "--inactive", "--data-dir", home, "--json").json
    assert [user["username"] for user in listed] == ["admin"]
    assert not logs_in(home, "admin", stdin.decode("latin-1"))


def test_it_works_as_a_process_of_its_own(home: Path) -> None:
    arguments = ("user", "password", "admin", "--password-stdin", "--data-dir", home, "--json")
    done = trunkline(*arguments, stdin=PASSWORD.encode())
    assert (done.exit, done.json["username"], done.err) == (0, "admin", "")
    assert logs_in(home, "admin", PASSWORD)
