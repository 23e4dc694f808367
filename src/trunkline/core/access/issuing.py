"""Making a key of any kind: the one place where a key exists, is digested and is written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec import Raw

from trunkline.core.access.specs import PINNABLE, KeyRow
from trunkline.core.access.tables import access_keys
from trunkline.core.journal import Change, record
from trunkline.infra.db import Tx
from trunkline.infra.vault import key_hash
from trunkline.kit import keys
from trunkline.kit.actor import Actor
from trunkline.kit.errors import ForbiddenError, InvalidRequestError
from trunkline.kit.secret import Secret
from trunkline.kit.strictjson import encode

MAX_METADATA = 4_096  # bytes of JSON

_PREFIXES = {
    "secret": keys.KeyKind.SECRET,
    "publishable": keys.KeyKind.PUBLIC,
    "session": keys.KeyKind.TOKEN,
    "login": keys.KeyKind.SESSION,
    "api": keys.KeyKind.API,
}


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A key's row and, this once, the key itself."""

    row: KeyRow
    secret: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A key all of whose limits are settled."""

    user_id: str
    organization_id: str
    kind: str
    dialect: str | None
    name: str
    workspace_id: str | None = None
    operations: tuple[str, ...] | None = None
    entity_ids: tuple[str, ...] | None = None
    expires_at: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


def check_dialect(path: str, value: str | None) -> None:
    """Refuse to pin a key to what is no dialect that keys tell apart.

    Raises:
        InvalidRequestError: neither of `PINNABLE` nor None.
    """
    if value is not None and value not in PINNABLE:
        raise InvalidRequestError.at(path, f"must be one of {', '.join(PINNABLE)}, or null")


def holder(actor: Actor, user_id: str | None) -> str:
    """The user a key acts as: the caller, unless the system names somebody.

    Raises:
        ForbiddenError: somebody else is named.
    """
    if user_id is None or user_id == actor.user_id:
        return actor.user_id
    if not actor.is_system:
        raise ForbiddenError("keys are made for oneself")
    return user_id


def issue(tx: Tx, actor: Actor, draft: Draft, event: str, pepper: bytes) -> IssuedKey:
    """Make the key and keep its digest.

    Raises:
        InvalidRequestError: the metadata is too long.
    """
    metadata = encode(draft.metadata)
    if len(metadata.encode()) > MAX_METADATA:
        raise InvalidRequestError.at("metadata", f"more than {MAX_METADATA} bytes")
    secret = keys.generate(_PREFIXES[draft.kind])
    columns: dict[str, Any] = {
        "id": tx.new_id(),
        "organization_id": draft.organization_id,
        "user_id": draft.user_id,
        "workspace_id": draft.workspace_id,
        "kind": draft.kind,
        "dialect": draft.dialect,
        "name": draft.name,
        "hint": keys.hint(secret.reveal()),
        "operations": None if draft.operations is None else encode(draft.operations),
        "entity_ids": None if draft.entity_ids is None else encode(draft.entity_ids),
        "metadata": metadata,
        "created_by": actor.user_id,
        "parent_id": actor.key_id,
        "created_at": tx.now,
        "expires_at": draft.expires_at,
        "revoked_at": None,
    }
    tx.insert(access_keys, **columns, digest=key_hash(pepper, secret.reveal()))
    stored = {"operations", "entity_ids", "metadata"}
    raw = {name: Raw(columns[name].encode()) for name in stored if columns[name] is not None}
    shown = {name: value for name, value in columns.items() if name in KeyRow.__struct_fields__}
    row = KeyRow(**shown | raw)
    journal_key(tx, actor, event, row)
    return IssuedKey(row, secret)


def journal_key(tx: Tx, actor: Actor, event: str, row: KeyRow) -> None:
    """Put on record what happened to a key; never anything of the key itself."""
    change = Change(
        type=event,
        subject_kind="key",
        subject_id=row.id,
        organization_id=row.organization_id,
        workspace_id=row.workspace_id,
    )
    record(tx, actor, change)
