from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.access.world import START
from tests.core.connections.answering import Answering, answering_to
from tests.core.connections.desk import Desk
from tests.core.connections.safe import Safe, catalog, opened
from tests.databases import Databases
from tests.simulated import Simulated, serving
from trunkline.core.connections.tables import (
    connection_revocations,
    connections,
    integration_secrets,
    oauth_states,
)
from trunkline.infra.db import Tx
from trunkline.kit.clock import FixedClock
from trunkline.simulator import Options


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def shared_safe(
    request: pytest.FixtureRequest, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Safe]:
    url = databases.sqlite() if request.param == "sqlite" else databases.postgresql()
    with opened(url, tmp_path_factory.mktemp("vault") / "vault.key") as safe:
        yield safe


@pytest.fixture
def safe(shared_safe: Safe) -> Safe:
    """The two tenants with a vault and no secrets; the tenants themselves are shared and not to be changed."""
    shared_safe.world.clock = FixedClock(START)
    shared_safe.world.db.catalog = catalog(shared_safe.world.clock)
    shared_safe.world.write(_empty)
    return shared_safe


def _empty(tx: Tx) -> None:
    for table in (oauth_states, connections, connection_revocations, integration_secrets):
        tx.delete(table, "TRUE")


@pytest.fixture
def own_safe(database_url: str, tmp_path: Path) -> Iterator[Safe]:
    """Two tenants of the test's own, to be deleted and purged."""
    with opened(database_url, tmp_path / "vault.key") as safe:
        yield safe


@pytest.fixture(scope="session")
def simulated() -> Iterator[Simulated]:
    """The simulated service; each test has a client of its own there."""
    with serving(Options(slow_s=0.3)) as served:
        yield served


@pytest.fixture
def desk(safe: Safe, simulated: Simulated) -> Iterator[Desk]:
    """The two tenants with a service to connect to and no connections."""
    made = Desk(safe, simulated)
    yield made
    made.close()


@pytest.fixture
def answering(desk: Desk) -> Iterator[Answering]:
    """A server that says what the test wants, which the desk reaches."""
    with answering_to(desk) as made:
        yield made


@pytest.fixture
def own_desk(own_safe: Safe, simulated: Simulated) -> Iterator[Desk]:
    """Two tenants of the test's own, to be deleted and purged, with a service to connect to."""
    made = Desk(own_safe, simulated)
    yield made
    made.close()
