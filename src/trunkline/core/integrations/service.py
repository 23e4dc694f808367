"""What publishers do with drafts: edit, delete, restore, remove, purge."""

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
    forget_shares,
    require_tier,
    tombstone,
)
from trunkline.core.integrations.checks import (
    check_data,
    check_driver,
    check_homepage,
    check_texts,
    check_trust,
    require_free_slug,
)
from trunkline.core.integrations.connecting import check_auth_config
from trunkline.core.integrations.manifest import read_manifest
from trunkline.core.integrations.queries import BY_ID, MEMBERS_OF_VERSIONS, OF_INTEGRATION
from trunkline.core.integrations.reads import visible_integration
from trunkline.core.integrations.specs import IntegrationRow
from trunkline.core.integrations.tables import (
    integration_icons,
    integration_tags,
    integration_versions,
    integrations,
    version_members,
)
from trunkline.core.integrations.telling import tell
from trunkline.core.journal import empty_payloads
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.strictjson import encode


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateIntegration:
    """The request to edit a draft; what is UNSET stays as it is."""

    id: str
    name: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    icon_url: str | UnsetType | None = UNSET
    homepage_url: str | UnsetType | None = UNSET
    trust_tier: str | UnsetType = UNSET
    visibility: str | UnsetType = UNSET
    manifest: Mapping[str, Any] | UnsetType = UNSET
    variables_schema: Mapping[str, Any] | UnsetType = UNSET
    auth_config: Mapping[str, Any] | UnsetType = UNSET
    driver: str | UnsetType = UNSET
    category: str | UnsetType | None = UNSET
    embedded: bool | UnsetType = UNSET
    data: Mapping[str, Any] | UnsetType = UNSET


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
    stored = {name: _stored(value) for name, value in given.items()}
    tx.update(integrations, BY_ID, {"id": row.id}, **stored, updated_at=tx.now)
    tell(tx, actor, "updated", row, changed=tuple(given))
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
    tell(tx, actor, "deleted", row, data={"deletionId": stamp.deletion_id})


def remove_integration(tx: Tx, actor: Actor, integration_id: str) -> None:
    """Tombstone an integration and give up what it was entrusted with: credentials, shares, tags, icon.

    Installs keep working on what they pin, without the connections. Restoring brings back the configuration, and
    its owner may, but nothing of what is given up here.

    Raises:
        NotFoundError: absent or outside the caller's scope.
        ForbiddenError: the caller is no admin of it.

    Source: seed 003, DELETE /api/integrations/{id}.
    """
    actor.require(Permission.INTEGRATIONS_WRITE)
    row = _administered(tx, actor, integration_id)
    deletion_id = row.deletion_id
    if row.deleted_at is None:
        stamp = tombstone(tx, row.organization_id)
        tx.update(integrations, BY_ID, {"id": row.id}, **stamp.columns())
        deletion_id = stamp.deletion_id
    _forget_belongings(tx, row.id)
    forget_shares(tx, row.id)
    # Connections above react by destroying their credentials in this transaction.
    tell(tx, actor, "removed", row, data={"deletionId": deletion_id})


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
    require_free_slug(tx, row.workspace_id, row.slug, row.id)
    tx.update(integrations, BY_ID, {"id": row.id}, **NO_TOMBSTONE)
    tell(tx, actor, "restored", row, data={"deletionId": row.deletion_id})
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
    tell(tx, actor, "purged", row)
    tx.delete(version_members, MEMBERS_OF_VERSIONS, integration_id=row.id)
    tx.delete(integration_versions, OF_INTEGRATION, integration_id=row.id)
    _forget_belongings(tx, row.id)
    tx.delete(integrations, BY_ID, id=row.id)
    forget_grants(tx, row.id)
    empty_payloads(tx, [row.id])


def _administered(tx: Tx, actor: Actor, integration_id: str) -> IntegrationRow:
    row = visible_integration(tx, actor, integration_id)
    require_tier(tx, actor, row, Tier.ADMIN, "integration")
    return row


def _forget_belongings(tx: Tx, integration_id: str) -> None:
    tx.delete(integration_tags, OF_INTEGRATION, integration_id=integration_id)
    tx.delete(integration_icons, OF_INTEGRATION, integration_id=integration_id)


def _stored(value: Any) -> Any:
    if isinstance(value, Mapping):
        return encode(value)
    return int(value) if isinstance(value, bool) else value


def _check_changes(tx: Tx, actor: Actor, row: IntegrationRow, given: Mapping[str, Any]) -> None:
    check_texts(given.get("name", row.name), given.get("description"), given.get("icon_url"))
    check_homepage(given.get("homepage_url"))
    if given.get("trust_tier", row.trust_tier) != row.trust_tier:
        check_trust(actor, given["trust_tier"])
    if "manifest" in given:
        read_manifest(given["manifest"])
    if "auth_config" in given:
        check_auth_config(given["auth_config"])
    check_driver(given.get("driver", row.driver), given.get("category"))
    check_data(given.get("data", {}))
    visibility = given.get("visibility", row.visibility)
    if visibility != row.visibility:
        require_tier(tx, actor, row, Tier.ADMIN, "integration")
        if visibility == "public":
            actor.require_operator("listing an integration publicly")
