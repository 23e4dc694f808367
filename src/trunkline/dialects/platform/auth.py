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
from trunkline.web import Headers, Services

SECRET_ALIAS = "prv_"  # noqa: S105  # another spelling of the `sec_` prefix that clients use
_BEARER = re.compile(r"bearer +(\S+)", re.IGNORECASE | re.ASCII)


def authenticate(tx: Tx, headers: Headers, services: Services) -> Actor:
    """The actor behind `Authorization: Bearer <key>`; a malformed key costs no look-up.

    Raises:
        UnauthenticatedError: no key, a malformed one, or one that is unknown, expired or revoked.
        InvalidRequestError: more than one credential, so it is open who is meant.
    """
    given = headers.getlist("authorization")
    if len(given) > 1:
        raise InvalidRequestError.at("Authorization", "given more than once")
    found = _BEARER.fullmatch(given[0].strip()) if given else None
    if found is None:
        raise UnauthenticatedError("an access key is required: Authorization: Bearer <key>")
    text = found[1]
    if text.startswith(SECRET_ALIAS):
        text = keys.KeyKind.SECRET + text.removeprefix(SECRET_ALIAS)
    key = keys.parse(text)
    if key is None:
        raise UnauthenticatedError("the access key is malformed")
    return access.authenticate(tx, key_hash(services.pepper, key.text.reveal()))
