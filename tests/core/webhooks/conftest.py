from __future__ import annotations

import pytest

from tests.core.webhooks.board import Board
from tests.instance import Instance


@pytest.fixture
def board(instance: Instance) -> Board:
    return Board(instance)
