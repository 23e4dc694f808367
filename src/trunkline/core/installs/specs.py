"""How installs, members and solutions are read."""

from __future__ import annotations

from msgspec import Raw, Struct

from trunkline.core.access import InWorkspace
from trunkline.core.entities import KINDS
from trunkline.core.installs.tables import HEALTH, MEMBER_POLICIES
from trunkline.infra.db import Field, FieldKind, ListSpec, Relation
from trunkline.infra.db.schema import TIERS
from trunkline.kit.filters import OrderKey

KIND_NAMES = tuple(KINDS)


class InstallRow(Struct, frozen=True):
    """An integration version pinned in a workspace, with the variables it was given.

    Attributes:
        config_id: its present configuration, where its integration was deployed from a manifest.
        health: see `health`.
        created_by: who made it, in the words of the API it was made through; None where that has none.
        updated_at: when it was last installed, upgraded or configured.
    """

    id: str
    organization_id: str
    workspace_id: str
    integration_id: str
    integration_version_id: str
    variables: Raw
    auth_state_id: str | None
    auth_scheme: str | None
    member_policy: str
    parent_install_id: str | None
    solution_id: str | None
    distinct_key: str
    installed_by: str
    installed_at: str
    last_upgraded_at: str | None
    deleted_at: str | None
    retention_tier: str | None
    deletion_id: str | None
    config_id: str | None
    health: str
    last_operation_status: str | None
    created_by: str | None
    updated_at: str | None


class MemberRow(Struct, frozen=True):
    """One thing an install brought: a clone, or a reference to the publisher's entity."""

    id: str
    organization_id: str
    workspace_id: str
    install_id: str
    slug: str
    kind: str
    entity_id: str
    base_version_id: str
    applied_version_id: str
    source_version_id: str
    is_clone: bool
    detached: bool
    enabled: bool
    permissions: Raw
    added_by: str
    added_at: str
    deleted_at: str | None
    retention_tier: str | None
    deletion_id: str | None


class SolutionRow(Struct, frozen=True):
    """A named group of entities, made by an install or by people."""

    id: str
    organization_id: str
    workspace_id: str
    name: str
    description: str | None
    created_by: str
    created_at: str
    updated_at: str
    deleted_at: str | None
    retention_tier: str | None
    deletion_id: str | None


class SolutionMemberRow(Struct, frozen=True):
    """An entity's place in a solution."""

    id: str
    organization_id: str
    workspace_id: str
    solution_id: str
    entity_id: str
    entity_kind: str
    added_by: str
    added_at: str
    deleted_at: str | None
    retention_tier: str | None
    deletion_id: str | None


_TOMBSTONE = {
    "deleted_at": Field(kind=FieldKind.TIME, nullable=True),
    "retention_tier": Field(kind=FieldKind.CHOICE, choices=TIERS, nullable=True),
}
_WORKSPACE = Relation(target="workspace", local="workspace_id", remote="id")

INSTALL = ListSpec(
    entity="install",
    table="installs",
    row=InstallRow,
    rule=InWorkspace(),
    columns={"auth_scheme": "(SELECT c.scheme FROM connections c WHERE c.id = {a}.auth_state_id)"},
    fields={
        "id": Field(kind=FieldKind.ID, id_kinds=("install",)),
        "integration_id": Field(kind=FieldKind.ID, id_kinds=("integration",)),
        "integration_version_id": Field(kind=FieldKind.ID, id_kinds=("version",)),
        "workspace_id": Field(kind=FieldKind.ID, id_kinds=("workspace",)),
        "variables": Field(kind=FieldKind.JSON, sortable=False),
        "auth_state_id": Field(kind=FieldKind.ID, id_kinds=("connection", "secret"), nullable=True),
        "member_policy": Field(kind=FieldKind.CHOICE, choices=MEMBER_POLICIES),
        "parent_install_id": Field(kind=FieldKind.ID, id_kinds=("install",), nullable=True),
        "solution_id": Field(kind=FieldKind.ID, id_kinds=("solution",), nullable=True),
        "installed_by": Field(kind=FieldKind.ID, id_kinds=("user",)),
        "installed_at": Field(kind=FieldKind.TIME),
        "last_upgraded_at": Field(kind=FieldKind.TIME, nullable=True),
        "health": Field(kind=FieldKind.CHOICE, choices=HEALTH),
        **_TOMBSTONE,
    },
    relations={
        "integration": Relation(target="integration", local="integration_id", remote="id", live_only=False),
        "version": Relation(target="version", local="integration_version_id", remote="id"),
        "workspace": _WORKSPACE,
        "parent": Relation(target="install", local="parent_install_id", remote="id"),
        "children": Relation(target="install", local="id", remote="parent_install_id", many=True),
        "members": Relation(target="member", local="id", remote="install_id", many=True),
        "solution": Relation(target="solution", local="solution_id", remote="id"),
        "auth_state": Relation(target="auth_state", local="auth_state_id", remote="id"),
    },
    soft_delete=True,
    order=(OrderKey("installed_at", "desc"),),
)

MEMBER = ListSpec(
    entity="member",
    table="members",
    row=MemberRow,
    rule=InWorkspace(),
    fields={
        "id": Field(kind=FieldKind.ID, id_kinds=("member",)),
        "integration_install_id": Field(kind=FieldKind.ID, column="install_id", id_kinds=("install",)),
        "workspace_id": Field(kind=FieldKind.ID, id_kinds=("workspace",)),
        "source_member_slug": Field(kind=FieldKind.TEXT, column="slug"),
        "kind": Field(kind=FieldKind.CHOICE, choices=KIND_NAMES),
        "entity_id": Field(kind=FieldKind.ID, id_kinds=KIND_NAMES),
        "is_clone": Field(kind=FieldKind.BOOLEAN),
        "detached": Field(kind=FieldKind.BOOLEAN),
        "enabled": Field(kind=FieldKind.BOOLEAN),
        "added_by": Field(kind=FieldKind.ID, id_kinds=("user",)),
        "added_at": Field(kind=FieldKind.TIME),
        **_TOMBSTONE,
    },
    relations={"install": Relation(target="install", local="install_id", remote="id")},
    soft_delete=True,
    order=(OrderKey("added_at", "desc"),),
)

SOLUTION = ListSpec(
    entity="solution",
    table="solutions",
    row=SolutionRow,
    rule=InWorkspace(),
    fields={
        "id": Field(kind=FieldKind.ID, id_kinds=("solution",)),
        "workspace_id": Field(kind=FieldKind.ID, id_kinds=("workspace",)),
        "name": Field(kind=FieldKind.TEXT),
        "description": Field(kind=FieldKind.TEXT, nullable=True),
        "created_by": Field(kind=FieldKind.ID, id_kinds=("user",)),
        "created_at": Field(kind=FieldKind.TIME),
        "updated_at": Field(kind=FieldKind.TIME),
        **_TOMBSTONE,
    },
    relations={
        "workspace": _WORKSPACE,
        "members": Relation(target="solution_member", local="id", remote="solution_id", many=True),
        "installs": Relation(target="install", local="id", remote="solution_id", many=True),
    },
    soft_delete=True,
)

SOLUTION_MEMBER = ListSpec(
    entity="solution_member",
    table="solution_members",
    row=SolutionMemberRow,
    rule=InWorkspace(),
    fields={
        "id": Field(kind=FieldKind.ID, id_kinds=("solution_member",)),
        "workspace_id": Field(kind=FieldKind.ID, id_kinds=("workspace",)),
        "solution_id": Field(kind=FieldKind.ID, id_kinds=("solution",)),
        "entity_id": Field(kind=FieldKind.ID, id_kinds=KIND_NAMES),
        "added_by": Field(kind=FieldKind.ID, id_kinds=("user",)),
        "added_at": Field(kind=FieldKind.TIME),
        **_TOMBSTONE,
    },
    relations={"solution": Relation(target="solution", local="solution_id", remote="id")},
    soft_delete=True,
    order=(OrderKey("added_at", "desc"),),
)


SPECS = {spec.entity: spec for spec in (INSTALL, MEMBER, SOLUTION, SOLUTION_MEMBER)}
