"""What whoever connects brings along: which things are asked for by scheme, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from trunkline.core.connections.clients import CLIENT_ID, GIVEN_SECRET, api_key_of
from trunkline.core.connections.configuration import CLIENT, PASSWORD, Configuration
from trunkline.core.connections.credential import Credential
from trunkline.core.connections.exchange import exchange_of
from trunkline.core.connections.token_request import SCOPE
from trunkline.core.connections.token_response import sendable
from trunkline.infra.db import Tx
from trunkline.infra.vault import Vault
from trunkline.kit.errors import InvalidRequestError
from trunkline.kit.secret import Secret

MAX_VALUE = 16 * 1024  # bytes of UTF-8
REFRESH_TOKEN, ACCESS_TOKEN = "refreshToken", "accessToken"  # names of members
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "api_key": ("apiKey",),
    "basic": ("username", "password"),
    "bearer": ("token",),
    "none": (),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What is known of tokens that were granted elsewhere.

    Attributes:
        access_expires_at, refresh_expires_at: stored moments; None where nobody knows.
        scopes: what was granted; None for what is asked for usually.
    """

    access_expires_at: str | None = None
    refresh_expires_at: str | None = None
    scopes: tuple[str, ...] | None = None


def brought_credential(
    tx: Tx,
    vault: Vault,
    configuration: Configuration,
    given: Mapping[str, Secret],
    imported: Imported,
    now: str,
) -> Credential:
    """What was brought, each thing known, there, of a size to be kept, and good at this moment.

    Raises:
        InvalidRequestError: a thing is missing, not asked for, empty, too long or cannot be sent, or an access
            token has expired and there is no refresh token.
        NotConnectableError: the integration exchanges tokens and does not say how.
        VaultError: the integration's own key does not open.
    """
    required, optional = _asked(configuration)
    for name, value in given.items():
        if name not in required and name not in optional:
            known = ", ".join((*required, *optional)) or "nothing"
            raise InvalidRequestError.at(f"credentials.{name[:100]}", f"is not asked for; {known} is")
        if not 1 <= len(value.reveal().encode()) <= MAX_VALUE:
            raise InvalidRequestError.at(f"credentials.{name}", f"must be 1-{MAX_VALUE} bytes")
        sent = name in {"apiKey", "token", ACCESS_TOKEN} or configuration.scheme == "custom"
        if sent and sendable(value.reveal()) is None:
            raise InvalidRequestError.at(f"credentials.{name}", "has a character that cannot be sent")
    missing = [name for name in required if name not in given]
    if missing == ["apiKey"] and api_key_of(tx, vault, configuration) is not None:
        missing = []  # the integration brings its own, for all its connections
    if missing:
        raise InvalidRequestError.at(f"credentials.{missing[0]}", "is required")
    tokens = {ACCESS_TOKEN, REFRESH_TOKEN}
    credential = Credential(
        given={name: value for name, value in given.items() if name not in tokens},
        access=given.get(ACCESS_TOKEN),
        refresh=given.get(REFRESH_TOKEN),
    )
    return _unexpired(credential, imported, now)


def _unexpired(credential: Credential, imported: Imported, now: str) -> Credential:
    """The credential without an access token that has ended already, where another can be got."""
    ends = imported.access_expires_at
    if credential.access is None or ends is None or ends > now:
        return credential
    if credential.refresh is None:
        raise InvalidRequestError.at(
            f"credentials.{ACCESS_TOKEN}", "has expired, and there is no refreshToken"
        )
    return replace(credential, access=None)


def _asked(configuration: Configuration) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of what must be brought, and of what may be."""
    if configuration.scheme == "token_exchange":
        return tuple(exchange_of(configuration).inputs), ()
    if configuration.scheme == "oauth2":
        client = (CLIENT_ID, GIVEN_SECRET, SCOPE)
        if configuration.grant_type == PASSWORD:
            return _FIELDS["basic"], client
        return (), client if configuration.grant_type == CLIENT else (REFRESH_TOKEN, ACCESS_TOKEN)
    if configuration.custom is not None:
        return tuple(one.name for one in configuration.custom.inputs), ()
    # An integration may call itself custom while its provider is not: then there is nothing to bring.
    return _FIELDS.get(configuration.scheme, ()), ()
