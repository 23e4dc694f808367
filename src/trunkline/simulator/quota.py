"""How many API requests a credential may make: a fixed window, told in headers."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil


@dataclass(frozen=True, slots=True)
class Allowance:
    """Where a credential stands after this request.

    Attributes:
        reset_s: seconds until the window begins anew.
        refused: this request was one too many.
    """

    limit: int
    remaining: int
    reset_s: int
    refused: bool

    def headers(self) -> dict[str, str]:
        """As the API tells its callers."""
        told = {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(self.remaining),
            "x-ratelimit-reset": str(self.reset_s),
        }
        return told | ({"retry-after": str(self.reset_s)} if self.refused else {})


class Quota:
    """Counts requests by credential."""

    def __init__(self, lock: threading.RLock, limit: int, window: timedelta) -> None:
        self._lock = lock
        self._initial = limit
        self._limit = limit
        self._window = window
        self._windows: dict[str, tuple[datetime, int]] = {}

    def limit_to(self, limit: int) -> None:
        """Change what each credential may do in a window; windows begin anew."""
        with self._lock:
            self._limit = limit
            self._windows.clear()

    def reset(self) -> None:
        """Back to the limit it was made with; nobody has asked for anything."""
        self.limit_to(self._initial)

    def take(self, credential: str, now: datetime) -> Allowance:
        """Count a request."""
        with self._lock:
            begun, used = self._windows.get(credential, (now, 0))
            if now >= begun + self._window:
                begun, used = now, 0
            refused = used >= self._limit
            used += not refused
            self._windows[credential] = (begun, used)
            reset_s = ceil((begun + self._window - now).total_seconds())
            return Allowance(self._limit, self._limit - used, reset_s, refused)
