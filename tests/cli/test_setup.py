from __future__ import annotations

import re
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.command import Here
from trunkline.cli.options import Common


def test_init_prints_exactly_what_a_program_needs(initialised: dict[str, str]) -> None:
    made = {name: value for name, value in initialised.items() if name != "data_dir"}
    assert list(made) == ["baseUrl", "organizationId", "workspaceId", "userId", "username", "token"]
    assert made["baseUrl"] == "http://127.0.0.1:8080"
    assert re.fullmatch(r"org_[0-9a-f]{32}", made["organizationId"])
    assert re.fullmatch(r"wsp_[0-9a-f]{32}", made["workspaceId"])
    assert re.fullmatch(r"usr_[0-9a-f]{32}", made["userId"])
    assert made["username"] == "admin"
    assert re.fullmatch(r"sec_[0-9A-Za-z]{43}", made["token"])


def test_init_keeps_what_it_makes_to_its_owner(initialised: dict[str, str]) -> None:
    folder = Path(initialised["data_dir"])
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())}
    assert modes == {"data": 0o700, "trunkline.db": 0o600, "vault.key": 0o600}


def test_a_second_init_is_refused_and_changes_nothing(here: Here, home: Path) -> None:
    refused = here("init", "--data-dir", home, "--json", "--organization", "Other")
    assert (refused.exit, refused.out) == (1, "")
    assert refused.error["code"] == "instance_exists"
    assert f"trunkline key create --data-dir {home}" in refused.error["hint"]
    assert len(here("key", "list", "--data-dir", home, "--json").json) == 1


def test_init_shows_people_the_key_once(here: Here, tmp_path: Path) -> None:
    names = ("--organization", "Ada & Söhne", "--workspace", "Büro 1", "--email", "ada@acme.example")
    done = here("init", "--data-dir", tmp_path / "data", "--port-is-not-a-flag", *names)
    assert (done.exit, done.out) == (2, "")
    done = here("init", "--data-dir", tmp_path / "data", *names)
    assert done.exit == 0
    [token] = set(re.findall(r"sec_[0-9A-Za-z]{43}", done.out))
    assert f"curl -H 'Authorization: Bearer {token}' http://127.0.0.1:8080/api/workspaces" in done.out
    assert token not in done.err
    assert "vault.key" in done.err


def test_init_refuses_a_name_that_gives_no_handle_before_it_makes_anything(
    here: Here, tmp_path: Path
) -> None:
    refused = here("init", "--data-dir", tmp_path / "data", "--workspace", "事務所", "--json")
    assert (refused.exit, refused.error["code"]) == (1, "invalid_name")
    assert not (tmp_path / "data").exists()


def test_init_sets_the_retention_that_was_asked_for(
    here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUNKLINE_RETENTION_TIER", "forever")
    refused = here("init", "--data-dir", tmp_path / "data")
    assert (refused.exit, refused.out) == (2, "")
    assert "must be one of short, medium, long, none, not 'forever'" in refused.err
    assert not (tmp_path / "data").exists()
    monkeypatch.setenv("TRUNKLINE_RETENTION_TIER", "long")
    assert here("init", "--data-dir", tmp_path / "data").exit == 0
    with closing(sqlite3.connect(tmp_path / "data" / "trunkline.db")) as connection:
        assert connection.execute("SELECT retention_tier FROM organizations").fetchall() == [("long",)]


def test_hints_lead_back_to_the_same_instance(here: Here, tmp_path: Path) -> None:
    url, key = f"sqlite:///{tmp_path / 'hub.db'}", tmp_path / "keys" / "hub.key"
    key.parent.mkdir()
    where = ("--data-dir", tmp_path / "data", "--database-url", url, "--vault-key", key)
    flags = f"--data-dir {tmp_path / 'data'} --database-url {url} --vault-key {key}"
    assert here("db", "status", *where, "--json").error["hint"] == f"make one with: trunkline init {flags}"
    assert f"Start the server with: trunkline serve {flags}\n" in here("init", *where).err
    again = here("init", *where, "--json").error
    assert again["hint"] == f"make another key with: trunkline key create {flags}"


def test_hints_do_not_repeat_a_password(tmp_path: Path) -> None:
    url = "postgresql://ada:canary@h/d"
    common = Common(data_dir=tmp_path, database_url=url)
    assert common.flags() == f" --data-dir {tmp_path} (with the same TRUNKLINE_DATABASE_URL)"
    assert Common(database_url="postgresql://ada@h/d").flags() == " --database-url postgresql://ada@h/d"


@pytest.mark.parametrize("flag", ["--data-dir", "--vault-key", "--config"])
def test_an_empty_path_is_refused(
    here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flag: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    refused = here("init", flag, "", "--json")
    assert (refused.exit, refused.error["code"]) == (2, "usage")
    assert "must not be empty" in refused.error["message"]
    assert list(tmp_path.iterdir()) == []
