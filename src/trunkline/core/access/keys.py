"""Access keys: made once, shown once, kept only as a digest; what they allow can only shrink."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from msgspec import structs

from trunkline.core.access.authorize import require_workspace
from trunkline.core.access.errors import SecretKeyRequiredError
from trunkline.core.access.issuing import Draft, IssuedKey, check_dialect, holder, issue, journal_key
from trunkline.core.access.narrowing import (
    narrowed_expiry,
    narrowed_objects,
    narrowed_operations,
    require_secret_key,
)
from trunkline.core.access.permissions import Permission
from trunkline.core.access.queries import BY_ID, HOME, SESSIONS_OF
from trunkline.core.access.scope import scope
from trunkline.core.access.specs import KEY, KeyRow
from trunkline.core.access.tables import access_keys
from trunkline.infra.db import Tx, lists
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.clock import read_stamp, stamp
from trunkline.kit.errors import InvalidRequestError, NotFoundError
from trunkline.kit.pages import ListQuery, Page
from trunkline.kit.text import check_name

TOKEN_LIFETIME_S = 3_600  # seconds, when none is asked for
TOKEN_LIFETIME_MAX_S = 86_400  # seconds; a session token lives a day at most


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateKey:
    """The request for a lasting key.

    Attributes:
        name: for people to tell keys apart.
        kind: `secret` (the default) or `publishable`.
        dialect: whose it is where several dialects share a path; None leaves that to the request.
        workspace_id: binds the key to one workspace; None for all of the user's.
        operations: what it allows (`integrations:read`, `installs:*`, `*:read`); None for all its kind does.
        entity_ids: the objects it is narrowed to; None for all.
        expires_at: stored text; None for never.
        metadata: anything, given back as it is.
        user_id: whom it acts as; only the system may name somebody else than the caller.
    """

    name: str
    kind: str = "secret"
    dialect: str | None = "platform"
    workspace_id: str | None = None
    operations: tuple[str, ...] | None = None
    entity_ids: tuple[str, ...] | None = None
    expires_at: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    user_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateToken:
    """The request for a session token: as `CreateKey`, but always in a workspace and short-lived."""

    workspace_id: str
    operations: tuple[str, ...] | None = None
    entity_ids: tuple[str, ...] | None = None
    expires_in_s: int = TOKEN_LIFETIME_S
    metadata: Mapping[str, Any] = field(default_factory=dict)


def list_keys(tx: Tx, actor: Actor, query: ListQuery) -> Page[KeyRow]:
    """The caller's own keys, and all of the organizations the caller administers.

    Raises:
        InvalidRequestError: an unknown field or operator, or a bad place.
    """
    actor.require(Permission.KEYS_READ)
    return lists.list_rows(tx, KEY, query, scope(actor, tx.specs))


def get_key(tx: Tx, actor: Actor, key_id: str) -> KeyRow:
    """One key.

    Raises:
        NotFoundError: absent or outside the caller's scope.
    """
    actor.require(Permission.KEYS_READ)
    return visible_key(tx, actor, key_id)


def create_key(tx: Tx, actor: Actor, request: CreateKey, *, pepper: bytes) -> IssuedKey:
    """Make a secret or publishable key that acts as the caller; only its digest is kept.

    A key made with a key inherits whatever narrows that one where nothing narrower is asked for.

    Raises:
        NotFoundError: the workspace is absent or not the caller's, or there is no such active user.
        ForbiddenError: the caller acts through another kind of key, asks for more than its key allows, or
            for a key of somebody else.
        InvalidRequestError: the name, kind, dialect, operations, objects, metadata or expiry is malformed.
    """
    actor.require(Permission.KEYS_WRITE)
    if request.kind not in {"secret", "publishable"}:
        raise InvalidRequestError.at("kind", "must be secret or publishable")
    check_dialect("dialect", request.dialect)
    made_until = require_secret_key(tx, actor)
    user_id = holder(actor, request.user_id)
    home = tx.value(HOME, user_id=user_id)
    if home is None:
        raise NotFoundError("user")
    workspace_id = actor.workspace_id if request.workspace_id is None else request.workspace_id
    if workspace_id is not None:
        home = require_workspace(tx, actor, workspace_id, Tier.VIEWER)
    draft = Draft(
        user_id=user_id,
        organization_id=str(home),
        workspace_id=workspace_id,
        kind=request.kind,
        dialect=request.dialect,
        name=check_name("name", request.name),
        operations=narrowed_operations(actor, request.operations, request.kind),
        entity_ids=narrowed_objects(actor, request.entity_ids),
        expires_at=narrowed_expiry(tx, request.expires_at, made_until),
        metadata=request.metadata,
    )
    return issue(tx, actor, draft, "key.created", pepper)


def create_token(tx: Tx, actor: Actor, request: CreateToken, *, pepper: bytes) -> IssuedKey:
    """Make a session token bound to a workspace that acts as the caller for a day at most.

    It never outlives the secret key it was made with.

    Raises:
        NotFoundError: the workspace is absent or not the caller's.
        ForbiddenError: the caller does not act through a secret key, or asks for more than it allows.
        InvalidRequestError: the operations, objects, metadata or lifetime is malformed.

    Source: Aeontel, POST /api/tokens.
    """
    actor.require(Permission.TOKENS_WRITE)
    if actor.key_id is None:
        raise SecretKeyRequiredError("tokens are made with a secret key")
    made_until = require_secret_key(tx, actor)
    if not 1 <= request.expires_in_s <= TOKEN_LIFETIME_MAX_S:
        raise InvalidRequestError.at("expiresIn", f"must be 1-{TOKEN_LIFETIME_MAX_S} seconds")
    organization_id = require_workspace(tx, actor, request.workspace_id, Tier.VIEWER)
    expires_at = stamp(read_stamp(tx.now) + timedelta(seconds=request.expires_in_s))
    draft = Draft(
        user_id=actor.user_id,
        organization_id=organization_id,
        workspace_id=request.workspace_id,
        kind="session",
        dialect="platform",
        name="session",
        operations=narrowed_operations(actor, request.operations, "session"),
        entity_ids=narrowed_objects(actor, request.entity_ids),
        expires_at=expires_at if made_until is None else min(expires_at, made_until),
        metadata=request.metadata,
    )
    return issue(tx, actor, draft, "token.created", pepper)


def revoke_key(tx: Tx, actor: Actor, key_id: str) -> KeyRow:
    """End a key and the session tokens made with it from the next request on; a no-op when it is revoked.

    Lasting keys made with it stay: that is how a key is rotated.

    Raises:
        NotFoundError: absent or outside the caller's scope.
    """
    actor.require(Permission.KEYS_WRITE)
    row = visible_key(tx, actor, key_id)
    if row.revoked_at is not None:
        return row
    after = structs.replace(row, revoked_at=tx.now)
    tx.update(access_keys, BY_ID, {"id": row.id}, revoked_at=tx.now)
    tx.update(access_keys, SESSIONS_OF, {"parent_id": row.id}, revoked_at=tx.now)
    journal_key(tx, actor, "key.revoked", after)
    return after


def visible_key(tx: Tx, actor: Actor, key_id: str) -> KeyRow:
    """One key the caller sees.

    Raises:
        NotFoundError: absent or outside the caller's scope.
    """
    row = lists.get_row(tx, KEY, key_id, scope(actor, tx.specs))
    if row is None:
        raise NotFoundError("key")
    return row
