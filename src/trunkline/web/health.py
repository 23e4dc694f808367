"""Whether the process lives, and whether it can serve."""

from __future__ import annotations

import msgspec

from trunkline.core.journal import probe
from trunkline.infra.db import Database
from trunkline.kit.errors import UnavailableError
from trunkline.web.answer import Answer
from trunkline.web.application import Page
from trunkline.web.incoming import Incoming

_JSON = {"content-type": "application/json"}


def health_pages(database: Database) -> dict[str, Page]:
    """`/health/live` answers while the process does; `/health/ready` reads from the database first."""

    async def live(_incoming: Incoming) -> Answer:
        return _state(200, "live")

    async def ready(_incoming: Incoming) -> Answer:
        try:
            await database.read(probe)
        except UnavailableError:
            return _state(503, "unavailable")
        return _state(200, "ready")

    return {"/health/live": live, "/health/ready": ready}


def _state(status: int, state: str) -> Answer:
    return Answer(status, dict(_JSON), msgspec.json.encode({"status": state}))
