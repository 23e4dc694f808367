from __future__ import annotations

import asyncio
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import pytest

from tests.conformance.parties import Parties
from tests.conformance.turns import TURNS, turn
from tests.databases import Databases

# What holds for one operation as for another, because the shared HTTP does it. Who may see and do what is asked
# of every operation, every time.
BY_TURNS = frozenset({"test_bad_input", "test_shapes", "test_contract"})


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Ask each question about each operation on one engine, and some of them only by turns; soak asks the rest.

    What the engines must agree on is tested on both below the dialects. Which of the two it is stays the same
    from run to run, so that a failure can be repeated.
    """
    questions: dict[tuple[str, str], list[pytest.Function]] = defaultdict(list)
    for item in items:
        if not isinstance(item, pytest.Function) or Path(__file__).parent not in item.path.parents:
            continue
        params = item.callspec.params if hasattr(item, "callspec") else {}
        if "operation" in params or "dialect" in params:
            rest = [
                f"{name}={getattr(value, 'name', value)}"
                for name, value in params.items()
                if name != "parties"
            ]
            questions[f"{item.path.stem} {item.originalname}", " ".join(sorted(rest))].append(item)
    for (name, asked), engines in questions.items():
        digest = crc32(f"{name.partition(' ')[2]} {asked}".encode())
        if len(engines) > 1:  # SQLite first; PostgreSQL takes three times as long for the same answers
            engines[digest % 4 != 0].add_marker(pytest.mark.soak)
        if name.partition(" ")[0] in BY_TURNS and digest // 4 % TURNS != turn():
            for item in engines:
                item.add_marker(pytest.mark.soak)


@pytest.fixture(scope="session")
def runner() -> Iterator[asyncio.Runner]:
    """One event loop for every request: starting one takes longer than answering."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def parties(
    request: pytest.FixtureRequest, databases: Databases, runner: asyncio.Runner
) -> Iterator[Parties]:
    """Two tenants and everything they own, on each engine, shared by tests that change nothing of it."""
    url = databases.sqlite() if request.param == "sqlite" else databases.postgresql()
    with tempfile.TemporaryDirectory() as folder:
        made = Parties(url, Path(folder), runner)
        yield made
        made.close()
