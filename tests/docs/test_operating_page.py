"""The page about running an instance for real: its commands do what it says, in its order."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from trunkline.cli.application import COMMANDS, app
from trunkline.settings import CLIENT_VARIABLES, Settings, variable_of

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "run-it-for-real.md").read_text("utf-8")
STEP = re.compile(r"<!-- tour -->\n```sh\n(.*?)```", re.DOTALL)


@pytest.mark.skipif(shutil.which("sh") is None, reason="the page is written for a shell, which is not here")
def test_the_page_works_as_written(tmp_path: Path) -> None:
    for folder in ("bin", "var/lib", "var/backups/trunkline", "media/safe"):
        (tmp_path / folder).mkdir(parents=True)
    command = tmp_path / "bin" / "trunkline"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m trunkline "$@"\n')
    command.chmod(0o755)
    steps = STEP.findall(PAGE)
    assert len(steps) == 6
    # The page's own places, below a directory that is the test's.
    script = re.sub(r"/(var|media)/", rf"{tmp_path}/\1/", "\n".join(["set -eu", *steps]))
    done = subprocess.run(
        ["sh", "-c", script],
        env={"PATH": f"{command.parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Everything holds.\n") == 2
    assert done.stdout.count("Nothing is in the way.\n") == 3
    assert "The schema was current already.\n" in done.stdout
    restored = tmp_path / "var" / "lib" / "trunkline-restored"
    assert {"trunkline.db", "vault.key"} <= {path.name for path in restored.iterdir()}


def test_the_unit_can_be_read_and_sets_what_there_is() -> None:
    (text,) = re.findall(r"```ini\n(.*?)```", PAGE, re.DOTALL)
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.read_string(text)
    assert unit["Service"]["ExecStart"].split()[1:] == ["serve"]
    known = {variable_of(name) for name in Settings.__struct_fields__} | set(CLIENT_VARIABLES)
    assert set(re.findall(r"TRUNKLINE_[A-Z_]+", PAGE)) <= known


def test_every_command_of_the_page_exists() -> None:
    named = re.findall(r"^trunkline ([a-z]+)(?: ([a-z]+))?", PAGE, re.MULTILINE)
    assert named
    for first, second in named:
        assert first in COMMANDS
        if second:
            chain, _, _ = app.parse_commands([first, second])
            assert chain == (first, second)
