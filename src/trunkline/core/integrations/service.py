"""What publishers do with drafts: create, edit, delete, restore, purge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from msgspec import UNSET, UnsetType

from trunkline.core.access import (
    NO_TOMBSTONE,
    DeletedError,
    NotDeletedError,
    Permission,
    forget_grants,
    require_tier,
    require_workspace,
    tombstone,
)
from trunkline.core.integrations.errors import SlugTakenError
from trunkline.core.integrations.manifest import check_auth_config, read_manifest
from trunkline.core.integrations.queries import (
    BY_ID,
    HANDLE_OF,
    MEMBERS_OF_VERSIONS,
    ORGANIZATION_WITH_HANDLE,
    SLUG_TAKEN,
    VERSIONS_OF,
)
from trunkline.core.integrations.reads import visible_integration
from trunkline.core.integrations.specs import IntegrationRow
from trunkline.core.integrations.tables import integration_versions, integrations, version_members
from trunkline.core.journal import Change, empty_payloads, record
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.strictjson import encode
from trunkline.kit.text import check_name, check_slug, check_text

DEFAULT_TRUST = "verified_publisher"
MAX_URL = 2_000  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateIntegration:
    """The request to start a draft in a source workspace."""

    workspace_id: str
    slug: str
    name: str
    description: str | None = None
    icon_url: str | None = None
    publisher: str | None = None
    trust_tier: str | None = None
    manifest: Mapping[str, Any] | None = None
    variables_schema: Mapping[str, Any] | None = None
    auth_config: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateIntegration:
    """The request to edit a draft; what is UNSET stays as it is."""

    id: str
    name: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    icon_url: str | UnsetType | None = UNSET
    trust_tier: str | UnsetType = UNSET
    visibility: str | UnsetType = UNSET
    manifest: Mapping[str, Any] | UnsetType = UNSET
    variables_schema: Mapping[str, Any] | UnsetType = UNSET
    auth_config: Mapping[str, Any] | UnsetType = UNSET


def create_integration(tx: Tx, actor: Actor, request: CreateIntegration) -> IntegrationRow:
    """Start a private draft.

    Raises:
        NotFoundError: the workspace is absent or foreign.
        ForbiddenError: the caller is no editor there, or asks for a trust tier or publisher only an operator gives.
        InvalidRequestError: a malformed member.
        ConflictError: the slug is taken.

    Source: seed 001, POST /api/integrations.
    """
    actor.require(Permission.INTEGRATIONS_WRITE)
    organization_id = require_workspace(tx, actor, request.workspace_id, Tier.EDITOR)
    check_slug("slug", request.slug)
    _check_texts(request.name, request.description, request.icon_url)
    _check_trust(actor, request.trust_tier)
    publisher = _publisher(tx, actor, organization_id, request.publisher)
    manifest, auth_config = request.manifest or {}, request.auth_config or {}
    read_manifest(manifest)
    check_auth_config(auth_config)
    _require_free_slug(tx, request.workspace_id, request.slug)
    integration_id = tx.new_id()
    tx.insert(
        integrations,
        id=integration_id,
        organization_id=organization_id,
        workspace_id=request.workspace_id,
        slug=request.slug,
        name=request.name,
        description=request.description,
        icon_url=request.icon_url,
        publisher=publisher,
        trust_tier=request.trust_tier or DEFAULT_TRUST,
        visibility="private",
        manifest=encode(manifest),
        variables_schema=encode(request.variables_schema or {}),
        auth_config=encode(auth_config),
        created_by=actor.user_id,
        created_at=tx.now,
        updated_at=tx.now,
    )
    row = visible_integration(tx, actor, integration_id)
    _journal(tx, actor, "created", row)
    return row


def update_integration(tx: Tx, actor: Actor, request: UpdateIntegration) -> IntegrationRow:
    """Edit a draft; published versions and installs do not change.

    Raises:
        NotFoundError: absent or outside the caller's scope.
        ForbiddenError: the caller is no editor of it; visibility needs an admin, `public` and trust tiers
            an operator.
        ConflictError: it is deleted.
        InvalidRequestError: a malformed member.

    Source: seed 001, PATCH /api/integrations/{id}; `visibility` is an extension.
    """
    actor.require(Permission.INTEGRATIONS_WRITE)
    row = visible_integration(tx, actor, request.id)
    require_tier(tx, actor, row, Tier.EDITOR, "integration")
    if row.deleted_at is not None:
        raise DeletedError("restore the integration before editing it")
    given = {f.name: getattr(request, f.name) for f in fields(request) if f.name != "id"}
    given = {name: value for name, value in given.items() if value is not UNSET}
    _check_changes(tx, actor, row, given)
    if not given:
        return row
    stored = {name: encode(value) if isinstance(value, Mapping) else value for name, value in given.items()}
    tx.update(integrations, BY_ID, {"id": row.id}, **stored, updated_at=tx.now)
    _journal(tx, actor, "updated", row, changed=tuple(given))
    return visible_integration(tx, actor, row.id)


def delete_integration(tx: Tx, actor: Actor, integration_id: str) -> None:
    """Tombstone an integration; installs keep working. A no-op when it is deleted already.

    Raises:
        NotFoundError: absent or outside the caller's scope.
        ForbiddenError: the caller is no admin of it.

    Source: seed 001, DELETE /api/integrations/{id}.
    """
    actor.require(Permission.INTEGRATIONS_WRITE)
    row = _administered(tx, actor, integration_id)
    if row.deleted_at is not None:
        return
    stamp = tombstone(tx, row.organization_id)
    tx.update(integrations, BY_ID, {"id": row.id}, **stamp.columns())
    _journal(tx, actor, "deleted", row, data={"deletionId": stamp.deletion_id})


def restore_integration(tx: Tx, actor: Actor, integration_id: str) -> IntegrationRow:
    """Bring a deleted integration back; a no-op when it is live.

    Raises:
        NotFoundError: absent or outside the caller's scope.
        ForbiddenError: the caller is no admin of it.
        ConflictError: its slug was taken meanwhile.

    Source: seed 001, POST /api/integrations/{id}/restore.
    """
    actor.require(Permission.INTEGRATIONS_WRITE)
    row = _administered(tx, actor, integration_id)
    if row.deleted_at is None:
        return row
    _require_free_slug(tx, row.workspace_id, row.slug, row.id)
    tx.update(integrations, BY_ID, {"id": row.id}, **NO_TOMBSTONE)
    _journal(tx, actor, "restored", row, data={"deletionId": row.deletion_id})
    return visible_integration(tx, actor, row.id)


def purge_integration(tx: Tx, actor: Actor, integration_id: str) -> None:
    """Remove a deleted integration and its versions for good.

    Raises:
        NotFoundError: absent or outside the caller's scope.
        ForbiddenError: the caller is no admin of it.
        ConflictError: it is live, or installs of it exist (the installs capability refuses then).

    Source: seed 001, DELETE /api/integrations/{id}/purge.
    """
    actor.require(Permission.INTEGRATIONS_WRITE)
    row = _administered(tx, actor, integration_id)
    if row.deleted_at is None:
        raise NotDeletedError("delete the integration before purging it")
    # Recorded first: capabilities above remove what points here, or refuse.
    _journal(tx, actor, "purged", row)
    tx.delete(version_members, MEMBERS_OF_VERSIONS, integration_id=row.id)
    tx.delete(integration_versions, VERSIONS_OF, integration_id=row.id)
    tx.delete(integrations, BY_ID, id=row.id)
    forget_grants(tx, row.id)
    empty_payloads(tx, [row.id])


def _administered(tx: Tx, actor: Actor, integration_id: str) -> IntegrationRow:
    row = visible_integration(tx, actor, integration_id)
    require_tier(tx, actor, row, Tier.ADMIN, "integration")
    return row


def _check_changes(tx: Tx, actor: Actor, row: IntegrationRow, given: Mapping[str, Any]) -> None:
    _check_texts(given.get("name", row.name), given.get("description"), given.get("icon_url"))
    if given.get("trust_tier", row.trust_tier) != row.trust_tier:
        _check_trust(actor, given["trust_tier"])
    if "manifest" in given:
        read_manifest(given["manifest"])
    if "auth_config" in given:
        check_auth_config(given["auth_config"])
    visibility = given.get("visibility", row.visibility)
    if visibility != row.visibility:
        require_tier(tx, actor, row, Tier.ADMIN, "integration")
        if visibility == "public":
            actor.require_operator("listing an integration publicly")


def _check_texts(name: str, description: str | None, icon_url: str | None) -> None:
    check_name("name", name)
    check_text("description", description)
    check_text("iconUrl", icon_url, MAX_URL)


def _check_trust(actor: Actor, trust_tier: str | None) -> None:
    if trust_tier not in (None, DEFAULT_TRUST):
        actor.require_operator(f"the trust tier {trust_tier}")


def _publisher(tx: Tx, actor: Actor, organization_id: str, asked: str | None) -> str:
    if asked is None:
        return str(tx.value(HANDLE_OF, id=organization_id))
    check_name("publisher", asked)
    holder = tx.value(ORGANIZATION_WITH_HANDLE, handle=asked)
    if holder not in (None, organization_id):
        actor.require_operator("another organization's handle as publisher")
    return asked


def _require_free_slug(tx: Tx, workspace_id: str, slug: str, own_id: str = "") -> None:
    if tx.value(SLUG_TAKEN, workspace_id=workspace_id, slug=slug, id=own_id):
        raise SlugTakenError(f"an integration with slug {slug} exists in this workspace")


def _journal(
    tx: Tx,
    actor: Actor,
    verb: str,
    row: IntegrationRow,
    *,
    changed: tuple[str, ...] = (),
    data: Mapping[str, Any] | None = None,
) -> None:
    change = Change(
        type=f"integration.{verb}",
        subject_kind="integration",
        subject_id=row.id,
        organization_id=row.organization_id,
        workspace_id=row.workspace_id,
        changed=changed,
        data=data or {},
    )
    record(tx, actor, change)
