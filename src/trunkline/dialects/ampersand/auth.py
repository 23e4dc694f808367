"""Who asks: a key in X-Api-Key or behind the word Bearer, or a token that a publisher's server has signed.

Source: ampersand reference section 1.0 (auth); RFC 6750 section 2.1; RFC 7515 section 3.1.
"""

from __future__ import annotations

import re

from trunkline.core import access
from trunkline.infra.db import Tx
from trunkline.infra.vault import key_hash
from trunkline.kit import keys
from trunkline.kit.actor import Actor
from trunkline.kit.errors import InvalidRequestError, UnauthenticatedError
from trunkline.web import Credentials, Headers, SecurityScheme, Services

API_KEY = SecurityScheme(
    "APIKeyHeader", {"type": "apiKey", "name": "X-Api-Key", "in": "header"}, '-H "X-Api-Key: $KEY"'
)
_DOTS = 2  # of a token: no key has any
_BEARER = re.compile(r"bearer +(\S+)", re.IGNORECASE | re.ASCII)


def authenticate(tx: Tx, credentials: Credentials, services: Services) -> Actor:
    """The actor behind the request: a user, a project's key, or a page of a project in a customer's browser.

    A malformed key costs no look-up.

    Raises:
        UnauthenticatedError: no credential, a malformed one, or one that is unknown, expired or revoked.
        InvalidRequestError: more than one credential, so it is open who is meant.
    """
    bearer, text = _given(credentials.headers)
    if bearer and text.count(".") == _DOTS:
        return access.authenticate_front_end(tx, text)
    key = keys.parse(text)
    if key is None:
        raise UnauthenticatedError("the credential is malformed")
    return access.authenticate(tx, key_hash(services.pepper, key.text.reveal()))


def carries_credential(headers: Headers) -> bool:
    """Whether the request says who asks, right or wrong."""
    return "x-api-key" in headers or "authorization" in headers


def _given(headers: Headers) -> tuple[bool, str]:
    """Whether it stands behind the word Bearer, and its text."""
    api_keys, authorizations = headers.getlist("x-api-key"), headers.getlist("authorization")
    if len(api_keys) + len(authorizations) > 1:
        name = "X-Api-Key" if api_keys else "Authorization"
        raise InvalidRequestError.at(name, "more than one credential")
    if api_keys:
        return False, api_keys[0].strip()
    if not authorizations:
        raise UnauthenticatedError("a key is required: X-Api-Key: <key>")
    found = _BEARER.fullmatch(authorizations[0].strip())
    if found is None:
        raise UnauthenticatedError("the credential is malformed")
    return True, found[1]
