"""When installs' access keys were last used: gathered in memory, written a batch at a time.

Writing it with each request would make every request of an installation a write. Up to a flush of it may be
lost in a crash; a moment that is written never goes back, whichever process noted it.
"""

from __future__ import annotations

import threading
from typing import Final

import structlog

from trunkline.core.installs.queries import MARK_ACTIVE
from trunkline.infra.db import Database
from trunkline.infra.jobs.behind import WriteBehind

FLUSH_S: Final = 20.0  # seconds; what is shown is true to the minute

_log = structlog.get_logger(__name__)


class KeyActivity(WriteBehind):
    """Takes notes from anywhere in the process and writes them behind the requests."""

    def __init__(self, database: Database) -> None:
        super().__init__(FLUSH_S)
        self._database = database
        self._lock = threading.Lock()
        self._noted: dict[str, str] = {}

    def note(self, key_id: str, at: str) -> None:
        """Have it written within a minute that a key was used."""
        with self._lock:
            if at > self._noted.get(key_id, ""):
                self._noted[key_id] = at

    async def flush(self) -> None:
        """Write everything that is noted in one transaction; what cannot be written is kept."""
        with self._lock:
            noted, self._noted = self._noted, {}
        if not noted:
            return
        # In order of the ids, so that two processes never wait for each other's rows crosswise.
        rows = [{"id": key_id, "at": at} for key_id, at in sorted(noted.items())]
        try:
            await self._database.write(lambda tx: tx.run_many(MARK_ACTIVE, rows))
        except Exception as error:  # noqa: BLE001  # whoever uses a key must not suffer for it; it is tried again
            _log.warning("key_activity_not_written", keys=len(rows), error=type(error).__name__)
            for key_id, at in noted.items():
                self.note(key_id, at)
