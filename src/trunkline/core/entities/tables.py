"""What members point at: named definitions of a few kinds, each with its immutable versions."""

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

LIVE = sql("deleted_at IS NULL")

entities = Table(
    "entities",
    metadata,
    id_column(),
    ref("organization_id", "organizations"),
    ref("workspace_id", "workspaces"),
    text("kind"),
    text("namespace", default=""),  # the install a clone belongs to; empty for what people author
    text("slug"),
    text("name"),
    text("description", nullable=True),
    text("version_id"),  # the live version; no foreign key, the two tables point at each other
    text("created_by"),
    moment("created_at"),
    moment("updated_at"),
    *deletion_columns(),
    Index(
        "ux_entities_slug",
        "workspace_id",
        "kind",
        "namespace",
        "slug",
        unique=True,
        sqlite_where=LIVE,
        postgresql_where=LIVE,
    ),
    Index("ix_entities_workspace", "workspace_id", "kind", "created_at", "id"),
    # Every list is of one kind; carries what scope looks at, so that an exact total is counted from the index.
    Index(
        "ix_entities_kind",
        "kind",
        "created_at",
        "id",
        "organization_id",
        "deleted_at",  # its own condition's column, without which SQLite does not count from it
        "workspace_id",
        sqlite_where=LIVE,
        postgresql_where=LIVE,
    ),
    Index("ix_entities_namespace", "namespace"),
    Index("ix_entities_deletion_id", "deletion_id"),
    Index("ix_entities_purge_after", "purge_after"),
)

entity_versions = Table(
    "entity_versions",
    metadata,
    id_column(),
    ref("organization_id", "organizations"),
    ref("workspace_id", "workspaces"),
    ref("entity_id", "entities"),
    integer("number"),
    text("name"),
    text("description", nullable=True),
    json_text("definition"),
    text("content_hash"),  # of name, description and definition; equal meaning, equal hash
    text("created_by"),
    moment("created_at"),
    Index("ux_entity_versions_number", "entity_id", "number", unique=True),
    Index("ix_entity_versions_workspace_id", "workspace_id"),  # asked for each workspace that is purged
)

# A workspace may read somebody else's entity at one version because an install there references it.
entity_loans = Table(
    "entity_loans",
    metadata,
    id_column(),
    ref("organization_id", "organizations"),
    ref("workspace_id", "workspaces"),
    ref("entity_id", "entities"),
    ref("version_id", "entity_versions"),
    text("holder_id"),  # the member that brought it
    text("deletion_id", nullable=True),  # set while the holder's install is deleted: nothing is lent then
    Index("ix_entity_loans_entity_id", "entity_id", "workspace_id"),
    Index("ix_entity_loans_workspace_id", "workspace_id"),
    Index("ux_entity_loans_holder_id", "holder_id", unique=True),
)
