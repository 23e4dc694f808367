"""How the platform dialect spells a failure: `{"error": {"code", "message", "details", "requestId"}}`."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from trunkline.dialects.platform.wire_base import Wire
from trunkline.kit.errors import ErrorKind, RateLimitedError, TrunklineError, UnavailableError


class ErrorDetail(Wire, frozen=True, kw_only=True):
    """One place in the request and what is wrong there, e.g. `manifest.members[2].slug`."""

    path: str
    message: str


class ErrorContent(Wire, frozen=True, kw_only=True):
    """What went wrong: `code` is stable and for programs, `message` is a sentence for people."""

    code: str
    message: str
    details: list[ErrorDetail]
    request_id: str


class ErrorBody(Wire, frozen=True, kw_only=True):
    """Every failure."""

    error: ErrorContent


_encode = msgspec.json.Encoder().encode


def render_error(error: TrunklineError, request_id: str) -> tuple[int, Mapping[str, str], bytes]:
    """Status, headers and body of a failure; bad input is 400, never 422."""
    headers: dict[str, str] = {}
    if error.kind is ErrorKind.UNAUTHENTICATED:
        headers["www-authenticate"] = "Bearer"
    if isinstance(error, RateLimitedError | UnavailableError):
        headers["retry-after"] = str(error.retry_after_s)
    content = ErrorContent(
        code=error.code,
        message=error.message,
        details=[ErrorDetail(path=detail.path, message=detail.message) for detail in error.details],
        request_id=request_id,
    )
    return error.kind.status, headers, _encode(ErrorBody(error=content))
