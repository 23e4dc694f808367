"""Counters: what the simulator was asked, by whom, and how it ended."""

from __future__ import annotations

import threading
from collections import Counter
from enum import StrEnum
from typing import Any


class Count(StrEnum):
    """What is counted; the value is its name in the admin answer."""

    AUTHORIZATIONS = "authorizations"  # by outcome
    TOKEN_CALLS = "tokenCalls"  # noqa: S105  # by grant and outcome
    REDIRECTS_FOLLOWED = "redirectsFollowed"  # somebody believed the profile `redirect`
    REFRESH_TOKENS_REUSED = "refreshTokensReused"
    CODES_REUSED = "codesReused"
    FAMILIES_REVOKED = "familiesRevoked"  # by reason
    REVOCATIONS = "revocations"  # by outcome
    ANSWERS_LOST = "answersLost"  # processed, and the caller was not told
    API_CALLS = "apiCalls"  # by route and status
    TOKEN_EXCHANGES = "tokenExchanges"  # noqa: S105  # by outcome


_BY_TWO = {Count.TOKEN_CALLS: ("byGrant",), Count.API_CALLS: ("byRoute",)}
_BY_ONE = {Count.AUTHORIZATIONS, Count.FAMILIES_REVOKED, Count.REVOCATIONS, Count.TOKEN_EXCHANGES}


class Statistics:
    """Exact counts since the start or the last reset."""

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        self._counts: Counter[tuple[Count, str, tuple[str, ...]]] = Counter()

    def count(self, what: Count, client_id: str, *labels: str) -> None:
        """Count one more."""
        with self._lock:
            self._counts[what, client_id, labels] += 1

    def reset(self) -> None:
        """Start from zero."""
        with self._lock:
            self._counts.clear()

    def total(self, what: Count, *labels: str, client_id: str | None = None) -> int:
        """How many there were, with these first labels, of one client or of all."""
        with self._lock:
            return sum(
                number
                for (kind, client, given), number in self._counts.items()
                if kind is what and given[: len(labels)] == labels and client_id in (None, client)
            )

    def report(self, client_id: str | None = None) -> dict[str, Any]:
        """Every counter, of one client or of all, as the admin face prints them."""
        with self._lock:
            return {what.value: self._reported(what, client_id) for what in Count}

    def _reported(self, what: Count, client_id: str | None) -> Any:
        found: Counter[tuple[str, ...]] = Counter()
        for (kind, client, labels), number in self._counts.items():
            if kind is what and client_id in (None, client):
                found[labels] += number
        total = found.total()
        if what in _BY_TWO:
            nested: dict[str, dict[str, int]] = {}
            for labels, number in sorted(found.items()):
                nested.setdefault(labels[0], {})[labels[1]] = number
            return {"total": total, _BY_TWO[what][0]: nested}
        if what in _BY_ONE:
            return {"total": total, "by": {labels[0]: number for labels, number in sorted(found.items())}}
        return total
