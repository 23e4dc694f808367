"""The foundation: organizations, access, entities, integrations, installs, the journal, jobs, keys.

The tables are those of each capability. Published versions, entity versions, audit entries and
events are frozen by triggers, so that no code path, however wrong, can rewrite them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

FROZEN = ("integration_versions", "version_members", "entity_versions", "audit_entries")
KEPT = ("audit_entries", "events")  # never deleted either
EVENT_COLUMNS = (
    "id, organization_id, workspace_id, type, subject_kind, subject_id, user_id, parent_id, created_at"
)


def upgrade() -> None:
    op.create_table(
        "audit_entries",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT, nullable=True),
        sa.Column("workspace_id", TEXT, nullable=True),
        sa.Column("action", TEXT, nullable=False),
        sa.Column("subject_kind", TEXT, nullable=False),
        sa.Column("subject_id", TEXT, nullable=False),
        sa.Column("actor_user_id", TEXT, nullable=False),
        sa.Column("actor_key_id", TEXT, nullable=True),
        sa.Column("reason", TEXT, nullable=True),
        sa.Column("request_id", TEXT, nullable=True),
        sa.Column("changed", TEXT, nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entries"),
    )
    op.create_index(
        "ix_audit_entries_organization",
        "audit_entries",
        ["organization_id", "created_at", "id"],
        unique=False,
    )
    op.create_index("ix_audit_entries_subject", "audit_entries", ["subject_id", "created_at"], unique=False)
    op.create_table(
        "events",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("organization_id", TEXT, nullable=False),
        sa.Column("workspace_id", TEXT, nullable=True),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("subject_kind", TEXT, nullable=False),
        sa.Column("subject_id", TEXT, nullable=False),
        sa.Column("user_id", TEXT, nullable=True),
        sa.Column("parent_id", TEXT, nullable=True),
        sa.Column("created_at", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
    )
    op.create_index("ix_events_organization", "events", ["organization_id", "created_at", "id"], unique=False)
    op.create_index("ix_events_seq", "events", ["seq"], unique=True)
    op.create_index("ix_events_subject", "events", ["subject_id", "created_at"], unique=False)
    op.create_index(
        "ix_events_unnumbered",
        "events",
        ["created_at", "id"],
        unique=False,
        sqlite_where=sa.text("seq IS NULL"),
        postgresql_where=sa.text("seq IS NULL"),
    )
    op.create_index("ix_events_workspace", "events", ["workspace_id", "created_at", "id"], unique=False)
    op.create_table(
        "idempotency_records",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT, nullable=True),
        sa.Column("fingerprint", TEXT, nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("sealed", sa.Integer(), nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        sa.Column("expires_at", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_idempotency_records"),
    )
    op.create_index("ix_idempotency_records_expires_at", "idempotency_records", ["expires_at"], unique=False)
    op.create_table(
        "proxied_requests",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT, nullable=False),
        sa.Column("workspace_id", TEXT, nullable=False),
        sa.Column("integration_id", TEXT, nullable=True),
        sa.Column("connection_id", TEXT, nullable=True),
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("key_id", TEXT, nullable=True),
        sa.Column("request_id", TEXT, nullable=True),
        sa.Column("method", TEXT, nullable=False),
        sa.Column("host", TEXT, nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", TEXT, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("response_bytes", sa.Integer(), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_proxied_requests"),
    )
    for name, columns in (
        ("workspace", ["workspace_id", "created_at", "id"]),
        ("organization", ["organization_id", "created_at", "id"]),
        ("connection_id", ["connection_id", "created_at", "id"]),
        ("created_at", ["created_at"]),
    ):
        op.create_index(f"ix_proxied_requests_{name}", "proxied_requests", columns, unique=False)
    op.create_table(
        "instance",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("sealed_root", TEXT, nullable=False),
        sa.Column("kek_id", TEXT, nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_instance"),
    )
    op.create_table(
        "jobs",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("dedupe_key", TEXT, nullable=True),
        sa.Column("payload", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("run_at", TEXT, nullable=False),
        sa.Column("lease_until", TEXT, nullable=True),
        sa.Column("lease_owner", TEXT, nullable=True),
        sa.Column("last_error", TEXT, nullable=True),
        sa.Column("created_at", TEXT, nullable=False),
        sa.CheckConstraint("state IN ('ready', 'running', 'parked')", name=op.f("ck_jobs_state")),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
    )
    op.create_index("ix_jobs_due", "jobs", ["state", "run_at", "id"], unique=False)
    op.create_index("ux_jobs_dedupe_key", "jobs", ["dedupe_key"], unique=True)
    op.create_table(
        "organizations",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("handle", TEXT, nullable=False),
        sa.Column("owner_id", TEXT, nullable=False),
        sa.Column("retention_tier", TEXT, server_default="medium", nullable=False),
        sa.Column("settings", TEXT, nullable=False),
        sa.Column("default_workspace_id", TEXT, nullable=True),
        sa.Column("created_at", TEXT, nullable=False),
        sa.Column("updated_at", TEXT, nullable=False),
        sa.CheckConstraint(
            "retention_tier IN ('short', 'medium', 'long', 'none')",
            name=op.f("ck_organizations_retention_tier"),
        ),
        sa.PrimaryKeyConstraint("id", name="pk_organizations"),
    )
    op.create_index("ux_organizations_handle", "organizations", ["handle"], unique=True)
    op.create_table(
        "periodic",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("next_run_at", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_periodic"),
    )
    op.create_table(
        "vault_keys",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("tenant", TEXT, nullable=False),
        sa.Column("kek_id", TEXT, nullable=False),
        sa.Column("wrapped", TEXT, nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_vault_keys"),
    )
    op.create_index("ix_vault_keys_tenant", "vault_keys", ["tenant", "created_at", "id"], unique=False)
    op.create_table(
        "event_payloads",
        sa.Column("event_id", TEXT, nullable=False),
        sa.Column("data", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name="fk_event_payloads_event_id"),
    )
    op.create_index("ix_event_payloads_event_id", "event_payloads", ["event_id"], unique=True)
    op.create_table(
        "teams",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        sa.Column("updated_at", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name="fk_teams_organization_id"),
        sa.PrimaryKeyConstraint("id", name="pk_teams"),
    )
    op.create_index("ux_teams_name", "teams", ["organization_id", "name"], unique=True)
    op.create_table(
        "users",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT, nullable=False),
        sa.Column("email", TEXT, nullable=False),
        sa.Column("username", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("fields", TEXT, nullable=False),
        sa.Column("operator", sa.Integer(), server_default="0", nullable=False),
        sa.Column("active", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        sa.Column("updated_at", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name="fk_users_organization_id"),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
    )
    op.create_index("ux_users_email", "users", ["organization_id", "email"], unique=True)
    op.create_index("ux_users_username", "users", ["organization_id", "username"], unique=True)
    op.create_table(
        "passwords",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT, nullable=False),
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("encoded", TEXT, nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        sa.Column("updated_at", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name="fk_passwords_organization_id"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_passwords_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_passwords"),
    )
    op.create_index("ux_passwords_user_id", "passwords", ["user_id"], unique=True)
    op.create_table(
        "organization_members",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT, nullable=False),
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        sa.CheckConstraint(
            "role IN ('owner', 'admin', 'author', 'member')", name=op.f("ck_organization_members_role")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name="fk_organization_members_organization_id"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_organization_members_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_organization_members"),
    )
    op.create_index("ix_organization_members_user_id", "organization_members", ["user_id"], unique=False)
    op.create_index(
        "ux_organization_members", "organization_members", ["organization_id", "user_id"], unique=True
    )
    op.create_table(
        "team_members",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT, nullable=False),
        sa.Column("team_id", TEXT, nullable=False),
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("role", TEXT, server_default="member", nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        sa.CheckConstraint(
            "role IN ('admin', 'publisher', 'dataWizard', 'designer', 'memberPlus', 'member')",
            name=op.f("ck_team_members_role"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name="fk_team_members_organization_id"
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["teams.id"], name="fk_team_members_team_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_team_members_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_team_members"),
    )
    op.create_index("ix_team_members_user_id", "team_members", ["user_id"], unique=False)
    op.create_index("ux_team_members", "team_members", ["team_id", "user_id"], unique=True)
    op.create_table(
        "workspaces",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("handle", TEXT, nullable=False),
        sa.Column("owner_id", TEXT, nullable=False),
        sa.Column("default_service_user_id", TEXT, nullable=True),
        sa.Column("created_at", TEXT, nullable=False),
        sa.Column("updated_at", TEXT, nullable=False),
        sa.Column("deleted_at", TEXT, nullable=True),
        sa.Column("retention_tier", TEXT, nullable=True),
        sa.Column("deletion_id", TEXT, nullable=True),
        sa.Column("purge_after", TEXT, nullable=True),
        sa.ForeignKeyConstraint(
            ["default_service_user_id"], ["users.id"], name="fk_workspaces_default_service_user_id"
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name="fk_workspaces_organization_id"
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_workspaces_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_workspaces"),
    )
    op.create_index("ix_workspaces_purge_after", "workspaces", ["purge_after"], unique=False)
    op.create_index(
        "ix_workspaces_organization", "workspaces", ["organization_id", "created_at", "id"], unique=False
    )
    op.create_index("ux_workspaces_handle", "workspaces", ["handle"], unique=True)
    op.create_table(
        "providers",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT, nullable=True),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("display_name", TEXT, nullable=False),
        sa.Column("base_url", TEXT, nullable=True),
        sa.Column("definition", TEXT, nullable=False),
        sa.Column("content_hash", TEXT, nullable=True),
        sa.Column("created_at", TEXT, nullable=False),
        sa.Column("updated_at", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_providers_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_providers"),
    )
    op.create_index(
        "ux_providers_built_in",
        "providers",
        ["name"],
        unique=True,
        sqlite_where=sa.text("organization_id IS NULL"),
        postgresql_where=sa.text("organization_id IS NULL"),
    )
    op.create_index("ux_providers_name", "providers", ["organization_id", "name"], unique=True)
    op.create_table(
        "provider_apps",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT, nullable=False),
        sa.Column("workspace_id", TEXT, nullable=False),
        sa.Column("provider", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("client_id", TEXT, nullable=False),
        sa.Column("client_secret", TEXT, nullable=False),
        sa.Column("hint", TEXT, nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("scopes", TEXT, nullable=False),
        sa.Column("created_by", TEXT, nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        sa.Column("updated_at", TEXT, nullable=False),
        sa.Column("deleted_at", TEXT, nullable=True),
        sa.Column("retention_tier", TEXT, nullable=True),
        sa.Column("deletion_id", TEXT, nullable=True),
        sa.Column("purge_after", TEXT, nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_provider_apps_organization_id")
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_provider_apps_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_provider_apps"),
    )
    op.create_index("ix_provider_apps_deletion_id", "provider_apps", ["deletion_id"], unique=False)
    op.create_index(
        "ix_provider_apps_organization", "provider_apps", ["organization_id", "provider"], unique=False
    )
    op.create_index("ix_provider_apps_purge_after", "provider_apps", ["purge_after"], unique=False)
    op.create_index(
        "ix_provider_apps_workspace", "provider_apps", ["workspace_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "ux_provider_apps_provider",
        "provider_apps",
        ["workspace_id", "provider"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "access_keys",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT, nullable=False),
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("workspace_id", TEXT, nullable=True),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("dialect", TEXT, nullable=True),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("hint", TEXT, nullable=False),
        sa.Column("operations", TEXT, nullable=True),
        sa.Column("entity_ids", TEXT, nullable=True),
        sa.Column("metadata", TEXT, nullable=False),
        sa.Column("created_by", TEXT, nullable=False),
        sa.Column("parent_id", TEXT, nullable=True),
        sa.Column("created_at", TEXT, nullable=False),
        sa.Column("expires_at", TEXT, nullable=True),
        sa.Column("revoked_at", TEXT, nullable=True),
        sa.CheckConstraint(
            "kind IN ('secret', 'publishable', 'session', 'login', 'api')", name=op.f("ck_access_keys_kind")
        ),
        sa.CheckConstraint("dialect IN ('platform', 'informer')", name=op.f("ck_access_keys_dialect")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name="fk_access_keys_organization_id"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_access_keys_user_id"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_access_keys_workspace_id"),
        sa.PrimaryKeyConstraint("id", name="pk_access_keys"),
    )
    op.create_index(
        "ix_access_keys_organization", "access_keys", ["organization_id", "created_at", "id"], unique=False
    )
    op.create_index("ix_access_keys_parent_id", "access_keys", ["parent_id"], unique=False)
    op.create_index("ix_access_keys_user_id", "access_keys", ["user_id"], unique=False)
    op.create_index("ux_access_keys_digest", "access_keys", ["digest"], unique=True)
    op.create_table(
        "entities",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT, nullable=False),
        sa.Column("workspace_id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("namespace", TEXT, server_default="", nullable=False),
        sa.Column("slug", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("description", TEXT, nullable=True),
        sa.Column("version_id", TEXT, nullable=False),
        sa.Column("created_by", TEXT, nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        sa.Column("updated_at", TEXT, nullable=False),
        sa.Column("deleted_at", TEXT, nullable=True),
        sa.Column("retention_tier", TEXT, nullable=True),
        sa.Column("deletion_id", TEXT, nullable=True),
        sa.Column("purge_after", TEXT, nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name="fk_entities_organization_id"
        ),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_entities_workspace_id"),
        sa.PrimaryKeyConstraint("id", name="pk_entities"),
    )
    op.create_index("ix_entities_deletion_id", "entities", ["deletion_id"], unique=False)
    op.create_index(
        "ix_entities_kind",
        "entities",
        ["kind", "created_at", "id", "organization_id", "deleted_at", "workspace_id"],
        unique=False,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index("ix_entities_namespace", "entities", ["namespace"], unique=False)
    op.create_index("ix_entities_purge_after", "entities", ["purge_after"], unique=False)
    op.create_index(
        "ix_entities_workspace", "entities", ["workspace_id", "kind", "created_at", "id"], unique=False
    )
    op.create_index(
        "ux_entities_slug",
        "entities",
        ["workspace_id", "kind", "namespace", "slug"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "grants",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT, nullable=False),
        sa.Column("workspace_id", TEXT, nullable=False),
        sa.Column("entity_kind", TEXT, nullable=False),
        sa.Column("entity_id", TEXT, nullable=False),
        sa.Column("subject_kind", TEXT, nullable=False),
        sa.Column("subject_id", TEXT, nullable=True),
        sa.Column("tier", sa.Integer(), nullable=False),
        sa.Column("origin", TEXT, server_default="share", nullable=False),
        sa.Column("created_by", TEXT, nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        sa.Column("updated_at", TEXT, nullable=False),
        sa.Column("deleted_by", TEXT, nullable=True),
        sa.Column("deleted_at", TEXT, nullable=True),
        sa.Column("retention_tier", TEXT, nullable=True),
        sa.Column("deletion_id", TEXT, nullable=True),
        sa.Column("purge_after", TEXT, nullable=True),
        sa.CheckConstraint(
            "subject_kind IN ('user', 'team', 'organization', 'anyone')", name=op.f("ck_grants_subject_kind")
        ),
        sa.CheckConstraint("origin IN ('share', 'ownership')", name=op.f("ck_grants_origin")),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name="fk_grants_organization_id"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_grants_workspace_id"),
        sa.PrimaryKeyConstraint("id", name="pk_grants"),
    )
    op.create_index("ix_grants_entity", "grants", ["entity_id", "subject_id"], unique=False)
    op.create_index("ix_grants_subject_id", "grants", ["subject_id"], unique=False)
    op.create_index("ix_grants_purge_after", "grants", ["purge_after"], unique=False)
    op.create_index("ix_grants_workspace", "grants", ["workspace_id", "created_at", "id"], unique=False)
    op.create_table(
        "integrations",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT, nullable=False),
        sa.Column("workspace_id", TEXT, nullable=False),
        sa.Column("slug", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("description", TEXT, nullable=True),
        sa.Column("icon_url", TEXT, nullable=True),
        sa.Column("publisher", TEXT, nullable=False),
        sa.Column("trust_tier", TEXT, nullable=False),
        sa.Column("visibility", TEXT, nullable=False),
        sa.Column("current_version", TEXT, nullable=True),
        sa.Column("current_version_id", TEXT, nullable=True),
        sa.Column("driver", TEXT, server_default="custom", nullable=False),
        sa.Column("category", TEXT, nullable=True),
        sa.Column("embedded", sa.Integer(), server_default="0", nullable=False),
        sa.Column("owner_kind", TEXT, server_default="user", nullable=False),
        sa.Column("owner_id", TEXT, nullable=False),
        sa.Column("manifest", TEXT, nullable=False),
        sa.Column("variables_schema", TEXT, nullable=False),
        sa.Column("auth_config", TEXT, nullable=False),
        sa.Column("data", TEXT, server_default="{}", nullable=False),
        sa.Column("created_by", TEXT, nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        sa.Column("updated_at", TEXT, nullable=False),
        sa.Column("deleted_at", TEXT, nullable=True),
        sa.Column("retention_tier", TEXT, nullable=True),
        sa.Column("deletion_id", TEXT, nullable=True),
        sa.Column("purge_after", TEXT, nullable=True),
        sa.CheckConstraint("owner_kind IN ('user', 'team')", name=op.f("ck_integrations_owner_kind")),
        sa.CheckConstraint(
            "trust_tier IN ('first_party', 'vendor_official', 'verified_partner', 'verified_publisher')",
            name=op.f("ck_integrations_trust_tier"),
        ),
        sa.CheckConstraint(
            "visibility IN ('private', 'unlisted', 'public')", name=op.f("ck_integrations_visibility")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name="fk_integrations_organization_id"
        ),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_integrations_workspace_id"),
        sa.PrimaryKeyConstraint("id", name="pk_integrations"),
    )
    op.create_index(
        "ix_integrations_created",
        "integrations",
        [
            "created_at",
            "id",
            "organization_id",
            "deleted_at",
            "workspace_id",
            "visibility",
            "current_version",
        ],
        unique=False,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index("ix_integrations_deletion_id", "integrations", ["deletion_id"], unique=False)
    op.create_index("ix_integrations_owner", "integrations", ["owner_id"], unique=False)
    op.create_index(
        "ix_integrations_slug",
        "integrations",
        ["slug", "organization_id"],
        unique=False,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "ix_integrations_organization", "integrations", ["organization_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "ix_integrations_public",
        "integrations",
        ["created_at", "id"],
        unique=False,
        sqlite_where=sa.text("visibility = 'public' AND deleted_at IS NULL"),
        postgresql_where=sa.text("visibility = 'public' AND deleted_at IS NULL"),
    )
    op.create_index(
        "ix_integrations_publisher",
        "integrations",
        [
            "publisher",
            "created_at",
            "id",
            "organization_id",
            "deleted_at",
            "workspace_id",
            "visibility",
            "current_version",
        ],
        unique=False,
    )
    op.create_index("ix_integrations_purge_after", "integrations", ["purge_after"], unique=False)
    op.create_index(
        "ix_integrations_workspace", "integrations", ["workspace_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "ux_integrations_slug",
        "integrations",
        ["workspace_id", "slug"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "tags",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("color", TEXT, nullable=True),
        sa.Column("created_by", TEXT, nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        sa.Column("updated_at", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name="fk_tags_organization_id"),
        sa.PrimaryKeyConstraint("id", name="pk_tags"),
    )
    op.create_index("ix_tags_organization", "tags", ["organization_id", "created_at", "id"], unique=False)
    op.create_index("ux_tags_name", "tags", ["organization_id", "name"], unique=True)
    op.create_table(
        "integration_tags",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT, nullable=False),
        sa.Column("workspace_id", TEXT, nullable=False),
        sa.Column("integration_id", TEXT, nullable=False),
        sa.Column("tag_id", TEXT, nullable=False),
        sa.Column("created_by", TEXT, nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name="fk_integration_tags_organization_id"
        ),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_integration_tags_workspace_id"),
        sa.ForeignKeyConstraint(
            ["integration_id"], ["integrations.id"], name="fk_integration_tags_integration_id"
        ),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name="fk_integration_tags_tag_id"),
        sa.PrimaryKeyConstraint("id", name="pk_integration_tags"),
    )
    op.create_index("ix_integration_tags_tag_id", "integration_tags", ["tag_id"], unique=False)
    op.create_index("ix_integration_tags_workspace_id", "integration_tags", ["workspace_id"], unique=False)
    op.create_index("ux_integration_tags", "integration_tags", ["integration_id", "tag_id"], unique=True)
    op.create_table(
        "integration_icons",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT, nullable=False),
        sa.Column("workspace_id", TEXT, nullable=False),
        sa.Column("integration_id", TEXT, nullable=False),
        sa.Column("media_type", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("created_by", TEXT, nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        sa.CheckConstraint(
            "media_type IN ('image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/svg+xml')",
            name=op.f("ck_integration_icons_media_type"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name="fk_integration_icons_organization_id"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name="fk_integration_icons_workspace_id"
        ),
        sa.ForeignKeyConstraint(
            ["integration_id"], ["integrations.id"], name="fk_integration_icons_integration_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_integration_icons"),
    )
    op.create_index("ix_integration_icons_workspace_id", "integration_icons", ["workspace_id"], unique=False)
    op.create_index("ux_integration_icons", "integration_icons", ["integration_id"], unique=True)
    op.create_table(
        "solutions",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT, nullable=False),
        sa.Column("workspace_id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("description", TEXT, nullable=True),
        sa.Column("created_by", TEXT, nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        sa.Column("updated_at", TEXT, nullable=False),
        sa.Column("deleted_at", TEXT, nullable=True),
        sa.Column("retention_tier", TEXT, nullable=True),
        sa.Column("deletion_id", TEXT, nullable=True),
        sa.Column("purge_after", TEXT, nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name="fk_solutions_organization_id"
        ),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_solutions_workspace_id"),
        sa.PrimaryKeyConstraint("id", name="pk_solutions"),
    )
    op.create_index("ix_solutions_deletion_id", "solutions", ["deletion_id"], unique=False)
    op.create_index(
        "ix_solutions_organization", "solutions", ["organization_id", "created_at", "id"], unique=False
    )
    op.create_index("ix_solutions_purge_after", "solutions", ["purge_after"], unique=False)
    op.create_index("ix_solutions_workspace", "solutions", ["workspace_id", "created_at", "id"], unique=False)
    op.create_table(
        "workspace_members",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT, nullable=False),
        sa.Column("workspace_id", TEXT, nullable=False),
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("tier", sa.Integer(), nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name="fk_workspace_members_organization_id"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_workspace_members_user_id"),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name="fk_workspace_members_workspace_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_workspace_members"),
    )
    op.create_index(
        "ix_workspace_members_user_id", "workspace_members", ["user_id", "workspace_id", "tier"], unique=False
    )
    op.create_index("ux_workspace_members", "workspace_members", ["workspace_id", "user_id"], unique=True)
    op.create_table(
        "connections",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT, nullable=False),
        sa.Column("workspace_id", TEXT, nullable=False),
        sa.Column("integration_id", TEXT, nullable=True),
        sa.Column("provider", TEXT, nullable=True),
        sa.Column("user_id", TEXT, nullable=True),
        sa.Column("scheme", TEXT, nullable=False),
        sa.Column("grant_type", TEXT, nullable=True),
        sa.Column("mode", TEXT, server_default="shared", nullable=False),
        sa.Column("status", TEXT, server_default="ok", nullable=False),
        sa.Column("reason", TEXT, nullable=True),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("hint", TEXT, nullable=False),
        sa.Column("metadata", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=True),
        sa.Column("scopes", TEXT, server_default="[]", nullable=False),
        sa.Column("origins", TEXT, server_default="[]", nullable=False),
        sa.Column("parameters", TEXT, server_default="{}", nullable=False),
        sa.Column("credential", TEXT, nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("refreshed_at", TEXT, nullable=True),
        sa.Column("access_expires_at", TEXT, nullable=True),
        sa.Column("refresh_expires_at", TEXT, nullable=True),
        sa.Column("stale_at", TEXT, nullable=True),
        sa.Column("refreshable", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", TEXT, nullable=True),
        sa.Column("lease_owner", TEXT, nullable=True),
        sa.Column("lease_until", TEXT, nullable=True),
        sa.Column("intent", TEXT, nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("retry_at", TEXT, nullable=True),
        sa.Column("refusals", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_authorized_at", TEXT, nullable=True),
        sa.Column("last_used_at", TEXT, nullable=True),
        sa.Column("revocation", TEXT, nullable=True),
        sa.Column("created_by", TEXT, nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        sa.Column("updated_at", TEXT, nullable=False),
        sa.Column("deleted_at", TEXT, nullable=True),
        sa.Column("retention_tier", TEXT, nullable=True),
        sa.Column("deletion_id", TEXT, nullable=True),
        sa.Column("purge_after", TEXT, nullable=True),
        sa.CheckConstraint("mode IN ('per_user', 'shared')", name=op.f("ck_connections_mode")),
        sa.CheckConstraint(
            "revocation IN ('queued', 'done', 'failed', 'unsupported')",
            name=op.f("ck_connections_revocation"),
        ),
        sa.CheckConstraint(
            "scheme IN ('oauth2', 'api_key', 'basic', 'bearer', 'token_exchange', 'none', 'secret')",
            name=op.f("ck_connections_scheme"),
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'ok', 'needs_reauth', 'suspended', 'disconnected')",
            name=op.f("ck_connections_status"),
        ),
        sa.ForeignKeyConstraint(
            ["integration_id"], ["integrations.id"], name="fk_connections_integration_id"
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name="fk_connections_organization_id"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_connections_user_id"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_connections_workspace_id"),
        sa.PrimaryKeyConstraint("id", name="pk_connections"),
    )
    op.create_index(
        "ix_connections_due",
        "connections",
        ["due_at", "id"],
        unique=False,
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_connections_integration",
        "connections",
        ["integration_id", "workspace_id", "user_id"],
        unique=False,
    )
    op.create_index("ix_connections_organization", "connections", ["organization_id"], unique=False)
    op.create_index("ix_connections_purge_after", "connections", ["purge_after"], unique=False)
    op.create_index("ix_connections_user_id", "connections", ["user_id"], unique=False)
    op.create_index(
        "ix_connections_workspace", "connections", ["workspace_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "ux_connections_secret_name",
        "connections",
        ["workspace_id", "name"],
        unique=True,
        sqlite_where=sa.text("scheme = 'secret' AND deleted_at IS NULL"),
        postgresql_where=sa.text("scheme = 'secret' AND deleted_at IS NULL"),
    )
    op.create_table(
        "oauth_states",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT, nullable=False),
        sa.Column("workspace_id", TEXT, nullable=False),
        sa.Column("integration_id", TEXT, nullable=False),
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("connection_id", TEXT, nullable=True),
        sa.Column("binding", TEXT, nullable=True),
        sa.Column("configuration", TEXT, nullable=False),
        sa.Column("redirect_uri", TEXT, nullable=False),
        sa.Column("return_to", TEXT, nullable=True),
        sa.Column("verifier", TEXT, nullable=False),
        sa.Column("nonce", TEXT, nullable=True),
        sa.Column("request", TEXT, nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        sa.Column("expires_at", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.id"], name="fk_oauth_states_connection_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["integration_id"], ["integrations.id"], name="fk_oauth_states_integration_id"
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name="fk_oauth_states_organization_id"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_oauth_states_user_id"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_oauth_states_workspace_id"),
        sa.PrimaryKeyConstraint("id", name="pk_oauth_states"),
    )
    op.create_index("ix_oauth_states_expires_at", "oauth_states", ["expires_at"], unique=False)
    op.create_index("ix_oauth_states_integration_id", "oauth_states", ["integration_id"], unique=False)
    op.create_index("ix_oauth_states_workspace_id", "oauth_states", ["workspace_id"], unique=False)
    op.create_table(
        "integration_secrets",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT, nullable=False),
        sa.Column("workspace_id", TEXT, nullable=False),
        sa.Column("client_secret", TEXT, nullable=True),
        sa.Column("api_key", TEXT, nullable=True),
        sa.Column("origins", TEXT, server_default="{}", nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("updated_by", TEXT, nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        sa.Column("updated_at", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name="fk_integration_secrets_organization_id"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name="fk_integration_secrets_workspace_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_integration_secrets"),
    )
    op.create_index(
        "ix_integration_secrets_workspace_id", "integration_secrets", ["workspace_id"], unique=False
    )
    op.create_table(
        "connection_revocations",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT, nullable=False),
        sa.Column("workspace_id", TEXT, nullable=False),
        sa.Column("connection_id", TEXT, nullable=False),
        sa.Column("integration_id", TEXT, nullable=True),
        sa.Column("home_id", TEXT, nullable=False),
        sa.Column("provider", TEXT, nullable=True),
        sa.Column("url", TEXT, nullable=False),
        sa.Column("client_id", TEXT, nullable=True),
        sa.Column("token_auth", TEXT, nullable=False),
        sa.Column("credential", TEXT, nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("client_organization_id", TEXT, nullable=True),
        sa.Column("client_secret", TEXT, nullable=True),
        sa.Column("client_generation", sa.Integer(), server_default="0", nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_error", TEXT, nullable=True),
        sa.Column("next_at", TEXT, nullable=True),
        sa.Column("created_at", TEXT, nullable=False),
        sa.Column("finished_at", TEXT, nullable=True),
        sa.CheckConstraint(
            "state IN ('queued', 'done', 'failed')", name=op.f("ck_connection_revocations_state")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name="fk_connection_revocations_organization_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_connection_revocations"),
    )
    op.create_index(
        "ix_connection_revocations_due",
        "connection_revocations",
        ["next_at"],
        unique=False,
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_index(
        "ix_connection_revocations_organization",
        "connection_revocations",
        ["organization_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "ux_connection_revocations", "connection_revocations", ["connection_id", "generation"], unique=True
    )
    op.create_table(
        "entity_versions",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT, nullable=False),
        sa.Column("workspace_id", TEXT, nullable=False),
        sa.Column("entity_id", TEXT, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("description", TEXT, nullable=True),
        sa.Column("definition", TEXT, nullable=False),
        sa.Column("content_hash", TEXT, nullable=False),
        sa.Column("created_by", TEXT, nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["entity_id"], ["entities.id"], name="fk_entity_versions_entity_id"),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name="fk_entity_versions_organization_id"
        ),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_entity_versions_workspace_id"),
        sa.PrimaryKeyConstraint("id", name="pk_entity_versions"),
    )
    op.create_index("ux_entity_versions_number", "entity_versions", ["entity_id", "number"], unique=True)
    op.create_table(
        "integration_versions",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT, nullable=False),
        sa.Column("workspace_id", TEXT, nullable=False),
        sa.Column("integration_id", TEXT, nullable=False),
        sa.Column("version", TEXT, nullable=False),
        sa.Column("manifest", TEXT, nullable=False),
        sa.Column("variables_schema", TEXT, nullable=False),
        sa.Column("auth_config", TEXT, nullable=False),
        sa.Column("member_entity_versions", TEXT, nullable=False),
        sa.Column("content_hash", TEXT, nullable=False),
        sa.Column("changelog", TEXT, nullable=True),
        sa.Column("published_by", TEXT, nullable=False),
        sa.Column("published_at", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["integration_id"], ["integrations.id"], name="fk_integration_versions_integration_id"
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name="fk_integration_versions_organization_id"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name="fk_integration_versions_workspace_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_integration_versions"),
    )
    op.create_index(
        "ix_integration_versions_organization",
        "integration_versions",
        ["organization_id", "published_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_integration_versions_published",
        "integration_versions",
        ["integration_id", "published_at", "id"],
        unique=False,
    )
    op.create_index(
        "ux_integration_versions_version", "integration_versions", ["integration_id", "version"], unique=True
    )
    op.create_table(
        "solution_members",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT, nullable=False),
        sa.Column("workspace_id", TEXT, nullable=False),
        sa.Column("solution_id", TEXT, nullable=False),
        sa.Column("entity_id", TEXT, nullable=False),
        sa.Column("entity_kind", TEXT, nullable=False),
        sa.Column("added_by", TEXT, nullable=False),
        sa.Column("added_at", TEXT, nullable=False),
        sa.Column("deleted_at", TEXT, nullable=True),
        sa.Column("retention_tier", TEXT, nullable=True),
        sa.Column("deletion_id", TEXT, nullable=True),
        sa.Column("purge_after", TEXT, nullable=True),
        sa.ForeignKeyConstraint(["entity_id"], ["entities.id"], name="fk_solution_members_entity_id"),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name="fk_solution_members_organization_id"
        ),
        sa.ForeignKeyConstraint(["solution_id"], ["solutions.id"], name="fk_solution_members_solution_id"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_solution_members_workspace_id"),
        sa.PrimaryKeyConstraint("id", name="pk_solution_members"),
    )
    op.create_index("ix_solution_members_deletion_id", "solution_members", ["deletion_id"], unique=False)
    op.create_index("ix_solution_members_entity_id", "solution_members", ["entity_id"], unique=False)
    op.create_index(
        "ix_solution_members_workspace", "solution_members", ["workspace_id", "added_at", "id"], unique=False
    )
    op.create_index(
        "ux_solution_members",
        "solution_members",
        ["solution_id", "entity_id"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "entity_loans",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT, nullable=False),
        sa.Column("workspace_id", TEXT, nullable=False),
        sa.Column("entity_id", TEXT, nullable=False),
        sa.Column("version_id", TEXT, nullable=False),
        sa.Column("holder_id", TEXT, nullable=False),
        sa.Column("deletion_id", TEXT, nullable=True),
        sa.ForeignKeyConstraint(["entity_id"], ["entities.id"], name="fk_entity_loans_entity_id"),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name="fk_entity_loans_organization_id"
        ),
        sa.ForeignKeyConstraint(["version_id"], ["entity_versions.id"], name="fk_entity_loans_version_id"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_entity_loans_workspace_id"),
        sa.PrimaryKeyConstraint("id", name="pk_entity_loans"),
    )
    op.create_index("ix_entity_loans_entity_id", "entity_loans", ["entity_id", "workspace_id"], unique=False)
    op.create_index("ux_entity_loans_holder_id", "entity_loans", ["holder_id"], unique=True)
    op.create_table(
        "installs",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT, nullable=False),
        sa.Column("workspace_id", TEXT, nullable=False),
        sa.Column("integration_id", TEXT, nullable=False),
        sa.Column("integration_version_id", TEXT, nullable=False),
        sa.Column("variables", TEXT, nullable=False),
        sa.Column("auth_state_id", TEXT, nullable=True),
        sa.Column("member_policy", TEXT, nullable=False),
        sa.Column("parent_install_id", TEXT, nullable=True),
        sa.Column("solution_id", TEXT, nullable=True),
        sa.Column("distinct_key", TEXT, nullable=False),
        sa.Column("installed_by", TEXT, nullable=False),
        sa.Column("installed_at", TEXT, nullable=False),
        sa.Column("last_upgraded_at", TEXT, nullable=True),
        sa.Column("deleted_at", TEXT, nullable=True),
        sa.Column("retention_tier", TEXT, nullable=True),
        sa.Column("deletion_id", TEXT, nullable=True),
        sa.Column("purge_after", TEXT, nullable=True),
        sa.CheckConstraint(
            "member_policy IN ('auto_all', 'auto_defaults', 'manual')", name=op.f("ck_installs_member_policy")
        ),
        sa.ForeignKeyConstraint(["auth_state_id"], ["connections.id"], name="fk_installs_auth_state_id"),
        sa.ForeignKeyConstraint(["integration_id"], ["integrations.id"], name="fk_installs_integration_id"),
        sa.ForeignKeyConstraint(
            ["integration_version_id"],
            ["integration_versions.id"],
            name="fk_installs_integration_version_id",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name="fk_installs_organization_id"
        ),
        sa.ForeignKeyConstraint(["parent_install_id"], ["installs.id"], name="fk_installs_parent_install_id"),
        sa.ForeignKeyConstraint(["solution_id"], ["solutions.id"], name="fk_installs_solution_id"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_installs_workspace_id"),
        sa.PrimaryKeyConstraint("id", name="pk_installs"),
    )
    op.create_index("ix_installs_auth_state_id", "installs", ["auth_state_id"], unique=False)
    op.create_index("ix_installs_deletion_id", "installs", ["deletion_id"], unique=False)
    op.create_index(
        "ix_installs_integration", "installs", ["integration_id", "installed_at", "id"], unique=False
    )
    op.create_index(
        "ix_installs_organization", "installs", ["organization_id", "installed_at", "id"], unique=False
    )
    op.create_index("ix_installs_parent_install_id", "installs", ["parent_install_id"], unique=False)
    op.create_index("ix_installs_purge_after", "installs", ["purge_after"], unique=False)
    op.create_index("ix_installs_version", "installs", ["integration_version_id"], unique=False)
    op.create_index("ix_installs_workspace", "installs", ["workspace_id", "installed_at", "id"], unique=False)
    op.create_index(
        "ux_installs_live",
        "installs",
        ["integration_id", "workspace_id", "distinct_key"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "version_members",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("version_id", TEXT, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("slug", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("entity_id", TEXT, nullable=False),
        sa.Column("entity_version_id", TEXT, nullable=False),
        sa.Column("content_hash", TEXT, nullable=False),
        sa.Column("required", sa.Integer(), server_default="0", nullable=False),
        sa.Column("default_enabled", sa.Integer(), server_default="0", nullable=False),
        sa.Column("fork_on_install", sa.Integer(), server_default="0", nullable=False),
        sa.Column("implicit", sa.Integer(), server_default="0", nullable=False),
        sa.Column("needs", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["entity_id"], ["entities.id"], name="fk_version_members_entity_id"),
        sa.ForeignKeyConstraint(
            ["entity_version_id"], ["entity_versions.id"], name="fk_version_members_entity_version_id"
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["integration_versions.id"], name="fk_version_members_version_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_version_members"),
    )
    op.create_index("ix_version_members_entity_id", "version_members", ["entity_id"], unique=False)
    op.create_index(
        "ix_version_members_entity_version_id", "version_members", ["entity_version_id"], unique=False
    )
    op.create_index("ux_version_members_slug", "version_members", ["version_id", "slug"], unique=True)
    op.create_table(
        "members",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT, nullable=False),
        sa.Column("workspace_id", TEXT, nullable=False),
        sa.Column("install_id", TEXT, nullable=False),
        sa.Column("slug", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("entity_id", TEXT, nullable=False),
        sa.Column("base_version_id", TEXT, nullable=False),
        sa.Column("applied_version_id", TEXT, nullable=False),
        sa.Column("source_version_id", TEXT, nullable=False),
        sa.Column("is_clone", sa.Integer(), server_default="0", nullable=False),
        sa.Column("detached", sa.Integer(), server_default="0", nullable=False),
        sa.Column("enabled", sa.Integer(), server_default="1", nullable=False),
        sa.Column("permissions", TEXT, nullable=False),
        sa.Column("added_by", TEXT, nullable=False),
        sa.Column("added_at", TEXT, nullable=False),
        sa.Column("deleted_at", TEXT, nullable=True),
        sa.Column("retention_tier", TEXT, nullable=True),
        sa.Column("deletion_id", TEXT, nullable=True),
        sa.Column("purge_after", TEXT, nullable=True),
        sa.ForeignKeyConstraint(
            ["applied_version_id"], ["entity_versions.id"], name="fk_members_applied_version_id"
        ),
        sa.ForeignKeyConstraint(
            ["base_version_id"], ["entity_versions.id"], name="fk_members_base_version_id"
        ),
        sa.ForeignKeyConstraint(["entity_id"], ["entities.id"], name="fk_members_entity_id"),
        sa.ForeignKeyConstraint(["install_id"], ["installs.id"], name="fk_members_install_id"),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name="fk_members_organization_id"),
        sa.ForeignKeyConstraint(
            ["source_version_id"], ["integration_versions.id"], name="fk_members_source_version_id"
        ),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_members_workspace_id"),
        sa.PrimaryKeyConstraint("id", name="pk_members"),
    )
    op.create_index("ix_members_base_version_id", "members", ["base_version_id"], unique=False)
    op.create_index("ix_members_deletion_id", "members", ["deletion_id"], unique=False)
    op.create_index("ix_members_entity_id", "members", ["entity_id"], unique=False)
    op.create_index("ix_members_workspace", "members", ["workspace_id"], unique=False)
    op.create_index(
        "ux_members_slug",
        "members",
        ["install_id", "slug"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    _freeze()


def downgrade() -> None:
    op.drop_index(
        "ux_members_slug",
        table_name="members",
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index("ix_members_workspace", table_name="members")
    op.drop_index("ix_members_entity_id", table_name="members")
    op.drop_index("ix_members_deletion_id", table_name="members")
    op.drop_index("ix_members_base_version_id", table_name="members")
    op.drop_table("members")
    op.drop_index("ux_version_members_slug", table_name="version_members")
    op.drop_index("ix_version_members_entity_version_id", table_name="version_members")
    op.drop_index("ix_version_members_entity_id", table_name="version_members")
    op.drop_table("version_members")
    op.drop_index(
        "ux_installs_live",
        table_name="installs",
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index("ix_installs_workspace", table_name="installs")
    op.drop_index("ix_installs_version", table_name="installs")
    op.drop_index("ix_installs_purge_after", table_name="installs")
    op.drop_index("ix_installs_parent_install_id", table_name="installs")
    op.drop_index("ix_installs_organization", table_name="installs")
    op.drop_index("ix_installs_integration", table_name="installs")
    op.drop_index("ix_installs_deletion_id", table_name="installs")
    op.drop_index("ix_installs_auth_state_id", table_name="installs")
    op.drop_table("installs")
    op.drop_index("ux_entity_loans_holder_id", table_name="entity_loans")
    op.drop_index("ix_entity_loans_entity_id", table_name="entity_loans")
    op.drop_table("entity_loans")
    op.drop_index(
        "ux_solution_members",
        table_name="solution_members",
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index("ix_solution_members_workspace", table_name="solution_members")
    op.drop_index("ix_solution_members_entity_id", table_name="solution_members")
    op.drop_index("ix_solution_members_deletion_id", table_name="solution_members")
    op.drop_table("solution_members")
    op.drop_index("ux_integration_versions_version", table_name="integration_versions")
    op.drop_index("ix_integration_versions_published", table_name="integration_versions")
    op.drop_index("ix_integration_versions_organization", table_name="integration_versions")
    op.drop_table("integration_versions")
    op.drop_index("ux_entity_versions_number", table_name="entity_versions")
    op.drop_table("entity_versions")
    op.drop_index("ux_connection_revocations", table_name="connection_revocations")
    op.drop_index("ix_connection_revocations_organization", table_name="connection_revocations")
    op.drop_index(
        "ix_connection_revocations_due",
        table_name="connection_revocations",
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.drop_table("connection_revocations")
    op.drop_index("ix_integration_secrets_workspace_id", table_name="integration_secrets")
    op.drop_table("integration_secrets")
    op.drop_index("ix_oauth_states_workspace_id", table_name="oauth_states")
    op.drop_index("ix_oauth_states_integration_id", table_name="oauth_states")
    op.drop_index("ix_oauth_states_expires_at", table_name="oauth_states")
    op.drop_table("oauth_states")
    op.drop_index(
        "ux_connections_secret_name",
        table_name="connections",
        sqlite_where=sa.text("scheme = 'secret' AND deleted_at IS NULL"),
        postgresql_where=sa.text("scheme = 'secret' AND deleted_at IS NULL"),
    )
    op.drop_index("ix_connections_workspace", table_name="connections")
    op.drop_index("ix_connections_user_id", table_name="connections")
    op.drop_index("ix_connections_purge_after", table_name="connections")
    op.drop_index("ix_connections_organization", table_name="connections")
    op.drop_index("ix_connections_integration", table_name="connections")
    op.drop_index(
        "ix_connections_due",
        table_name="connections",
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.drop_table("connections")
    op.drop_index("ux_workspace_members", table_name="workspace_members")
    op.drop_index("ix_workspace_members_user_id", table_name="workspace_members")
    op.drop_table("workspace_members")
    op.drop_index("ix_solutions_workspace", table_name="solutions")
    op.drop_index("ix_solutions_purge_after", table_name="solutions")
    op.drop_index("ix_solutions_organization", table_name="solutions")
    op.drop_index("ix_solutions_deletion_id", table_name="solutions")
    op.drop_table("solutions")
    op.drop_index("ux_integration_icons", table_name="integration_icons")
    op.drop_index("ix_integration_icons_workspace_id", table_name="integration_icons")
    op.drop_table("integration_icons")
    op.drop_index("ux_integration_tags", table_name="integration_tags")
    op.drop_index("ix_integration_tags_workspace_id", table_name="integration_tags")
    op.drop_index("ix_integration_tags_tag_id", table_name="integration_tags")
    op.drop_table("integration_tags")
    op.drop_index("ux_tags_name", table_name="tags")
    op.drop_index("ix_tags_organization", table_name="tags")
    op.drop_table("tags")
    op.drop_index(
        "ux_integrations_slug",
        table_name="integrations",
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index("ix_integrations_workspace", table_name="integrations")
    op.drop_index("ix_integrations_purge_after", table_name="integrations")
    op.drop_index("ix_integrations_publisher", table_name="integrations")
    op.drop_index(
        "ix_integrations_public",
        table_name="integrations",
        sqlite_where=sa.text("visibility = 'public' AND deleted_at IS NULL"),
        postgresql_where=sa.text("visibility = 'public' AND deleted_at IS NULL"),
    )
    op.drop_index("ix_integrations_organization", table_name="integrations")
    op.drop_index(
        "ix_integrations_slug",
        table_name="integrations",
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index("ix_integrations_owner", table_name="integrations")
    op.drop_index("ix_integrations_deletion_id", table_name="integrations")
    op.drop_index(
        "ix_integrations_created",
        table_name="integrations",
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_table("integrations")
    op.drop_index("ix_grants_workspace", table_name="grants")
    op.drop_index("ix_grants_subject_id", table_name="grants")
    op.drop_index("ix_grants_entity", table_name="grants")
    op.drop_index("ix_grants_purge_after", table_name="grants")
    op.drop_table("grants")
    op.drop_index(
        "ux_entities_slug",
        table_name="entities",
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index("ix_entities_workspace", table_name="entities")
    op.drop_index("ix_entities_purge_after", table_name="entities")
    op.drop_index("ix_entities_namespace", table_name="entities")
    op.drop_index(
        "ix_entities_kind",
        table_name="entities",
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index("ix_entities_deletion_id", table_name="entities")
    op.drop_table("entities")
    op.drop_index("ux_access_keys_digest", table_name="access_keys")
    op.drop_index("ix_access_keys_user_id", table_name="access_keys")
    op.drop_index("ix_access_keys_organization", table_name="access_keys")
    op.drop_index("ix_access_keys_parent_id", table_name="access_keys")
    op.drop_table("access_keys")
    op.drop_index(
        "ux_provider_apps_provider",
        table_name="provider_apps",
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index("ix_provider_apps_workspace", table_name="provider_apps")
    op.drop_index("ix_provider_apps_purge_after", table_name="provider_apps")
    op.drop_index("ix_provider_apps_organization", table_name="provider_apps")
    op.drop_index("ix_provider_apps_deletion_id", table_name="provider_apps")
    op.drop_table("provider_apps")
    op.drop_index("ux_providers_name", table_name="providers")
    op.drop_index(
        "ux_providers_built_in",
        table_name="providers",
        sqlite_where=sa.text("organization_id IS NULL"),
        postgresql_where=sa.text("organization_id IS NULL"),
    )
    op.drop_table("providers")
    op.drop_index("ux_workspaces_handle", table_name="workspaces")
    op.drop_index("ix_workspaces_organization", table_name="workspaces")
    op.drop_index("ix_workspaces_purge_after", table_name="workspaces")
    op.drop_table("workspaces")
    op.drop_index("ux_team_members", table_name="team_members")
    op.drop_index("ix_team_members_user_id", table_name="team_members")
    op.drop_table("team_members")
    op.drop_index("ux_organization_members", table_name="organization_members")
    op.drop_index("ix_organization_members_user_id", table_name="organization_members")
    op.drop_table("organization_members")
    op.drop_index("ux_passwords_user_id", table_name="passwords")
    op.drop_table("passwords")
    op.drop_index("ux_users_username", table_name="users")
    op.drop_index("ux_users_email", table_name="users")
    op.drop_table("users")
    op.drop_index("ux_teams_name", table_name="teams")
    op.drop_table("teams")
    op.drop_index("ix_event_payloads_event_id", table_name="event_payloads")
    op.drop_table("event_payloads")
    op.drop_index("ix_vault_keys_tenant", table_name="vault_keys")
    op.drop_table("vault_keys")
    op.drop_table("periodic")
    op.drop_index("ux_organizations_handle", table_name="organizations")
    op.drop_table("organizations")
    op.drop_index("ux_jobs_dedupe_key", table_name="jobs")
    op.drop_index("ix_jobs_due", table_name="jobs")
    op.drop_table("jobs")
    op.drop_table("instance")
    op.drop_table("proxied_requests")
    op.drop_index("ix_idempotency_records_expires_at", table_name="idempotency_records")
    op.drop_table("idempotency_records")
    op.drop_index("ix_events_workspace", table_name="events")
    op.drop_index(
        "ix_events_unnumbered",
        table_name="events",
        sqlite_where=sa.text("seq IS NULL"),
        postgresql_where=sa.text("seq IS NULL"),
    )
    op.drop_index("ix_events_subject", table_name="events")
    op.drop_index("ix_events_seq", table_name="events")
    op.drop_index("ix_events_organization", table_name="events")
    op.drop_table("events")
    op.drop_index("ix_audit_entries_subject", table_name="audit_entries")
    op.drop_index("ix_audit_entries_organization", table_name="audit_entries")
    op.drop_table("audit_entries")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_change()")


def _freeze() -> None:
    rules = [(table, "UPDATE", "updated") for table in FROZEN]
    rules += [(table, "DELETE", "deleted") for table in KEPT]
    rules.append(("events", f"UPDATE OF {EVENT_COLUMNS}", "updated"))
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'rows of % are never changed', TG_TABLE_NAME; END $$"
        )
    for table, action, word in rules:
        _refuse(f"{table}_never_{word}", table, action)


def _refuse(name: str, table: str, action: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {action} ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
    else:
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {action} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are never changed'); END"
        )
