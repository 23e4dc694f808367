"""Where a proxied request goes: below the base URL, or to a host the connection's owner agreed to.

The credential is what an attacker wants to send elsewhere, so a URL is taken only in plain spelling and the
result is compared with what was consented to, not with what was asked for.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import lru_cache
from urllib.parse import unquote_plus, urlencode

from trunkline.infra.http import Origin, Target, parse_target
from trunkline.kit.errors import InvalidRequestError

Pairs = Sequence[tuple[str, str]]

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://", re.ASCII)
_DOT_SEGMENT = re.compile(r"(?:\.|%2e){1,2}", re.IGNORECASE | re.ASCII)
_PLAIN = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*", re.ASCII)
_SLASHES = re.compile(r"/|%2f|%5c", re.IGNORECASE | re.ASCII)  # also those an upstream may decode


def destination(
    base_url: str, url: str, params: Pairs, *, origins: Collection[Origin], credential: Pairs = ()
) -> Target:
    """Where a request goes.

    A relative URL is appended to the base, whatever slashes either has at the seam: the base of the seed has a
    path of its own, which RFC 3986 resolution would lose. An absolute one must be of an origin consented to.

    Args:
        base_url: of the integration.
        url: relative to it, or absolute, which is known by its `://`; may have a query, which goes as it is.
        params: added to the query.
        origins: what the connection's owner agreed to; the base's among them.
        credential: parameters that carry the credential; they replace the caller's of the same name.

    Raises:
        InvalidRequestError: the URL is not in plain spelling, would leave the base, or is of another origin.

    Source: seed 003, `apiBaseUri`.
    """
    path, mark, query = url.partition("?")
    if _ABSOLUTE.match(url):
        target = parse_target(url)
        if target.origin not in origins:
            raise InvalidRequestError.at("url", "is of an origin this connection was not made for")
        _check_path(target.path)
        whole, query = f"{target.origin}{target.path}", target.query or ""
    else:
        base = _parsed_base(base_url)
        if base.origin not in origins:
            raise InvalidRequestError.at("url", "is of an origin this connection was not made for")
        if url.startswith("//"):
            raise InvalidRequestError.at("url", "names another host: give a path, or the whole URL")
        _check_path(path)
        whole = (
            f"{base.origin}{base.path.rstrip('/')}/{path.lstrip('/')}" if path else base_url.partition("?")[0]
        )
        query = "&".join(part for part in (base.query, query if mark else "") if part)
    return _with_query(whole, query, params, credential)


def _check_path(path: str) -> None:
    if not _PLAIN.fullmatch(path):
        raise InvalidRequestError.at("url", "has a character in its path that must be percent-encoded")
    if any(_DOT_SEGMENT.fullmatch(segment.partition(";")[0]) for segment in _SLASHES.split(path)):
        raise InvalidRequestError.at("url", "has a segment that would leave the base URL")


_parsed_base = lru_cache(maxsize=512)(parse_target)  # of an integration, hence few and nobody's secret


def _with_query(whole: str, query: str, params: Pairs, credential: Pairs) -> Target:
    """The URL as the one parser that knows how it may be spelled takes it."""
    if not (query or params or credential):
        return parse_target(whole)
    taken = {name for name, _ in credential}
    # Whatever else the query says stays as it is spelled: it may be signed, or mean nothing decoded.
    kept = [part for part in query.split("&") if unquote_plus(part.partition("=")[0]) not in taken]
    added = [(name, value) for name, value in params if name not in taken]
    joined = "&".join(filter(None, ("&".join(kept), urlencode(added), urlencode(credential))))
    return parse_target(f"{whole}?{joined}" if joined else whole)
