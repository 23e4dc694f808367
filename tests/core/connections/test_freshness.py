from __future__ import annotations

import pytest

from trunkline.core.connections.flows.breaker import ENDPOINTS_MAX, FAILURES, Breaker
from trunkline.core.connections.freshness import (
    Lifetimes,
    Times,
    backoff_s,
    later,
    seconds_until,
    times_of,
)

NOW = "2026-03-01T12:00:00.000000Z"


def least(low: float, _high: float) -> float:
    return low


def most(_low: float, high: float) -> float:
    return high


def offsets(times: Times) -> tuple[float | None, ...]:
    moments = (times.access_expires_at, times.stale_at, times.due_at)
    return tuple(None if moment is None else seconds_until(moment, NOW) for moment in moments)


WEEK = 7 * 86_400.0


@pytest.mark.parametrize(
    ("lives", "first", "last"),
    [
        # expires, stale, due; with the least and the most jitter
        (
            Lifetimes(access_s=3600, refreshable=True, idles=True),
            (3600, 3540, 0.9 * WEEK),
            (3600, 3510, WEEK),
        ),
        (Lifetimes(access_s=300, refreshable=True), (300, 270, None), (300, 255, None)),
        (Lifetimes(access_s=5, refreshable=True), (5, 30, None), (5, 30, None)),
        (Lifetimes(access_s=None, refreshable=True), (3600, 3540, None), (3600, 3510, None)),
        (Lifetimes(access_s=300), (300, 300, 300), (300, 300, 300)),
        (Lifetimes(access_s=None), (None, None, None), (None, None, None)),
        (
            Lifetimes(access_s=300, refresh_s=3600, refreshable=True, idles=True),
            (300, 270, 3240),
            (300, 255, 3060),
        ),
        (
            Lifetimes(access_s=300, refresh_s=90 * 86_400, refreshable=True, idles=True),
            (300, 270, 0.9 * WEEK),
            (300, 255, WEEK),
        ),
        (
            Lifetimes(access_s=300, refresh_s=2 * 86_400, refreshable=True, idles=True),
            (300, 270, 1.8 * 86_400),
            (300, 255, 1.7 * 86_400),
        ),
    ],
)
def test_when_a_credential_is_stale_and_when_it_is_looked_at(
    lives: Lifetimes, first: tuple[float | None, ...], last: tuple[float | None, ...]
) -> None:
    assert offsets(times_of(NOW, lives, least)) == pytest.approx(first)
    assert offsets(times_of(NOW, lives, most)) == pytest.approx(last)


def test_backing_off() -> None:
    assert [backoff_s(number, jitter=most) for number in (1, 2, 3, 9, 10, 11, 12, 1_000)] == [
        5, 10, 20, 1280, 2560, 3600, 3600, 3600,
    ]  # fmt: skip
    assert [backoff_s(number, jitter=least) for number in (1, 2, 3)] == [5, 5, 10]
    assert backoff_s(1, 30, jitter=most) == 30
    assert backoff_s(3, 7, jitter=most) == 20
    assert backoff_s(1, 1e9, jitter=most) == 3_600


def test_moments() -> None:
    assert later(NOW, 90.5) == "2026-03-01T12:01:30.500000Z"
    assert seconds_until(later(NOW, -3), NOW) == -3


def test_the_breaker_forgets_nothing_of_one_organization_for_another() -> None:
    breaker = Breaker(clock=lambda: 0.0)
    for _ in range(FAILURES):
        breaker.failed(("acme", "a"))
    for number in range(3 * ENDPOINTS_MAX):
        breaker.failed(("rival", str(number)))
    assert breaker.wait_s(("acme", "a")) == 10
    assert breaker.wait_s(("rival", "a")) == 0
    for _ in range(FAILURES):
        breaker.failed(("rival", "a"))
    assert breaker.wait_s(("rival", "a")) == 10
    breaker.succeeded(("rival", "a"))
    assert (breaker.wait_s(("rival", "a")), breaker.wait_s(("acme", "a"))) == (0, 10)


def test_the_breaker_lets_one_through_at_growing_intervals() -> None:
    now = 0.0
    breaker = Breaker(clock=lambda: now)
    for _ in range(4):
        breaker.failed(("acme", "a"))
        assert breaker.wait_s(("acme", "a")) == 0
    breaker.failed(("acme", "a"))
    assert breaker.wait_s(("acme", "a")) == 10
    assert breaker.wait_s(("acme", "b")) == 0
    now = 10.0
    assert breaker.wait_s(("acme", "a")) == 0  # one may try
    assert breaker.wait_s(("acme", "a")) == 20  # nobody else meanwhile
    breaker.failed(("acme", "a"))
    assert breaker.wait_s(("acme", "a")) == 20
    now = 1_000.0
    for _ in range(9):
        assert breaker.wait_s(("acme", "a")) == 0
        breaker.failed(("acme", "a"))
        now += 1_000
    assert breaker.wait_s(("acme", "a")) == 0
    breaker.succeeded(("acme", "a"))
    for _ in range(3):
        assert breaker.wait_s(("acme", "a")) == 0
