"""Integrations (drafts) and their published, immutable versions."""

from __future__ import annotations

from sqlalchemy import Index, Table
from sqlalchemy import text as sql

from trunkline.infra.db.schema import (
    deletion_columns,
    flag,
    id_column,
    integer,
    json_text,
    metadata,
    moment,
    one_of,
    ref,
    text,
)

VISIBILITIES = ("private", "unlisted", "public")
TRUST_TIERS = ("first_party", "vendor_official", "verified_partner", "verified_publisher")
LIVE = sql("deleted_at IS NULL")
PUBLIC = sql("visibility = 'public' AND deleted_at IS NULL")

integrations = Table(
    "integrations",
    metadata,
    id_column(),
    ref("organization_id", "organizations"),
    ref("workspace_id", "workspaces"),
    text("slug"),
    text("name"),
    text("description", nullable=True),
    text("icon_url", nullable=True),
    text("publisher"),
    text("trust_tier"),
    text("visibility"),
    text("current_version", nullable=True),
    text("current_version_id", nullable=True),  # no foreign key, the two tables point at each other
    json_text("manifest"),
    json_text("variables_schema"),
    json_text("auth_config"),
    text("created_by"),
    moment("created_at"),
    moment("updated_at"),
    *deletion_columns(),
    one_of("visibility", VISIBILITIES),
    one_of("trust_tier", TRUST_TIERS),
    Index(
        "ux_integrations_slug", "workspace_id", "slug", unique=True, sqlite_where=LIVE, postgresql_where=LIVE
    ),
    Index("ix_integrations_workspace", "workspace_id", "created_at", "id"),
    Index("ix_integrations_organization", "organization_id", "created_at", "id"),
    # Carries what scope looks at, the commonest first, so that an exact total is counted from the index alone.
    Index(
        "ix_integrations_publisher",
        "publisher",
        "created_at",
        "id",
        "organization_id",
        "deleted_at",
        "workspace_id",
        "visibility",
        "current_version",
    ),
    # The same for lists of no particular publisher. SQLite counts from a partial index only if that holds the
    # column of its own condition.
    Index(
        "ix_integrations_created",
        "created_at",
        "id",
        "organization_id",
        "deleted_at",
        "workspace_id",
        "visibility",
        "current_version",
        sqlite_where=LIVE,
        postgresql_where=LIVE,
    ),
    Index("ix_integrations_public", "created_at", "id", sqlite_where=PUBLIC, postgresql_where=PUBLIC),
    Index("ix_integrations_purge_after", "purge_after"),
    Index("ix_integrations_deletion_id", "deletion_id"),
)

integration_versions = Table(
    "integration_versions",
    metadata,
    id_column(),
    ref("organization_id", "organizations"),
    ref("workspace_id", "workspaces"),
    ref("integration_id", "integrations"),
    text("version"),
    json_text("manifest"),
    json_text("variables_schema"),
    json_text("auth_config"),
    json_text("member_entity_versions"),
    text("content_hash"),
    text("changelog", nullable=True),
    text("published_by"),
    moment("published_at"),
    Index("ux_integration_versions_version", "integration_id", "version", unique=True),
    Index("ix_integration_versions_published", "integration_id", "published_at", "id"),
    Index("ix_integration_versions_organization", "organization_id", "published_at", "id"),
)

# One row per member of a published version, closure schemas included: what install and upgrade work from.
version_members = Table(
    "version_members",
    metadata,
    id_column(),
    ref("version_id", "integration_versions"),
    integer("position"),
    text("slug"),
    text("kind"),
    ref("entity_id", "entities"),
    ref("entity_version_id", "entity_versions"),
    text("content_hash"),
    flag("required"),
    flag("default_enabled"),
    flag("fork_on_install"),
    flag("implicit"),  # taken in by the schema closure rather than declared
    json_text("needs"),  # slugs: dependsOn and whatever the pinned definition references
    Index("ux_version_members_slug", "version_id", "slug", unique=True),
    Index("ix_version_members_entity_id", "entity_id"),
    Index("ix_version_members_entity_version_id", "entity_version_id"),
)
