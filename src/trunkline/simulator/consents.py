"""Authorization requests that wait for somebody to say yes or no."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from trunkline.simulator.accounts import Account
from trunkline.simulator.clients import Client, new_id
from trunkline.simulator.options import SimulatedClock

LIFE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A request that has been checked.

    Attributes:
        hinted: the account that is chosen unless its owner chooses another.
    """

    client: Client
    redirect_uri: str
    state: str | None
    challenge: str
    scopes: tuple[str, ...]
    issuer: str
    hinted: Account


class PendingConsents:
    """Keeps requests while their consent page is open; each is answered once."""

    def __init__(self, lock: threading.RLock, clock: SimulatedClock) -> None:
        self._lock = lock
        self._clock = clock
        self._pending: dict[str, tuple[datetime, AuthorizationRequest]] = {}

    def keep(self, request: AuthorizationRequest) -> str:
        """Keep a request; the handle that its page carries."""
        now = self._clock.now()
        with self._lock:
            self._pending = {key: kept for key, kept in self._pending.items() if kept[0] > now}
            handle = new_id("sim_ask_")
            self._pending[handle] = (now + LIFE, request)
            return handle

    def take(self, handle: str) -> AuthorizationRequest | None:
        """The request of this handle, once and for ten minutes."""
        with self._lock:
            until, request = self._pending.pop(handle, (self._clock.now(), None))
            return request if until > self._clock.now() else None

    def reset(self) -> None:
        """Forget every request."""
        with self._lock:
            self._pending.clear()
