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
    Index("ix_installs_version", "integration_version_id"),
    Index("ix_installs_parent_install_id", "parent_install_id"),
    Index("ix_installs_auth_state_id", "auth_state_id"),
    Index("ix_installs_deletion_id", "deletion_id"),
    Index("ix_installs_purge_after", "purge_after"),
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
