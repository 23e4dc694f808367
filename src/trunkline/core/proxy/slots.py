"""How many requests an organization may have under way at once, so that none takes all there are."""

from __future__ import annotations

from collections import Counter

from trunkline.kit.errors import RateLimitedError

PER_ORGANIZATION = 64  # under way in one process


class TooManyRequestsError(RateLimitedError):
    """The organization has as many requests under way as it may; try again when one has ended."""

    code = "too_many_proxied_requests"


class Slots:
    """Counts what is under way; used on one event loop, so it needs no lock."""

    def __init__(self, limit: int = PER_ORGANIZATION) -> None:
        self._limit = limit
        self._taken: Counter[str] = Counter()

    def take(self, organization_id: str) -> None:
        """Take a slot, to be given back.

        Raises:
            TooManyRequestsError: all of the organization's are taken.
        """
        if self._taken[organization_id] >= self._limit:
            raise TooManyRequestsError(
                f"{self._limit} requests of this organization are under way in this process", retry_after_s=1
            )
        self._taken[organization_id] += 1

    def give_back(self, organization_id: str) -> None:
        """End the use of one that was taken."""
        self._taken[organization_id] -= 1
        if not self._taken[organization_id]:
            del self._taken[organization_id]
