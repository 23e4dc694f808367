"""How connections are read. No row holds a credential: the column is in no spec."""

from __future__ import annotations

from types import MappingProxyType

from msgspec import Raw, Struct

from trunkline.core.access import InWorkspace
from trunkline.infra.db import Field, FieldKind, ListSpec, Relation, Specs
from trunkline.infra.db.schema import TIERS


class ConnectionRow(Struct, frozen=True):
    """What an install authenticates with; a workspace secret is one whose scheme is `secret`.

    Attributes:
        hint: the end of a long enough credential, so that its owner recognises it.
        generation: how often the credential was given; part of what it is sealed for.
    """

    id: str
    organization_id: str
    workspace_id: str
    integration_id: str | None
    scheme: str
    name: str
    hint: str
    metadata: Raw
    generation: int
    created_by: str
    created_at: str
    updated_at: str
    deleted_at: str | None
    retention_tier: str | None
    deletion_id: str | None


CONNECTION = ListSpec(
    entity="connection",
    table="connections",
    row=ConnectionRow,
    rule=InWorkspace(),
    fields={
        "id": Field(kind=FieldKind.ID, id_kinds=("connection", "secret")),
        "workspace_id": Field(kind=FieldKind.ID, id_kinds=("workspace",)),
        "integration_id": Field(kind=FieldKind.ID, id_kinds=("integration",), nullable=True),
        "scheme": Field(kind=FieldKind.TEXT),
        "name": Field(kind=FieldKind.TEXT),
        "metadata": Field(kind=FieldKind.JSON, sortable=False),
        "created_by": Field(kind=FieldKind.ID, id_kinds=("user",)),
        "created_at": Field(kind=FieldKind.TIME),
        "updated_at": Field(kind=FieldKind.TIME),
        "deleted_at": Field(kind=FieldKind.TIME, nullable=True),
        "retention_tier": Field(kind=FieldKind.CHOICE, choices=TIERS, nullable=True),
    },
    relations={
        "workspace": Relation(target="workspace", local="workspace_id", remote="id"),
        "integration": Relation(target="integration", local="integration_id", remote="id"),
        "installs": Relation(target="install", local="id", remote="auth_state_id", many=True),
    },
    soft_delete=True,
)

SPECS: Specs = MappingProxyType({CONNECTION.entity: CONNECTION})
