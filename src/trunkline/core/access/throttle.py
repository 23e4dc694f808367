"""Slows down whoever guesses passwords, by the name that is tried and by where the tries come from.

Kept in the memory of one process: with several server processes each allows this many tries, and a restart
forgets them. Both tables are bounded, so the longest untried is forgotten first when they are full.
"""

from __future__ import annotations

import ipaddress
import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import TypeVar

from trunkline.kit.clock import Clock
from trunkline.kit.errors import RateLimitedError

USER_TRIES = 5  # wrong passwords for one name before the next has to wait
SOURCE_TRIES = 30  # from one place: several people may share an address
FIRST_WAIT_S = 1  # seconds; doubles with each further wrong password
LONGEST_WAIT_S = 300  # seconds
FORGOTTEN_AFTER_S = 3_600  # seconds without a wrong password
ENTRIES_MAX = 10_000  # names, and as many places
_IPV6_PREFIX = 64  # bits; whoever has one IPv6 address has all that begin like it


Key = TypeVar("Key", bytes, str)


@dataclass(slots=True)
class _Tries:
    wrong: int
    last: datetime


class LoginThrottle:
    """Counts wrong passwords and refuses further ones for a while; right ones set the name's count back."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._users: OrderedDict[bytes, _Tries] = OrderedDict()
        self._sources: OrderedDict[str, _Tries] = OrderedDict()

    def admit(self, user: bytes, source: str) -> None:
        """Let one try pass, counted as wrong until `succeeded`, so that many at once gain nothing.

        Args:
            user: what stands for the name that is tried; of a fixed length.
            source: the network address it comes from, or what else stands for it.

        Raises:
            RateLimitedError: there were too many wrong ones; a try that is refused does not count.
        """
        place = place_of(source)
        with self._lock:
            now = self._clock.now()
            waits = [_wait(self._users.get(user), USER_TRIES, now)]
            if place is not None:
                waits.append(_wait(self._sources.get(place), SOURCE_TRIES, now))
            if max(waits) > 0:
                raise RateLimitedError("too many wrong passwords; wait before the next", ceil(max(waits)))
            _count(self._users, user, now)
            if place is not None:
                _count(self._sources, place, now)

    def succeeded(self, user: bytes, source: str) -> None:
        """The admitted try was right after all."""
        with self._lock:
            self._users.pop(user, None)
            _uncount(self._sources, place_of(source))

    def withdraw(self, user: bytes, source: str) -> None:
        """The admitted try was never made."""
        with self._lock:
            _uncount(self._users, user)
            _uncount(self._sources, place_of(source))


def place_of(source: str) -> str | None:
    """What tries from an address are counted under: an IPv6 address stands for its whole network.

    None for what comes through this machine: most likely a proxy, hence everybody, whom one stranger could
    keep from logging in.
    """
    try:
        address = ipaddress.ip_address(source.partition("%")[0])
    except ValueError:
        return source[:100] or None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if address.is_loopback:
        return None
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(ipaddress.ip_network((address, _IPV6_PREFIX), strict=False))


def _wait(tries: _Tries | None, free: int, now: datetime) -> float:
    """Seconds until the next try may pass."""
    if tries is None or tries.wrong < free:
        return 0
    passed = (now - tries.last).total_seconds()
    if passed >= FORGOTTEN_AFTER_S:
        return 0
    doublings = min(tries.wrong - free, 30)  # by then the longest wait is long reached
    return min(FIRST_WAIT_S * 2.0**doublings, LONGEST_WAIT_S) - passed


def _count(table: OrderedDict[Key, _Tries], key: Key, now: datetime) -> None:
    tries = table.pop(key, None)
    if tries is None or (now - tries.last).total_seconds() >= FORGOTTEN_AFTER_S:
        tries = _Tries(0, now)
    table[key] = _Tries(tries.wrong + 1, now)
    while len(table) > ENTRIES_MAX:
        table.popitem(last=False)


def _uncount(table: OrderedDict[Key, _Tries], key: Key | None) -> None:
    tries = None if key is None else table.get(key)
    if key is not None and tries is not None:
        tries.wrong -= 1
        if tries.wrong <= 0:
            del table[key]
