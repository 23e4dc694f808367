from __future__ import annotations

import pytest

from tests.core.integrations.desk import Desk
from tests.instance import Instance


@pytest.fixture
def desk(instance: Instance) -> Desk:
    """Two organizations with people of every standing, on each database."""
    return Desk(instance)
