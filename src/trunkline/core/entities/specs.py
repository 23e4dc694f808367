"""How entities and their versions are read."""

from __future__ import annotations

from msgspec import Raw, Struct

from trunkline.core.access import InWorkspace
from trunkline.core.entities.kinds import KINDS
from trunkline.infra.db import Field, FieldKind, ListSpec, Relation
from trunkline.infra.db.schema import TIERS

KIND_NAMES = tuple(KINDS)


class EntityRow(Struct, frozen=True, kw_only=False):
    """An entity with its live definition, or the version lent to the caller when `insider` is false."""

    id: str
    kind: str
    organization_id: str
    workspace_id: str
    namespace: str
    slug: str
    name: str
    description: str | None
    definition: Raw
    version_id: str
    content_hash: str
    created_by: str
    created_at: str
    updated_at: str
    deleted_at: str | None
    retention_tier: str | None
    deletion_id: str | None
    insider: bool


class EntityVersionRow(Struct, frozen=True):
    """An immutable version of an entity's name, description and definition."""

    id: str
    organization_id: str
    workspace_id: str
    entity_id: str
    number: int
    name: str
    description: str | None
    definition: Raw
    content_hash: str
    created_by: str
    created_at: str


ENTITY = ListSpec(
    entity="entity",
    table="entities",
    row=EntityRow,
    rule=InWorkspace(grants=True, lent=True),
    joins="JOIN entity_versions {a}v ON {a}v.id = {a}.version_id",
    columns={"definition": "{a}v.definition", "content_hash": "{a}v.content_hash"},
    fields={
        "id": Field(kind=FieldKind.ID, id_kinds=KIND_NAMES),
        "kind": Field(kind=FieldKind.CHOICE, choices=KIND_NAMES),
        "workspace_id": Field(kind=FieldKind.ID, id_kinds=("workspace",)),
        "slug": Field(kind=FieldKind.TEXT),
        "name": Field(kind=FieldKind.TEXT, masked=True),
        "description": Field(kind=FieldKind.TEXT, nullable=True, masked=True),
        "definition": Field(kind=FieldKind.JSON, sortable=False, masked=True),
        "created_by": Field(kind=FieldKind.ID, id_kinds=("user",)),
        "created_at": Field(kind=FieldKind.TIME),
        "updated_at": Field(kind=FieldKind.TIME),
        "deleted_at": Field(kind=FieldKind.TIME, nullable=True),
        "retention_tier": Field(kind=FieldKind.CHOICE, choices=TIERS, nullable=True),
    },
    relations={
        "workspace": Relation(target="workspace", local="workspace_id", remote="id"),
        "versions": Relation(
            target="entity_version", local="id", remote="entity_id", many=True, live_only=False
        ),
    },
    soft_delete=True,
    # A borrower sees one version's values, which are no columns of the entity: nothing to filter by.
    masks={"name": "NULL", "description": "NULL", "definition": "NULL"},
)

ENTITY_VERSION = ListSpec(
    entity="entity_version",
    table="entity_versions",
    row=EntityVersionRow,
    rule=InWorkspace(),
    fields={
        "id": Field(kind=FieldKind.ID, id_kinds=tuple(f"{name}_version" for name in KIND_NAMES)),
        "entity_id": Field(kind=FieldKind.ID, id_kinds=KIND_NAMES),
        "number": Field(kind=FieldKind.INTEGER),
        "name": Field(kind=FieldKind.TEXT),
        "created_by": Field(kind=FieldKind.ID, id_kinds=("user",)),
        "created_at": Field(kind=FieldKind.TIME),
    },
    relations={"entity": Relation(target="entity", local="entity_id", remote="id")},
)


SPECS = {spec.entity: spec for spec in (ENTITY, ENTITY_VERSION)}
