"""Servers: the one base URL a connection starts from."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from trunkline.kit.openapi.places import Place, Warnings, shown

URL_CHARS_MAX = 2_048

_VARIABLE = re.compile(r"\{([^{}]*)\}")


def first_base_url(servers: object, place: Place, warnings: Warnings) -> str | None:
    """The first server's URL with variables at their defaults and no trailing slash.

    Anything but a plain absolute HTTP address is left out with a warning: it could not be called.
    """
    if not isinstance(servers, list) or not servers:
        return None
    server, at = servers[0], place.child(0)
    if not isinstance(server, dict) or not isinstance(server.get("url"), str):
        warnings.add(at, "a server needs a url; it was left out")
        return None
    url = _expanded(server["url"], server.get("variables"))
    if url is None or not _is_callable(url):
        given = shown(server["url"])
        warnings.add(at, f"{given!r} is not an absolute http(s) URL without query; set the base URL by hand")
        return None
    return url.rstrip("/")


def _expanded(url: str, variables: object) -> str | None:
    """The URL with every variable at its default; `None` where one has none or it grows too long."""
    if len(url) > URL_CHARS_MAX:
        return None
    pieces = _VARIABLE.split(url)
    for index in range(1, len(pieces), 2):
        variable = variables.get(pieces[index]) if isinstance(variables, dict) else None
        default = variable.get("default") if isinstance(variable, dict) else None
        if not isinstance(default, str) or len(default) > URL_CHARS_MAX:
            return None
        pieces[index] = default
    expanded = "".join(pieces)
    return expanded if len(expanded) <= URL_CHARS_MAX else None


def _is_callable(url: str) -> bool:
    if any(character <= " " or character == "\x7f" for character in url):
        return False
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        return False
    is_plain = not (parts.query or parts.fragment or "@" in parts.netloc)
    return parts.scheme in {"http", "https"} and bool(host) and is_plain
