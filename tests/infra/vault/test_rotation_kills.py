"""A rotation killed at any step leaves everything open, loses nothing, and can be finished or repeated."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.infra.vault.kept import keep, tenant, texts
from tests.infra.vault.rotating import EXPECTED
from trunkline.infra.db import Database
from trunkline.infra.vault import KeyRing
from trunkline.infra.vault.store import unlock

ROOT = Path(__file__).parents[3]


def killed_at_every(stride: int, database: Database, url: str, path: Path) -> None:
    vault = unlock(database, path).vault
    for name, number in (("a", 10), ("b", 11)):
        for value in range(3):
            keep(database, vault, tenant(number), f"{name}{value}", f"of {name} {value}")
    done = subprocess.run(
        [sys.executable, "-m", "tests.infra.vault.rotating", url, str(path), str(stride)],
        cwd=ROOT,
        env={"PYTHONPATH": "src", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert int(done.stdout) > 50
    assert texts(database, unlock(database, path).vault) == EXPECTED
    assert [entry.name for entry in path.parent.iterdir()] == ["vault.key"]
    assert len(KeyRing.load(path).ids) == 1


def test_a_kill_at_any_fourth_step_loses_nothing(database: Database, database_url: str, path: Path) -> None:
    killed_at_every(4, database, database_url, path)


@pytest.mark.soak
def test_a_kill_at_any_step_loses_nothing(database: Database, database_url: str, path: Path) -> None:
    killed_at_every(1, database, database_url, path)
