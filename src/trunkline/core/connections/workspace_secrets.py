"""Workspace secrets: give, change, delete, restore, purge; their values go in and never come out.

A value is sealed for its row and its generation before it is stored. Deleting a secret makes it unusable at
once but keeps the sealed value, so that restoring it within its retention needs nobody to type it again;
purging removes the row and the value with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec import UNSET, Raw, UnsetType, structs

from trunkline.core.access import (
    NO_TOMBSTONE,
    DeletedError,
    NotDeletedError,
    Permission,
    require_tier,
    require_workspace,
    tombstone,
)
from trunkline.core.connections.errors import SecretNameTakenError, WorkspaceDeletedError
from trunkline.core.connections.notes import checked_metadata
from trunkline.core.connections.queries import BY_ID, EXPIRED_SECRETS, LIVE_WORKSPACE, NAME_TAKEN
from trunkline.core.connections.reads import SECRET_SCHEME, visible_secret
from trunkline.core.connections.sealed import CONNECTION_CREDENTIAL
from trunkline.core.connections.specs import SecretRow
from trunkline.core.connections.tables import connections
from trunkline.core.journal import Change, empty_payloads, record
from trunkline.infra.db import Tx
from trunkline.infra.vault import Vault
from trunkline.infra.vault.store import DatabaseKeyStore
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import InvalidRequestError
from trunkline.kit.secret import Secret, hint_of
from trunkline.kit.text import check_name

MAX_VALUE = 64 * 1024  # bytes of UTF-8


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateSecret:
    """The request to keep a secret in a workspace; `metadata` is free and readable by all who see it."""

    workspace_id: str
    name: str
    value: Secret
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateSecret:
    """The request to change a secret; what is UNSET stays as it is."""

    id: str
    name: str | UnsetType = UNSET
    value: Secret | UnsetType = UNSET
    metadata: Mapping[str, Any] | UnsetType = UNSET


def create_secret(tx: Tx, actor: Actor, vault: Vault, request: CreateSecret) -> SecretRow:
    """Seal a value and keep it in a workspace under a name.

    Raises:
        NotFoundError: the workspace is absent or foreign.
        ForbiddenError: the caller is no editor there.
        InvalidRequestError: the name, value or metadata is malformed or too large.
        SecretNameTakenError: a live secret of the workspace has this name.
    """
    actor.require(Permission.SECRETS_WRITE)
    organization_id = require_workspace(tx, actor, request.workspace_id, Tier.EDITOR)
    check_name("name", request.name)
    _check_value(request.value)
    metadata = checked_metadata(request.metadata)
    _require_free_name(tx, request.workspace_id, request.name)
    row = SecretRow(
        id=tx.new_id(),
        organization_id=organization_id,
        workspace_id=request.workspace_id,
        scheme=SECRET_SCHEME,
        name=request.name,
        hint=hint_of(request.value),
        metadata=Raw(metadata.encode()),
        generation=1,
        created_by=actor.user_id,
        created_at=tx.now,
        updated_at=tx.now,
        deleted_at=None,
        retention_tier=None,
        deletion_id=None,
    )
    stored = structs.asdict(row) | {"metadata": metadata}
    tx.insert(connections, **stored, credential=_sealed(tx, vault, row, request.value))
    _journal(tx, actor, "created", row)
    return row


def update_secret(tx: Tx, actor: Actor, vault: Vault, request: UpdateSecret) -> SecretRow:
    """Change a secret's value, name or metadata; a value given is a new generation even if it is the same.

    Raises:
        NotFoundError: absent or outside the caller's scope.
        ForbiddenError: the caller is no editor there.
        DeletedError: it is deleted.
        InvalidRequestError: the name, value or metadata is malformed or too large.
        SecretNameTakenError: another live secret of the workspace has the new name.
    """
    actor.require(Permission.SECRETS_WRITE)
    before = _own(tx, actor, request.id, Tier.EDITOR)
    if before.deleted_at is not None:
        raise DeletedError("the secret is deleted: restore it first")
    after = before
    stored: dict[str, Any] = {}
    if request.name is not UNSET and request.name != before.name:
        check_name("name", request.name)
        _require_free_name(tx, before.workspace_id, request.name, before.id)
        after = structs.replace(after, name=request.name)
        stored["name"] = request.name
    if request.metadata is not UNSET:
        stored["metadata"] = checked_metadata(request.metadata)
        after = structs.replace(after, metadata=Raw(stored["metadata"].encode()))
    changed = tuple(stored)
    if request.value is not UNSET:
        _check_value(request.value)
        after = structs.replace(after, hint=hint_of(request.value), generation=before.generation + 1)
        stored["credential"] = _sealed(tx, vault, after, request.value)
        stored |= {"hint": after.hint, "generation": after.generation}
        changed += ("value",)
    if not changed:
        return before
    after = structs.replace(after, updated_at=tx.now)
    tx.update(connections, BY_ID, {"id": before.id}, **stored, updated_at=tx.now)
    _journal(tx, actor, "updated", after, changed=changed)
    return after


def delete_secret(tx: Tx, actor: Actor, secret_id: str) -> None:
    """Tombstone a secret: nothing can use it until it is restored. A no-op when it is deleted already.

    Raises:
        NotFoundError: absent or outside the caller's scope.
        ForbiddenError: the caller is no editor there.
    """
    actor.require(Permission.SECRETS_WRITE)
    row = _own(tx, actor, secret_id, Tier.EDITOR)
    if row.deleted_at is not None:
        return
    stamp = tombstone(tx, row.organization_id)
    tx.update(connections, BY_ID, {"id": row.id}, **stamp.columns())
    _journal(tx, actor, "deleted", row, data={"deletionId": stamp.deletion_id})


def restore_secret(tx: Tx, actor: Actor, secret_id: str) -> SecretRow:
    """Bring a deleted secret back with the value it had; a no-op when it is live.

    Raises:
        NotFoundError: absent or outside the caller's scope.
        ForbiddenError: the caller is no editor there.
        SecretNameTakenError: its name was taken meanwhile.
        WorkspaceDeletedError: its workspace is deleted.
    """
    actor.require(Permission.SECRETS_WRITE)
    row = _own(tx, actor, secret_id, Tier.EDITOR)
    if row.deleted_at is None:
        return row
    if tx.value(LIVE_WORKSPACE, id=row.workspace_id) is None:
        raise WorkspaceDeletedError("the secret's workspace is deleted: restore that first")
    _require_free_name(tx, row.workspace_id, row.name, row.id)
    tx.update(connections, BY_ID, {"id": row.id}, **NO_TOMBSTONE)
    _journal(tx, actor, "restored", row, data={"deletionId": row.deletion_id})
    return structs.replace(row, deleted_at=None, retention_tier=None, deletion_id=None)


def purge_secret(tx: Tx, actor: Actor, secret_id: str) -> None:
    """Remove a deleted secret and its value for good.

    Raises:
        NotFoundError: absent or outside the caller's scope.
        ForbiddenError: the caller is no admin there.
        NotDeletedError: it is live.
        ConflictError: installs use it (the installs capability refuses then).
    """
    actor.require(Permission.SECRETS_WRITE)
    row = _own(tx, actor, secret_id, Tier.ADMIN)
    if row.deleted_at is None:
        raise NotDeletedError("the secret is live: delete it before purging it")
    # Recorded first: capabilities above refuse while something uses it.
    _journal(tx, actor, "purged", row)
    tx.delete(connections, BY_ID, id=row.id)
    empty_payloads(tx, [row.id])


def expired_secrets(tx: Tx, limit: int) -> list[str]:
    """Ids of deleted secrets whose retention is over, the longest overdue first; for the retention job."""
    return [str(secret_id) for secret_id in tx.column(EXPIRED_SECRETS, now=tx.now, limit=limit)]


def _own(tx: Tx, actor: Actor, secret_id: str, tier: Tier) -> SecretRow:
    row = visible_secret(tx, actor, secret_id)
    require_tier(tx, actor, row, tier, "secret")
    return row


def _sealed(tx: Tx, vault: Vault, row: SecretRow, value: Secret) -> str:
    place = CONNECTION_CREDENTIAL.place(row.id, row.generation)
    return vault.seal(DatabaseKeyStore(tx), row.organization_id, place, value)


def _check_value(value: Secret) -> None:
    if not 1 <= len(value.reveal().encode()) <= MAX_VALUE:
        raise InvalidRequestError.at("value", f"must be 1-{MAX_VALUE} bytes")


def _require_free_name(tx: Tx, workspace_id: str, name: str, own_id: str = "") -> None:
    if tx.value(NAME_TAKEN, workspace_id=workspace_id, name=name, id=own_id):
        raise SecretNameTakenError("a secret with this name exists in this workspace")


def _journal(
    tx: Tx,
    actor: Actor,
    verb: str,
    row: SecretRow,
    *,
    changed: tuple[str, ...] = (),
    data: Mapping[str, Any] | None = None,
) -> None:
    change = Change(
        type=f"secret.{verb}",
        subject_kind="secret",
        subject_id=row.id,
        organization_id=row.organization_id,
        workspace_id=row.workspace_id,
        changed=changed,
        data={"name": row.name, **(data or {})},
    )
    record(tx, actor, change)
