"""How organizations, workspaces and consumers are read."""

from __future__ import annotations

from types import MappingProxyType

from msgspec import Raw, Struct

from trunkline.core.access import InWorkspace, Organizations, Workspaces
from trunkline.infra.db import Field, FieldKind, ListSpec, Relation, Specs
from trunkline.infra.db.schema import TIERS
from trunkline.kit.actor import Tier

USER_ID = Field(kind=FieldKind.ID, id_kinds=("user",))
TEXT = Field(kind=FieldKind.TEXT)
TIME = Field(kind=FieldKind.TIME)


class OrganizationRow(Struct, frozen=True):
    """A tenant; `retention_tier` is what deletions in it record.

    `settings` are what it says of itself, no secrets. `default_workspace_id` is what was chosen for where
    things go that name no workspace, see `core.access.default_workspace`.
    """

    id: str
    name: str
    handle: str
    owner_id: str
    retention_tier: str
    settings: Raw
    default_workspace_id: str | None
    created_at: str
    updated_at: str


class WorkspaceRow(Struct, frozen=True):
    """A unit of access in an organization; `default_service_user_id` is whom headless runs act as.

    A group is owned by a project (`owner_workspace_id`), whose publisher calls it `external_ref`.
    """

    id: str
    organization_id: str
    name: str
    handle: str
    owner_id: str
    default_service_user_id: str | None
    created_at: str
    updated_at: str
    deleted_at: str | None
    retention_tier: str | None
    deletion_id: str | None
    owner_workspace_id: str | None = None
    external_ref: str | None = None


class ConsumerRow(Struct, frozen=True):
    """Whom a project's customers connect accounts for; `ref` is what the publisher calls them. Never a login."""

    id: str
    organization_id: str
    workspace_id: str
    ref: str
    name: str
    created_at: str
    updated_at: str


ORGANIZATION = ListSpec(
    entity="organization",
    table="organizations",
    row=OrganizationRow,
    rule=Organizations(),
    fields={
        "id": Field(kind=FieldKind.ID, id_kinds=("organization",)),
        "name": TEXT,
        "handle": TEXT,
        "owner_id": USER_ID,
        "retention_tier": Field(kind=FieldKind.CHOICE, choices=TIERS),
        "created_at": TIME,
        "updated_at": TIME,
    },
    relations={
        "workspaces": Relation(target="workspace", local="id", remote="organization_id", many=True),
        "members": Relation(target="organization_member", local="id", remote="organization_id", many=True),
    },
)

WORKSPACE = ListSpec(
    entity="workspace",
    table="workspaces",
    row=WorkspaceRow,
    rule=Workspaces(),
    fields={
        "id": Field(kind=FieldKind.ID, id_kinds=("workspace",)),
        "organization_id": Field(kind=FieldKind.ID, id_kinds=("organization",)),
        "name": TEXT,
        "handle": TEXT,
        "owner_id": USER_ID,
        "default_service_user_id": Field(kind=FieldKind.ID, id_kinds=("user",), nullable=True),
        "created_at": TIME,
        "updated_at": TIME,
        "deleted_at": Field(kind=FieldKind.TIME, nullable=True),
        "retention_tier": Field(kind=FieldKind.CHOICE, choices=TIERS, nullable=True),
        "owner_workspace_id": Field(kind=FieldKind.ID, id_kinds=("workspace",), nullable=True),
        "external_ref": Field(kind=FieldKind.TEXT, nullable=True),
    },
    relations={
        "organization": Relation(target="organization", local="organization_id", remote="id"),
        "members": Relation(target="workspace_member", local="id", remote="workspace_id", many=True),
        "permissions": Relation(target="grant", local="id", remote="workspace_id", many=True),
        "integrations": Relation(target="integration", local="id", remote="workspace_id", many=True),
        "installs": Relation(target="install", local="id", remote="workspace_id", many=True),
    },
    soft_delete=True,
    restore_tier=Tier.ADMIN,
)

CONSUMER = ListSpec(
    entity="consumer",
    table="consumers",
    row=ConsumerRow,
    rule=InWorkspace(),
    fields={
        "id": Field(kind=FieldKind.ID, id_kinds=("consumer",)),
        "workspace_id": Field(kind=FieldKind.ID, id_kinds=("workspace",)),
        "ref": TEXT,
        "name": TEXT,
        "created_at": TIME,
        "updated_at": TIME,
    },
    relations={"workspace": Relation(target="workspace", local="workspace_id", remote="id")},
)

SPECS: Specs = MappingProxyType({spec.entity: spec for spec in (ORGANIZATION, WORKSPACE, CONSUMER)})
