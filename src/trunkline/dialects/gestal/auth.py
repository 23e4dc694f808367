"""Who asks: an integrator with a bearer token, or an installation with its access key (Basic).

Source: seed 004 ("Authenticate as installation"); informer-gestal reference B2; RFC 6750 section 2.1; RFC 7617.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from dataclasses import dataclass

from trunkline.core import access, installs
from trunkline.infra.db import Tx
from trunkline.infra.vault import key_hash
from trunkline.kit import keys
from trunkline.kit.actor import Actor
from trunkline.kit.errors import InvalidRequestError, UnauthenticatedError
from trunkline.web import Credentials, Headers, Services

_AUTHORIZATION = re.compile(r"(basic|bearer) +(\S+)", re.IGNORECASE | re.ASCII)
_MALFORMED = "the credential is malformed"


@dataclass(frozen=True, slots=True)
class Basic:
    """User name and password; a client that leaves out the colon has an empty password."""

    username: str
    password: str


def authenticate(tx: Tx, credentials: Credentials, services: Services) -> Actor:
    """The actor behind the request; a malformed key costs no look-up.

    Raises:
        UnauthenticatedError: no credential, a malformed one, or one that is unknown, ended or revoked.
        InvalidRequestError: more than one credential, so it is open who is meant.
    """
    scheme, text = _given(credentials.headers)
    if scheme == "basic":
        return _installation(tx, decoded(text), services)
    key = keys.parse(text)
    if key is None:
        raise UnauthenticatedError(_MALFORMED)
    return access.authenticate(tx, key_hash(services.pepper, key.text.reveal()))


def basic(headers: Headers) -> Basic:
    """The user name and password of a request.

    Raises:
        UnauthenticatedError: it carries none.
        InvalidRequestError: it carries more than one credential.
    """
    scheme, text = _given(headers)
    if scheme != "basic":
        raise UnauthenticatedError("e-mail address and password are required as HTTP Basic")
    return decoded(text)


def decoded(text: str) -> Basic:
    """What is behind the word Basic.

    Raises:
        UnauthenticatedError: it is no base64 of a text.
    """
    try:
        username, _, password = b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise UnauthenticatedError(_MALFORMED) from None
    return Basic(username, password)


def _installation(tx: Tx, given: Basic, services: Services) -> Actor:
    if given.password or not installs.is_access_key(given.username):
        raise UnauthenticatedError("an access key is the user name of HTTP Basic, and its password is empty")
    actor = installs.authenticate_installation(tx, key_hash(services.pepper, given.username))
    if actor.key_id is not None:
        services.activity.note(actor.key_id, tx.now)
    return actor


def _given(headers: Headers) -> tuple[str, str]:
    authorizations = headers.getlist("authorization")
    if len(authorizations) > 1:
        raise InvalidRequestError.at("Authorization", "given more than once")
    if not authorizations:
        raise UnauthenticatedError("a bearer token or an access key is required")
    found = _AUTHORIZATION.fullmatch(authorizations[0].strip())
    if found is None:
        raise UnauthenticatedError(_MALFORMED)
    return found[1].lower(), found[2]
