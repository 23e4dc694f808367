from __future__ import annotations

import pytest

from tests.dialects.gestal.desk import Desk
from tests.instance import Instance


@pytest.fixture
def desk(instance: Instance) -> Desk:
    return Desk(instance)
