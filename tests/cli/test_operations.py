"""`db`, `verify` and `doctor`: what an operator asks of an instance."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest

from tests.cli.command import Done, Here
from tests.databases import Databases
from trunkline.cli.explanations import explain


def states(done: Done) -> dict[str, str]:
    return {check["name"]: check["state"] for check in done.json["checks"]}


def change(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def test_a_fresh_postgresql_is_upgraded_and_set_up(here: Here, databases: Databases, tmp_path: Path) -> None:
    where = (
        "--database-url",
        databases.postgresql(migrated=False),
        "--data-dir",
        tmp_path / "data",
        "--json",
    )
    before = here("db", "status", *where)
    assert (before.exit, before.json["current"], before.json["isCurrent"]) == (3, None, False)
    assert here("db", "upgrade", *where).json["isCurrent"] is True
    after = here("db", "status", *where)
    assert (after.exit, after.json["current"]) == (0, after.json["head"])
    assert here("key", "create", *where).error["code"] == "no_user"
    assert here("init", *where).exit == 0
    assert here("init", *where).error["code"] == "instance_exists"
    assert here("verify", *where).json == {"ok": True, "findings": []}
    assert here("doctor", "--port", "0", *where).json["ok"] is True


def test_upgrading_what_is_current_changes_nothing(here: Here, home: Path) -> None:
    before = here("db", "status", "--data-dir", home, "--json")
    assert here("db", "upgrade", "--data-dir", home, "--json").json == before.json
    assert here("db", "upgrade", "--data-dir", home).out == "The schema was current already.\n"


def test_a_newer_schema_is_told_from_an_older_one(here: Here, home: Path) -> None:
    change(home / "trunkline.db", "UPDATE alembic_version SET version_num = '9999'")
    found = here("db", "status", "--data-dir", home, "--json")
    assert (found.exit, found.json["isNewer"]) == (3, True)
    for command in (("db", "upgrade"), ("verify",), ("key", "list")):
        refused = here(*command, "--data-dir", home, "--json")
        assert (refused.exit, refused.out, refused.error["code"]) == (1, "", "schema_not_current")


def test_a_password_in_the_database_url_is_never_shown(here: Here, tmp_path: Path) -> None:
    url = "postgresql://ada:canary@127.0.0.1:1/hub"
    where = ("--database-url", url, "--data-dir", tmp_path)
    for command in (("db", "status"), ("verify",), ("doctor",), ("settings",), ("init",), ("key", "list")):
        for done in (here(*command, *where), here(*command, *where, "--json")):
            assert "canary" not in done.out + done.err
    refused = here("db", "status", *where, "--json")
    assert (refused.exit, refused.error["code"]) == (1, "database_unreachable")


def test_verify_names_what_is_wrong(here: Here, home: Path) -> None:
    assert here("verify", "--data-dir", home).out == "Everything holds.\n"
    change(home / "trunkline.db", "PRAGMA foreign_keys=OFF", "DELETE FROM organizations")
    found = here("verify", "--data-dir", home, "--json")
    assert (found.exit, found.json["ok"]) == (3, False)
    assert "I16" in {finding["invariant"] for finding in found.json["findings"]}
    shown = here("verify", "--data-dir", home)
    assert shown.exit == 3
    assert f"{len(found.json['findings'])} findings." in shown.out


def test_doctor_finds_nothing_wrong_with_a_fresh_instance(here: Here, home: Path) -> None:
    done = here("doctor", "--data-dir", home, "--port", "0", "--json")
    assert (done.exit, done.json["ok"]) == (0, True)
    assert set(states(done).values()) == {"ok"}
    assert list(states(done)) == [
        "data directory", "disk space", "clock", "exposure", "port", "SQLite", "database", "vault key", "vault",
        "set up",
    ]  # fmt: skip
    assert here("doctor", "--data-dir", home, "--port", "0").out.endswith("Nothing is in the way.\n")


def test_doctor_names_what_is_wrong_and_what_to_do(here: Here, home: Path, tmp_path: Path) -> None:
    def found(*flags: Any) -> Done:
        return here("doctor", "--data-dir", home, "--port", "0", "--json", *flags)

    (home / "vault.key").chmod(0o644)
    assert (found().exit, states(found())["vault key"]) == (3, "failed")
    (home / "vault.key").chmod(0o600)
    assert states(found("--host", "0.0.0.0"))["exposure"] == "failed"
    assert states(found("--host", "0.0.0.0", "--unsafe-public-http"))["exposure"] == "warning"
    home.chmod(0o755)
    assert (found().exit, states(found())["data directory"]) == (0, "warning")
    assert here("init", "--data-dir", tmp_path / "other", "--json").exit == 0
    other = found("--vault-key", tmp_path / "other" / "vault.key")
    assert (other.exit, states(other)["vault"]) == (3, "failed")
    change(home / "trunkline.db", "UPDATE access_keys SET created_at = '2999-01-01T00:00:00.000000Z'")
    assert (found().exit, states(found())["set up"]) == (3, "failed")
    change(home / "trunkline.db", "DELETE FROM access_keys")
    assert states(found())["set up"] == "failed"


def test_doctor_looks_at_an_instance_that_is_not_there_without_making_it(here: Here, tmp_path: Path) -> None:
    done = here("doctor", "--data-dir", tmp_path / "none", "--port", "0", "--json")
    assert done.exit == 3
    failed = {name for name, state in states(done).items() if state == "failed"}
    assert failed == {"data directory", "database", "vault key"}
    hints = [check["hint"] for check in done.json["checks"] if check["state"] == "failed"]
    assert all(hints)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [("verify",), ("key", "list"), ("db", "status"), ("db", "upgrade")])
def test_commands_make_no_instance_where_there_is_none(
    here: Here, tmp_path: Path, command: tuple[str, ...]
) -> None:
    refused = here(*command, "--data-dir", tmp_path / "none", "--json")
    assert (refused.exit, refused.out, refused.error["code"]) == (1, "", "not_initialised")
    assert list(tmp_path.iterdir()) == []


LOOKING = [("doctor", "--port", "0"), ("verify",), ("vault", "status"), ("key", "list"), ("db", "status")]


@pytest.mark.parametrize("command", LOOKING, ids=" ".join)
def test_what_only_looks_changes_nothing(here: Here, home: Path, tmp_path: Path, command: Any) -> None:
    shutil.move(home / "trunkline.db", tmp_path / "hub.db")
    shutil.move(home / "vault.key", tmp_path / "hub.key")
    change(tmp_path / "hub.db", "DELETE FROM providers WHERE name LIKE 's%'")
    home.rmdir()
    before = _dumped(tmp_path / "hub.db")
    files = ("--database-url", f"sqlite:///{tmp_path / 'hub.db'}", "--vault-key", tmp_path / "hub.key")
    assert here(*command, "--data-dir", home, *files).exit in {0, 3}
    assert not home.exists()
    assert _dumped(tmp_path / "hub.db") == before


def test_an_upgrade_brings_the_providers_of_this_release(here: Here, home: Path) -> None:
    before = here("provider", "list", "--data-dir", home, "--json").json
    change(home / "trunkline.db", "DELETE FROM providers WHERE name LIKE 's%'")
    assert here("db", "upgrade", "--data-dir", home).exit == 0
    after = here("provider", "list", "--data-dir", home, "--json").json
    assert [one["name"] for one in after] == [one["name"] for one in before]


def _dumped(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def test_an_empty_postgresql_is_answered_with_init(here: Here, databases: Databases, tmp_path: Path) -> None:
    url = databases.postgresql(migrated=False)
    where = ("--database-url", url, "--data-dir", tmp_path / "data")
    for command in (("key", "list"), ("verify",), ("serve", "--port", "0")):
        refused = here(*command, *where, "--json")
        assert (refused.exit, refused.error["code"]) == (1, "not_initialised")
        assert refused.error["hint"].startswith("make one with: trunkline init --data-dir")
    assert "trunkline init" in here("db", "status", *where).out
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"no database at all" * 300, "database_damaged"), (None, "database_damaged")],
    ids=["another file", "a damaged one"],
)
def test_a_file_that_is_no_whole_database_is_told(
    here: Here, home: Path, content: bytes | None, code: str
) -> None:
    file = home / "trunkline.db"
    file.write_bytes(content or file.read_bytes()[:4096] + b"\x07" * 40_960)
    for command in (("verify",), ("key", "list"), ("db", "status"), ("up", "--port", "0")):
        refused = here(*command, "--data-dir", home, "--json")
        assert (refused.exit, refused.out, refused.error["code"]) == (1, "", code)
        assert "put a backup back" in refused.error["hint"]


def test_errors_of_the_database_file_have_codes_and_hints() -> None:
    codes = {
        apsw.CantOpenError: "database_unreachable",
        apsw.ReadOnlyError: "database_read_only",
        apsw.NotADBError: "database_damaged",
        apsw.CorruptError: "database_damaged",
        apsw.IOError: "system",
        apsw.FullError: "system",
    }
    for kind, code in codes.items():
        failure = explain(kind("why"))
        assert (failure.code, failure.exit, failure.message[-5:]) == (code, 1, ": why")
        assert failure.hint


def test_a_url_that_libpq_does_not_know_is_wrong_use(here: Here) -> None:
    refused = here("db", "status", "--database-url", "postgresql://h/d?colour=red", "--json")
    assert (refused.exit, refused.error["code"]) == (2, "settings_invalid")
