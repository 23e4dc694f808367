"""Integrations (drafts), their published, immutable versions, their tags and icons."""

from __future__ import annotations

from sqlalchemy import Index, Table
from sqlalchemy import text as sql

from trunkline.infra.db.schema import (
    binary,
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
OWNER_KINDS = ("user", "team")
TRUST_TIERS = ("first_party", "vendor_official", "verified_partner", "verified_publisher")
ICON_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml")
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
    # Before the long texts: what lists filter by is then read without following overflow pages.
    text("driver", default="custom"),
    text("category", nullable=True),
    flag("embedded"),  # made for something else and shown with it, hence in no list of its own
    text("owner_kind", default="user"),
    text("owner_id"),  # a user or team; empty where the system made it
    json_text("manifest"),
    json_text("variables_schema"),
    json_text("auth_config"),
    json_text("data", default="{}"),  # the driver's own configuration
    text("created_by"),
    moment("created_at"),
    moment("updated_at"),
    *deletion_columns(),
    text("homepage_url", nullable=True),
    one_of("visibility", VISIBILITIES),
    one_of("trust_tier", TRUST_TIERS),
    one_of("owner_kind", OWNER_KINDS),
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
    # Finding one by its slug alone, in all workspaces of a tenant.
    Index("ix_integrations_slug", "slug", "organization_id", sqlite_where=LIVE, postgresql_where=LIVE),
    Index("ix_integrations_owner", "owner_id"),
    # Finding one by its name, in one workspace.
    Index("ix_integrations_name", "workspace_id", "name", sqlite_where=LIVE, postgresql_where=LIVE),
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
    Index("ix_integration_versions_workspace_id", "workspace_id"),  # asked for each workspace that is purged
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

tags = Table(
    "tags",
    metadata,
    id_column(),
    ref("organization_id", "organizations"),
    text("name"),
    text("color", nullable=True),
    text("created_by"),
    moment("created_at"),
    moment("updated_at"),
    Index("ux_tags_name", "organization_id", "name", unique=True),
    Index("ix_tags_organization", "organization_id", "created_at", "id"),
)

integration_tags = Table(
    "integration_tags",
    metadata,
    id_column(),
    ref("organization_id", "organizations"),
    ref("workspace_id", "workspaces"),
    ref("integration_id", "integrations"),
    ref("tag_id", "tags"),
    text("created_by"),
    moment("created_at"),
    Index("ux_integration_tags", "integration_id", "tag_id", unique=True),
    Index("ix_integration_tags_tag_id", "tag_id"),
    Index("ix_integration_tags_workspace_id", "workspace_id"),
)

integration_icons = Table(
    "integration_icons",
    metadata,
    id_column(),
    ref("organization_id", "organizations"),
    ref("workspace_id", "workspaces"),
    ref("integration_id", "integrations"),
    text("media_type"),  # what the content was found to be, whatever it was sent as
    text("digest"),
    binary("content"),
    text("created_by"),
    moment("created_at"),
    one_of("media_type", ICON_TYPES),
    Index("ux_integration_icons", "integration_id", unique=True),
    Index("ix_integration_icons_workspace_id", "workspace_id"),
)
