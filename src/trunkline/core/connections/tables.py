"""Connections: what an install authenticates with. A workspace secret is one with scheme `secret`."""

from __future__ import annotations

from sqlalchemy import Index, Table
from sqlalchemy import text as sql

from trunkline.infra.db.schema import (
    deletion_columns,
    id_column,
    integer,
    json_text,
    metadata,
    moment,
    ref,
    text,
)

SECRET_LIVE = sql("scheme = 'secret' AND deleted_at IS NULL")

connections = Table(
    "connections",
    metadata,
    id_column(),
    ref("organization_id", "organizations"),
    ref("workspace_id", "workspaces"),
    ref("integration_id", "integrations", nullable=True),
    text("scheme"),
    text("name"),
    text("hint"),
    json_text("metadata"),
    text("credential", nullable=True),  # sealed by the vault; null once destroyed
    integer("generation"),  # bound into the seal, so that an older credential cannot be put back
    text("created_by"),
    moment("created_at"),
    moment("updated_at"),
    *deletion_columns(),
    Index(
        "ux_connections_secret_name",
        "workspace_id",
        "name",
        unique=True,
        sqlite_where=SECRET_LIVE,
        postgresql_where=SECRET_LIVE,
    ),
    Index("ix_connections_workspace", "workspace_id", "created_at", "id"),
    Index("ix_connections_organization", "organization_id"),
)
