"""From a host name to addresses that may be connected to, looked up once and remembered for half a minute.

What is connected to is an address out of the one answer that was checked, never the name again: a name server
that answers differently the second time (DNS rebinding) is not asked a second time. One forbidden address in
an answer forbids the whole, so that an attacker cannot mix one in and wait for the luck of the draw.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeAlias

import structlog

from trunkline.infra.http.addresses import Address
from trunkline.infra.http.errors import TargetForbiddenError, UnreachableError
from trunkline.infra.http.policy import EgressPolicy
from trunkline.infra.http.targets import Target, read_address

Resolve: TypeAlias = Callable[[str], Awaitable[Sequence[str]]]
"""Looks a host name up: every address there is, as text. Raises OSError where there is none."""

REMEMBERED_S = 30.0  # never longer: names move, and what they move to must be checked
FAILURE_REMEMBERED_S = 1.0
NAMES_MAX = 4_096
LOOKUPS_AT_ONCE = 64
_SUFFIXES = frozenset({"ac", "co", "com", "edu", "gob", "gov", "mil", "net", "or", "org"})  # co.uk, com.br
LOOKUPS_OF_A_DOMAIN = 4  # at once: whose name servers are dead holds up no more than these

_log = structlog.get_logger("trunkline.infra.http")


_Found: TypeAlias = Future[Sequence[str]]


@dataclass(slots=True)
class _Lane:
    """The lookups of one domain: those that wait for a thread, and how many threads are at it."""

    waiting: deque[tuple[str, _Found]] = field(default_factory=deque)
    threads: int = 0


class SystemResolve:
    """Asks the operating system, on threads of its own so that slow name servers hold up nothing else.

    A thread that asks cannot be stopped, and of a dead name server it hears nothing for longer than any caller
    waits. So a domain has few of them, and its further names wait behind their own kind.
    """

    def __init__(self) -> None:
        self._threads: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()
        self._lanes: dict[str, _Lane] = {}

    async def __call__(self, host: str) -> Sequence[str]:
        """Every address of a host name; not looked up when whoever asks is cancelled before its turn.

        Raises:
            OSError: there is none, or nobody knows.
        """
        found: _Found = Future()
        with self._lock:
            domain = domain_of(host)
            lane = self._lanes.setdefault(domain, _Lane())
            lane.waiting.append((host, found))
            if lane.threads < LOOKUPS_OF_A_DOMAIN:
                if self._threads is None:
                    self._threads = ThreadPoolExecutor(LOOKUPS_AT_ONCE, thread_name_prefix="egress-dns")
                self._threads.submit(self._serve, domain, lane)
                lane.threads += 1
        return await asyncio.wrap_future(found)

    def close(self) -> None:
        """Let go of the threads; the next lookup makes new ones."""
        with self._lock:
            threads, self._threads = self._threads, None
            lanes, self._lanes = self._lanes, {}
            waiting = [found for lane in lanes.values() for _, found in lane.waiting]
        for found in waiting:
            found.cancel()
        if threads is not None:
            threads.shutdown(wait=False, cancel_futures=True)

    def _serve(self, domain: str, lane: _Lane) -> None:
        while True:
            with self._lock:
                if not lane.waiting:
                    lane.threads -= 1
                    if not lane.threads and self._lanes.get(domain) is lane:
                        del self._lanes[domain]
                    return
                host, found = lane.waiting.popleft()
            if not found.set_running_or_notify_cancel():
                continue
            try:
                found.set_result(_look_up(host))
            except Exception as error:  # noqa: BLE001  # whoever asked raises it
                found.set_exception(error)


def domain_of(host: str) -> str:
    """The part of a name that somebody registered, and whose name servers are asked, as far as spelling tells.

    Of the public suffixes only the common ones of countries are known: where another is taken for a domain,
    strangers below it wait for each other, which is better than one of them having as many domains as they like.
    """
    labels = host.rsplit(".", 3)[-3:]
    is_below_a_suffix = len(labels) == 3 and len(labels[2]) == 2 and labels[1] in _SUFFIXES
    return ".".join(labels if is_below_a_suffix else labels[-2:])


def _look_up(host: str) -> Sequence[str]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return [str(address[0]) for *_, address in found]


@dataclass(frozen=True, slots=True)
class _Known:
    addresses: tuple[Address, ...]
    until: float


@dataclass(slots=True)
class _Asking:
    task: asyncio.Task[tuple[Address, ...]]
    waiting: int = 0


class Resolving:
    """The addresses of targets, for one event loop."""

    def __init__(
        self, policy: EgressPolicy, resolve: Resolve, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._policy = policy
        self._resolve = resolve
        self._clock = clock
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._asking: dict[str, _Asking] = {}

    async def addresses(self, target: Target) -> tuple[Address, ...]:
        """Where to connect to, best first; never empty.

        Raises:
            TargetForbiddenError: the policy lets nothing be sent there.
            UnreachableError: the name has no address.
        """
        reason = self._policy.objection(target)
        if reason is not None:
            raise _forbidden(target, reason)
        address = target.address
        found = (address,) if address is not None else await self._named(target.host)
        if not found:
            raise UnreachableError
        for one in found:
            reason = self._policy.objection_to(target, one)
            if reason is not None:
                raise _forbidden(target, reason, one)
        return found

    def demote(self, target: Target, address: Address) -> None:
        """Try an address last from now on: it did not answer."""
        known = self._known.get(target.host)
        if known is not None and address in known.addresses:
            rest = tuple(one for one in known.addresses if one != address)
            self._known[target.host] = _Known((*rest, address), known.until)

    async def close(self) -> None:
        """Give up on what is being looked up."""
        asking = [one.task for one in self._asking.values()]
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)

    async def _named(self, host: str) -> tuple[Address, ...]:
        known = self._known.get(host)
        if known is not None and known.until > self._clock():
            return known.addresses
        asking = self._asking.get(host)
        if asking is None:
            asking = self._asking[host] = _Asking(asyncio.create_task(self._ask(host)))
        asking.waiting += 1
        try:
            # Shielded: one caller's timeout must not take the answer from the others who wait for it.
            return await asyncio.shield(asking.task)
        except asyncio.CancelledError:
            caller = asyncio.current_task()
            if caller is not None and caller.cancelling():
                raise
            raise UnreachableError from None  # the client was closed meanwhile
        finally:
            asking.waiting -= 1
            if not asking.waiting:
                del self._asking[host]
                asking.task.cancel()  # nobody is left to hear; where it has answered, nothing happens

    async def _ask(self, host: str) -> tuple[Address, ...]:
        addresses: tuple[Address, ...] = ()
        try:
            addresses = tuple(dict.fromkeys(_read(text) for text in await self._resolve(host)))
        except (OSError, UnicodeError) as error:
            _log.info("name_not_resolved", host=host, reason=str(error))
        kept_s = REMEMBERED_S if addresses else FAILURE_REMEMBERED_S
        self._known[host] = _Known(addresses, self._clock() + kept_s)
        self._known.move_to_end(host)
        while len(self._known) > NAMES_MAX:
            self._known.popitem(last=False)
        return addresses


def _read(text: str) -> Address:
    address = read_address(text.partition("%")[0])  # a zone only ever comes with link-local ones
    if address is None:
        raise OSError(f"a name server answered {text!r}, which is no address")
    return address


def _forbidden(target: Target, reason: str, address: Address | None = None) -> TargetForbiddenError:
    _log.warning(
        "egress_forbidden",
        origin=str(target.origin),
        reason=reason,
        address=str(address) if address else None,
    )
    return TargetForbiddenError()
