"""Keeps a process from asking a token endpoint that is down, again and again for each connection."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

FAILURES = 5  # in a row, of any connections
OPEN_MIN_S = 10.0
OPEN_MAX_S = 300.0
ENDPOINTS_MAX = 256  # of an organization that are remembered

Circuit = tuple[str, str]  # the publisher's organization and the endpoint


@dataclass(slots=True)
class _Tally:
    failures: int = 0
    opened: int = 0  # times in a row
    until: float = 0.0


class Breaker:
    """One circuit for each token endpoint of a publisher, in memory: other processes find out by themselves.

    After some failures in a row nobody asks for a while; then one caller may try, and its success or failure
    closes the circuit or opens it for twice as long.

    Organizations share nothing, not even the place: whatever one of them names, and however much of it, changes
    nothing for the others, be it that they are kept from asking or that they ask a dead endpoint anew.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._tallies: dict[str, dict[str, _Tally]] = {}

    def wait_s(self, circuit: Circuit) -> float:
        """Seconds until this endpoint may be asked; 0 lets this caller through, and nobody after it for a while."""
        with self._lock:
            organization_id, endpoint = circuit
            tally = self._tallies.get(organization_id, {}).get(endpoint)
            if tally is None or tally.failures < FAILURES:
                return 0.0
            now = self._clock()
            if tally.until > now:
                return tally.until - now
            tally.until = now + self._pause(tally)
            return 0.0

    def succeeded(self, circuit: Circuit) -> None:
        """It answered, be it with a refusal."""
        with self._lock:
            organization_id, endpoint = circuit
            own = self._tallies.get(organization_id, {})
            own.pop(endpoint, None)
            if not own:
                self._tallies.pop(organization_id, None)

    def failed(self, circuit: Circuit) -> None:
        """It did not answer, or only that it cannot."""
        with self._lock:
            organization_id, endpoint = circuit
            own = self._tallies.setdefault(organization_id, {})
            if endpoint not in own and len(own) >= ENDPOINTS_MAX:
                # The one known longest; forgetting it costs its publisher a few tries, and nobody else any.
                del own[next(iter(own))]
            tally = own.setdefault(endpoint, _Tally())
            tally.failures += 1
            if tally.failures >= FAILURES:
                tally.until = self._clock() + self._pause(tally)
                tally.opened += 1

    def _pause(self, tally: _Tally) -> float:
        return float(min(OPEN_MAX_S, OPEN_MIN_S * 2.0 ** min(tally.opened, 10)))
