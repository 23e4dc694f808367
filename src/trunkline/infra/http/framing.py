"""The head of a request, checked by ourselves: what a library lets through changes with its releases."""

from __future__ import annotations

import re
from functools import lru_cache

import trunkline
from trunkline.infra.http.errors import InvalidHeaderError
from trunkline.infra.http.messages import Limits, Outbound
from trunkline.infra.http.targets import Target
from trunkline.kit.errors import InvalidRequestError

USER_AGENT = f"Trunkline/{trunkline.__version__}"

# What decides where a request goes, where it ends, or what becomes of the connection.
FRAMING = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "host",
        "http2-settings",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
PROXYING = "proxy-"

_METHOD = re.compile(r"[A-Z][A-Z-]{0,31}")
_METHODS_REFUSED = frozenset({"CONNECT", "TRACE"})  # a tunnel, and an echo of the credentials
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUES = re.compile(r"[\t\x20-\x7e]*")


def framed(request: Outbound, target: Target, limits: Limits) -> list[tuple[str, str]]:
    """The header lines that go out.

    Raises:
        InvalidRequestError: the method is not one we send.
        InvalidHeaderError: a name or value could break out of its line, is not the caller's to set, or all
            of them together are over the limit.
    """
    if not _METHOD.fullmatch(request.method) or request.method in _METHODS_REFUSED:
        raise InvalidRequestError("the method is not one that is sent")
    headers = request.headers
    given = {_checked_name(name): name for name, _ in headers}
    if len(given) < len(headers):  # the library would take another case of a name for another name
        headers = [(given[name.lower()], value) for name, value in headers]
    text = "".join([value for _, value in headers])
    if not _VALUES.fullmatch(text):
        raise InvalidHeaderError("a header's value has a character in it that no value may have")
    size = len(text) + sum([len(name) + 4 for name, _ in headers])
    if size > limits.header_bytes:
        raise InvalidHeaderError(f"the request's headers are over {limits.header_bytes} bytes")
    lines = [("Host", target.origin.authority), *headers]
    if "user-agent" not in given:
        lines.append(("User-Agent", USER_AGENT))
    if "accept-encoding" not in given:
        lines.append(("Accept-Encoding", "identity"))
    return lines


def check_header(name: str, value: str) -> None:
    """Refuse a header that could change anything but itself.

    Raises:
        InvalidHeaderError: as it says; the value is not repeated.
    """
    _checked_name(name)
    if not _VALUES.fullmatch(value):
        raise InvalidHeaderError(f"the value of header {name} has a character in it that no value may have")


def is_framing(name: str) -> bool:
    """Whether a header belongs to the connection, so that only the client itself may send it."""
    lowered = name.lower()
    return lowered in FRAMING or lowered.startswith(PROXYING)


@lru_cache(maxsize=1_024)
def _checked_name(name: str) -> str:
    """The name in lower case."""
    if not _NAME.fullmatch(name):
        raise InvalidHeaderError("a header's name has a character in it that no name may have")
    if is_framing(name):
        raise InvalidHeaderError(f"header {name} is not the caller's to set")
    return name.lower()
