"""How the Gestal dialect spells a failure: `{"type", "title", "status", "detail", "errors"}`.

Source: informer-gestal reference B2; RFC 9457 (problem details).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from trunkline.dialects.gestal.wire_base import Wire
from trunkline.kit.errors import ErrorKind, RateLimitedError, TrunklineError, UnavailableError
from trunkline.web.errors import PHRASES

CHALLENGE: Final = 'Basic realm="trunkline", Bearer'
_INVALID: Final = 422

# Members that the platform calls otherwise, where a sentence begins with the place it is about.
_NAMES: Final = {"homepageUrl": "url"}
_BLANK: Final = "can't be blank"
_SENTENCES: Final = {"is required": _BLANK}


class ErrorBody(Wire, frozen=True, kw_only=True):
    """Every failure; `errors` name the members that were wrong, each with what is wrong about it."""

    type: Annotated[str, Meta(description="Stable, for programs, e.g. `validation_error`.")]
    title: str
    status: int
    detail: str
    errors: dict[str, list[str]]


_encode = msgspec.json.Encoder().encode


def render_error(error: TrunklineError, _request_id: str) -> tuple[int, Mapping[str, str], bytes]:
    """Status, headers and body of a failure; the request's id stands in its header only."""
    invalid = error.kind is ErrorKind.INVALID
    status = _INVALID if invalid else error.kind.status
    headers: dict[str, str] = {}
    if error.kind is ErrorKind.UNAUTHENTICATED:
        headers["www-authenticate"] = CHALLENGE
    if isinstance(error, RateLimitedError | UnavailableError):
        headers["retry-after"] = str(error.retry_after_s)
    problems: dict[str, list[str]] = {}
    for problem in error.details:
        place = _NAMES.get(problem.path, problem.path) or "base"
        problems.setdefault(place, []).append(_SENTENCES.get(problem.message, problem.message))
    body = ErrorBody(
        type="validation_error" if error.code == ErrorKind.INVALID.value else error.code,
        title=PHRASES[status],
        status=status,
        detail=_in_our_names(error.message),
        errors=problems,
    )
    return status, headers, _encode(body)


def _in_our_names(sentence: str) -> str:
    place, colon, rest = sentence.partition(": ")
    return f"{_NAMES.get(place, place)}{colon}{_SENTENCES.get(rest, rest)}"
