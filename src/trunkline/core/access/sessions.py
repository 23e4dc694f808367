"""Keys of people who have logged in: the session that logging in opens, and the API tokens they make.

Both act as their user with everything the user may do, and are pinned to a dialect as other keys are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from trunkline.core.access.authenticate import act_as
from trunkline.core.access.errors import SecretKeyRequiredError
from trunkline.core.access.issuing import Draft, IssuedKey, check_dialect, issue
from trunkline.core.access.keys import revoke_key, visible_key
from trunkline.core.access.narrowing import narrowed_expiry, narrowed_objects, narrowed_operations
from trunkline.core.access.permissions import READ_ONLY, Permission
from trunkline.core.access.queries import BY_ID, ENDED_LOGINS, HOME, LOGINS_OF, MAKER
from trunkline.core.access.scope import scope
from trunkline.core.access.specs import KEY, KeyRow
from trunkline.core.access.tables import access_keys
from trunkline.core.journal import Change, record
from trunkline.infra.db import Tx, lists
from trunkline.kit.actor import Actor
from trunkline.kit.clock import read_stamp, stamp
from trunkline.kit.errors import NotFoundError, UnauthenticatedError
from trunkline.kit.filters import All, Compare, Op
from trunkline.kit.pages import ListQuery, Page
from trunkline.kit.text import check_name

SESSION_LIFETIME_S = 43_200  # seconds, when none is asked for: a working day
SESSIONS_MAX = 100  # live ones of a user; the oldest ends when there would be more


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateApiToken:
    """The request for a lasting key of somebody who is logged in.

    Attributes:
        name: for people to tell tokens apart.
        expires_at: stored text; None for never.
        read_only: whether it reads only.
        dialect: as in `CreateKey`.
    """

    name: str
    expires_at: str | None = None
    read_only: bool = False
    dialect: str | None = "informer"


def open_session(
    tx: Tx,
    user_id: str,
    *,
    pepper: bytes,
    lifetime_s: int = SESSION_LIFETIME_S,
    dialect: str | None = "informer",
    request_id: str | None = None,
) -> IssuedKey:
    """Make a session for a user who has just proved who they are.

    What is left of the user's ended sessions is removed.

    Raises:
        UnauthenticatedError: the user is unknown or not active.
    """
    actor = act_as(tx, user_id, request_id=request_id)
    tx.delete(access_keys, ENDED_LOGINS, user_id=user_id, now=tx.now)
    for key_id, organization_id in _live(tx, user_id)[SESSIONS_MAX - 1 :]:
        _end(tx, actor, key_id, organization_id)
    draft = Draft(
        user_id=user_id,
        organization_id=str(tx.value(HOME, user_id=user_id)),
        kind="login",
        dialect=dialect,
        name="session",
        expires_at=stamp(read_stamp(tx.now) + timedelta(seconds=lifetime_s)),
    )
    return issue(tx, actor, draft, "session.opened", pepper)


def close_session(tx: Tx, actor: Actor) -> None:
    """End the session the caller acts through; a no-op where there is none, as with a password or token."""
    if actor.key_id is None:
        return
    row = lists.get_row(tx, KEY, actor.key_id, scope(actor, tx.specs))
    if row is not None and row.kind == "login" and row.revoked_at is None:
        _end(tx, actor, row.id, row.organization_id)


def end_sessions(tx: Tx, actor: Actor, user_id: str, *, parent_id: str) -> None:
    """End every session of a user, because of the event `parent_id`."""
    for key_id, organization_id in _live(tx, user_id):
        _end(tx, actor, key_id, organization_id, parent_id)


def list_api_tokens(tx: Tx, actor: Actor, query: ListQuery) -> Page[KeyRow]:
    """The caller's own API tokens.

    Raises:
        InvalidRequestError: an unknown field or operator, or a bad place.
    """
    actor.require(Permission.KEYS_READ)
    own = (Compare("kind", Op.EQ, "api"), Compare("user_id", Op.EQ, actor.user_id))
    where = All(own if query.where is None else (*own, query.where))
    return lists.list_rows(tx, KEY, replace(query, where=where), scope(actor, tx.specs))


def get_api_token(tx: Tx, actor: Actor, key_id: str) -> KeyRow:
    """One API token of the caller's own.

    Raises:
        NotFoundError: absent, or no API token of the caller's.
    """
    actor.require(Permission.KEYS_READ)
    return _own_token(tx, actor, key_id)


def create_api_token(tx: Tx, actor: Actor, request: CreateApiToken, *, pepper: bytes) -> IssuedKey:
    """Make an API token that acts as the caller; only its digest is kept.

    Made with a secret key it inherits whatever narrows that one. It outlives the session it was made in.

    Raises:
        ForbiddenError: the caller acts through a key that makes no keys, or asks for more than its key allows.
        InvalidRequestError: the name, dialect or expiry is malformed.
        UnauthenticatedError: the caller's key is gone meanwhile.
    """
    actor.require(Permission.KEYS_WRITE)
    check_dialect("dialect", request.dialect)
    made_until = _require_maker(tx, actor)
    asked = tuple(sorted(READ_ONLY)) if request.read_only else None
    draft = Draft(
        user_id=actor.user_id,
        organization_id=str(tx.value(HOME, user_id=actor.user_id)),
        workspace_id=actor.workspace_id,
        kind="api",
        dialect=request.dialect,
        name=check_name("name", request.name),
        operations=narrowed_operations(actor, asked, "api"),
        entity_ids=narrowed_objects(actor, None),
        expires_at=narrowed_expiry(tx, request.expires_at, made_until),
    )
    return issue(tx, actor, draft, "key.created", pepper)


def revoke_api_token(tx: Tx, actor: Actor, key_id: str) -> KeyRow:
    """End an API token of the caller's own from the next request on; a no-op when it is revoked.

    Raises:
        NotFoundError: absent, or no API token of the caller's.
    """
    actor.require(Permission.KEYS_WRITE)
    _own_token(tx, actor, key_id)
    return revoke_key(tx, actor, key_id)


def _own_token(tx: Tx, actor: Actor, key_id: str) -> KeyRow:
    row = visible_key(tx, actor, key_id)
    if row.kind != "api" or row.user_id != actor.user_id:
        raise NotFoundError("token")
    return row


def _require_maker(tx: Tx, actor: Actor) -> str | None:
    """Refuse callers who act through less than a session or a secret key; until when a token may be valid."""
    if actor.key_id is None:
        return None
    found = tx.fetch(MAKER, {"id": actor.key_id})
    if not found:
        raise UnauthenticatedError("the access key is unknown, expired or revoked")
    kind, expires_at = found[0]
    if kind not in {"login", "secret"}:
        raise SecretKeyRequiredError(f"this takes a session or a secret key, not one of kind {kind}")
    return None if kind == "login" or expires_at is None else str(expires_at)


def _live(tx: Tx, user_id: str) -> list[tuple[str, str]]:
    """Sessions of a user, each with its organization, the newest first."""
    return [(key_id, tenant) for key_id, tenant in tx.fetch(LOGINS_OF, {"user_id": user_id, "now": tx.now})]


def _end(tx: Tx, actor: Actor, key_id: str, organization_id: str, parent_id: str | None = None) -> None:
    tx.update(access_keys, BY_ID, {"id": key_id}, revoked_at=tx.now)
    change = Change(
        type="session.closed",
        subject_kind="key",
        subject_id=key_id,
        organization_id=organization_id,
        parent_id=parent_id,
    )
    record(tx, actor, change)
