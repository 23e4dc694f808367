"""Whether a target may be connected to: the table of addresses, and what the operator lets through besides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from trunkline.infra.http.addresses import Address, forbidden_range
from trunkline.infra.http.errors import InvalidUrlError
from trunkline.infra.http.targets import Target, parse_authority, read_address


@dataclass(frozen=True, slots=True)
class EgressPolicy:
    """Only https to public addresses, except exactly where the operator said so.

    Attributes:
        allowed: (host, port) pairs at which private addresses and plain http are let through. A name leads
            to private and loopback addresses, never to link-local ones and the like; an address to itself.
    """

    allowed: frozenset[tuple[str, int]] = frozenset()

    def exempts(self, target: Target) -> bool:
        """Whether the operator listed this very host and port."""
        return (target.host, target.port) in self.allowed

    def objection(self, target: Target) -> str | None:
        """Why nothing may be sent to this target whatever its address; None where nothing speaks against it."""
        if target.scheme != "https" and not self.exempts(target):
            return "plain http"
        return None

    def objection_to(self, target: Target, address: Address) -> str | None:
        """Why this address may not be connected to for this target; None where it may."""
        found = forbidden_range(address)
        if found is None:
            return None
        if self.exempts(target) and (found.private or read_address(target.host) == address):
            return None
        return found.name


def egress_policy(entries: Iterable[str]) -> EgressPolicy:
    """The policy that a list of `host:port` amounts to, e.g. `127.0.0.1:9000`, `[::1]:9000`, `crm.internal:8443`.

    Raises:
        InvalidUrlError: an entry is malformed or lacks the port.
    """
    allowed: set[tuple[str, int]] = set()
    for entry in entries:
        host, port = parse_authority(entry)
        if port is None:
            raise InvalidUrlError(f"{entry} lacks its port")
        allowed.add((host, port))
    return EgressPolicy(frozenset(allowed))
