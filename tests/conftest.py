from __future__ import annotations

import gc
import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # platformdirs misses XDG_RUNTIME_DIR on a bare machine
    from tests.conformance.turns import TURNS, turn
    from tests.cores import keep_to_one
    from tests.databases import Databases, roomy_memory
    from tests.databases import databases as handed_out
    from tests.instance import Instance


def pytest_configure() -> None:
    """Put every test's folder where its databases are, unless told otherwise."""
    if (memory := roomy_memory()) is not None:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(memory))
    keep_to_one(os.environ.get("PYTEST_XDIST_WORKER", ""))
    gc.disable()  # collecting makes nothing but what stays: looking through it took a third of the time


def pytest_collection_finish() -> None:
    """Leave out of every later search for garbage what lives as long as the run: the modules and the tests."""
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_report_header() -> str:
    """Say which questions are asked this time."""
    return f"conformance: CONFORMANCE_TURN={turn()} of {TURNS}; make soak asks the rest"


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    """Fresh migrated databases; the PostgreSQL server starts when the first one is asked for."""
    with handed_out() as databases:
        yield databases


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, databases: Databases) -> Iterator[str]:
    """A fresh migrated database of each engine."""
    url = databases.sqlite() if request.param == "sqlite" else databases.postgresql()
    yield url
    databases.give_back(url)


@pytest.fixture
def instance(database_url: str, tmp_path: Path) -> Iterator[Instance]:
    """A whole instance on a fresh database of each engine."""
    made = Instance(database_url, tmp_path)
    yield made
    made.close()
