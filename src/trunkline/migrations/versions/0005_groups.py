"""Groups and consumers of a project, JWT keys, and access keys that can be switched off.

Expand step: the new columns are nullable or have a default, so that servers of the release before keep working.
Going back takes JWT keys, consumers and projects' own access keys away; groups stay as ordinary workspaces.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
GROUP = sa.text("owner_workspace_id IS NOT NULL")
LIVE_GROUP = sa.text("owner_workspace_id IS NOT NULL AND deleted_at IS NULL")
BEFORE = "dialect IN ('platform', 'informer')"
AFTER = "dialect IN ('platform', 'informer', 'ampersand')"


def _change_dialects(dialects: str) -> None:
    with op.batch_alter_table("access_keys") as table:
        table.drop_constraint(op.f("ck_access_keys_dialect"), type_="check")
        table.create_check_constraint(op.f("ck_access_keys_dialect"), dialects)


def upgrade() -> None:
    op.add_column("access_keys", sa.Column("active", sa.Integer(), server_default="1", nullable=False))
    _change_dialects(AFTER)
    op.create_index(
        "ix_access_keys_workspace_id", "access_keys", ["workspace_id", "created_at", "id"], unique=False
    )
    with op.batch_alter_table("workspaces") as table:
        table.add_column(sa.Column("owner_workspace_id", TEXT, nullable=True))
        table.add_column(sa.Column("external_ref", TEXT, nullable=True))
        table.create_foreign_key(
            op.f("fk_workspaces_owner_workspace_id"), "workspaces", ["owner_workspace_id"], ["id"]
        )
    op.create_index(
        "ux_workspaces_group",
        "workspaces",
        ["owner_workspace_id", "external_ref"],
        unique=True,
        sqlite_where=LIVE_GROUP,
        postgresql_where=LIVE_GROUP,
    )
    op.create_index(
        "ix_workspaces_owner",
        "workspaces",
        ["owner_workspace_id", "created_at", "id"],
        unique=False,
        sqlite_where=GROUP,
        postgresql_where=GROUP,
    )
    op.create_table(
        "consumers",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT, nullable=False),
        sa.Column("workspace_id", TEXT, nullable=False),
        sa.Column("ref", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        sa.Column("updated_at", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name="fk_consumers_organization_id"
        ),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_consumers_workspace_id"),
        sa.PrimaryKeyConstraint("id", name="pk_consumers"),
    )
    op.create_index("ux_consumers_ref", "consumers", ["workspace_id", "ref"], unique=True)
    op.create_index("ix_consumers_workspace", "consumers", ["workspace_id", "created_at", "id"], unique=False)
    op.create_table(
        "jwt_keys",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT, nullable=False),
        sa.Column("workspace_id", TEXT, nullable=False),
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("label", TEXT, nullable=False),
        sa.Column("algorithm", TEXT, nullable=False),
        sa.Column("public_key_pem", TEXT, nullable=False),
        sa.Column("active", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_by", TEXT, nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        sa.Column("updated_at", TEXT, nullable=False),
        sa.CheckConstraint("algorithm IN ('RS256')", name=op.f("ck_jwt_keys_algorithm")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name="fk_jwt_keys_organization_id"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_jwt_keys_user_id"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_jwt_keys_workspace_id"),
        sa.PrimaryKeyConstraint("id", name="pk_jwt_keys"),
    )
    op.create_index(
        "ix_jwt_keys_workspace_id", "jwt_keys", ["workspace_id", "created_at", "id"], unique=False
    )


def downgrade() -> None:
    op.drop_table("jwt_keys")
    op.drop_table("consumers")
    op.drop_index("ix_workspaces_owner", table_name="workspaces")
    op.drop_index("ux_workspaces_group", table_name="workspaces")
    with op.batch_alter_table("workspaces") as table:
        table.drop_constraint(op.f("fk_workspaces_owner_workspace_id"), type_="foreignkey")
        table.drop_column("external_ref")
        table.drop_column("owner_workspace_id")
    op.drop_index("ix_access_keys_workspace_id", table_name="access_keys")
    op.execute("DELETE FROM access_keys WHERE dialect = 'ampersand'")
    _change_dialects(BEFORE)
    op.drop_column("access_keys", "active")
