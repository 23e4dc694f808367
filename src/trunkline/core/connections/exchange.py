"""Two-step authentication as data: what the owner brought is exchanged for a token that goes out with requests.

The request is a template of the integration; `${credential.<name>}` in its body and headers stands for what the
owner brought.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from msgspec import DecodeError, json

from trunkline.core.connections.configuration import Configuration
from trunkline.core.connections.credential import Credential
from trunkline.core.connections.errors import NotConnectableError
from trunkline.core.connections.pointers import pointed
from trunkline.core.connections.token_response import (
    Refusal,
    Refused,
    Tokens,
    read_lifetime,
    read_seconds,
    sendable,
)
from trunkline.core.integrations import TokenExchange, fill
from trunkline.infra.http import Fetched, Outbound

_GRANT_STATUSES = frozenset({400, 401, 403, 422})
_MEDIA_TYPES = {"json": "application/json", "form": "application/x-www-form-urlencoded"}


def exchange_of(configuration: Configuration) -> TokenExchange:
    """How this integration exchanges.

    Raises:
        NotConnectableError: it does not say.
    """
    if configuration.exchange is None:
        raise NotConnectableError(f"{configuration.source.called} has no token exchange")
    return configuration.exchange


def exchange_request(exchange: TokenExchange, credential: Credential) -> Outbound:
    """The first request, filled with what the owner brought.

    Raises:
        InvalidRequestError: a template cannot be filled.
    """
    values = {"credential": {name: value.reveal() for name, value in credential.given.items()}}

    def filled(text: str, place: str) -> str:
        return fill(text, values, place)

    headers = [(name, filled(text, f"exchange.headers.{name}")) for name, text in exchange.headers.items()]
    body = {name: filled(text, f"exchange.body.{name}") for name, text in exchange.body.items()}
    given = {name.lower() for name, _ in headers}
    if "accept" not in given:
        headers.append(("Accept", "application/json"))
    if exchange.method == "GET":
        query = urlencode(body)
        joint = "&" if "?" in exchange.url else "?"
        return Outbound("GET", f"{exchange.url}{joint}{query}" if query else exchange.url, headers)
    if "content-type" not in given:
        headers.append(("Content-Type", _MEDIA_TYPES[exchange.body_format]))
    content = json.encode(body) if exchange.body_format == "json" else urlencode(body).encode()
    return Outbound(exchange.method, exchange.url, headers, content)


def read_exchange(exchange: TokenExchange, answer: Fetched) -> Tokens | Refusal:
    """The token at its place in the answer, or why there is none."""
    status = f"status {answer.status}"
    if answer.status >= 500 or answer.status in {408, 425, 429}:
        wait = read_seconds(answer.header("retry-after"), 3_600)
        return Refusal(kind=Refused.TRANSIENT, code=status, retry_after_s=wait)
    if answer.status >= 400:
        kind = Refused.GRANT if answer.status in _GRANT_STATUSES else Refused.REQUEST
        return Refusal(kind=kind, code=status)
    try:
        document: Any = json.decode(answer.body)
    except (DecodeError, UnicodeDecodeError, RecursionError):
        return Refusal(kind=Refused.MALFORMED, code=status, said="the answer is no JSON")
    access = sendable(pointed(document, exchange.token_pointer))
    if access is None:
        said = f"there is no token at {exchange.token_pointer}"
        return Refusal(kind=Refused.REQUEST, code=status, said=said)
    stated = read_lifetime(pointed(document, exchange.expires_in_pointer))
    return Tokens(access=access, expires_in_s=stated or read_lifetime(exchange.expires_in_s))
