"""Failures that only HTTP knows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from trunkline.kit.errors import ErrorKind, InvalidRequestError, TrunklineError

# What dialects call a status. Written out, because the phrases of Python's own table differ between its versions.
PHRASES: Final = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    409: "Conflict",
    412: "Precondition Failed",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Entity",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


class MethodNotAllowedError(TrunklineError):
    """The path exists, but not with this method.

    Attributes:
        allow: the methods it has, for the Allow header.
    """

    kind = ErrorKind.METHOD_NOT_ALLOWED
    code = "method_not_allowed"

    def __init__(self, method: str, allow: Iterable[str]) -> None:
        self.allow = tuple(sorted(allow))
        super().__init__(f"{method[:20]} is not allowed here, only {', '.join(self.allow)}")


class InvalidQueryError(InvalidRequestError):
    """What is malformed stands in the query string: some dialects say where they found what."""

    code = "invalid_request"


class InternalError(TrunklineError):
    """Something unforeseen; the log knows more under the request's id, the caller must not."""

    kind = ErrorKind.INTERNAL
    code = "internal"

    def __init__(self) -> None:
        super().__init__("something went wrong here; the request id helps to find out what")


class ClientGoneError(Exception):
    """The client hung up before its request was complete; nobody is left to answer."""
