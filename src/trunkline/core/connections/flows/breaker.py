"""Keeps a process from asking a token endpoint that is down, again and again for each connection."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

FAILURES = 5  # in a row, of any connections
OPEN_MIN_S = 10.0
OPEN_MAX_S = 300.0
ENDPOINTS_MAX = 4_096


@dataclass(slots=True)
class _Circuit:
    failures: int = 0
    opened: int = 0  # times in a row
    until: float = 0.0


class Breaker:
    """One circuit for each token endpoint, in memory: other processes find out by themselves.

    After some failures in a row nobody asks for a while; then one caller may try, and its success or failure
    closes the circuit or opens it for twice as long.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._circuits: dict[str, _Circuit] = {}

    def wait_s(self, endpoint: str) -> float:
        """Seconds until this endpoint may be asked; 0 lets this caller through, and nobody after it for a while."""
        with self._lock:
            circuit = self._circuits.get(endpoint)
            if circuit is None or circuit.failures < FAILURES:
                return 0.0
            now = self._clock()
            if circuit.until > now:
                return circuit.until - now
            circuit.until = now + self._pause(circuit)
            return 0.0

    def succeeded(self, endpoint: str) -> None:
        """It answered, be it with a refusal."""
        with self._lock:
            self._circuits.pop(endpoint, None)

    def failed(self, endpoint: str) -> None:
        """It did not answer, or only that it cannot."""
        with self._lock:
            if len(self._circuits) >= ENDPOINTS_MAX:
                self._circuits.clear()  # tenants name endpoints; forgetting costs each a few tries
            circuit = self._circuits.setdefault(endpoint, _Circuit())
            circuit.failures += 1
            if circuit.failures >= FAILURES:
                circuit.until = self._clock() + self._pause(circuit)
                circuit.opened += 1

    def _pause(self, circuit: _Circuit) -> float:
        return float(min(OPEN_MAX_S, OPEN_MIN_S * 2.0 ** min(circuit.opened, 10)))
