"""Reading requests: bounded, and strict where the protocol is."""

from __future__ import annotations

from typing import TypeVar
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request

from trunkline.kit.errors import InvalidRequestError, PayloadTooLargeError, UnsupportedMediaError
from trunkline.simulator.refusals import OAuthRefusal
from trunkline.simulator.state import Simulator

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
SMALL = 256 * 1024  # bytes; forms and JSON
LARGE = 64 * 1024 * 1024  # bytes; what the echo takes

Body = TypeVar("Body")


def simulator_of(request: Request) -> Simulator:
    """The state of the application that serves this request."""
    simulator: Simulator = request.app.state.simulator
    return simulator


def issuer_of(request: Request) -> str:
    """The authorization server's identifier: as configured, or the address that the request came to."""
    configured = simulator_of(request).options.issuer
    return configured or f"{request.url.scheme}://{request.url.netloc}"


async def read_body(request: Request, limit: int = SMALL) -> bytes:
    """The whole body.

    Raises:
        PayloadTooLargeError: it is longer than `limit` bytes.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise PayloadTooLargeError(f"the body has more than {limit} bytes")
    return bytes(body)


async def read_form(request: Request) -> dict[str, str]:
    """The form that an OAuth endpoint was sent.

    Raises:
        OAuthRefusal: it is no form, or a parameter is repeated. Source: RFC 6749 section 3.2.
    """
    if media_type(request) != FORM:
        raise OAuthRefusal("invalid_request", f"the body must be {FORM}")
    try:
        pairs = parse_qsl((await read_body(request)).decode(), keep_blank_values=True, errors="strict")
    except ValueError:
        raise OAuthRefusal("invalid_request", "the body is malformed") from None
    except PayloadTooLargeError as error:
        raise OAuthRefusal("invalid_request", error.message, status=413) from error
    return unrepeated(pairs)


def unrepeated(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Parameters by name; one without a value counts as left out.

    Raises:
        OAuthRefusal: a parameter is repeated. Source: RFC 6749 section 3.1.
    """
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            raise OAuthRefusal("invalid_request", f"{name[:40]} is repeated")
        found[name] = value
    return {name: value for name, value in found.items() if value}


async def read_json(request: Request, into: type[Body]) -> Body:
    """The JSON body; an empty one is an empty object.

    Raises:
        UnsupportedMediaError: it is of another media type. Pages of other origins cannot send this one unasked.
        InvalidRequestError: it is malformed, or not of this shape.
    """
    if media_type(request) != JSON:
        raise UnsupportedMediaError(f"the body must be {JSON}")
    try:
        return msgspec.json.decode(await read_body(request) or b"{}", type=into)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequestError(str(error)) from error
    except RecursionError:
        raise InvalidRequestError("the body is nested too deeply") from None


def media_type(request: Request) -> str:
    """The media type of the body, without its parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def read_number(text: str | None, path: str, default: int, *, low: int, high: int) -> int:
    """A whole number from the query.

    Raises:
        InvalidRequestError: it is none, or out of its range.
    """
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 12 and low <= int(text) <= high):
        raise InvalidRequestError.at(path, f"must be a whole number from {low} to {high}")
    return int(text)
