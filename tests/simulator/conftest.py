from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.simulated import Simulated, SimulatedClient, serving
from trunkline.simulator import Options


@pytest.fixture(scope="session")
def shared() -> Iterator[Simulated]:
    """One simulator for all tests that keep to a client of their own."""
    with serving(Options(slow_s=0.01, retry_after_s=7)) as simulated:
        yield simulated


@pytest.fixture
def simulated(shared: Simulated) -> Iterator[Simulated]:
    """The shared one, as new afterwards."""
    yield shared
    shared.admin("POST", "/simulator/reset")


@pytest.fixture
def client(simulated: Simulated) -> SimulatedClient:
    """A client that asks nobody for consent."""
    return simulated.client()
