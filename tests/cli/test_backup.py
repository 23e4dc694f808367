"""`trunkline db backup`: a copy that opens, made while somebody writes."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

from tests.cli.command import Here, Running


def test_the_copy_of_a_running_instance_opens_and_verifies(here: Here, home: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    with Running("serve", "--data-dir", home, "--port", "0") as server:
        made = here("key", "create", "beside", "--data-dir", home, "--json").json
        done = here("db", "backup", copy, "--data-dir", home, "--json")
        assert (done.exit, done.err) == (0, "")
        late = here("key", "create", "late", "--data-dir", home, "--json").json
        assert server.stop().exit == 0
    assert done.json == {
        "database": str(home / "trunkline.db"),
        "file": str(copy),
        "bytes": copy.stat().st_size,
    }
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.glob("copy.db*")] == ["copy.db"]
    restored = tmp_path / "restored"
    restored.mkdir(mode=0o700)
    shutil.copy(copy, restored / "trunkline.db")
    shutil.copy(home / "vault.key", restored)
    assert here("verify", "--data-dir", restored).out == "Everything holds.\n"
    with Running("serve", "--data-dir", restored, "--port", "0") as server:
        assert server.get("/api/workspaces", made["token"])[0] == 200
        assert server.get("/api/workspaces", late["token"])[0] == 401
        assert server.stop().exit == 0


def test_nothing_is_overwritten(here: Here, home: Path, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("mine")
    refused = here("db", "backup", tmp_path / "there", "--data-dir", home, "--json")
    assert (refused.exit, refused.out, refused.error["code"]) == (1, "", "file_exists")
    assert (tmp_path / "there").read_text() == "mine"


def test_a_copy_that_fails_leaves_no_file(here: Here, home: Path, tmp_path: Path) -> None:
    (home / "trunkline.db").write_bytes(b"no database at all" * 300)
    refused = here("db", "backup", tmp_path / "copy.db", "--data-dir", home, "--json")
    assert (refused.exit, refused.error["code"]) == (1, "database_damaged")
    missing = here("db", "backup", tmp_path / "copy.db", "--data-dir", tmp_path / "none", "--json")
    assert missing.error["code"] == "not_initialised"
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_people_are_told_what_the_copy_lacks(here: Here, home: Path, tmp_path: Path) -> None:
    done = here("db", "backup", tmp_path / "copy.db", "--data-dir", home)
    assert done.out.startswith(f"{home / 'trunkline.db'} is copied to {tmp_path / 'copy.db'} (")
    assert str(home / "vault.key") in done.err


def test_on_postgresql_its_own_tool_is_named(here: Here, tmp_path: Path) -> None:
    for url, shown in (
        ("postgresql://ada@h/d", "postgresql://ada@h/d"),
        ("postgresql://ada:canary@h/d", '"$TRUNKLINE_DATABASE_URL"'),
    ):
        refused = here("db", "backup", tmp_path / "hub.dump", "--database-url", url, "--json")
        assert (refused.exit, refused.error["code"]) == (2, "backup_needs_sqlite")
        assert refused.error["hint"] == f"pg_dump --format=custom --file={tmp_path / 'hub.dump'} {shown}"
