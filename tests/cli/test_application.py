from __future__ import annotations

import errno
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Here, environment
from trunkline import __version__
from trunkline.cli.application import COMMANDS
from trunkline.cli.explanations import explain
from trunkline.cli.failures import Exit

NAMES = [
    ("init",), ("serve",), ("up",), ("demo",), ("simulator",), ("check",), ("import", "openapi"),
    ("key", "create"), ("key", "list"),
    ("key", "revoke"), ("db", "status"), ("db", "upgrade"), ("verify",), ("doctor",), ("settings",),
    ("version",), ("user", "add"), ("user", "list"), ("user", "password"), ("user", "deactivate"),
    ("provider", "list"), ("provider", "show"), ("provider", "import"), ("vault", "status"),
    ("vault", "rotate"), ("vault", "rewrap"), ("vault", "retire"),
    ("tenant", "create"), ("tenant", "list"), ("site", "create"), ("site", "list"), ("activation", "on"),
    ("activation", "off"), ("activation", "list"), ("install-key", "create"), ("install-key", "list"),
    ("install-key", "rotate"), ("install-key", "revoke"), ("deploy",), ("db", "backup"),
]  # fmt: skip


# Prints what of the costly libraries a command has imported, and whether garbage is searched for again.
SPENDING = """
import gc, json, sys
from trunkline.__main__ import main
try:
    main()
except SystemExit as end:
    costly = {"aiohttp", "alembic", "cryptography", "granian", "psycopg", "sqlalchemy", "starlette"}
    print(json.dumps([end.code, gc.isenabled(), sorted(costly & set(sys.modules))]))
"""


def spent(*arguments: str | Path) -> list[Any]:
    command = [sys.executable, "-c", SPENDING, *map(str, arguments)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True)
    found: list[Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_a_command_imports_only_what_it_needs(home: Path) -> None:
    assert spent("version") == [0, True, []]
    on_sqlite = ["cryptography", "sqlalchemy", "starlette"]
    assert spent("key", "list", "--data-dir", home) == [0, True, on_sqlite]
    assert spent("db", "upgrade", "--data-dir", home) == [0, True, on_sqlite]


@pytest.mark.parametrize("name", NAMES, ids=" ".join)
def test_every_command_explains_itself_with_examples(here: Here, name: tuple[str, ...]) -> None:
    done = here(*name, "--help")
    assert (done.exit, done.err) == (0, "")
    assert "Examples" in done.out
    assert f"trunkline {' '.join(name)}" in done.out
    for flag in ("--data-dir", "--database-url", "--vault-key", "--config", "--json"):
        assert flag in done.out


def test_the_groups_are_all_listed(here: Here) -> None:
    done = here("--help")
    assert (done.exit, done.err) == (0, "")
    listed = {name for name in {first for first, *_ in NAMES} if f"│ {name} " in done.out}
    assert listed == {first for first, *_ in NAMES}
    assert len(COMMANDS) == len(listed)


def test_the_version_is_told_in_three_ways(here: Here) -> None:
    assert here("--version").out == f"{__version__}\n"
    assert here("version").out.startswith(f"trunkline {__version__} (Python ")
    assert here("version", "--json").json["trunkline"] == __version__


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("serv",), 'Unknown command "serv". Did you mean "serve"?'),
        (("serve", "--prot", "1"), "--port"),
        (("serve", "--port", "many"), "many"),
        (("key", "create", "--data-dir"), "requires an argument"),
        (("key", "--config", "x"), "before --config. Available commands: create, list, revoke."),
        (("vault", "--data-dir=x"), "a command is missing before --data-dir. Available commands: "),
    ],
)
def test_wrong_use_is_one_sentence_and_code_2(here: Here, arguments: tuple[str, ...], sentence: str) -> None:
    wrong = here(*arguments)
    assert (wrong.exit, wrong.out) == (2, "")
    first, second = wrong.err.splitlines()
    assert first.startswith("error: ")
    assert sentence in first
    assert second == "hint: add --help to see what it takes"
    assert here(*arguments, "--json").error["code"] == "usage"


def test_a_group_without_a_command_is_told_so(here: Here) -> None:
    wrong = here("key", "--json")
    assert (wrong.exit, wrong.out, wrong.error["code"]) == (2, "", "usage")
    sentence = "a command is missing before --json. Available commands: create, list, revoke."
    assert wrong.error["message"] == sentence


def test_a_variable_nobody_knows_stops_whatever_reads_settings(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUNKLINE_PROT", "1")
    assert here("version", "--json").exit == 0
    wrong = here("settings", "--json")
    assert (wrong.exit, wrong.out) == (2, "")
    assert wrong.error == {
        "code": "settings_invalid",
        "message": "unknown variable TRUNKLINE_PROT",
        "hint": "did you mean TRUNKLINE_PORT?",
    }


def test_settings_shows_what_is_in_force(here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "trunkline.toml").write_text('port = 1\nlog_level = "debug"\nlog_format = "json"\n')
    monkeypatch.setenv("TRUNKLINE_PORT", "2")
    monkeypatch.setenv("TRUNKLINE_LOG_LEVEL", "error")
    found = here("settings", "--data-dir", tmp_path, "--port", "3", "--json").json
    assert (found["port"], found["log_level"], found["log_format"]) == (3, "error", "json")
    assert found["database_url"] == f"sqlite:///{tmp_path}/trunkline.db"


def test_a_reader_that_has_had_enough_is_no_error(tmp_path: Path) -> None:
    script = f"{sys.executable} -m trunkline settings --markdown --data-dir {tmp_path} | head -1"
    done = subprocess.run(
        ["sh", "-c", script], env=environment(), capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("# Settings\n", "")


def test_ctrl_c_ends_a_command_with_130_and_one_line(home: Path) -> None:
    listening = (
        "signal.signal(signal.SIGINT, signal.default_int_handler)"  # a shell's background job ignores it
    )
    run = f"import runpy, signal; {listening}; runpy.run_module('trunkline', run_name='__main__')"
    command = [sys.executable, "-c", run, "import", "openapi", "-", "--data-dir", str(home)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment(), stdin=pipe, stdout=pipe, stderr=pipe) as process:
        assert process.stdin is not None
        process.stdin.write(b" " * 1_000_000)  # more than a pipe holds: once it is written, it is being read
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, b"", b"error: interrupted\n")


def test_an_unexpected_error_is_a_sentence_without_a_trace() -> None:
    failure = explain(ZeroDivisionError("division by zero"))
    assert (failure.code, failure.exit) == ("internal", Exit.FAILED)
    assert failure.message == "unexpected ZeroDivisionError: division by zero"
    assert explain(KeyboardInterrupt()).exit == Exit.INTERRUPTED
    full = explain(OSError(errno.ENOSPC, "No space left on device", "trunkline.db"))
    assert (full.message, full.hint) == (
        "trunkline.db: No space left on device",
        "free some space on the disk and try again",
    )


def test_nothing_but_json_is_printed_for_machines(here: Here, home: Path) -> None:
    for arguments in (
        ("doctor", "--port", "0"),
        ("key", "list"),
        ("verify",),
        ("settings",),
        ("db", "status"),
    ):
        done = here(*arguments, "--data-dir", home, "--json")
        assert (done.out.count("\n"), done.err) == (1, "")
        json.loads(done.out)


def test_ctrl_c_while_the_command_is_still_loaded_ends_alike() -> None:
    # The moment is that of the first import of ours: a finder that is asked for it interrupts.
    interrupt = (
        "import signal, sys\n"
        "class Interrupting:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'trunkline.cli.application':\n"
        "            signal.raise_signal(signal.SIGINT)\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "sys.meta_path.insert(0, Interrupting())\n"
        "from trunkline.__main__ import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", interrupt], env=environment(), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "error: interrupted\n")
