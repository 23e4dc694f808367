"""Who asks: a bearer key, a password (Basic), or the session cookie that logging in sets.

Cookie and password are what a browser sends along by itself, so what changes anything needs the browser's word
that the request comes from a page of ours.

Source: informer-gestal reference A1; RFC 6750 section 2.1; RFC 7617; Fetch Metadata (Sec-Fetch-Site).
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from typing import Final
from urllib.parse import urlsplit

from trunkline.core import access
from trunkline.dialects.informer.media import HAL, VENDOR
from trunkline.infra.db import Database, Tx
from trunkline.infra.vault import key_hash
from trunkline.kit import keys
from trunkline.kit.actor import Actor
from trunkline.kit.errors import ForbiddenError, InvalidRequestError, UnauthenticatedError
from trunkline.kit.secret import Secret
from trunkline.web import Claims, Credentials, Headers, Incoming, Services, read_cookie

COOKIE: Final = "sid"
_SAFE: Final = ("GET", "HEAD")
_AUTHORIZATION = re.compile(r"(basic|bearer) +(\S+)", re.IGNORECASE | re.ASCII)
_BEARER, _BASIC, _SESSION = "bearer", "basic", "session"
_REQUIRED = "a session, a bearer token or a user name and password is required"


class CrossSiteError(ForbiddenError):
    """A page of another site had a browser send this, or no browser can tell which page did."""

    code = "cross_site_request"


async def verify(database: Database, services: Services, incoming: Incoming) -> str | None:
    """Whose password the request carries; None where it carries none.

    Raises:
        UnauthenticatedError: it is nobody's.
        RateLimitedError: too many wrong ones.
        UnavailableError: too many are being checked.
    """
    scheme, text = _given(incoming.headers)
    if scheme != _BASIC:
        return None
    username, colon, password = _decoded(text).partition(":")
    if not colon:
        raise UnauthenticatedError("the credential is malformed")
    attempt = access.LoginAttempt(username=username, password=Secret(password), source=incoming.source)
    return await services.logins.check(database, attempt)


def authenticate(tx: Tx, credentials: Credentials, services: Services) -> Actor:
    """The actor behind the request; a malformed key costs no look-up.

    Raises:
        UnauthenticatedError: no credential, a malformed one, or one that is unknown, expired or revoked.
        CrossSiteError: a browser sends it on behalf of another site.
        InvalidRequestError: more than one credential, so it is open who is meant.
    """
    scheme, text = _given(credentials.headers)
    if scheme is None:
        raise UnauthenticatedError(_REQUIRED)
    if scheme != _BEARER and credentials.method not in _SAFE:
        _refuse_cross_site(credentials.headers, services.public_url, known=scheme == _BASIC)
    if scheme == _BASIC:
        if credentials.verified_user is None:
            raise UnauthenticatedError(_REQUIRED)
        return access.act_as(tx, credentials.verified_user)
    key = keys.parse(text)
    if key is None:
        raise UnauthenticatedError("the credential is malformed")
    return access.authenticate(tx, key_hash(services.pepper, key.text.reveal()))


def is_pinned(tx: Tx, headers: Headers, services: Services) -> bool:
    """Whether the request carries a password, a session, or a key that was made for this dialect."""
    scheme, text = _given(headers)
    if scheme != _BEARER:
        return scheme is not None
    key = keys.parse(text)
    if key is None:
        return False
    return access.pinned_dialect(tx, key_hash(services.pepper, key.text.reveal())) == "informer"


def _given(headers: Headers) -> tuple[str | None, str]:
    """The kind of credential and its text; an Authorization header stands before the cookie."""
    authorizations = headers.getlist("authorization")
    if len(authorizations) > 1:
        raise InvalidRequestError.at("Authorization", "given more than once")
    if authorizations:
        found = _AUTHORIZATION.fullmatch(authorizations[0].strip())
        return (found[1].lower(), found[2]) if found else (_BEARER, "")
    session = read_cookie(headers, COOKIE)
    return (None, "") if session is None else (_SESSION, session)


def _decoded(text: str) -> str:
    try:
        return b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        raise UnauthenticatedError("the credential is malformed") from None


def _refuse_cross_site(headers: Headers, public_url: str, *, known: bool) -> None:
    """Refuse what a browser sends from elsewhere; what tells nothing passes where the caller is `known`."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        ours = site == "same-origin"
    elif origin is not None:
        ours = origin == _origin(public_url) or _host(origin) == headers.get("host", "")
    else:
        ours = known
    if not ours:
        raise CrossSiteError("with a session or a password, this is only for requests from our own pages")


def _host(origin: str) -> str | None:
    """The host an origin names; None for `null`, and for what is no origin at all."""
    try:
        return urlsplit(origin).netloc or None
    except ValueError:
        return None


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


CLAIMS = Claims(media_types=(HAL, VENDOR), any_id=True, member="type", pins=is_pinned)
