"""Users, passwords, teams, memberships, grants, access keys and JWT keys: everything a decision about access reads."""

from __future__ import annotations

from sqlalchemy import Index, Table

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

users = Table(
    "users",
    metadata,
    id_column(),
    ref("organization_id", "organizations"),  # home: who made and manages the user
    text("email"),
    text("username"),  # ASCII letters in lower case
    text("name"),
    json_text("fields"),  # what the organization says of the user; no secrets
    flag("operator"),  # runs this Trunkline: public listing, trust tiers, new organizations
    flag("active", default=True),
    moment("created_at"),
    moment("updated_at"),
    Index("ux_users_email", "organization_id", "email", unique=True),
    Index("ux_users_username", "organization_id", "username", unique=True),
)

# A table of its own, so that no read of users comes near a hash.
passwords = Table(
    "passwords",
    metadata,
    id_column(),
    ref("organization_id", "organizations"),
    ref("user_id", "users"),
    text("encoded"),  # argon2id with its parameters and salt, as argon2 spells it
    moment("created_at"),
    moment("updated_at"),
    Index("ux_passwords_user_id", "user_id", unique=True),
)

teams = Table(
    "teams",
    metadata,
    id_column(),
    ref("organization_id", "organizations"),
    text("name"),
    moment("created_at"),
    moment("updated_at"),
    Index("ux_teams_name", "organization_id", "name", unique=True),
)

team_members = Table(
    "team_members",
    metadata,
    id_column(),
    ref("organization_id", "organizations"),
    ref("team_id", "teams", ondelete="CASCADE"),
    ref("user_id", "users"),
    text("role", default="member"),
    moment("created_at"),
    one_of("role", ("admin", "publisher", "dataWizard", "designer", "memberPlus", "member")),
    Index("ux_team_members", "team_id", "user_id", unique=True),
    Index("ix_team_members_user_id", "user_id"),
)

organization_members = Table(
    "organization_members",
    metadata,
    id_column(),
    ref("organization_id", "organizations"),
    ref("user_id", "users"),
    text("role"),
    moment("created_at"),
    one_of("role", ("owner", "admin", "author", "member")),
    Index("ux_organization_members", "organization_id", "user_id", unique=True),
    Index("ix_organization_members_user_id", "user_id"),
)

workspace_members = Table(
    "workspace_members",
    metadata,
    id_column(),
    ref("organization_id", "organizations"),
    ref("workspace_id", "workspaces"),
    ref("user_id", "users"),
    integer("tier"),  # kit.actor.Tier
    moment("created_at"),
    Index("ux_workspace_members", "workspace_id", "user_id", unique=True),
    Index("ix_workspace_members_user_id", "user_id", "workspace_id", "tier"),
)

grants = Table(
    "grants",
    metadata,
    id_column(),
    ref("organization_id", "organizations"),
    ref("workspace_id", "workspaces"),
    text("entity_kind"),
    text("entity_id"),
    text("subject_kind"),
    text("subject_id", nullable=True),  # null: any signed-in user
    integer("tier"),
    text("origin", default="share"),  # `ownership` comes and goes with being the object's owner
    text("created_by"),
    moment("created_at"),
    moment("updated_at"),
    text("deleted_by", nullable=True),
    *deletion_columns(),
    one_of("subject_kind", ("user", "team", "organization", "anyone")),
    one_of("origin", ("share", "ownership")),
    Index("ix_grants_entity", "entity_id", "subject_id"),
    Index("ix_grants_subject_id", "subject_id"),
    Index("ix_grants_purge_after", "purge_after"),
    Index("ix_grants_workspace", "workspace_id", "created_at", "id"),
)

access_keys = Table(
    "access_keys",
    metadata,
    id_column(),
    ref("organization_id", "organizations"),
    ref("user_id", "users"),
    ref("workspace_id", "workspaces", nullable=True),  # null: every workspace of the user
    text("kind"),
    text("dialect", nullable=True),  # whose it is where several dialects share a path; null: nobody's
    text("name"),
    text("digest"),  # keyed hash; the key itself is shown once and kept nowhere
    text("hint"),
    json_text("operations", nullable=True),  # null: everything the kind allows
    json_text("entity_ids", nullable=True),
    json_text("metadata"),
    text("created_by"),
    text("parent_id", nullable=True),  # the key it was made with
    moment("created_at"),
    moment("expires_at", nullable=True),
    moment("revoked_at", nullable=True),
    flag("active", default=True),  # 0: refused until it is set again
    one_of("kind", ("secret", "publishable", "session", "login", "api")),
    one_of("dialect", ("platform", "informer", "ampersand")),
    Index("ux_access_keys_digest", "digest", unique=True),
    Index("ix_access_keys_workspace_id", "workspace_id", "created_at", "id"),
    Index("ix_access_keys_organization", "organization_id", "created_at", "id"),
    Index("ix_access_keys_user_id", "user_id"),
    Index("ix_access_keys_parent_id", "parent_id"),
)

# Public halves of the keys with which publishers' servers sign tokens for their own pages.
jwt_keys = Table(
    "jwt_keys",
    metadata,
    id_column(),  # the `kid` of the tokens
    ref("organization_id", "organizations"),
    ref("workspace_id", "workspaces"),  # the project
    ref("user_id", "users"),  # whom pages act as, within what a page may do
    text("label"),
    text("algorithm"),
    text("public_key_pem"),
    flag("active", default=True),
    text("created_by"),
    moment("created_at"),
    moment("updated_at"),
    one_of("algorithm", ("RS256",)),
    Index("ix_jwt_keys_workspace_id", "workspace_id", "created_at", "id"),
)
