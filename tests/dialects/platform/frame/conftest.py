from __future__ import annotations

import pytest

from tests.core.access.fixtures import still_world
from tests.core.access.world import PEPPER, World
from tests.dialects.platform.frame.teams import FRAME
from tests.web.notes import NoteServices
from trunkline.app import create_app
from trunkline.web import Application

__all__ = ["still_world"]


@pytest.fixture
def app(still_world: World) -> Application:
    return create_app(still_world.db, NoteServices(PEPPER), [FRAME])


@pytest.fixture
def owner(still_world: World) -> dict[str, str]:
    return {"authorization": f"Bearer {still_world.key('owner').secret.reveal()}"}
