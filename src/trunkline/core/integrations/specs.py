"""How integrations and their versions are read, and what outsiders see instead of a draft."""

from __future__ import annotations

from msgspec import Raw, Struct

from trunkline.core.access import InWorkspace, Parent
from trunkline.core.integrations.tables import TRUST_TIERS, VISIBILITIES
from trunkline.infra.db import Field, FieldKind, ListSpec, Relation
from trunkline.infra.db.schema import TIERS
from trunkline.kit.actor import Tier
from trunkline.kit.filters import OrderKey


class IntegrationRow(Struct, frozen=True):
    """An integration; to outsiders (`insider` false) the draft members hold what is published."""

    id: str
    organization_id: str
    workspace_id: str
    slug: str
    name: str
    description: str | None
    icon_url: str | None
    publisher: str
    trust_tier: str
    visibility: str
    current_version: str | None
    current_version_id: str | None
    manifest: Raw
    variables_schema: Raw
    auth_config: Raw
    created_by: str
    created_at: str
    updated_at: str
    deleted_at: str | None
    retention_tier: str | None
    deletion_id: str | None
    insider: bool


class VersionRow(Struct, frozen=True):
    """A published version: snapshots that never change."""

    id: str
    organization_id: str
    workspace_id: str
    integration_id: str
    version: str
    manifest: Raw
    variables_schema: Raw
    auth_config: Raw
    member_entity_versions: Raw
    content_hash: str
    changelog: str | None
    published_by: str
    published_at: str


def _snapshot(column: str) -> str:
    return f"(SELECT s.{column} FROM integration_versions s WHERE s.id = {{a}}.current_version_id)"


INTEGRATION = ListSpec(
    entity="integration",
    table="integrations",
    row=IntegrationRow,
    rule=InWorkspace(grants=True, public=True),
    fields={
        "id": Field(kind=FieldKind.ID, id_kinds=("integration",)),
        "workspace_id": Field(kind=FieldKind.ID, id_kinds=("workspace",)),
        "slug": Field(kind=FieldKind.TEXT),
        "name": Field(kind=FieldKind.TEXT),
        "description": Field(kind=FieldKind.TEXT, nullable=True),
        "icon_url": Field(kind=FieldKind.TEXT, nullable=True),
        "publisher": Field(kind=FieldKind.TEXT),
        "trust_tier": Field(kind=FieldKind.CHOICE, choices=TRUST_TIERS),
        "visibility": Field(kind=FieldKind.CHOICE, choices=VISIBILITIES),
        "current_version": Field(kind=FieldKind.TEXT, nullable=True),
        "manifest": Field(kind=FieldKind.JSON, sortable=False, masked=True),
        "variables_schema": Field(kind=FieldKind.JSON, sortable=False, masked=True),
        "auth_config": Field(kind=FieldKind.JSON, sortable=False, masked=True),
        "created_by": Field(kind=FieldKind.ID, id_kinds=("user",)),
        "created_at": Field(kind=FieldKind.TIME),
        "updated_at": Field(kind=FieldKind.TIME),
        "deleted_at": Field(kind=FieldKind.TIME, nullable=True),
        "retention_tier": Field(kind=FieldKind.CHOICE, choices=TIERS, nullable=True),
    },
    relations={
        "workspace": Relation(target="workspace", local="workspace_id", remote="id"),
        "versions": Relation(target="version", local="id", remote="integration_id", many=True),
        "current_version_row": Relation(target="version", local="current_version_id", remote="id"),
        "installs": Relation(target="install", local="id", remote="integration_id", many=True),
    },
    soft_delete=True,
    restore_tier=Tier.ADMIN,
    masks={name: _snapshot(name) for name in ("manifest", "variables_schema", "auth_config")},
)

VERSION = ListSpec(
    entity="version",
    table="integration_versions",
    row=VersionRow,
    rule=Parent("integration", "integration_id"),
    fields={
        "id": Field(kind=FieldKind.ID, id_kinds=("version",)),
        "integration_id": Field(kind=FieldKind.ID, id_kinds=("integration",)),
        "version": Field(kind=FieldKind.TEXT),
        "manifest_snapshot": Field(kind=FieldKind.JSON, column="manifest", sortable=False),
        "variables_schema_snapshot": Field(kind=FieldKind.JSON, column="variables_schema", sortable=False),
        "auth_config_snapshot": Field(kind=FieldKind.JSON, column="auth_config", sortable=False),
        "member_entity_versions": Field(kind=FieldKind.JSON, sortable=False),
        "changelog": Field(kind=FieldKind.TEXT, nullable=True),
        "published_by": Field(kind=FieldKind.ID, id_kinds=("user",)),
        "published_at": Field(kind=FieldKind.TIME),
    },
    relations={
        "integration": Relation(target="integration", local="integration_id", remote="id"),
        "installs": Relation(target="install", local="id", remote="integration_version_id", many=True),
    },
    order=(OrderKey("published_at", "desc"),),
)


SPECS = {spec.entity: spec for spec in (INTEGRATION, VERSION)}
