from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.parties import Parties
from tests.databases import Databases


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
