"""What the README says to type does what the README says it does."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
PRELUDE = re.compile(r"```sh\nURL=.*?\n(.*?)```", re.DOTALL)
STEP = re.compile(r"<!-- tour -->\n```sh\n(.*?)```", re.DOTALL)
SHOWN = re.compile(r"^# (\{.*\})$", re.MULTILINE)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The variables that `make run` tells people to set."""
    command = [sys.executable, "-m", "trunkline", "demo", "--port", "0", "--json"]
    process = subprocess.Popen(
        [*command, "--data-dir", str(tmp_path_factory.mktemp("data"))],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    printed = [json.loads(process.stdout.readline()) for _ in range(2)]
    made = {name: value for one in printed for name, value in one.items()}
    yield {"URL": made["url"], "KEY": made["token"], "WORKSPACE": made["workspaceId"]}
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)


@pytest.mark.skipif(shutil.which("curl") is None, reason="the tour is written for curl, which is not here")
@pytest.mark.skipif(shutil.which("sh") is None, reason="the tour is written for a shell, which is not here")
def test_the_tour_works_as_written(server: dict[str, str]) -> None:
    (prelude,) = PRELUDE.findall(README)
    steps = STEP.findall(README)
    script = "\n".join(["set -eu", prelude, *steps])
    done = subprocess.run(
        ["sh", "-c", script],
        env={"PATH": os.environ["PATH"], **server},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    answers = _values(done.stdout)
    assert [answer for answer in answers if "error" in answer] == []
    shown = [json.loads(text) for text in SHOWN.findall("".join(steps))]
    assert len(shown) == 2
    assert answers[-2:] == shown


def test_the_import_works_as_written_against_the_demo(server: dict[str, str], tmp_path: Path) -> None:
    (snippet,) = re.findall(r"```sh\n(export TRUNKLINE_URL=.*?)```", README, re.DOTALL)
    script = (
        snippet.replace("http://127.0.0.1:8080", server["URL"])
        .replace("sec_…", server["KEY"])
        .replace("bin/trunkline", f"{sys.executable} -m trunkline")
    )
    assert server["KEY"] in script
    document = {
        "openapi": "3.1.0",
        "info": {"title": "CRM", "version": "1"},
        "paths": {
            "/contacts": {
                "get": {"operationId": "listContacts", "responses": {"200": {"description": "all"}}}
            }
        },
    }
    (tmp_path / "crm.yaml").write_text(json.dumps(document), "utf-8")
    done = subprocess.run(
        ["sh", "-c", f"set -eu\n{script}"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "1.0.0" in done.stdout


def _values(text: str) -> list[dict[str, Any]]:
    """The JSON values that stand one behind the other."""
    found, at = [], 0
    while at < len(text):
        value, at = json.JSONDecoder().raw_decode(text, at)
        found.append(value)
    return found


@pytest.mark.parametrize(
    "page",
    sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]),
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_make_target_that_is_mentioned_exists() -> None:
    targets = set(re.findall(r"^([a-z0-9]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    mentioned = {name for page in pages for name in re.findall(r"`make ([a-z0-9]+)", page.read_text("utf-8"))}
    assert mentioned - targets == set()
