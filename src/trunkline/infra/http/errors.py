"""How a request to somebody else's server fails.

    EgressError                       `sent` says whether repeating is safe
    ├── UnreachableError         502  no connection: unknown name, refused, bad certificate
    │   └── TargetForbiddenError 502  the address is not one we connect to; looks like its parent
    ├── UpstreamTimeoutError     504  no connection, no first byte or no end in time
    ├── UpstreamProtocolError    502  what came back is not HTTP we accept
    └── UpstreamTooLargeError    502  the answer is over its limit

    InvalidUrlError              400  not a URL we would ever connect to
    InvalidHeaderError           400  a header that could change the framing of the request

A tenant must not learn what stands in the operator's network, so a forbidden target answers with the very
code and sentence of one that cannot be reached. No message names an address; the log does.
"""

from __future__ import annotations

from trunkline.kit.errors import (
    BadGatewayError,
    ErrorKind,
    GatewayTimeoutError,
    InvalidRequestError,
    TrunklineError,
)

UNREACHABLE = "the upstream server could not be reached"
TOO_LARGE = "the upstream server's answer is larger than what is read"


class InvalidUrlError(InvalidRequestError):
    """The URL is not an absolute https URL in its plain spelling."""

    code = "invalid_url"


class InvalidHeaderError(InvalidRequestError):
    """A request header is malformed, or one that only the platform itself may set."""

    code = "invalid_header"


class EgressError(TrunklineError):
    """The request to the upstream server failed.

    Attributes:
        sent: False only where no byte of the request can have left, so that repeating it is safe.
    """

    kind = ErrorKind.BAD_GATEWAY
    code = "upstream_failed"

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.sent = sent


class UnreachableError(EgressError, BadGatewayError):
    """The upstream server could not be reached."""

    code = "upstream_unreachable"

    def __init__(self, *, sent: bool = False) -> None:
        super().__init__(UNREACHABLE, sent=sent)


class TargetForbiddenError(UnreachableError):
    """The upstream's address is one that is never connected to; callers cannot tell it from an unreachable one."""

    code = UnreachableError.code


class UpstreamTimeoutError(EgressError, GatewayTimeoutError):
    """The upstream server did not answer in time."""

    kind = ErrorKind.GATEWAY_TIMEOUT
    code = "upstream_timeout"


class UpstreamProtocolError(EgressError, BadGatewayError):
    """The upstream server's answer is malformed, was cut off, or never began."""

    code = "upstream_protocol"


class UpstreamTooLargeError(EgressError, BadGatewayError):
    """The upstream server's answer is larger than what is read of it."""

    code = "upstream_too_large"
