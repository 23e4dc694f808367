"""Where a credential goes in a request: headers or parameters of the query, by scheme.

Source: RFC 6750 section 2.1 (bearer), RFC 7617 section 2 (basic).
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field

from trunkline.core.connections.configuration import Configuration
from trunkline.core.connections.credential import Credential

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Placed:
    """A credential as it is sent; not to be shown, kept or logged."""

    headers: Pairs = field(default=(), repr=False)
    params: Pairs = field(default=(), repr=False)


def place_credential(configuration: Configuration, credential: Credential) -> Placed:
    """What a request carries to be authenticated."""
    return _PLACES[configuration.scheme](configuration, credential)


def _bearer(_configuration: Configuration, credential: Credential) -> Placed:
    token = credential.access or credential.given.get("token")
    return Placed() if token is None else Placed(headers=(("Authorization", f"Bearer {token.reveal()}"),))


def _basic(_configuration: Configuration, credential: Credential) -> Placed:
    pair = f"{credential.text('username')}:{credential.text('password')}"
    return Placed(headers=(("Authorization", f"Basic {b64encode(pair.encode()).decode()}"),))


def _api_key(configuration: Configuration, credential: Credential) -> Placed:
    pair = (configuration.api_key_name, configuration.api_key_prefix + credential.text("apiKey"))
    return Placed(params=(pair,)) if configuration.api_key_in == "query" else Placed(headers=(pair,))


def _custom(configuration: Configuration, credential: Credential) -> Placed:
    if configuration.custom is None:
        return Placed()
    given = {name: value.reveal() for name, value in credential.given.items()}
    return Placed(
        headers=tuple((part.name, part.filled(given)) for part in configuration.custom.headers),
        params=tuple((part.name, part.filled(given)) for part in configuration.custom.params),
    )


def _exchanged(configuration: Configuration, credential: Credential) -> Placed:
    exchange = configuration.exchange
    if exchange is None or credential.access is None:
        return Placed()
    return Placed(headers=((exchange.header_name, exchange.header_prefix + credential.access.reveal()),))


def _nothing(_configuration: Configuration, _credential: Credential) -> Placed:
    return Placed()


_PLACES: dict[str, Callable[[Configuration, Credential], Placed]] = {
    "oauth2": _bearer,
    "bearer": _bearer,
    "basic": _basic,
    "api_key": _api_key,
    "token_exchange": _exchanged,
    "custom": _custom,
    "none": _nothing,
}
