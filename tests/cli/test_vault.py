"""`vault`: what an operator sees of the keys, and how they are replaced."""

from __future__ import annotations

import re
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Here, Running

TOKENS = "idempotency_records.body"


@pytest.fixture
def where(home: Path) -> tuple[str | Path, ...]:
    return ("--data-dir", home, "--json")


def change(home: Path, *statements: str) -> None:
    with closing(sqlite3.connect(home / "trunkline.db", isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def with_secrets(running: Running, token: str, workspace_id: str, count: int) -> None:
    """Secrets made over HTTP."""
    for number in range(count):
        body = {"workspaceId": workspace_id, "name": f"s{number}", "value": f"value {number}"}
        assert running.post("/api/secrets", body, token)[0] == 201


def test_a_fresh_instance_has_one_key_that_seals_the_root(here: Here, home: Path, where: Any) -> None:
    done = here("vault", "status", *where)
    assert (done.exit, done.err) == (0, "")
    [key] = done.json["keys"]
    assert done.json["keyFile"] == str(home / "vault.key")
    assert done.json["activeKey"] == key["id"] == "kek_1"
    assert (key["isActive"], key["inFile"], key["ageDays"], key["dataKeys"], key["root"]) == (
        True,
        True,
        0,
        0,
        True,
    )
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", key["madeAt"])
    assert done.json["tenants"] == []
    assert {one["sealed"] for one in done.json["values"]} == {0}
    assert {"connections.credential", TOKENS} <= {
        f"{one['table']}.{one['column']}" for one in done.json["values"]
    }


def test_a_new_key_is_in_use_at_once_and_the_old_one_can_go(here: Here, home: Path, where: Any) -> None:
    before = (home / "vault.key").read_text()
    made = here("vault", "rotate", *where)
    assert (made.exit, made.err) == (0, "")
    assert made.json == {
        "activeKey": "kek_2", "dataKeysRewrapped": 0, "rootRewrapped": True, "dataKeysMade": 0,
        "valuesResealed": 0, "unreadable": [],
    }  # fmt: skip
    assert (home / "vault.key").read_text().startswith(before)
    assert stat.S_IMODE((home / "vault.key").stat().st_mode) == 0o600
    keys = here("vault", "status", *where).json["keys"]
    assert [(key["id"], key["isActive"], key["root"]) for key in keys] == [
        ("kek_1", False, False),
        ("kek_2", True, True),
    ]
    assert here("vault", "retire", "kek_1", *where).json == {"retired": "kek_1", "keys": ["kek_2"]}
    assert [key["id"] for key in here("vault", "status", *where).json["keys"]] == ["kek_2"]
    assert here("verify", *where).json["ok"] is True
    assert here("key", "list", *where).exit == 0


def test_a_running_server_goes_on_through_every_rotation(
    here: Here, home: Path, where: Any, initialised: dict[str, str]
) -> None:
    token, workspace_id = initialised["token"], initialised["workspaceId"]
    with Running("serve", "--port", "0", "--data-dir", home) as running:
        with_secrets(running, token, workspace_id, 3)
        assert here("vault", "rotate", *where).json["dataKeysRewrapped"] == 1
        with_secrets_again = {"workspaceId": workspace_id, "name": "later", "value": "x"}
        assert running.post("/api/secrets", with_secrets_again, token)[0] == 201
        assert here("vault", "rotate", "--data-keys", *where).json["valuesResealed"] == 4
        assert here("vault", "retire", "kek_1", *where).exit == 0
        assert running.post("/api/secrets", {**with_secrets_again, "name": "last"}, token)[0] == 201
        status = here("vault", "status", *where).json
    [tenant] = status["tenants"]
    assert (tenant["tenant"], tenant["dataKeys"]) == (initialised["organizationId"], 2)
    [values] = [one for one in status["values"] if one["table"] == "connections"]
    assert values == {
        "table": "connections",
        "column": "credential",
        "sealed": 5,
        "outdated": 0,
        "orphaned": 0,
    }
    assert here("verify", *where).json == {"ok": True, "findings": []}


def test_several_machines_get_the_key_before_anything_needs_it(here: Here, home: Path, where: Any) -> None:
    assert here("vault", "rotate", "--without-rewrap", *where).json["rootRewrapped"] is False
    keys = here("vault", "status", *where).json["keys"]
    assert [(key["id"], key["isActive"], key["root"]) for key in keys] == [
        ("kek_1", False, True),
        ("kek_2", True, False),
    ]
    refused = here("vault", "retire", "kek_1", *where)
    assert (refused.exit, refused.error) == (
        1,
        {
            "code": "key_in_use",
            "message": "kek_1 still wraps the instance root, which nothing else opens",
            "hint": f"move it to the active key with: trunkline vault rewrap --data-dir {home}",
        },
    )
    assert here("vault", "rewrap", *where).json["rootRewrapped"] is True
    assert here("vault", "rewrap", *where).json["rootRewrapped"] is False
    assert here("vault", "retire", "kek_1", *where).exit == 0


@pytest.mark.parametrize(
    ("arguments", "exit_code", "code"),
    [
        (("retire", "kek_1"), 1, "key_in_use"),
        (("retire", "kek_9"), 1, "key_not_found"),
        (("retire", "nonsense"), 1, "key_not_found"),
        (("retire",), 2, "usage"),
        (("rotate", "--data-keys", "--without-rewrap"), 2, "usage"),
        (("rotate", "kek_2"), 2, "usage"),
    ],
)
def test_refuses_and_changes_no_key(
    here: Here, home: Path, where: Any, arguments: tuple[str, ...], exit_code: int, code: str
) -> None:
    before = (home / "vault.key").read_bytes()
    refused = here("vault", *arguments, *where)
    assert (refused.exit, refused.out, refused.error["code"]) == (exit_code, "", code)
    assert (home / "vault.key").read_bytes() == before


@pytest.mark.parametrize("command", [("status",), ("rotate",), ("rewrap",), ("retire", "kek_1")])
def test_makes_no_instance_and_works_on_none_that_the_key_file_does_not_open(
    here: Here, home: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    absent = here("vault", *command, "--data-dir", tmp_path / "none", "--json")
    assert (absent.exit, absent.error["code"]) == (1, "not_initialised")
    assert not (tmp_path / "none").exists()
    assert here("init", "--data-dir", tmp_path / "other", "--json").exit == 0
    other = tmp_path / "other" / "vault.key"
    before = other.read_bytes()
    refused = here("vault", *command, "--data-dir", home, "--vault-key", other, "--json")
    assert (refused.exit, refused.error["code"]) == (1, "vault_key")
    assert other.read_bytes() == before


def test_what_is_lost_is_said_and_named(
    here: Here, home: Path, where: Any, initialised: dict[str, str]
) -> None:
    with Running("serve", "--port", "0", "--data-dir", home) as running:
        with_secrets(running, initialised["token"], initialised["workspaceId"], 2)
    change(home, "UPDATE connections SET credential = substr(credential, 1, 60) || 'AAAA' WHERE name = 's0'")
    found = here("verify", *where)
    assert found.exit == 3
    [finding] = found.json["findings"]
    assert (finding["invariant"], finding["subject"].split(" row ")[0]) == (
        "I12",
        "connections.credential of",
    )
    rotated = here("vault", "rotate", "--data-keys", *where)
    assert (rotated.exit, rotated.json["valuesResealed"], len(rotated.json["unreadable"])) == (3, 1, 1)
    assert "value 0" not in rotated.out + rotated.err
    assert here("vault", "status", *where).exit == 0
    change(home, "DELETE FROM vault_keys")
    lost = here("vault", "status", *where)
    assert lost.exit == 3
    [values] = [one for one in lost.json["values"] if one["table"] == "connections"]
    assert (values["sealed"], values["orphaned"]) == (2, 2)
    assert "verify" in here("vault", "status", "--data-dir", home).err


def test_people_are_told_what_to_do_next(here: Here, home: Path) -> None:
    rotated = here("vault", "rotate", "--data-dir", home)
    assert rotated.out == (
        f"kek_2 in {home / 'vault.key'} is the active key now.\n"
        "0 data keys and the instance root are wrapped under it.\n"
    )
    assert f"trunkline vault retire kek_1 --data-dir {home}" in rotated.err
    status = here("vault", "status", "--data-dir", home)
    assert re.search(r"^kek_2 +active +\d{4}-\d\d-\d\d +0 days +0 +yes *$", status.out, re.MULTILINE)
    assert (
        f"kek_1 wraps nothing. Take it out with: trunkline vault retire kek_1 --data-dir {home}" in status.err
    )
    here("vault", "rotate", "--without-rewrap", "--data-dir", home)
    assert "Finish it with: trunkline vault rewrap" in here("vault", "status", "--data-dir", home).err
    assert here("vault", "rewrap", "--data-dir", home).out == "0 data keys and 0 values were moved.\n"
    assert here("vault", "rewrap", "--data-dir", home).out == "There was nothing to do.\n"
    retired = here("vault", "retire", "kek_1", "--data-dir", home).out
    assert retired == f"kek_1 is gone from {home / 'vault.key'}; left: kek_2, kek_3\n"


def test_no_command_prints_a_key(here: Here, home: Path) -> None:
    said = ""
    for arguments in (("rotate",), ("rotate", "--data-keys"), ("status",), ("retire", "kek_1"), ("rewrap",)):
        for flags in ((), ("--json",)):
            done = here("vault", *arguments, "--data-dir", home, *flags)
            said += done.out + done.err
    lines = (home / "vault.key").read_text().splitlines()
    keys = [line.split()[1] for line in lines if not line.startswith("#")]
    assert len(keys) >= 1
    assert [key for key in keys if key[:12] in said] == []
