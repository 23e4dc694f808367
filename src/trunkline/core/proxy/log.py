"""The log of proxied requests: gathered in memory, written a batch at a time.

A write for each request would make the proxy wait for the disk and every other writer wait for the proxy, so
up to a second of it may be lost in a crash. It records what went out; it is not the audit, which records what
changed here.
"""

from __future__ import annotations

from collections import deque
from datetime import timedelta
from itertools import islice
from typing import Final

import structlog
from msgspec.structs import astuple

from trunkline.core.proxy.queries import EXPIRED
from trunkline.core.proxy.specs import ProxiedRequestRow
from trunkline.core.proxy.tables import proxied_requests
from trunkline.infra.db import Database, Tx
from trunkline.infra.jobs.behind import WriteBehind
from trunkline.kit.clock import read_stamp, stamp

FLUSH_S: Final = 1.0
WAITING: Final = 10_000  # entries; the oldest go when the database is away for long
KEPT_FOR: Final = timedelta(days=30)
COLUMNS: Final = ProxiedRequestRow.__struct_fields__

_log = structlog.get_logger(__name__)


class RequestLog(WriteBehind):
    """Takes entries from anywhere in the process and writes them behind the requests."""

    def __init__(self, database: Database) -> None:
        super().__init__(FLUSH_S)
        self._database = database
        self._waiting: deque[ProxiedRequestRow] = deque(maxlen=WAITING)

    def note(self, entry: ProxiedRequestRow) -> None:
        """Have an entry written within about a second."""
        self._waiting.append(entry)

    async def flush(self) -> None:
        """Write everything that is waiting; what cannot be written waits on."""
        if not self._waiting:
            return
        entries = [self._waiting.popleft() for _ in range(len(self._waiting))]
        rows = [astuple(entry) for entry in entries]
        try:
            await self._database.write(lambda tx: tx.insert_many(proxied_requests, COLUMNS, rows))
        except Exception as error:  # noqa: BLE001  # the log must not fail what it tells of; it is tried again
            _log.warning("request_log_not_written", entries=len(entries), error=type(error).__name__)
            self._waiting.extendleft(islice(reversed(entries), WAITING - len(self._waiting)))


def forget_requests(tx: Tx) -> int:
    """Delete the entries that are older than 30 days; how many they were."""
    before = stamp(read_stamp(tx.now) - KEPT_FOR)
    return tx.delete(proxied_requests, EXPIRED, before=before)
