"""From a host name to addresses that may be connected to, looked up once and remembered for half a minute.

What is connected to is an address out of the one answer that was checked, never the name again: a name server
that answers differently the second time (DNS rebinding) is not asked a second time. One forbidden address in
an answer forbids the whole, so that an attacker cannot mix one in and wait for the luck of the draw.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
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
LOOKUPS_AT_ONCE = 32

_log = structlog.get_logger("trunkline.infra.http")


class SystemResolve:
    """Asks the operating system, on threads of its own so that slow name servers hold up nothing else."""

    def __init__(self) -> None:
        self._threads: ThreadPoolExecutor | None = None

    async def __call__(self, host: str) -> Sequence[str]:
        """Every address of a host name.

        Raises:
            OSError: there is none, or nobody knows.
        """
        if self._threads is None:
            self._threads = ThreadPoolExecutor(LOOKUPS_AT_ONCE, thread_name_prefix="egress-dns")
        return await asyncio.get_running_loop().run_in_executor(self._threads, _look_up, host)

    def close(self) -> None:
        """Let go of the threads; the next lookup makes new ones."""
        threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str) -> Sequence[str]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return [str(address[0]) for *_, address in found]


@dataclass(frozen=True, slots=True)
class _Known:
    addresses: tuple[Address, ...]
    until: float


class Resolving:
    """The addresses of targets, for one event loop."""

    def __init__(
        self, policy: EgressPolicy, resolve: Resolve, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._policy = policy
        self._resolve = resolve
        self._clock = clock
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._asking: dict[str, asyncio.Task[tuple[Address, ...]]] = {}

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
        asking = list(self._asking.values())
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)

    async def _named(self, host: str) -> tuple[Address, ...]:
        known = self._known.get(host)
        if known is not None and known.until > self._clock():
            return known.addresses
        task = self._asking.get(host)
        if task is None:
            task = self._asking[host] = asyncio.create_task(self._ask(host))
            task.add_done_callback(lambda _: self._asking.pop(host, None))
        try:
            # Shielded: one caller's timeout must not take the answer from the others who wait for it.
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            caller = asyncio.current_task()
            if caller is not None and caller.cancelling():
                raise
            raise UnreachableError from None  # the client was closed meanwhile

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
