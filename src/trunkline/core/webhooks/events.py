"""What destinations can be told of.

Source: ampersand reference section 3 (notifications).
"""

from __future__ import annotations

from typing import Final

EVENT_TYPES: Final = (
    "connection.created",
    "connection.error",
    "connection.refreshed",
    "connection.updated",
    "connection.deleted",
    "installation.created",
    "installation.updated",
    "installation.deleted",
    "read.schedule.paused",
    "read.backfill.done",
    "read.triggered.done",
    "read.triggered.error",
    "write.async.done",
    "subscribe.create.error",
    "destination.webhook.disabled",
)
