from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dialects.ampersand.connecting import PUBLIC_URL, Online
from tests.dialects.ampersand.desk import Desk
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
    allowed = (simulated.host_port,)
    instance = Instance(database_url, tmp_path, public_url=PUBLIC_URL, egress_allow=allowed)
    made = Online(instance, simulated)
    yield made
    made.close()
    instance.close()
