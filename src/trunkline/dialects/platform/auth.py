"""Bearer keys of the platform dialect.

Source: seeds 000 and 001 ("Bearer-auth required"); RFC 6750 section 2.1.
"""

from __future__ import annotations

import re

from trunkline.core import access
from trunkline.infra.db import Tx
from trunkline.infra.vault import key_hash
from trunkline.kit import keys
from trunkline.kit.actor import Actor
from trunkline.kit.errors import InvalidRequestError, UnauthenticatedError
from trunkline.web import Claims, Credentials, Headers, Services

SECRET_ALIAS = "prv_"  # noqa: S105  # another spelling of the `sec_` prefix that clients use
PINNED = (keys.KeyKind.SECRET, keys.KeyKind.PUBLIC, keys.KeyKind.TOKEN)
_BEARER = re.compile(r"bearer +(\S+)", re.IGNORECASE | re.ASCII)


def authenticate(tx: Tx, credentials: Credentials, services: Services) -> Actor:
    """The actor behind `Authorization: Bearer <key>`; a malformed key costs no look-up.

    Raises:
        UnauthenticatedError: no key, a malformed one, or one that is unknown, expired or revoked.
        InvalidRequestError: more than one credential, so it is open who is meant.
    """
    text = _bearer(credentials.headers)
    if text is None:
        raise UnauthenticatedError("an access key is required: Authorization: Bearer <key>")
    key = keys.parse(text)
    if key is None:
        raise UnauthenticatedError("the access key is malformed")
    return access.authenticate(tx, key_hash(services.pepper, key.text.reveal()))


def is_pinned(tx: Tx, headers: Headers, services: Services) -> bool:
    """Whether the request carries a key for this dialect alone; an unknown one counts by its prefix."""
    text = _bearer(headers)
    key = None if text is None else keys.parse(text)
    if key is None:
        return text is not None and text.startswith(PINNED)
    unknown = "platform" if key.kind in PINNED else None
    digest = key_hash(services.pepper, key.text.reveal())
    return access.pinned_dialect(tx, digest, unknown=unknown) == "platform"


def _bearer(headers: Headers) -> str | None:
    given = headers.getlist("authorization")
    if len(given) > 1:
        raise InvalidRequestError.at("Authorization", "given more than once")
    found = _BEARER.fullmatch(given[0].strip()) if given else None
    if found is None:
        return None
    text = found[1]
    if text.startswith(SECRET_ALIAS):
        return keys.KeyKind.SECRET + text.removeprefix(SECRET_ALIAS)
    return text


CLAIMS = Claims(
    media_types=("application/vnd.trunkline.platform+json",),
    own_id=re.compile("int_[0-9A-Za-z]+", re.ASCII),
    member="workspaceId",
    pins=is_pinned,
)
