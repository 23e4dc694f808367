from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.cli.command import Here, trunkline


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("TRUNKLINE_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def initialised(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What `init --json` printed for `data_dir`; made once, copied for each test by `home`."""
    data_dir = tmp_path_factory.mktemp("cli") / "data"
    done = trunkline("init", "--data-dir", data_dir, "--json")
    assert (done.exit, done.err) == (0, "")
    return {**done.json, "data_dir": str(data_dir)}


@pytest.fixture
def home(initialised: dict[str, str], tmp_path: Path) -> Path:
    """The data directory of a fresh instance."""
    return Path(shutil.copytree(initialised["data_dir"], tmp_path / "data"))


@pytest.fixture
def here(capfd: pytest.CaptureFixture[str]) -> Here:
    return Here(capfd)
