"""What a new key may allow: never more than the key it is made with."""

from __future__ import annotations

import re

from trunkline.core.access.errors import ScopeExceededError, SecretKeyRequiredError
from trunkline.core.access.permissions import PATTERNS, READ_ONLY, Permission
from trunkline.core.access.queries import MAKER
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor
from trunkline.kit.errors import InvalidRequestError, UnauthenticatedError

MAX_SCOPE_ITEMS = 100  # operations, and objects, of one key
_HEX_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)


def require_secret_key(tx: Tx, actor: Actor) -> str | None:
    """Refuse callers who act through anything less than a secret key; until when theirs is valid.

    Raises:
        SecretKeyRequiredError: the caller's key is publishable or a session token.
        UnauthenticatedError: the caller's key is gone meanwhile.
    """
    if actor.key_id is None:
        return None
    found = tx.fetch(MAKER, {"id": actor.key_id})
    if not found:
        raise UnauthenticatedError("the access key is unknown, expired or revoked")
    kind, expires_at = found[0]
    if kind != "secret":
        raise SecretKeyRequiredError(f"this takes a secret key, not one of kind {kind}")
    return None if expires_at is None else str(expires_at)


def require_lasting_key(tx: Tx, actor: Actor) -> None:
    """Refuse callers whose key is narrowed or ends some day: what they would let in is neither.

    Raises:
        SecretKeyRequiredError: the caller's key is publishable or a session token.
        ScopeExceededError: the caller's key is narrowed or expires.
        UnauthenticatedError: the caller's key is gone meanwhile.
    """
    if require_secret_key(tx, actor) is not None:
        raise ScopeExceededError("this key expires, so it lets no other key in that does not")
    if actor.operations is not None or actor.entity_ids is not None:
        raise ScopeExceededError("this key is narrowed, so it lets no other key do more")


def narrowed_operations(actor: Actor, asked: tuple[str, ...] | None, kind: str) -> tuple[str, ...] | None:
    """The operations of a new key; where none are asked for, reading for a publishable key, else the caller's.

    Raises:
        InvalidRequestError: an operation is unknown.
        ScopeExceededError: an operation is not the caller's key's.
    """
    if asked is None:
        return _default_operations(actor, kind)
    if len(asked) > MAX_SCOPE_ITEMS:
        raise InvalidRequestError.at("scopes.operations", f"more than {MAX_SCOPE_ITEMS} items")
    for index, operation in enumerate(asked):
        if operation not in PATTERNS:
            raise InvalidRequestError.at(f"scopes.operations[{index}]", "unknown operation")
        # A pattern reads like a permission: `installs:*` is allowed by itself and by what covers it.
        if not actor.allows(operation):
            raise ScopeExceededError(
                f"this key does not allow {operation}, so neither can a key made with it"
            )
    return tuple(dict.fromkeys(asked))


def narrowed_objects(actor: Actor, asked: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """The objects a new key is narrowed to; where none are asked for, the caller's.

    Raises:
        InvalidRequestError: not an id.
        ScopeExceededError: the caller's key is narrowed to other objects.
    """
    if asked is None:
        return None if actor.entity_ids is None else tuple(sorted(actor.entity_ids))
    if len(asked) > MAX_SCOPE_ITEMS:
        raise InvalidRequestError.at("scopes.entityIds", f"more than {MAX_SCOPE_ITEMS} items")
    for index, entity_id in enumerate(asked):
        if not _HEX_ID.fullmatch(entity_id):
            raise InvalidRequestError.at(f"scopes.entityIds[{index}]", "not an id")
        if actor.entity_ids is not None and entity_id not in actor.entity_ids:
            raise ScopeExceededError("this key does not reach that object, so neither can a key made with it")
    return tuple(dict.fromkeys(asked))


def narrowed_expiry(tx: Tx, asked: str | None, made_until: str | None) -> str | None:
    """When a new key expires (stored text); where no time is asked for, with the caller's key.

    Raises:
        InvalidRequestError: the time is past.
        ScopeExceededError: the caller's key expires earlier.
    """
    if asked is None:
        return made_until
    if asked <= tx.now:
        raise InvalidRequestError.at("expiresAt", "must be in the future")
    if made_until is not None and asked > made_until:
        raise ScopeExceededError("this key expires earlier, so a key made with it cannot last longer")
    return asked


def _default_operations(actor: Actor, kind: str) -> tuple[str, ...] | None:
    if kind != "publishable":
        return None if actor.operations is None else tuple(sorted(actor.operations))
    if all(actor.allows(operation) for operation in READ_ONLY):
        return tuple(sorted(READ_ONLY))
    return tuple(name.value for name in Permission if name.endswith(":read") and actor.allows(name))
