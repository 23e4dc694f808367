from __future__ import annotations

import asyncio
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import pytest

from tests.conformance.parties import Parties
from tests.databases import Databases


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Ask each question about each operation on one engine, by turns; `make soak` asks it on the other.

    What the engines must agree on is tested on both below the dialects. Which of the two it is stays the same
    from run to run, so that a failure can be repeated.
    """
    engines: dict[tuple[str, str], list[pytest.Function]] = defaultdict(list)
    for item in items:
        params = (
            item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
        )
        if isinstance(item, pytest.Function) and {"parties", "operation"} <= params.keys():
            rest = [f"{name}={value}" for name, value in params.items() if name != "parties"]
            engines[item.originalname, " ".join(sorted(rest))].append(item)
    for (name, asked), both in engines.items():
        if len(both) > 1:
            both[crc32(f"{name} {asked}".encode()) % 2].add_marker(pytest.mark.soak)


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
