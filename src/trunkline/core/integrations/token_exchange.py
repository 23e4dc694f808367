"""A two-step credential as data: what the user brings is turned into a token by a first request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from trunkline.core.integrations.templates import check_header_name, check_template, variables_in
from trunkline.infra.http import InvalidUrlError, parse_target
from trunkline.kit.errors import InvalidRequestError

MAX_INPUTS = 20
MAX_BODY = 50  # members
MAX_URL = 2_000  # characters
MAX_POINTER = 1_000  # characters
TOKEN_LIFE_MAX_S = 5 * 365 * 86_400  # nobody is believed that a token lives longer


class TokenExchange(msgspec.Struct, frozen=True, rename="camel"):
    """A first request that turns what the user brings into a token for all others.

    Attributes:
        url: where to ask.
        inputs: names of what the user brings; `${credential.<name>}` in `body` and `headers` stands for it.
        token_pointer, expires_in_pointer: JSON pointers into the answer.
        expires_in_s: how long a token lives where the answer does not tell.
        header_name, header_prefix: how the token is sent.
    """

    url: str
    inputs: list[str]
    method: Literal["POST", "GET", "PUT"] = "POST"
    body_format: Literal["json", "form"] = "json"
    body: dict[str, str] = {}
    headers: dict[str, str] = {}
    token_pointer: str = "/access_token"  # noqa: S105  # a place in a document
    expires_in_pointer: str | None = None
    expires_in_s: int | None = None
    header_name: str = "Authorization"
    header_prefix: str = "Bearer "


def check_exchange(exchange: TokenExchange, path: str) -> None:
    """Refuse an exchange that could not be made.

    Raises:
        InvalidRequestError: a bad URL, header, pointer or lifetime, no inputs, or a variable that names none.
    """
    check_url(exchange.url, f"{path}.url")
    if not 1 <= len(exchange.inputs) <= MAX_INPUTS:
        raise InvalidRequestError.at(f"{path}.inputs", f"must name 1-{MAX_INPUTS} inputs")
    if len(exchange.body) > MAX_BODY or len(exchange.headers) > MAX_BODY:
        raise InvalidRequestError.at(f"{path}.body", f"more than {MAX_BODY} members or headers")
    for name in (exchange.header_name, *exchange.headers):
        check_header_name(f"{path}.headers.{name[:100]}", name)
    check_template(f"{path}.headerPrefix", exchange.header_prefix, ())
    for name, text in exchange.headers.items():
        _check_filled(f"{path}.headers.{name[:100]}", text, exchange.inputs)
    for name, text in exchange.body.items():
        _check_filled(f"{path}.body.{name[:100]}", text, exchange.inputs)
    if exchange.expires_in_s is not None and exchange.expires_in_s < 1:
        raise InvalidRequestError.at(f"{path}.expiresInS", "must be at least 1 second")
    check_pointer(exchange.token_pointer, f"{path}.tokenPointer")
    check_pointer(exchange.expires_in_pointer, f"{path}.expiresInPointer")


def check_url(url: str, path: str) -> None:
    """Refuse what the one parser of outbound URLs refuses; https or not is decided where it is used.

    Raises:
        InvalidRequestError: it is no absolute URL in a plain spelling, or too long.
    """
    if len(url) > MAX_URL:
        raise InvalidRequestError.at(path, f"longer than {MAX_URL} characters")
    try:
        parse_target(url)
    except InvalidUrlError as error:
        raise InvalidRequestError.at(path, error.message) from error


def check_pointer(pointer: str | None, path: str) -> None:
    """Refuse what is no JSON pointer (RFC 6901) to a part of a document.

    Raises:
        InvalidRequestError: it is none.
    """
    if pointer is not None and not (pointer.startswith("/") and len(pointer) <= MAX_POINTER):
        raise InvalidRequestError.at(path, "must be a JSON pointer such as /data/email")


def _check_filled(path: str, text: str, inputs: Sequence[str]) -> None:
    check_template(path, text, ("credential",))
    for _, name in variables_in(text):
        if name not in inputs:
            raise InvalidRequestError.at(path, f"names {name[:100]}, which is none of the inputs")
