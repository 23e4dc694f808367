"""Front ends: a publisher's pages in the browsers of its customers, and the tokens that let them in.

The publisher's server signs a token for one group and one consumer of a project with a key whose public half
is kept here. A page that shows it sees what the project publishes and reaches the group, and nothing else.

Source: RFC 7515 section 3.1, RFC 7519 section 4.1, RFC 8725 sections 2 and 3.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from typing import Any, Final

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from msgspec import Struct

from trunkline.core.access.authenticate import act_as
from trunkline.core.access.projects import as_front_end
from trunkline.core.access.queries import FRONT_END_KEY, GROUP_CALLED
from trunkline.core.access.refs import MAX_REF, is_ref
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.clock import read_stamp
from trunkline.kit.errors import InvalidRequestError, UnauthenticatedError
from trunkline.kit.ids import parse_id
from trunkline.kit.strictjson import decode

ALGORITHM: Final = "RS256"
TOKEN_MAX: Final = 8_192  # characters
LIFETIME_MAX_S: Final = 600
SKEW_S: Final = 60  # how far the publisher's clock may be off
_UNKNOWN: Final = "the token is signed with no known key"
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


class _FrontEndKey(Struct, frozen=True):
    """An active JWT key of a live project, in the statement's order."""

    id: str
    workspace_id: str
    user_id: str
    public_key_pem: str


def authenticate_front_end(
    tx: Tx, token: str, now: str | None = None, *, request_id: str | None = None
) -> Actor:
    """The actor behind a token that a publisher's server has signed for one of its pages.

    Args:
        tx: the transaction.
        token: a JWS in compact form: header `alg` (RS256) and `kid` (the id of a JWT key), claims `groupRef`,
            `consumerRef`, `iat`, `exp`, and `nbf` where there is one.
        now: stored text; the transaction's moment unless given.
        request_id: carried into audit entries.

    Raises:
        UnauthenticatedError: the token is malformed, its key unknown, inactive or another, it lives longer than
            ten minutes, is not valid now, or the user the key acts as has no part in the project any more.
    """
    header, claims = _read(token)
    key_id = parse_id("jwt_key", header["kid"])
    key = None if key_id is None else tx.one(_FrontEndKey, FRONT_END_KEY, id=key_id)
    if key is None:
        raise UnauthenticatedError(_UNKNOWN)
    _verify(token, key.public_key_pem)
    _check_times(claims, read_stamp(now or tx.now).timestamp())
    return front_end_actor(
        tx,
        project_id=key.workspace_id,
        user_id=key.user_id,
        key_id=key.id,
        group_ref=_ref(claims, "groupRef"),
        consumer_ref=_ref(claims, "consumerRef"),
        request_id=request_id,
    )


def front_end_actor(
    tx: Tx,
    *,
    project_id: str,
    user_id: str,
    key_id: str | None,
    group_ref: str,
    consumer_ref: str | None,
    request_id: str | None = None,
) -> Actor:
    """The actor of a page of a project, for one of the project's groups, which need not exist yet.

    Everything is done as `user_id`, with no more than that user may do in the project: an editor's tier in the
    group, a viewer's of what the project publishes, and the operations of `FRONT_END`. What the user was granted,
    owns or has connected for themselves counts for nothing. `group_ref` stands for the group throughout, so that
    the actor reaches a group that is made after it, too; `group_id` is known where the group exists.

    Raises:
        UnauthenticatedError: the user is not active or holds no tier in the project, or the project is deleted.
    """
    user = act_as(tx, user_id, workspace_id=project_id, request_id=request_id)
    if user.workspace_tier is Tier.NONE:
        raise UnauthenticatedError(_UNKNOWN)
    group_id: str | None = tx.value(GROUP_CALLED, project_id=project_id, ref=group_ref)
    actor = replace(user, key_id=key_id, group_id=group_id, group_ref=group_ref, consumer_ref=consumer_ref)
    return as_front_end(actor)


def _read(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a token whose signature is still to be looked at."""
    parts = token.split(".")
    if len(token) > TOKEN_MAX or len(parts) != 3:
        raise UnauthenticatedError("the token is malformed")
    header, claims, _signature = (_decoded(part) for part in parts)
    members = _members(header)
    if members.get("alg") != ALGORITHM:
        raise UnauthenticatedError(f"the token must be signed with {ALGORITHM}")
    if not isinstance(members.get("kid"), str):
        raise UnauthenticatedError("the token's header must name its key: kid")
    if "crit" in members or str(members.get("typ", "JWT")).upper() != "JWT":
        raise UnauthenticatedError("the token is of another kind")
    return members, _members(claims)


def _decoded(part: str) -> bytes:
    """The bytes of a part, in the one spelling that stands for them."""
    if _BASE64URL.fullmatch(part) and len(part) % 4 != 1:
        found = urlsafe_b64decode(part + "=" * (-len(part) % 4))
        if urlsafe_b64encode(found).rstrip(b"=") == part.encode():
            return found
    raise UnauthenticatedError("the token is malformed")


def _members(data: bytes) -> dict[str, Any]:
    try:
        value = decode(data, what="token")
    except InvalidRequestError:
        raise UnauthenticatedError("the token is malformed") from None
    if not isinstance(value, dict):
        raise UnauthenticatedError("the token is malformed")
    return value


def _verify(token: str, public_key_pem: str) -> None:
    try:
        jws.deserialize_compact(token, RSAKey.import_key(public_key_pem), algorithms=[ALGORITHM])
    except (JoseError, ValueError):
        # Whether there is such a key is nothing to tell those who do not hold it.
        raise UnauthenticatedError(_UNKNOWN) from None


def _check_times(claims: dict[str, Any], now: float) -> None:
    issued, ends = _moment(claims, "iat"), _moment(claims, "exp")
    begins = _moment(claims, "nbf") if "nbf" in claims else issued
    if not issued < ends <= issued + LIFETIME_MAX_S:
        raise UnauthenticatedError(f"a token lives for {LIFETIME_MAX_S} seconds at most")
    if ends + SKEW_S <= now:
        raise UnauthenticatedError("the token has expired")
    if max(issued, begins) > now + SKEW_S:
        raise UnauthenticatedError("the token is not valid yet")


def _moment(claims: dict[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UnauthenticatedError(f"the token must say when, as seconds: {name}")
    return value


def _ref(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not is_ref(value):
        raise UnauthenticatedError(f"the token must name 1-{MAX_REF} characters: {name}")
    return value
