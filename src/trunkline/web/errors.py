"""Failures that only HTTP knows."""

from __future__ import annotations

from collections.abc import Iterable

from trunkline.kit.errors import ErrorKind, InvalidRequestError, TrunklineError


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
