"""The npm package `grant` says what the built-in catalog counts on it for."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.architecture.source import ROOT
from tests.core.providers.sources import Grant, confirmed_by, disagreements

VERSION = "5.4.24"
TIMEOUT_S = 120

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def grant(tmp_path_factory: pytest.TempPathFactory) -> Grant:
    installed = ROOT / "node_modules" / "grant"
    if installed.is_dir():
        return Grant(installed)
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    folder: Path = tmp_path_factory.mktemp("grant")
    (folder / "package.json").write_text("{}")
    command = [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", f"grant@{VERSION}"]
    done = subprocess.run(
        command, cwd=folder, env=os.environ, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    if done.returncode:
        pytest.skip(f"npm cannot install grant: {done.stderr.strip()[-300:]}")
    return Grant(folder / "node_modules" / "grant")


def test_grant_says_the_same(grant: Grant) -> None:
    assert disagreements(grant) == []
    assert len(list(confirmed_by(grant))) == 220
