"""Every failure a caller may see, spelled once; each dialect prints it in its own shape.

    TrunklineError
    ├── InvalidRequestError      400  the input is malformed or breaks a rule; `details` name the places
    ├── UnauthenticatedError     401  no credential, or one that is unknown, expired or revoked
    ├── ForbiddenError           403  the caller sees the object but may not do this to it
    ├── NotFoundError            404  absent, or outside the caller's scope: the two look alike
    ├── NotAcceptableError       406  the client accepts no type the answer can be given as
    ├── ConflictError            409  the object's state does not allow it
    ├── PreconditionFailedError  412  If-Match names another representation
    ├── PayloadTooLargeError     413  the body or header is over its limit
    ├── UnsupportedMediaError    415  the body is not of a type this operation reads
    ├── RateLimitedError         429  too many requests; `retry_after_s` says when to come back
    ├── BadGatewayError          502  somebody else's server failed or could not be reached
    ├── UnavailableError         503  a dependency is busy or down; safe to try again
    └── GatewayTimeoutError      504  somebody else's server did not answer in time

`code` is stable and for programs, the message is a sentence for people. Raise the most specific class;
a capability derives its own in its `errors.py` and only sets `code`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ErrorKind(StrEnum):
    """What went wrong in HTTP's terms; the value is the stable kind, `status` the number."""

    INVALID = "invalid_request"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    NOT_ACCEPTABLE = "not_acceptable"
    CONFLICT = "conflict"
    PRECONDITION_FAILED = "precondition_failed"
    PAYLOAD_TOO_LARGE = "payload_too_large"
    UNSUPPORTED_MEDIA = "unsupported_media_type"
    RATE_LIMITED = "rate_limited"
    INTERNAL = "internal"
    BAD_GATEWAY = "bad_gateway"
    UNAVAILABLE = "unavailable"
    GATEWAY_TIMEOUT = "gateway_timeout"

    @property
    def status(self) -> int:
        """The HTTP status of this kind."""
        return _STATUS[self]


_STATUS = {
    ErrorKind.INVALID: 400,
    ErrorKind.UNAUTHENTICATED: 401,
    ErrorKind.FORBIDDEN: 403,
    ErrorKind.NOT_FOUND: 404,
    ErrorKind.METHOD_NOT_ALLOWED: 405,
    ErrorKind.NOT_ACCEPTABLE: 406,
    ErrorKind.CONFLICT: 409,
    ErrorKind.PRECONDITION_FAILED: 412,
    ErrorKind.PAYLOAD_TOO_LARGE: 413,
    ErrorKind.UNSUPPORTED_MEDIA: 415,
    ErrorKind.RATE_LIMITED: 429,
    ErrorKind.INTERNAL: 500,
    ErrorKind.BAD_GATEWAY: 502,
    ErrorKind.UNAVAILABLE: 503,
    ErrorKind.GATEWAY_TIMEOUT: 504,
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One place in the input and what is wrong there.

    Attributes:
        path: dotted path with list indexes, e.g. `filter.AND[0].nam` or `manifest.members[2].slug`.
        message: a short sentence without a full stop.
    """

    path: str
    message: str


class TrunklineError(Exception):
    """Base of every error that is answered to a caller instead of crashing the request."""

    kind: ErrorKind = ErrorKind.INTERNAL
    code: str = "internal"

    def __init__(self, message: str, *details: Problem, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details = details
        if code is not None:
            self.code = code


class InvalidRequestError(TrunklineError):
    """The input is malformed or breaks a rule; nothing was changed."""

    kind = ErrorKind.INVALID
    code = "invalid_request"

    @classmethod
    def at(cls, path: str, message: str) -> InvalidRequestError:
        """The common case: one place, whose sentence is also the message."""
        return cls(f"{path}: {message}" if path else message, Problem(path, message))


class UnauthenticatedError(TrunklineError):
    """No credential, or one that is unknown, expired or revoked; deliberately says no more."""

    kind = ErrorKind.UNAUTHENTICATED
    code = "unauthenticated"


class ForbiddenError(TrunklineError):
    """The caller sees the object but lacks the tier or the key's scope for this."""

    kind = ErrorKind.FORBIDDEN
    code = "forbidden"


class NotFoundError(TrunklineError):
    """Absent or invisible: both give the same answer, so ids cannot be probed."""

    kind = ErrorKind.NOT_FOUND
    code = "not_found"

    def __init__(self, what: str = "object") -> None:
        super().__init__(f"{what} not found")


class NotAcceptableError(TrunklineError):
    """The client accepts no media type that the answer can be given as; nothing was changed."""

    kind = ErrorKind.NOT_ACCEPTABLE
    code = "not_acceptable"


class ConflictError(TrunklineError):
    """The object's present state does not allow this; nothing was changed."""

    kind = ErrorKind.CONFLICT
    code = "conflict"


class PreconditionFailedError(TrunklineError):
    """If-Match names a representation that is no longer the current one."""

    kind = ErrorKind.PRECONDITION_FAILED
    code = "precondition_failed"


class PayloadTooLargeError(TrunklineError):
    """The body is larger than this operation reads."""

    kind = ErrorKind.PAYLOAD_TOO_LARGE
    code = "payload_too_large"


class UnsupportedMediaError(TrunklineError):
    """The body is not of a media type this operation reads."""

    kind = ErrorKind.UNSUPPORTED_MEDIA
    code = "unsupported_media_type"


class RateLimitedError(TrunklineError):
    """Too many requests; come back after `retry_after_s` seconds."""

    kind = ErrorKind.RATE_LIMITED
    code = "rate_limited"

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class BadGatewayError(TrunklineError):
    """Somebody else's server failed or could not be reached."""

    kind = ErrorKind.BAD_GATEWAY
    code = "bad_gateway"


class GatewayTimeoutError(TrunklineError):
    """Somebody else's server did not answer in time."""

    kind = ErrorKind.GATEWAY_TIMEOUT
    code = "gateway_timeout"


class UnavailableError(TrunklineError):
    """A dependency is busy or down; nothing was changed and trying again is safe."""

    kind = ErrorKind.UNAVAILABLE
    code = "unavailable"

    def __init__(self, message: str, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
