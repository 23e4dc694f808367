"""Organizations (tenants), their workspaces (units of access), and the consumers of a project."""

from __future__ import annotations

from sqlalchemy import Index, Table
from sqlalchemy import text as sql

from trunkline.infra.db.schema import (
    TIERS,
    deletion_columns,
    flag,
    id_column,
    json_text,
    metadata,
    moment,
    one_of,
    ref,
    text,
)

LIVE_GROUP = sql("owner_workspace_id IS NOT NULL AND deleted_at IS NULL")

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
    ref("owner_workspace_id", "workspaces", nullable=True),  # the project whose group this is
    text("external_ref", nullable=True),  # what the project's publisher calls the group
    flag("by_page", default=False),  # of a group: whether it was a publisher's page that first used it
    Index("ux_workspaces_handle", "handle", unique=True),
    Index("ix_workspaces_purge_after", "purge_after"),
    Index("ix_workspaces_organization", "organization_id", "created_at", "id"),
    Index(
        "ux_workspaces_group",
        "owner_workspace_id",
        "external_ref",
        unique=True,
        sqlite_where=LIVE_GROUP,
        postgresql_where=LIVE_GROUP,
    ),
    # Of all rows: SQLite asks no partial index whether anything refers to a row that is removed.
    Index("ix_workspaces_owner", "owner_workspace_id", "created_at", "id"),
)

# Whom a publisher's customers connect accounts for; they never log in.
consumers = Table(
    "consumers",
    metadata,
    id_column(),
    ref("organization_id", "organizations"),
    ref("workspace_id", "workspaces"),  # the project
    text("ref"),
    text("name"),
    moment("created_at"),
    moment("updated_at"),
    Index("ux_consumers_ref", "workspace_id", "ref", unique=True),
    Index("ix_consumers_workspace", "workspace_id", "created_at", "id"),
)
