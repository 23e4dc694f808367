"""Nothing of the machine it was written on gets into the repository."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

from tests.architecture.source import ROOT


def _any_of(*halves: tuple[str, str]) -> str:
    """The words in two halves each, so that this file does not hold what it looks for."""
    return "|".join(first + second for first, second in halves)


PLACES = re.compile(
    rf"(?<![\w.])/(?:{_any_of(('wo', 'rk'), ('fa', 'rm'), ('ro', 'ot'))})/|{_any_of(('/ho', 'me/'), ('/tm', 'p/'))}"
)
INDEXES = re.compile(
    _any_of(("py", r"pi\.org"), ("python", "hosted"), ("npm", r"js\.(?:org|com)"), ("deb", r"\.debian"))
)
TOOLS = re.compile(
    r"\b(?:{})\b".format(
        _any_of(
            ("clau", "de"),
            ("anthro", "pic"),
            ("chat", "gpt"),
            ("open", "ai"),
            ("copi", "lot"),
            ("(?:AI|coding)[- ]assis", "tants?"),
            ("language[- ]mod", "els?"),
            ("AGENTS", r"\.md"),
        )
    ),
    re.IGNORECASE,
)
UNLISTED = {".git", ".venv", "node_modules", "__pycache__", "data", "build", "dist"}


def _files() -> Iterator[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode == 0:
        yield from (path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file())
    else:  # an unpacked archive
        yield from (path for path in ROOT.rglob("*") if path.is_file() and not UNLISTED & set(path.parts))


@cache
def _texts() -> dict[str, str]:
    texts = {}
    for path in _files():
        with suppress(UnicodeDecodeError):  # a picture
            texts[str(path.relative_to(ROOT))] = path.read_text("utf-8")
    return texts


def _offences(pattern: re.Pattern[str]) -> str:
    return "\n".join(
        f"{name}:{number} {line.strip()[:100]}"
        for name, text in _texts().items()
        if pattern.search(text)
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    )


def test_no_path_of_the_machine_it_was_written_on() -> None:
    assert _offences(PLACES) == ""


def test_no_package_index_host() -> None:
    assert _offences(INDEXES) == ""


def test_no_word_about_the_tools_it_was_written_with() -> None:
    assert _offences(TOOLS) == ""


def test_every_locked_requirement_has_a_hash() -> None:
    for name in ("runtime.txt", "dev.txt"):
        text = (ROOT / "requirements" / name).read_text("utf-8")
        pins = [pin for pin in text.split("\n") if pin and not pin.startswith(("#", " "))]
        bare = [pin for pin in re.split(r"\n(?=\S)", text) if "==" in pin and "--hash=sha256:" not in pin]
        assert pins
        assert bare == []


def test_development_is_locked_to_what_runs() -> None:
    def pins(name: str) -> set[str]:
        text = (ROOT / "requirements" / name).read_text("utf-8")
        return {line.removesuffix(" \\") for line in text.splitlines() if re.match(r"\w[\w.-]*==", line)}

    assert pins("runtime.txt") - pins("dev.txt") == set()
