"""How the Ampersand dialect spells a failure: a problem of RFC 9457 with causes, a remedy and issues.

Source: ampersand reference section 1.1 (ApiProblem, InputValidationProblem); RFC 9457.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from trunkline.dialects.ampersand.wire_base import Wire
from trunkline.kit.errors import (
    ErrorKind,
    InvalidRequestError,
    NotFoundError,
    Problem,
    RateLimitedError,
    TrunklineError,
    UnavailableError,
)
from trunkline.web.errors import PHRASES, InvalidQueryError

PROBLEM: Final = "application/problem+json"
CHALLENGE: Final = 'Bearer realm="trunkline"'
_UNPROCESSABLE: Final = 422
_TYPE: Final = "urn:problem-type:trunkline:"

_REMEDIES: Final = {
    ErrorKind.UNAUTHENTICATED: "send a key as X-Api-Key, or a key or signed token as Authorization: Bearer",
    ErrorKind.FORBIDDEN: "use a key that may do this",
    ErrorKind.PRECONDITION_FAILED: "read the object again and repeat the change with its present ETag",
    ErrorKind.RATE_LIMITED: "try again after as many seconds as Retry-After says",
    ErrorKind.UNAVAILABLE: "try again after as many seconds as Retry-After says",
    ErrorKind.BAD_GATEWAY: "try again, or look at what the provider says of its own state",
    ErrorKind.GATEWAY_TIMEOUT: "try again, or look at what the provider says of its own state",
}
_RETRYABLE: Final = frozenset(
    {ErrorKind.RATE_LIMITED, ErrorKind.UNAVAILABLE, ErrorKind.BAD_GATEWAY, ErrorKind.GATEWAY_TIMEOUT}
)
_HEADERS: Final = frozenset({"authorization", "x-api-key", "idempotency-key", "if-match", "accept"})


class UnprocessableError(InvalidRequestError):
    """The request is well-formed, but what it asks for breaks a rule: 422 where others say 400."""

    code = "unprocessable"

    def __init__(self, message: str, *details: Problem, remedy: str | None = None) -> None:
        super().__init__(message, *details)
        self.remedy = remedy


class UnknownMaskError(InvalidRequestError):
    """The update mask holds a path that cannot be changed; the remedy names those that can."""

    code = "unknown_update_mask"

    def __init__(self, path: str, allowed: Sequence[str]) -> None:
        sentence = f"{path[:200]!r} cannot be updated"
        super().__init__(f"updateMask: {sentence}", Problem("updateMask", sentence))
        self.remedy = f"allowed masks: {', '.join(allowed)}"


class NotHostedError(NotFoundError):
    """There is no such thing on a server of one's own; the message and the remedy say what there is instead."""

    code = "not_hosted"

    def __init__(self, what: str, message: str, remedy: str) -> None:
        super().__init__(what)
        self.message = message
        self.remedy = remedy


@contextmanager
def as_unprocessable() -> Iterator[None]:
    """Whatever rule the input breaks inside is answered 422 instead of 400.

    Raises:
        UnprocessableError: a rule was broken.
    """
    try:
        yield
    except UnprocessableError:
        raise
    except InvalidRequestError as error:
        remedy = getattr(error, "remedy", None)
        raise UnprocessableError(error.message, *error.details, remedy=remedy) from error


class Issue(Wire, frozen=True, kw_only=True):
    """One place of the input, and what is wrong there."""

    type: Annotated[str, Meta(extra_json_schema={"format": "uri"})] = "about:blank"
    detail: str
    in_: Annotated[
        Literal["body", "header", "path", "query"], Meta(description="Which part of the request it is in.")
    ] = msgspec.field(name="in")
    name: str


class ProblemBody(Wire, frozen=True, kw_only=True):
    """Every failure; those of malformed input name its places as `issues`."""

    type: Annotated[
        str,
        Meta(
            description="Ends in a stable code for programs, e.g. `…:not_found`.",
            extra_json_schema={"format": "uri"},
        ),
    ]
    title: str
    status: int
    detail: str
    subsystem: str = "api"
    request_id: str
    causes: list[str] | UnsetType = UNSET
    remedy: Annotated[str, Meta(description="What to do about it.")] | UnsetType = UNSET
    retryable: Annotated[bool, Meta(description="Whether the same request may succeed later.")]
    issues: list[Issue] | UnsetType = UNSET


_encode = msgspec.json.Encoder().encode


def render_error(error: TrunklineError, request_id: str) -> tuple[int, Mapping[str, str], bytes]:
    """Status, headers and body of a failure."""
    status = _UNPROCESSABLE if isinstance(error, UnprocessableError) else error.kind.status
    headers: dict[str, str] = {}
    if error.kind is ErrorKind.UNAUTHENTICATED:
        headers["www-authenticate"] = CHALLENGE
    if isinstance(error, RateLimitedError | UnavailableError):
        headers["retry-after"] = str(error.retry_after_s)
    body = ProblemBody(
        type=f"{_TYPE}{error.code}",
        title=PHRASES[status],
        status=status,
        detail=error.message,
        request_id=request_id,
        causes=[_cause(problem) for problem in error.details] or UNSET,
        remedy=_remedy(error),
        retryable=error.kind in _RETRYABLE,
        issues=_issues(error),
    )
    return status, headers, _encode(body)


def _cause(problem: Problem) -> str:
    return f"{problem.path}: {problem.message}" if problem.path else problem.message


def _remedy(error: TrunklineError) -> str | UnsetType:
    own: Any = getattr(error, "remedy", None)
    return own or _REMEDIES.get(error.kind, UNSET)


def _issues(error: TrunklineError) -> list[Issue] | UnsetType:
    if error.kind is not ErrorKind.INVALID:
        return UNSET
    found = [
        Issue(detail=problem.message, in_=_part(error, problem.path), name=problem.path)
        for problem in error.details
    ]
    return found or UNSET


def _part(error: TrunklineError, path: str) -> Literal["body", "header", "query"]:
    if path.lower() in _HEADERS:
        return "header"
    return "query" if isinstance(error, InvalidQueryError) else "body"
