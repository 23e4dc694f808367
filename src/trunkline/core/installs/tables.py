"""Installs, their members, and the solutions that group what an install brought."""

from __future__ import annotations

from sqlalchemy import Index, Table
from sqlalchemy import text as sql

from trunkline.infra.db.schema import (
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

MEMBER_POLICIES = ("auto_all", "auto_defaults", "manual")
HEALTH = ("healthy", "unhealthy")
LIVE = sql("deleted_at IS NULL")

installs = Table(
    "installs",
    metadata,
    id_column(),
    ref("organization_id", "organizations"),
    ref("workspace_id", "workspaces"),
    ref("integration_id", "integrations"),
    ref("integration_version_id", "integration_versions"),
    json_text("variables"),
    ref("auth_state_id", "connections", nullable=True),
    text("member_policy"),
    ref("parent_install_id", "installs", nullable=True),
    ref("solution_id", "solutions", nullable=True),
    text("distinct_key"),  # parent and connection: two live installs of one integration may not share it
    text("installed_by"),
    moment("installed_at"),
    moment("last_upgraded_at", nullable=True),
    *deletion_columns(),
    moment("updated_at", nullable=True),  # null where a server of an older release made it
    # The newest of its configurations; no foreign key, the two tables point at each other. Null where its
    # integration was not deployed from a manifest.
    text("config_id", nullable=True),
    text("health", default="healthy"),  # follows from the connection; kept here, since lists show it
    text("last_operation_status", nullable=True),  # of the newest operation; null until there is one
    text("created_by", nullable=True),  # `consumer:…`, `builder:…` or `api:…`, where it was made with one
    one_of("member_policy", MEMBER_POLICIES),
    Index(
        "ux_installs_live",
        "integration_id",
        "workspace_id",
        "distinct_key",
        unique=True,
        sqlite_where=LIVE,
        postgresql_where=LIVE,
    ),
    Index("ix_installs_workspace", "workspace_id", "installed_at", "id"),
    Index("ix_installs_organization", "organization_id", "installed_at", "id"),
    Index("ix_installs_integration", "integration_id", "installed_at", "id"),
    Index("ix_installs_updated", "integration_id", "updated_at", "id"),
    Index("ix_installs_version", "integration_version_id"),
    Index("ix_installs_parent_install_id", "parent_install_id"),
    Index("ix_installs_auth_state_id", "auth_state_id"),
    Index("ix_installs_deletion_id", "deletion_id"),
    Index("ix_installs_purge_after", "purge_after"),
)

# What an install was configured with, one row for each time; never changed.
install_configs = Table(
    "install_configs",
    metadata,
    id_column(),
    ref("organization_id", "organizations"),
    ref("workspace_id", "workspaces"),
    ref("install_id", "installs"),
    ref("version_id", "integration_versions"),  # what the install was at when it was configured so
    json_text("content"),
    text("note", nullable=True),  # why, where somebody said so
    text("created_by"),  # `consumer:…`, `builder:…` or `api:…`
    moment("created_at"),
    Index("ix_install_configs_install", "install_id", "created_at", "id"),
    Index("ix_install_configs_workspace_id", "workspace_id"),
    Index("ix_install_configs_version_id", "version_id"),
)

# Credentials of installs themselves. They have no tombstone: whether one opens anything is decided by its
# install, its integration and its workspace at the moment it is used.
install_keys = Table(
    "install_keys",
    metadata,
    id_column(),
    ref("organization_id", "organizations"),
    ref("workspace_id", "workspaces"),
    ref("install_id", "installs"),
    ref("integration_id", "integrations"),
    text("digest"),  # keyed hash; the key itself is shown once and kept nowhere
    text("ending"),  # the key's last four characters, to tell keys apart by
    text("created_by"),
    moment("created_at"),
    moment("updated_at"),
    moment("expires_at", nullable=True),  # a key that is being replaced ends then
    moment("revoked_at", nullable=True),
    moment("last_active_at", nullable=True),
    Index("ux_install_keys_digest", "digest", unique=True),
    Index("ix_install_keys_install", "install_id", "updated_at", "id"),
    Index("ix_install_keys_integration", "integration_id", "updated_at", "id"),
    Index("ix_install_keys_workspace_id", "workspace_id"),
)

members = Table(
    "members",
    metadata,
    id_column(),
    ref("organization_id", "organizations"),
    ref("workspace_id", "workspaces"),
    ref("install_id", "installs"),
    text("slug"),
    text("kind"),
    ref("entity_id", "entities"),  # the clone, or the publisher's entity when referenced
    ref("base_version_id", "entity_versions"),  # the publisher's pin this member was brought to
    ref("applied_version_id", "entity_versions"),  # what was materialised here
    ref("source_version_id", "integration_versions"),
    flag("is_clone"),
    flag("detached"),
    flag("enabled", default=True),
    json_text("permissions"),
    text("added_by"),
    moment("added_at"),
    *deletion_columns(),
    Index("ux_members_slug", "install_id", "slug", unique=True, sqlite_where=LIVE, postgresql_where=LIVE),
    Index("ix_members_entity_id", "entity_id"),
    Index("ix_members_workspace", "workspace_id"),
    Index("ix_members_base_version_id", "base_version_id"),
    Index("ix_members_deletion_id", "deletion_id"),
)

solutions = Table(
    "solutions",
    metadata,
    id_column(),
    ref("organization_id", "organizations"),
    ref("workspace_id", "workspaces"),
    text("name"),
    text("description", nullable=True),
    text("created_by"),
    moment("created_at"),
    moment("updated_at"),
    *deletion_columns(),
    Index("ix_solutions_workspace", "workspace_id", "created_at", "id"),
    Index("ix_solutions_organization", "organization_id", "created_at", "id"),
    Index("ix_solutions_deletion_id", "deletion_id"),
    Index("ix_solutions_purge_after", "purge_after"),
)

solution_members = Table(
    "solution_members",
    metadata,
    id_column(),
    ref("organization_id", "organizations"),
    ref("workspace_id", "workspaces"),
    ref("solution_id", "solutions"),
    ref("entity_id", "entities"),
    text("entity_kind"),
    text("added_by"),
    moment("added_at"),
    *deletion_columns(),
    Index(
        "ux_solution_members",
        "solution_id",
        "entity_id",
        unique=True,
        sqlite_where=LIVE,
        postgresql_where=LIVE,
    ),
    Index("ix_solution_members_entity_id", "entity_id"),
    Index("ix_solution_members_workspace", "workspace_id", "added_at", "id"),
    Index("ix_solution_members_deletion_id", "deletion_id"),
)
