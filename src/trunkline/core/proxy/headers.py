"""Which headers travel: out to the upstream, and back to the caller.

Outward, the transport's own come first, then the credential, then the integration's, then the caller's: an
identity the integration states must not be one the caller can overwrite. Back, nothing comes that would act
on our origin instead of the upstream's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

Pairs = Sequence[tuple[str, str]]

# RFC 9110 section 7.6.1, and what the connection to the upstream decides by itself.
_TRANSPORT: Final = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "host",
        "http2-settings",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
# Who the caller is to us is nobody else's business.
_CALLERS_OWN: Final = frozenset(
    {
        "authorization",
        "cookie",
        "cookie2",
        "forwarded",
        "origin",
        "referer",
        "via",
        "x-api-key",
        "x-real-ip",
        "x-request-id",
    }
)
_CALLERS_OWN_PREFIXES: Final = (
    "proxy-",
    "sec-",
    "x-forwarded-",
    "cf-",
    "access-control-",
    "integration-dialect",
)
# What an upstream may say about its own origin but not about ours.
_ORIGIN_BOUND: Final = frozenset(
    {
        "alt-svc",
        "clear-site-data",
        "content-security-policy",
        "content-security-policy-report-only",
        "cross-origin-embedder-policy",
        "cross-origin-opener-policy",
        "cross-origin-resource-policy",
        "nel",
        "origin-agent-cluster",
        "permissions-policy",
        "proxy-authenticate",
        "proxy-authentication-info",
        "public-key-pins",
        "refresh",
        "report-to",
        "reporting-endpoints",
        "service-worker-allowed",
        "set-cookie",
        "set-cookie2",
        "sourcemap",
        "strict-transport-security",
        "timing-allow-origin",
        "x-content-type-options",
        "x-frame-options",
        "x-request-id",
        "x-sourcemap",
        "x-upstream-status",
    }
)
_SCRIPTABLE: Final = ("html", "xml", "svg", "javascript", "ecmascript", "multipart")
_BODILESS: Final = (204, 304)
UPSTREAM_STATUS: Final = "x-upstream-status"


def outgoing(caller: Pairs, integration: Pairs, credential: Pairs) -> list[tuple[str, str]]:
    """The headers of a request to the upstream.

    Args:
        caller: what the caller asks to send; what is not the caller's to say is left out.
        integration: expanded headers of the integration.
        credential: headers that carry the credential.
    """
    stated = {name.lower() for name, _ in (*integration, *credential)}
    kept = [
        (name, value)
        for name, value in passable(caller)
        if name.lower() not in stated and not _is_callers_own(name.lower())
    ]
    authorized = {name.lower() for name, _ in credential}
    return [
        *kept,
        *((name, value) for name, value in integration if name.lower() not in authorized),
        *credential,
    ]


def incoming(headers: Pairs, status: int) -> dict[str, str]:
    """The headers of the upstream's answer for the caller, by lower-case name; Content-Length among them.

    Repeated ones are joined (RFC 9110 section 5.3). The answer is marked as the upstream's, and kept from
    running as a page of ours: scriptable types are offered as a file.
    """
    kept: dict[str, str] = {}
    for name, value in passable(headers):
        folded = name.lower()
        if folded in _ORIGIN_BOUND or folded.startswith("access-control-"):
            continue
        kept[folded] = f"{kept[folded]}, {value}" if folded in kept else value
    length = next((value for name, value in headers if name.lower() == "content-length"), None)
    if length is not None and status not in _BODILESS:
        kept["content-length"] = length  # so that a caller sees when the body was cut off
    kept[UPSTREAM_STATUS] = str(status)
    kept["content-security-policy"] = "sandbox; default-src 'none'"
    if any(kind in kept.get("content-type", "html").lower() for kind in _SCRIPTABLE):
        kept["content-disposition"] = "attachment"
    return kept


def passable(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Headers without those that belong to one connection only, the ones `Connection` names included.

    Source: RFC 9110 section 7.6.1.
    """
    given = list(headers)
    named = {
        option.strip().lower()
        for name, value in given
        if name.lower() == "connection"
        for option in value.split(",")
    }
    return [
        (name, value)
        for name, value in given
        if name.lower() not in _TRANSPORT
        and name.lower() not in named
        and not name.lower().startswith("proxy-")
    ]


def _is_callers_own(name: str) -> bool:
    return name in _CALLERS_OWN or name.startswith(_CALLERS_OWN_PREFIXES)
