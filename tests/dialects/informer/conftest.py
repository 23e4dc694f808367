from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dialects.informer.desk import Desk, Online
from tests.instance import Instance
from tests.simulated import Simulated, serving


@pytest.fixture
def desk(instance: Instance) -> Desk:
    return Desk(instance)


@pytest.fixture(scope="session")
def simulated() -> Iterator[Simulated]:
    """The simulated service; each desk has a client of its own there."""
    with serving() as served:
        yield served


@pytest.fixture
def online(database_url: str, tmp_path: Path, simulated: Simulated) -> Iterator[Online]:
    """A desk that may connect to the simulated service."""
    instance = Instance(database_url, tmp_path, egress_allow=(simulated.host_port,))
    made = Online(instance, simulated)
    yield made
    made.close()
    instance.close()
