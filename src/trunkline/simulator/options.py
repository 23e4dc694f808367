"""How a simulator is set up."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct

from trunkline.kit.clock import Clock, SystemClock
from trunkline.kit.errors import InvalidRequestError
from trunkline.simulator.profiles import Profile

AHEAD_MAX_S = 10**9  # 31 years; times have four digits for the year


class Options(Struct, frozen=True, kw_only=True):
    """What a simulator is made with.

    Attributes:
        issuer: the authorization server's identifier; None is the address a request came to.
        auto_approve: give codes without asking on the consent page.
        redirect_uris: where the built-in clients may send codes.
        profiles: what hits everybody without profiles of their own.
        access_token_s: how long access tokens live.
        refresh_token_s: how long refresh tokens live.
        code_s: how long authorization codes live.
        slow_s: how long the profile `slow` waits.
        retry_after_s: what the profile `rate-limited` tells callers to wait.
        rate_limit: API requests that one credential may make in a minute.
        seed: what the data is made from; the same seed makes the same data.
        companies: how many there are at the start.
        contacts: how many there are at the start.
        deals: how many there are at the start.
    """

    issuer: str | None = None
    auto_approve: bool = False
    redirect_uris: tuple[str, ...] = ()
    profiles: tuple[Profile, ...] = ()
    access_token_s: int = 300
    refresh_token_s: int = 30 * 24 * 3600
    code_s: int = 60
    slow_s: float = 2.0
    retry_after_s: int = 1
    rate_limit: int = 1_000_000
    seed: int = 1
    companies: int = 40
    contacts: int = 250
    deals: int = 120


class SimulatedClock:
    """The machine's clock, put forward by admin calls."""

    def __init__(self, base: Clock | None = None) -> None:
        self._base = base or SystemClock()
        self._ahead = timedelta()

    def now(self) -> datetime:
        """The simulated moment."""
        return self._base.now() + self._ahead

    def advance(self, seconds: float) -> None:
        """Move forward.

        Raises:
            InvalidRequestError: a negative number, or more in all than the calendar has room for.
        """
        left = AHEAD_MAX_S - self._ahead.total_seconds()
        if not 0 <= seconds <= left:
            raise InvalidRequestError.at("seconds", f"must be from 0 to {left:.0f}: the clock has an end")
        self._ahead += timedelta(seconds=seconds)

    def reset(self) -> None:
        """Go back to the machine's time."""
        self._ahead = timedelta()
