"""The schema can be brought up and down on both databases, whole or not at all."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy.exc import DBAPIError

from tests.cores import every_core
from tests.databases import Databases
from tests.migrations.schema import declared, execute, snapshot
from trunkline import migrations
from trunkline.infra.db import migrate, revisions
from trunkline.infra.db.revisions import SchemaError

ROOT = Path(__file__).parents[2]
NOTHING: dict[str, Any] = {"tables": {}, "triggers": [], "functions": []}


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> str:
    """The URL of a database without a schema."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    return databases.postgresql(migrated=False)


def migrating(url: str, fatal: int | None = None) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.migrations.migrating", url]
    with every_core():
        return subprocess.Popen(
            command if fatal is None else [*command, str(fatal)],
            cwd=ROOT,
            env={"PYTHONPATH": "src", "PATH": ""},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )


def test_the_names_of_the_files_tell_what_alembic_reads_in_them() -> None:
    script = ScriptDirectory(str(Path(migrations.__file__).parent))
    oldest_first = [one.revision for one in script.walk_revisions()][::-1]
    assert list(revisions.revisions()) == oldest_first
    assert script.get_heads() == [revisions.revisions()[-1]]


def test_up_down_and_up_again_end_where_they_began(empty: str) -> None:
    migrate.upgrade(empty)
    first = snapshot(empty)
    migrate.downgrade(empty, "base")
    between = snapshot(empty)
    migrate.upgrade(empty)
    assert between == NOTHING
    assert snapshot(empty) == first
    assert revisions.status(empty).is_current


def test_every_single_step_can_be_taken_back(empty: str) -> None:
    known = revisions.revisions()
    seen = [snapshot(empty)]
    for revision in known:
        migrate.upgrade(empty, revision)
        seen.append(snapshot(empty))
    for revision in [*reversed(known[:-1]), "base"]:
        seen.pop()
        migrate.downgrade(empty, revision)
        assert snapshot(empty) == seen[-1]


def test_the_migrated_schema_is_the_declared_one(empty: str, databases: Databases, tmp_path: Path) -> None:
    on_sqlite = empty.startswith("sqlite")
    other = f"sqlite:///{tmp_path / 'declared.db'}" if on_sqlite else databases.postgresql(migrated=False)
    migrate.upgrade(empty)
    assert migrate.drift(empty) == []
    assert snapshot(empty)["tables"] == declared(other)["tables"]


def test_both_databases_guard_the_same_tables(databases: Databases) -> None:
    guards = snapshot(databases.sqlite())["triggers"]
    assert guards == snapshot(databases.postgresql())["triggers"]
    assert {table for _, table in guards} >= {"audit_entries", "events", "integration_versions"}


def test_migrating_again_changes_nothing(empty: str) -> None:
    migrate.upgrade(empty)
    first = snapshot(empty)
    migrate.upgrade(empty)
    assert snapshot(empty) == first


def test_an_empty_database_is_refused_with_the_command_that_helps(empty: str) -> None:
    with pytest.raises(SchemaError, match=r"is empty.*run `trunkline db upgrade`"):
        revisions.require_current(empty)
    assert snapshot(empty) == NOTHING


def test_a_newer_database_is_refused_and_left_alone(empty: str) -> None:
    migrate.upgrade(empty)
    execute(empty, "UPDATE alembic_version SET version_num = '9999'")
    before = snapshot(empty)
    with pytest.raises(SchemaError, match="newer than this Trunkline"):
        revisions.require_current(empty)
    with pytest.raises(SchemaError, match="migrated by a newer Trunkline"):
        migrate.upgrade(empty)
    assert revisions.status(empty).current == "9999"
    assert snapshot(empty) == before


def test_a_step_that_fails_takes_the_whole_migration_back(empty: str) -> None:
    execute(empty, "CREATE TABLE version_members (a integer)")
    before = snapshot(empty)
    with pytest.raises(DBAPIError, match="version_members"):
        migrate.upgrade(empty)
    assert snapshot(empty) == before
    assert revisions.status(empty).current is None


def test_a_kill_leaves_the_old_schema_and_the_next_try_succeeds(
    empty: str, databases: Databases, tmp_path: Path
) -> None:
    on_sqlite = empty.startswith("sqlite")
    whole = f"sqlite:///{tmp_path / 'whole.db'}" if on_sqlite else databases.postgresql(migrated=False)
    counted, _ = migrating(whole).communicate(timeout=60)
    statements = int(counted)
    for fatal in (statements // 10, statements // 2, statements - 1):
        killed = migrating(empty, fatal=fatal)
        killed.communicate(timeout=60)
        assert killed.returncode == -signal.SIGKILL
        assert revisions.status(empty).current is None
        assert snapshot(empty) == NOTHING
    migrate.upgrade(empty)
    assert snapshot(empty) == snapshot(whole)


def test_two_processes_at_once_leave_one_whole_schema(empty: str) -> None:
    both = [migrating(empty), migrating(empty)]
    for process in both:
        process.communicate(timeout=60)
    assert [process.returncode for process in both] == [0, 0]  # the second waits for the first
    migrate.upgrade(empty)
    assert revisions.status(empty).is_current
    assert migrate.drift(empty) == []


def versions() -> list[Path]:
    return list((Path(migrations.__file__).parent / "versions").glob("*.py"))


def test_migrations_are_numbered_in_one_line() -> None:
    previous = None
    for number, path in enumerate(sorted(versions()), 1):
        text = path.read_text("utf-8")
        assert re.fullmatch(rf"{number:04}_[a-z0-9_]+\.py", path.name)
        assert f'revision = "{number:04}"' in text
        assert f"down_revision = {previous!r}".replace("'", '"') in text
        previous = f"{number:04}"
