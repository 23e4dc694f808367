"""Provider apps: the OAuth clients that workspaces have registered; their secrets go in and never come out.

A secret is sealed for its row and its generation before it is stored. Deleting an app makes it unusable at
once but keeps the sealed secret, so that restoring it within its retention needs nobody to type it again;
purging removes the row and the secret with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec import UNSET, Raw, UnsetType, structs

from trunkline.core.access import (
    NO_TOMBSTONE,
    DeletedError,
    NotDeletedError,
    Permission,
    require_tier,
    require_workspace,
    scope,
    tombstone,
)
from trunkline.core.journal import Change, empty_payloads, record
from trunkline.core.providers.checks import FLOW_PARAMETERS, check_scopes
from trunkline.core.providers.errors import ProviderAppExistsError, ProviderGoneError
from trunkline.core.providers.queries import APP_TAKEN, BY_ID, EXPIRED_APPS, LIVE_WORKSPACE
from trunkline.core.providers.sealed import CLIENT_SECRET
from trunkline.core.providers.service import find_provider, require_provider
from trunkline.core.providers.specs import PROVIDER_APP, ProviderAppRow
from trunkline.core.providers.tables import provider_apps
from trunkline.infra.db import Tx, lists
from trunkline.infra.vault import Vault
from trunkline.infra.vault.store import DatabaseKeyStore
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import ConflictError, InvalidRequestError, NotFoundError
from trunkline.kit.leaks import find_secrets
from trunkline.kit.pages import ListQuery, Page
from trunkline.kit.secret import Secret, hint_of
from trunkline.kit.strictjson import encode
from trunkline.kit.text import check_name, check_text

MAX_CLIENT_ID = 1_000  # characters
MAX_CLIENT_SECRET = 8 * 1024  # bytes of UTF-8; some are keys
MAX_EXTERNAL_REF = 1_000  # characters
MAX_METADATA = 8 * 1024  # bytes of JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateProviderApp:
    """The request to keep an OAuth client in a workspace; it is called as its provider unless told otherwise.

    `scopes` is what it asks for where an integration does not say; empty for the provider's defaults. What the
    provider calls the app and what its authorizations say besides are kept and given back as they are.
    """

    workspace_id: str
    provider: str
    client_id: str
    client_secret: Secret
    name: str | None = None
    scopes: Sequence[str] = ()
    external_ref: str | None = None
    metadata: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateProviderApp:
    """The request to change an app; what is UNSET stays as it is."""

    id: str
    provider: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    client_id: str | UnsetType = UNSET
    client_secret: Secret | UnsetType = UNSET
    scopes: Sequence[str] | UnsetType = UNSET
    external_ref: str | UnsetType | None = UNSET
    metadata: Mapping[str, Any] | UnsetType | None = UNSET


def list_provider_apps(tx: Tx, actor: Actor, query: ListQuery) -> Page[ProviderAppRow]:
    """The apps of the caller's workspaces, without their secrets.

    Raises:
        InvalidRequestError: an unknown field or operator, or a bad place.
    """
    actor.require(Permission.PROVIDER_APPS_READ)
    return lists.list_rows(tx, PROVIDER_APP, query, scope(actor, tx.specs))


def get_provider_app(tx: Tx, actor: Actor, app_id: str) -> ProviderAppRow:
    """One app without its secret; deleted ones for those who may restore them.

    Raises:
        NotFoundError: absent or outside the caller's scope.
    """
    actor.require(Permission.PROVIDER_APPS_READ)
    return _visible(tx, actor, app_id)


def create_provider_app(tx: Tx, actor: Actor, vault: Vault, request: CreateProviderApp) -> ProviderAppRow:
    """Keep an OAuth client in a workspace, its secret sealed.

    Raises:
        NotFoundError: the workspace is absent or foreign.
        ForbiddenError: the caller is no admin there.
        InvalidRequestError: no such provider, or a malformed member.
        ProviderAppExistsError: the workspace has one for this provider.
    """
    actor.require(Permission.PROVIDER_APPS_WRITE)
    organization_id = require_workspace(tx, actor, request.workspace_id, Tier.ADMIN)
    provider = require_provider(tx, organization_id, request.provider, "provider")
    _check_secret(request.client_secret)
    scopes = encode(check_scopes(request.scopes, "scopes"))
    metadata = _checked_metadata(request.metadata)
    _require_first(tx, request.workspace_id, provider.name)
    row = ProviderAppRow(
        id=tx.new_id(),
        organization_id=organization_id,
        workspace_id=request.workspace_id,
        provider=provider.name,
        name=provider.display_name if request.name is None else check_name("name", request.name),
        client_id=_check_client_id(request.client_id),
        hint=hint_of(request.client_secret),
        generation=1,
        scopes=Raw(scopes.encode()),
        external_ref=check_text("externalRef", request.external_ref, MAX_EXTERNAL_REF),
        metadata=None if metadata is None else Raw(metadata.encode()),
        created_by=actor.user_id,
        created_at=tx.now,
        updated_at=tx.now,
        deleted_at=None,
        retention_tier=None,
        deletion_id=None,
    )
    stored = structs.asdict(row) | {"scopes": scopes, "metadata": metadata}
    tx.insert(provider_apps, **stored, client_secret=_sealed(tx, vault, row, request.client_secret))
    _journal(tx, actor, "created", row)
    return row


def update_provider_app(tx: Tx, actor: Actor, vault: Vault, request: UpdateProviderApp) -> ProviderAppRow:
    """Change an app; a secret given is a new generation even if it is the same.

    Raises:
        NotFoundError: absent or outside the caller's scope.
        ForbiddenError: the caller is no admin there.
        DeletedError: it is deleted.
        InvalidRequestError: a malformed member, or no such provider.
        ProviderAppExistsError: the workspace has another for the new provider.
    """
    actor.require(Permission.PROVIDER_APPS_WRITE)
    before = _administered(tx, actor, request.id)
    if before.deleted_at is not None:
        raise DeletedError("the provider app is deleted: restore it first")
    after, stored = _changed(before, request)
    if request.provider is not UNSET and request.provider != before.provider:
        require_provider(tx, before.organization_id, request.provider, "provider")
        _require_first(tx, before.workspace_id, request.provider, before.id)
        stored["provider"] = request.provider
        after = structs.replace(after, provider=request.provider)
    changed = tuple(stored)
    if request.client_secret is not UNSET:
        _check_secret(request.client_secret)
        after = structs.replace(after, hint=hint_of(request.client_secret), generation=before.generation + 1)
        stored["client_secret"] = _sealed(tx, vault, after, request.client_secret)
        stored |= {"hint": after.hint, "generation": after.generation}
        changed += ("client_secret",)
    if not changed:
        return before
    after = structs.replace(after, updated_at=tx.now)
    tx.update(provider_apps, BY_ID, {"id": before.id}, **stored, updated_at=tx.now)
    _journal(tx, actor, "updated", after, changed=changed)
    return after


def delete_provider_app(tx: Tx, actor: Actor, app_id: str) -> None:
    """Tombstone an app: nothing authorizes or refreshes with it until it is restored. A no-op when it is.

    Raises:
        NotFoundError: absent or outside the caller's scope.
        ForbiddenError: the caller is no admin there.
    """
    actor.require(Permission.PROVIDER_APPS_WRITE)
    row = _administered(tx, actor, app_id)
    if row.deleted_at is not None:
        return
    stamp = tombstone(tx, row.organization_id)
    tx.update(provider_apps, BY_ID, {"id": row.id}, **stamp.columns())
    _journal(tx, actor, "deleted", row, data={"deletionId": stamp.deletion_id})


def restore_provider_app(tx: Tx, actor: Actor, app_id: str) -> ProviderAppRow:
    """Bring a deleted app back with the secret it had; a no-op when it is live.

    Raises:
        NotFoundError: absent or outside the caller's scope.
        ForbiddenError: the caller is no admin there.
        ProviderAppExistsError: the workspace got another for this provider meanwhile.
        ProviderGoneError: the provider is defined no longer.
        ConflictError: its workspace is deleted.
    """
    actor.require(Permission.PROVIDER_APPS_WRITE)
    row = _administered(tx, actor, app_id)
    if row.deleted_at is None:
        return row
    if tx.value(LIVE_WORKSPACE, id=row.workspace_id) is None:
        raise ConflictError(
            "the provider app's workspace is deleted: restore that first", code="workspace_deleted"
        )
    if find_provider(tx, row.organization_id, row.provider) is None:
        raise ProviderGoneError(f"the provider {row.provider} is defined no longer: define it first")
    _require_first(tx, row.workspace_id, row.provider, row.id)
    tx.update(provider_apps, BY_ID, {"id": row.id}, **NO_TOMBSTONE)
    _journal(tx, actor, "restored", row, data={"deletionId": row.deletion_id})
    return structs.replace(row, deleted_at=None, retention_tier=None, deletion_id=None)


def purge_provider_app(tx: Tx, actor: Actor, app_id: str) -> None:
    """Remove a deleted app and its secret for good.

    Raises:
        NotFoundError: absent or outside the caller's scope.
        ForbiddenError: the caller is no admin there.
        NotDeletedError: it is live.
    """
    actor.require(Permission.PROVIDER_APPS_WRITE)
    row = _administered(tx, actor, app_id)
    if row.deleted_at is None:
        raise NotDeletedError("the provider app is live: delete it before purging it")
    _journal(tx, actor, "purged", row)
    tx.delete(provider_apps, BY_ID, id=row.id)
    empty_payloads(tx, [row.id])


def expired_provider_apps(tx: Tx, limit: int) -> list[str]:
    """Ids of deleted apps whose retention is over, the longest overdue first; for the retention job."""
    return [str(app_id) for app_id in tx.column(EXPIRED_APPS, now=tx.now, limit=limit)]


def _changed(before: ProviderAppRow, request: UpdateProviderApp) -> tuple[ProviderAppRow, dict[str, Any]]:
    """The app with what is given besides the secret, and the columns that are another now."""
    stored: dict[str, Any] = {}
    after = before
    if request.name is not UNSET and request.name != before.name:
        stored["name"] = check_name("name", request.name)
    if request.client_id is not UNSET and request.client_id != before.client_id:
        stored["client_id"] = _check_client_id(request.client_id)
    after = structs.replace(after, **stored)
    if request.scopes is not UNSET:
        scopes = encode(check_scopes(request.scopes, "scopes"))
        if scopes.encode() != bytes(before.scopes):
            stored["scopes"] = scopes
            after = structs.replace(after, scopes=Raw(scopes.encode()))
    if request.external_ref is not UNSET and request.external_ref != before.external_ref:
        stored["external_ref"] = check_text("externalRef", request.external_ref, MAX_EXTERNAL_REF)
        after = structs.replace(after, external_ref=request.external_ref)
    if request.metadata is not UNSET:
        metadata = _checked_metadata(request.metadata)
        if metadata != (None if before.metadata is None else bytes(before.metadata).decode()):
            stored["metadata"] = metadata
            after = structs.replace(after, metadata=None if metadata is None else Raw(metadata.encode()))
    return after, stored


def _visible(tx: Tx, actor: Actor, app_id: str) -> ProviderAppRow:
    row = lists.get_row(tx, PROVIDER_APP, app_id, scope(actor, tx.specs))
    if row is None:
        raise NotFoundError("provider app")
    return row


def _administered(tx: Tx, actor: Actor, app_id: str) -> ProviderAppRow:
    row = _visible(tx, actor, app_id)
    require_tier(tx, actor, row, Tier.ADMIN, "provider app")
    return row


def _sealed(tx: Tx, vault: Vault, row: ProviderAppRow, secret: Secret) -> str:
    place = CLIENT_SECRET.place(row.id, row.generation)
    return vault.seal(DatabaseKeyStore(tx), row.organization_id, place, secret)


def _check_client_id(value: str) -> str:
    if not 1 <= len(value) <= MAX_CLIENT_ID or not (value.isascii() and value.isprintable()):
        # Source: RFC 6749, A.1: a client id is printable ASCII.
        raise InvalidRequestError.at("clientId", f"must be 1-{MAX_CLIENT_ID} printable ASCII characters")
    return value


def _checked_metadata(given: Mapping[str, Any] | None) -> str | None:
    """The text it is stored as."""
    if not given:
        return None
    text = encode(given)
    if len(text.encode()) > MAX_METADATA:
        raise InvalidRequestError.at("metadata", f"more than {MAX_METADATA} bytes")
    for name in _authorize_params(given):
        if name.lower() in FLOW_PARAMETERS:
            path = f"metadata.authQueryParams.{name}"
            raise InvalidRequestError.at(path, "is said by the authorization request itself")
    found = next(find_secrets(given, "metadata", slots=True), None)
    if found is not None:
        raise InvalidRequestError.at(
            found[:200], "looks like a credential, and this is shown to all who see the app"
        )
    return text


def _authorize_params(metadata: Mapping[str, Any]) -> Iterable[str]:
    """Names of what its authorizations say besides."""
    found = metadata.get("authQueryParams")
    return found if isinstance(found, Mapping) else ()


def _check_secret(secret: Secret) -> None:
    if not 1 <= len(secret.reveal().encode()) <= MAX_CLIENT_SECRET:
        raise InvalidRequestError.at("clientSecret", f"must be 1-{MAX_CLIENT_SECRET} bytes")


def _require_first(tx: Tx, workspace_id: str, provider: str, own_id: str = "") -> None:
    if tx.value(APP_TAKEN, workspace_id=workspace_id, provider=provider, id=own_id):
        raise ProviderAppExistsError(f"this workspace has a provider app for {provider}: change that one")


def _journal(
    tx: Tx,
    actor: Actor,
    verb: str,
    row: ProviderAppRow,
    *,
    changed: tuple[str, ...] = (),
    data: Mapping[str, Any] | None = None,
) -> None:
    change = Change(
        type=f"provider_app.{verb}",
        subject_kind="provider_app",
        subject_id=row.id,
        organization_id=row.organization_id,
        workspace_id=row.workspace_id,
        changed=changed,
        data={"provider": row.provider, "name": row.name, **(data or {})},
    )
    record(tx, actor, change)
