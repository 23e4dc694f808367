"""When a token is too old to be used, when the background must look at it, and how long to wait after failures.

All of it is decided once, when a credential is stored, and kept as plain times: a request then compares two
texts and nothing else.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from trunkline.core.integrations import TOKEN_LIFE_MAX_S
from trunkline.kit.clock import stamp

MARGIN_S = 60.0  # before its end, a token is replaced …
MARGIN_SHARE = 0.1  # … or this share of its life before, where that is less
CALM_S = 30.0  # a token is not replaced sooner after it was got
IDLE_S = 7 * 86_400.0  # a grant nobody uses is refreshed so often, as many providers end idle ones
LEAD_SHARE = 0.1  # a refresh token is used this share of its life before its end …
LEAD_S = 86_400.0  # … or a day before, where that is less
ASSUMED_LIFE_S = 3_600  # of a token that can be refreshed and whose provider does not say how long it lives
LIFE_MIN_S = 1
LIFE_MAX_S = TOKEN_LIFE_MAX_S
BACKOFF_MIN_S = 5.0
BACKOFF_MAX_S = 3_600.0

Jitter = Callable[[float, float], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """The moments that follow from getting a credential, as stored text.

    Attributes:
        refreshed_at: when it was got.
        access_expires_at: None where it does not end, as far as anybody knows.
        refresh_expires_at: when it can no longer be replaced without the owner; None for never or unknown.
        stale_at: from when on it is replaced before it is used.
        due_at: when the background must look at it.
    """

    refreshed_at: str
    access_expires_at: str | None
    refresh_expires_at: str | None
    stale_at: str | None
    due_at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetimes:
    """How long what was got lives, in seconds from when it was asked for.

    Attributes:
        access_s: None for without end.
        refresh_s: of the refresh token; None where the provider does not say.
        refreshable: whether it can be replaced without the owner.
        idles: whether the provider may end a grant that is not used, which a refresh token's is.
    """

    access_s: int | None
    refresh_s: int | None = None
    refreshable: bool = False
    idles: bool = False


def times_of(asked_at: str, lives: Lifetimes, jitter: Jitter = random.uniform) -> Times:
    """The times of a credential that was asked for at this moment."""
    start = datetime.fromisoformat(asked_at)
    access_s = lives.access_s
    if access_s is None and lives.refreshable:
        access_s = ASSUMED_LIFE_S
    expires_at = _after(start, access_s)
    refresh_expires_at = _after(start, lives.refresh_s)
    if not lives.refreshable:
        # Nothing can be done before its end, and at its end somebody must be told.
        return Times(
            refreshed_at=asked_at,
            access_expires_at=expires_at,
            refresh_expires_at=refresh_expires_at,
            stale_at=expires_at,
            due_at=expires_at,
        )
    return Times(
        refreshed_at=asked_at,
        access_expires_at=expires_at,
        refresh_expires_at=refresh_expires_at,
        stale_at=_after(start, _stale_after(access_s, jitter)),
        due_at=_after(start, _due_after(lives, jitter)),
    )


def backoff_s(failures: int, asked_s: float | None = None, jitter: Jitter = random.uniform) -> float:
    """Seconds to wait after this many failures in a row: 5 s doubling up to an hour, or longer where asked to.

    Args:
        failures: at least 1.
        asked_s: what the provider asked for; more than an hour is not waited.
        jitter: spreads the callers.
    """
    longest = min(BACKOFF_MAX_S, BACKOFF_MIN_S * 2.0 ** min(failures - 1, 20))
    own = BACKOFF_MIN_S if longest == BACKOFF_MIN_S else jitter(longest / 2, longest)
    return min(BACKOFF_MAX_S, max(own, asked_s or 0.0))


def later(moment: str, seconds: float) -> str:
    """The stored moment so many seconds later."""
    return stamp(datetime.fromisoformat(moment) + timedelta(seconds=seconds))


def seconds_until(moment: str, now: str) -> float:
    """How far off a stored moment is; negative once it has passed."""
    return (datetime.fromisoformat(moment) - datetime.fromisoformat(now)).total_seconds()


def _stale_after(access_s: int | None, jitter: Jitter) -> float | None:
    if access_s is None:
        return None
    margin = min(MARGIN_S, MARGIN_SHARE * access_s)
    # Spread over half as much again, so that what was connected together is not refreshed together.
    return max(CALM_S, access_s - margin - jitter(0.0, margin / 2))


def _due_after(lives: Lifetimes, jitter: Jitter) -> float | None:
    if not lives.idles:
        return None
    due = jitter(0.9 * IDLE_S, IDLE_S)
    if lives.refresh_s is not None:
        lead = min(LEAD_S, LEAD_SHARE * lives.refresh_s)
        due = min(due, lives.refresh_s - lead - jitter(0.0, lead / 2))
    return max(CALM_S, due)


def _after(start: datetime, seconds: float | None) -> str | None:
    return None if seconds is None else stamp(start + timedelta(seconds=seconds))
