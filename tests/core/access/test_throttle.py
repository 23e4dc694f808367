from __future__ import annotations

from datetime import timedelta

import pytest

from tests.core.access.world import START
from trunkline.core.access.throttle import ENTRIES_MAX, LoginThrottle, place_of
from trunkline.kit.clock import FixedClock
from trunkline.kit.errors import RateLimitedError

HERE, THERE = "192.0.2.1", "198.51.100.7"


class Gate:
    def __init__(self) -> None:
        self.clock = FixedClock(START)
        self.throttle = LoginThrottle(self.clock)

    def wait(self, user: str, source: str = HERE) -> int:
        """Seconds to wait; 0 where the try passes, which is then counted as wrong."""
        try:
            self.throttle.admit(user.encode(), source)
        except RateLimitedError as error:
            return error.retry_after_s
        return 0

    def passes(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))


@pytest.fixture
def gate() -> Gate:
    return Gate()


def test_five_wrong_passwords_are_free_and_each_further_one_doubles_the_wait(gate: Gate) -> None:
    assert [gate.wait("ada") for _ in range(5)] == [0] * 5
    waits = []
    for _ in range(12):
        waits.append(gate.wait("ada"))
        gate.passes(waits[-1] - 0.5)
        assert gate.wait("ada") == 1
        gate.passes(0.5)
        assert gate.wait("ada") == 0
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]


def test_a_refused_try_does_not_lengthen_the_wait(gate: Gate) -> None:
    for _ in range(6):
        gate.wait("ada")
    assert [gate.wait("ada") for _ in range(100)] == [1] * 100
    gate.passes(1)
    assert gate.wait("ada") == 0


def test_one_name_does_not_hold_up_another_nor_one_place_another(gate: Gate) -> None:
    for _ in range(5):
        gate.wait("ada")
    assert gate.wait("ada", THERE) == 1
    assert gate.wait("grace") == 0


def test_a_place_that_tries_many_names_has_to_wait_with_all_of_them(gate: Gate) -> None:
    assert [gate.wait(f"user{n}") for n in range(30)] == [0] * 30
    assert gate.wait("another") == 1
    assert gate.wait("another", THERE) == 0
    gate.passes(1)
    assert gate.wait("another") == 0
    assert gate.wait("one more") == 2


def test_a_proxy_on_this_machine_is_not_held_up_for_what_comes_through_it(gate: Gate) -> None:
    assert {gate.wait(f"user{n}", "127.0.0.1") for n in range(200)} == {0}
    gate.throttle.succeeded(b"user1", "127.0.0.1")
    assert [gate.wait("ada", "127.0.0.1") for _ in range(6)] == [0, 0, 0, 0, 0, 1]


def test_the_right_password_sets_a_name_back_and_leaves_what_the_place_has_tried(gate: Gate) -> None:
    for n in range(29):
        gate.wait(f"user{n}")
    for _ in range(20):
        assert gate.wait("ada") == 0
        gate.throttle.succeeded(b"ada", HERE)
    assert gate.wait("ada") == 0
    assert gate.wait("grace") == 1


def test_a_try_that_was_never_made_does_not_count(gate: Gate) -> None:
    for _ in range(100):
        assert gate.wait("ada") == 0
        gate.throttle.withdraw(b"ada", HERE)
    gate.throttle.withdraw(b"nobody", THERE)


def test_wrong_passwords_are_forgotten_an_hour_after_the_last(gate: Gate) -> None:
    for _ in range(5):
        gate.wait("ada")
    gate.passes(3_599)
    assert gate.wait("ada") == 0
    assert gate.wait("ada") == 2
    gate.passes(3_600)
    assert [gate.wait("ada") for _ in range(5)] == [0] * 5


def test_what_is_kept_is_bounded(gate: Gate) -> None:
    for _ in range(6):
        gate.wait("ada")
    for n in range(ENTRIES_MAX):
        gate.wait(f"user{n}", f"place{n}")
    assert len(gate.throttle._users) == ENTRIES_MAX
    assert len(gate.throttle._sources) == ENTRIES_MAX
    assert gate.wait("ada", THERE) == 0


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("a socket", "a socket"),
        ("x" * 1_000, "x" * 100),
        ("", None),
        ("127.0.0.1", None),
        ("::1", None),
        ("::ffff:127.0.0.9", None),
    ],
)
def test_an_ipv6_address_stands_for_its_network_and_this_machine_for_nobody(
    source: str, place: str | None
) -> None:
    assert place_of(source) == place
