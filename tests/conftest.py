from __future__ import annotations

import warnings
from collections.abc import Iterator

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # platformdirs misses XDG_RUNTIME_DIR on a bare machine
    from tests.databases import Databases, databases as handed_out


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    """Fresh migrated databases; the PostgreSQL server starts when the first one is asked for."""
    with handed_out() as databases:
        yield databases


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, databases: Databases) -> str:
    """A fresh migrated database of each engine."""
    return databases.sqlite() if request.param == "sqlite" else databases.postgresql()
