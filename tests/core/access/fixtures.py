from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.core.access.world import START, World, build, catalog
from tests.databases import Databases, lend
from trunkline.kit.clock import FixedClock


@contextmanager
def opened(database_url: str) -> Iterator[World]:
    clock = FixedClock(START)
    db = lend(database_url, catalog(clock))
    try:
        yield build(db, clock)
    finally:
        db.close()


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """Two tenants on a fresh database of each engine, at a moment that only moves when told to."""
    with opened(database_url) as world:
        yield world


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def still_world(request: pytest.FixtureRequest, databases: Databases) -> Iterator[World]:
    """The same, shared by the tests of a module that only look."""
    url = databases.sqlite() if request.param == "sqlite" else databases.postgresql()
    with opened(url) as world:
        yield world
