"""How integrations, their versions and tags are read, and what outsiders see instead of a draft."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec import Raw, Struct

from trunkline.core.access import ActorScope, InOrganization, InWorkspace, Parent
from trunkline.core.integrations.tables import OWNER_KINDS, TRUST_TIERS, VISIBILITIES
from trunkline.infra.db import Field, FieldKind, ListSpec, Mode, Relation
from trunkline.infra.db.schema import TIERS
from trunkline.kit.actor import Tier
from trunkline.kit.filters import OrderKey


class IntegrationRow(Struct, frozen=True):
    """An integration; to outsiders (`insider` false) the draft members hold what is published.

    Its driver's `data` is never published, so outsiders see none.
    """

    id: str
    organization_id: str
    workspace_id: str
    slug: str
    name: str
    description: str | None
    icon_url: str | None
    homepage_url: str | None
    publisher: str
    trust_tier: str
    visibility: str
    current_version: str | None
    current_version_id: str | None
    driver: str
    category: str | None
    embedded: bool
    owner_kind: str
    owner_id: str
    manifest: Raw
    variables_schema: Raw
    auth_config: Raw
    data: Raw
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


class TagRow(Struct, frozen=True):
    """A label of an organization's, to find integrations by."""

    id: str
    organization_id: str
    name: str
    color: str | None
    created_by: str
    created_at: str
    updated_at: str


class IntegrationTagRow(Struct, frozen=True):
    """A tag on an integration, with what the tag is called."""

    id: str
    organization_id: str
    integration_id: str
    tag_id: str
    created_at: str
    tag_name: str
    tag_color: str | None
    tag_created_at: str
    tag_updated_at: str


@dataclass(frozen=True, slots=True)
class OfOwnIntegrations:
    """Rows about an integration that only its own organization sees, and there whoever sees the integration."""

    def visible(self, scope: ActorScope, alias: str, mode: Mode) -> str:
        """A member of the organization to whom the integration is visible."""
        return _both(_INSIDE.visible(scope, alias, mode), _ABOUT.visible(scope, alias, mode))

    def insider(self, scope: ActorScope, alias: str) -> str:
        """The same."""
        return self.visible(scope, alias, Mode.GET)

    def at_least(self, scope: ActorScope, alias: str, tier: Tier) -> str:
        """That tier on the integration."""
        return _both(_INSIDE.visible(scope, alias, Mode.GET), _ABOUT.at_least(scope, alias, tier))


_INSIDE = InOrganization()
_ABOUT = Parent("integration", "integration_id")


def _both(one: str, other: str) -> str:
    return f"({one} AND {other})"


def _snapshot(column: str) -> str:
    return f"(SELECT s.{column} FROM integration_versions s WHERE s.id = {{a}}.current_version_id)"


INTEGRATION = ListSpec(
    entity="integration",
    table="integrations",
    row=IntegrationRow,
    rule=InWorkspace(grants=True, public=True),
    fields={
        "id": Field(kind=FieldKind.ID, id_kinds=("integration",)),
        "organization_id": Field(kind=FieldKind.ID, id_kinds=("organization",)),
        "workspace_id": Field(kind=FieldKind.ID, id_kinds=("workspace",)),
        "slug": Field(kind=FieldKind.TEXT),
        "name": Field(kind=FieldKind.TEXT),
        "description": Field(kind=FieldKind.TEXT, nullable=True),
        "icon_url": Field(kind=FieldKind.TEXT, nullable=True),
        "publisher": Field(kind=FieldKind.TEXT),
        "trust_tier": Field(kind=FieldKind.CHOICE, choices=TRUST_TIERS),
        "visibility": Field(kind=FieldKind.CHOICE, choices=VISIBILITIES),
        "current_version": Field(kind=FieldKind.TEXT, nullable=True),
        "driver": Field(kind=FieldKind.TEXT),
        "category": Field(kind=FieldKind.TEXT, nullable=True),
        "embedded": Field(kind=FieldKind.BOOLEAN),
        "owner_kind": Field(kind=FieldKind.CHOICE, choices=OWNER_KINDS),
        "owner_id": Field(kind=FieldKind.ID, id_kinds=OWNER_KINDS),
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
        "tags": Relation(target="integration_tag", local="id", remote="integration_id", many=True),
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


TAG = ListSpec(
    entity="tag",
    table="tags",
    row=TagRow,
    rule=InOrganization(),
    fields={
        "id": Field(kind=FieldKind.ID, id_kinds=("tag",)),
        "organization_id": Field(kind=FieldKind.ID, id_kinds=("organization",)),
        "name": Field(kind=FieldKind.TEXT),
        "color": Field(kind=FieldKind.TEXT, nullable=True),
        "created_at": Field(kind=FieldKind.TIME),
        "updated_at": Field(kind=FieldKind.TIME),
    },
    relations={
        "integrations": Relation(target="integration_tag", local="id", remote="tag_id", many=True),
    },
)


def _of_tag(column: str) -> str:
    return f"(SELECT s.{column} FROM tags s WHERE s.id = {{a}}.tag_id)"


INTEGRATION_TAG = ListSpec(
    entity="integration_tag",
    table="integration_tags",
    row=IntegrationTagRow,
    rule=OfOwnIntegrations(),
    columns={f"tag_{name}": _of_tag(name) for name in ("name", "color", "created_at", "updated_at")},
    fields={
        "integration_id": Field(kind=FieldKind.ID, id_kinds=("integration",)),
        "tag_id": Field(kind=FieldKind.ID, id_kinds=("tag",)),
        "tag_name": Field(kind=FieldKind.TEXT),
        "created_at": Field(kind=FieldKind.TIME),
    },
    relations={
        "integration": Relation(target="integration", local="integration_id", remote="id"),
        "tag": Relation(target="tag", local="tag_id", remote="id"),
    },
)


SPECS = {spec.entity: spec for spec in (INTEGRATION, VERSION, TAG, INTEGRATION_TAG)}
