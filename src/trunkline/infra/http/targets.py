"""The one parser of URLs that are connected to. It knows a single spelling and refuses every other.

Different parsers read odd URLs differently, and the gap between two of them is where requests escape to hosts
nobody checked. So there is no normalising here beyond lower-casing: no userinfo, no backslash, no percent or
non-ASCII in the host (an internationalised name is written in its `xn--` form), no zone, no number that some
resolver would read as an IPv4 address (`127.1`, `0x7f.1`, `2130706433`), no explicit empty port, no fragment.

Source: RFC 3986; WHATWG URL, "ends in a number checker".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from trunkline.infra.http.errors import InvalidUrlError

URL_MAX = 16_384  # characters; servers commonly refuse more than 8 KiB
DEFAULT_PORTS = {"http": 80, "https": 443}

_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?]*)(?P<path>/[^?]*)?(?:\?(?P<query>.*))?"
)
_VISIBLE = re.compile(r"[\x21\x24-\x5b\x5d-\x7e\x22]*", re.ASCII)  # neither # nor \
_AUTHORITY = re.compile(r"(?:\[(?P<six>[^\[\]]*)\]|(?P<name>[^:\[\]]*))(?::(?P<port>[^:]*))?")
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_NAME = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*"
)
_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*")


@dataclass(frozen=True, slots=True, order=True)
class Origin:
    """Whom a URL speaks to: what credentials are bound to."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Origin:
        """The origin of a URL.

        Raises:
            InvalidUrlError: it is not one `parse_target` takes.
        """
        return parse_target(url).origin

    @property
    def authority(self) -> str:
        """Host and port as in a URL and the Host header; the scheme's own port is left out."""
        return _authority(self.scheme, self.host, self.port)

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"


@dataclass(frozen=True, slots=True)
class Target:
    """A URL taken apart.

    Attributes:
        scheme: http or https.
        host: lower-case name, or an address in its canonical spelling without brackets.
        port: the scheme's own where none was given.
        path: as given, never empty, not normalised.
        query: as given, without the question mark; None where there is none.
    """

    scheme: str
    host: str
    port: int
    path: str
    query: str | None

    @property
    def origin(self) -> Origin:
        """Whom it speaks to."""
        return Origin(self.scheme, self.host, self.port)

    @property
    def address(self) -> IPv4Address | IPv6Address | None:
        """The address where the host is one, None for a name."""
        return read_address(self.host)

    @property
    def resource(self) -> str:
        """Path and query as they stand in the request line."""
        return self.path if self.query is None else f"{self.path}?{self.query}"

    @property
    def url(self) -> str:
        """The whole again."""
        return f"{self.origin}{self.resource}"


@lru_cache(maxsize=1_024)
def _authority(scheme: str, host: str, port: int) -> str:
    written = f"[{host}]" if ":" in host else host
    return written if port == DEFAULT_PORTS[scheme] else f"{written}:{port}"


def parse_target(url: str) -> Target:
    """Take an absolute http or https URL apart.

    Raises:
        InvalidUrlError: it is anything but an absolute URL in the one plain spelling; the message says why
            and does not repeat the URL, which may hold a secret.
    """
    if len(url) > URL_MAX:
        raise InvalidUrlError(f"the URL is longer than {URL_MAX} characters")
    if not _VISIBLE.fullmatch(url):
        raise InvalidUrlError(
            "the URL has a space, a control character, a backslash, a fragment or non-ASCII in it"
        )
    parts = _URL.fullmatch(url)
    if parts is None:
        raise InvalidUrlError("the URL is not absolute, like https://api.example.com/v1")
    scheme = parts["scheme"].lower()
    if scheme not in DEFAULT_PORTS:
        raise InvalidUrlError("the URL's scheme is not https")
    host, port = parse_authority(parts["authority"])
    return Target(scheme, host, port or DEFAULT_PORTS[scheme], parts["path"] or "/", parts["query"])


@lru_cache(maxsize=1_024)
def parse_authority(authority: str) -> tuple[str, int | None]:
    """Host and port of `host`, `host:port`, `[address]` or `[address]:port`, in the spelling of `Target`.

    Raises:
        InvalidUrlError: it is in no plain spelling.
    """
    if "@" in authority:
        raise InvalidUrlError("the URL holds credentials before an @")
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None:
        raise InvalidUrlError("the URL's host is malformed")
    port = parts["port"]
    if port is not None and not (_PORT.fullmatch(port) and int(port) <= 65_535):
        raise InvalidUrlError("the URL's port is not a number from 1 to 65535")
    host = _bracketed(parts["six"]) if parts["six"] is not None else _named(parts["name"].lower())
    return host, None if port is None else int(port)


@lru_cache(maxsize=4_096)
def read_address(text: str) -> IPv4Address | IPv6Address | None:
    """The address a canonical text spells, without a zone; None for anything else."""
    try:
        return IPv6Address(text) if ":" in text and "%" not in text else IPv4Address(text)
    except AddressValueError:
        return None


def _bracketed(text: str) -> str:
    address = read_address(text) if ":" in text else None
    if address is None:
        raise InvalidUrlError("the URL's host in brackets is not an IPv6 address without a zone")
    return str(address)


def _named(host: str) -> str:
    if not _NAME.fullmatch(host):
        raise InvalidUrlError("the URL's host is not a plain ASCII name; write xn-- for other letters")
    if _NUMERIC.fullmatch(host.rpartition(".")[2]) and read_address(host) is None:
        raise InvalidUrlError("the URL's host ends in a number but is not four decimal ones with dots")
    return host
