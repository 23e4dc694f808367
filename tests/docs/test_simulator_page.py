"""What the page about the simulator says to type does what the page says it does."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.simulated import serving
from trunkline.simulator import Profile

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "try-with-the-simulator.md").read_text("utf-8")
STEP = re.compile(r"<!-- tour -->\n```sh\n(.*?)```", re.DOTALL)
SHOWN = re.compile(r"^# (\{.*\})$", re.MULTILINE)


@pytest.mark.skipif(shutil.which("curl") is None, reason="the page is written for curl, which is not here")
@pytest.mark.skipif(shutil.which("sh") is None, reason="the page is written for a shell, which is not here")
def test_the_page_works_as_written() -> None:
    steps = STEP.findall(PAGE)
    script = "\n".join(["set -eu", *steps])
    with serving() as simulated:
        done = subprocess.run(
            ["sh", "-c", script],
            env={"PATH": os.environ["PATH"], "SIM": simulated.url},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    assert (done.returncode, done.stderr) == (0, "")
    answers, at = [], 0
    while at < len(done.stdout):
        value, at = json.JSONDecoder().raw_decode(done.stdout, at)
        answers.append(value)
    listed, account, assigned, struck, expired, moved, counted = answers
    assert listed["data"][0]["id"] == "cmp_00000001"
    assert [json.loads(text) for text in SHOWN.findall("".join(steps))] == [account, struck]
    assert (assigned, expired, list(moved)) == ({"ok": True}, {"expired": 1}, ["now"])
    assert counted["tokenCalls"]["byGrant"] == {"client_credentials": {"issued": 1, "server-error": 1}}


def test_the_page_names_every_profile() -> None:
    assert [profile.value for profile in Profile if f"`{profile}`" not in PAGE] == []
