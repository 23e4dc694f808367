"""Which addresses are never connected to: our own table, because Python's `is_global` misses a third of them.

From the IANA IPv4 and IPv6 special-purpose address registries, with everything that can carry another address
inside (mapped, compatible, translated, 6to4, Teredo, ISATAP) forbidden whole rather than looked into, and the
addresses at which clouds keep the credentials of the machine. Of IPv6 only 2000::/3 is anybody's at all.
A translator with a prefix of the operator's own (RFC 6052) cannot be known here.

Source: IANA special-purpose registries; RFC 6890, 8190, 6052, 8215, 9637; RFC 5214 (ISATAP).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Range:
    """A block of addresses.

    Attributes:
        network: the block.
        name: for the log.
        private: whether an operator's exception for a host name may lead there. An exception that spells an
            address itself leads to that address, whatever it is.
    """

    network: IPv4Network | IPv6Network
    name: str
    private: bool = False


def _block(network: str, name: str, *, private: bool = False) -> Range:
    return Range(ip_network(network), name, private)


# The first that holds an address names it, so what is special stands before what it lies in.
FORBIDDEN_V4: tuple[Range, ...] = (
    _block("0.0.0.0/8", "this network, unspecified"),
    _block("10.0.0.0/8", "private", private=True),
    _block("100.100.100.200/32", "metadata"),  # Alibaba Cloud
    _block("100.64.0.0/10", "shared, carrier-grade NAT", private=True),
    _block("127.0.0.0/8", "loopback", private=True),
    _block("168.63.129.16/32", "metadata"),  # Azure's virtual public address of the host
    _block("169.254.0.0/16", "link-local, metadata"),
    _block("172.16.0.0/12", "private", private=True),
    _block("192.0.0.0/24", "IETF protocol assignments, metadata"),  # Oracle Cloud's is 192.0.0.192
    _block("192.0.2.0/24", "documentation"),
    _block("192.31.196.0/24", "AS112"),
    _block("192.52.193.0/24", "AMT"),
    _block("192.88.99.0/24", "6to4 relay"),
    _block("192.168.0.0/16", "private", private=True),
    _block("192.175.48.0/24", "AS112"),
    _block("198.18.0.0/15", "benchmarking"),
    _block("198.51.100.0/24", "documentation"),
    _block("203.0.113.0/24", "documentation"),
    _block("224.0.0.0/4", "multicast"),
    _block("255.255.255.255/32", "broadcast"),
    _block("240.0.0.0/4", "reserved"),
)
FORBIDDEN_V6: tuple[Range, ...] = (
    _block("::/128", "unspecified"),
    _block("::1/128", "loopback", private=True),
    _block("::/96", "IPv4-compatible"),
    _block("::ffff:0:0/96", "IPv4-mapped"),
    _block("::ffff:0:0:0/96", "IPv4-translated"),
    _block("64:ff9b::/96", "NAT64"),
    _block("64:ff9b:1::/48", "local NAT64"),
    _block("100::/64", "discard"),
    _block("100:0:0:1::/64", "dummy"),
    _block("2001::/32", "Teredo"),
    _block("2001::/23", "IETF protocol assignments"),
    _block("2001:db8::/32", "documentation"),
    _block("2002::/16", "6to4"),
    _block("2620:4f:8000::/48", "AS112"),
    _block("3fff::/20", "documentation"),
    _block("5f00::/16", "segment routing"),
    _block("fd00:ec2::/32", "metadata"),  # AWS: fd00:ec2::254 and its neighbours
    _block("fd20:ce::254/128", "metadata"),  # Google Cloud
    _block("fc00::/7", "unique local", private=True),
    _block("fe80::/10", "link-local"),
    _block("fec0::/10", "site-local"),
    _block("ff00::/8", "multicast"),
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_UNASSIGNED = Range(IPv6Network("::/0"), "reserved")
_ISATAP = Range(IPv6Network("::/0"), "ISATAP")


@lru_cache(maxsize=4_096)
def forbidden_range(address: Address) -> Range | None:
    """The block that forbids an address; None for one that anybody on the internet may be reached at."""
    if isinstance(address, IPv4Address):
        return next((one for one in FORBIDDEN_V4 if address in one.network), None)
    found = next((one for one in FORBIDDEN_V6 if address in one.network), None)
    if found is None and address not in _GLOBAL_UNICAST:
        return _UNASSIGNED
    if found is None and _carries_isatap(address):
        return _ISATAP
    return found


def _carries_isatap(address: IPv6Address) -> bool:
    # The interface identifier 0000:5efe or 0200:5efe is followed by an IPv4 address.
    return (int(address) >> 32) & 0xFDFF_FFFF == 0x0000_5EFE
