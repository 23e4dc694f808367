from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.core.access.world import START, World, build
from tests.databases import lend
from trunkline.core import access, audit, events, workspaces
from trunkline.infra.db import Catalog
from trunkline.kit.clock import FixedClock


@contextmanager
def opened(database_url: str) -> Iterator[World]:
    """The two tenants, with events and audit to be read."""
    clock = FixedClock(START)
    specs = {**access.SPECS, **workspaces.SPECS, **events.SPECS, **audit.SPECS}
    database = lend(database_url, Catalog(specs=specs, clock=clock))
    try:
        yield build(database, clock)
    finally:
        database.close()


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    with opened(database_url) as world:
        yield world
