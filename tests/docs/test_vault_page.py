"""The commands of the page about rotating keys do what it says, in its order."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.cli.command import Here

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "rotate-the-vault-keys.md").read_text("utf-8")
BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)


@pytest.fixture
def here(capfd: pytest.CaptureFixture[str]) -> Here:
    return Here(capfd)


def commands() -> list[list[str]]:
    lines = [line for block in BLOCK.findall(PAGE) for line in block.splitlines()]
    return [shlex.split(line, comments=True) for line in lines if line.startswith("trunkline ")]


def test_every_command_of_the_page_works_as_written(here: Here, tmp_path: Path) -> None:
    where = ("--data-dir", tmp_path / "data")
    assert here("init", *where).exit == 0
    ran = []
    for _, *arguments in commands():
        done = here(*arguments, *where)
        assert done.exit == 0, (arguments, done.err)
        ran.append(" ".join(arguments))
    assert ran == [
        "vault status",
        "vault rotate",
        "vault retire kek_1",
        "vault rotate --without-rewrap",
        "vault rewrap",
        "vault rotate",
        "vault rotate --data-keys",
        "vault retire kek_2",
        "vault rewrap",
    ]
    assert here("verify", *where).out == "Everything holds.\n"
