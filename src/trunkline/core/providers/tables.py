"""Providers (the built-in ones and those of organizations) and the OAuth clients registered with them."""

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

BUILT_IN = sql("organization_id IS NULL")
LIVE = sql("deleted_at IS NULL")

providers = Table(
    "providers",
    metadata,
    id_column(),
    ref("organization_id", "organizations", nullable=True),  # null: built in, the same for everybody
    text("name"),
    text("display_name"),
    text("base_url", nullable=True),
    json_text("definition"),
    text("content_hash", nullable=True),  # of built-in ones: tells whether the release brings another
    moment("created_at"),
    moment("updated_at"),
    Index("ux_providers_name", "organization_id", "name", unique=True),
    Index("ux_providers_built_in", "name", unique=True, sqlite_where=BUILT_IN, postgresql_where=BUILT_IN),
)

provider_apps = Table(
    "provider_apps",
    metadata,
    id_column(),
    ref("organization_id", "organizations"),
    ref("workspace_id", "workspaces"),
    text("provider"),  # a name, not an id: a built-in provider may come and go with releases
    text("name"),
    text("client_id"),
    text("client_secret"),  # sealed by the vault
    text("hint"),
    integer("generation"),  # bound into the seal, so that an older secret cannot be put back
    json_text("scopes"),
    text("created_by"),
    moment("created_at"),
    moment("updated_at"),
    *deletion_columns(),
    text("external_ref", nullable=True),  # what the provider calls the app
    json_text("metadata", nullable=True),  # what its authorizations say besides; null for nothing
    Index(
        "ux_provider_apps_provider",
        "workspace_id",
        "provider",
        unique=True,
        sqlite_where=LIVE,
        postgresql_where=LIVE,
    ),
    Index("ix_provider_apps_workspace", "workspace_id", "created_at", "id"),
    Index("ix_provider_apps_organization", "organization_id", "provider"),
    Index("ix_provider_apps_deletion_id", "deletion_id"),
    Index("ix_provider_apps_purge_after", "purge_after"),
)
