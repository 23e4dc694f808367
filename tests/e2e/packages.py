"""npm packages for the tests that need Node: installed once, and kept from one run to the next."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

INSTALL_S = 300
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trunkline-tests"


def installed(name: str, packages: Mapping[str, str]) -> Path:
    """A folder whose `node_modules` has these packages in these versions; the test is skipped where none can be.

    Args:
        name: what the folder is called in the cache, beside the versions.
        packages: versions by name.
    """
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    kept = CACHE / "-".join((name, *packages.values()))
    for folder in (ROOT, kept):
        if all(_version(folder, package) == version for package, version in packages.items()):
            return folder
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    # Installed beside its place and moved there whole: what a killed run leaves is never taken for an installation.
    fresh = kept.with_name(f"{kept.name}.{os.getpid()}")
    fresh.mkdir(parents=True)
    (fresh / "package.json").write_text("{}")
    wanted = [f"{package}@{version}" for package, version in packages.items()]
    command = [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--save-exact", *wanted]
    try:
        done = subprocess.run(
            command, cwd=fresh, capture_output=True, text=True, timeout=INSTALL_S, check=False
        )
    except subprocess.TimeoutExpired:
        shutil.rmtree(fresh)
        pytest.skip(f"npm did not install {name} in {INSTALL_S} seconds")
    if done.returncode:
        shutil.rmtree(fresh)
        pytest.skip(f"npm cannot install {name}: {done.stderr.strip()[-300:]}")
    shutil.rmtree(kept, ignore_errors=True)
    fresh.rename(kept)
    return kept


def _version(folder: Path, package: str) -> str | None:
    described = folder / "node_modules" / package / "package.json"
    return json.loads(described.read_bytes())["version"] if described.is_file() else None
