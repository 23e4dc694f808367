"""`db`, `verify` and `doctor`: what an operator asks of an instance."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Done, Here
from tests.databases import Databases


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
