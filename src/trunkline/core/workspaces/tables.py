"""Organizations (tenants) and their workspaces (units of access)."""

from __future__ import annotations

from sqlalchemy import Index, Table

from trunkline.infra.db.schema import (
    TIERS,
    deletion_columns,
    id_column,
    json_text,
    metadata,
    moment,
    one_of,
    ref,
    text,
)

organizations = Table(
    "organizations",
    metadata,
    id_column(),
    text("name"),
    text("handle"),
    text("owner_id"),  # no foreign key: the first user and the organization point at each other
    text("retention_tier", default="medium"),  # what deletions in this organization record
    json_text("settings"),  # what the organization says of itself; no secrets
    text("default_workspace_id", nullable=True),  # null, or gone: the oldest live one
    moment("created_at"),
    moment("updated_at"),
    one_of("retention_tier", TIERS),
    Index("ux_organizations_handle", "handle", unique=True),
)

workspaces = Table(
    "workspaces",
    metadata,
    id_column(),
    ref("organization_id", "organizations"),
    text("name"),
    text("handle"),
    ref("owner_id", "users"),
    ref("default_service_user_id", "users", nullable=True),
    moment("created_at"),
    moment("updated_at"),
    *deletion_columns(),
    Index("ux_workspaces_handle", "handle", unique=True),
    Index("ix_workspaces_purge_after", "purge_after"),
    Index("ix_workspaces_organization", "organization_id", "created_at", "id"),
)
