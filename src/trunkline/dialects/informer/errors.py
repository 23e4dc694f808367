"""How the Informer dialect spells a failure: `{"statusCode", "error", "message"}`, never HAL.

Source: informer-gestal reference A1 (hapi's boom).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from trunkline.dialects.informer.wire_base import Wire
from trunkline.kit.errors import ErrorKind, RateLimitedError, TrunklineError, UnavailableError
from trunkline.web.errors import PHRASES

_PHRASES: Final = {**PHRASES, 413: "Request Entity Too Large"}  # as this API's clients have always read it
# Members that the platform calls otherwise, where a sentence begins with the place it is about.
_NAMES: Final = {
    "authConfig.type": "authType",
    "authConfig.mode": "mode",
    "driver": "type",
    "iconUrl": "imageUrl",
}


class ErrorBody(Wire, frozen=True, kw_only=True):
    """Every failure: the status, its name, and a sentence for people."""

    status_code: int
    error: str
    message: str


_encode = msgspec.json.Encoder().encode


def render_error(error: TrunklineError, _request_id: str) -> tuple[int, Mapping[str, str], bytes]:
    """Status, headers and body of a failure; the request's id stands in its header only."""
    status = error.kind.status
    headers: dict[str, str] = {}
    if error.kind is ErrorKind.UNAUTHENTICATED:
        # Basic works, but is not asked for: browsers would keep the password and send it along everywhere.
        headers["www-authenticate"] = "Bearer"
    if isinstance(error, RateLimitedError | UnavailableError):
        headers["retry-after"] = str(error.retry_after_s)
    body = ErrorBody(status_code=status, error=_PHRASES[status], message=_in_our_names(error.message))
    return status, headers, _encode(body)


def _in_our_names(sentence: str) -> str:
    place, colon, rest = sentence.partition(": ")
    return f"{_NAMES.get(place, place.removeprefix('authConfig.'))}{colon}{rest}"
