"""Access keys of installs, when an install last changed, and where an integration is described.

Expand step: the new columns are nullable, so that servers of the release before keep working. Installs they
make meanwhile have no moment of change and are read as changed when they were made.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("integrations", sa.Column("homepage_url", TEXT, nullable=True))
    op.add_column("installs", sa.Column("updated_at", TEXT, nullable=True))
    op.execute("UPDATE installs SET updated_at = COALESCE(last_upgraded_at, installed_at)")
    op.create_index("ix_installs_updated", "installs", ["integration_id", "updated_at", "id"], unique=False)
    op.create_table(
        "install_keys",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT, nullable=False),
        sa.Column("workspace_id", TEXT, nullable=False),
        sa.Column("install_id", TEXT, nullable=False),
        sa.Column("integration_id", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("ending", TEXT, nullable=False),
        sa.Column("created_by", TEXT, nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        sa.Column("updated_at", TEXT, nullable=False),
        sa.Column("expires_at", TEXT, nullable=True),
        sa.Column("revoked_at", TEXT, nullable=True),
        sa.Column("last_active_at", TEXT, nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name="fk_install_keys_organization_id"
        ),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_install_keys_workspace_id"),
        sa.ForeignKeyConstraint(["install_id"], ["installs.id"], name="fk_install_keys_install_id"),
        sa.ForeignKeyConstraint(
            ["integration_id"], ["integrations.id"], name="fk_install_keys_integration_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_install_keys"),
    )
    op.create_index("ux_install_keys_digest", "install_keys", ["digest"], unique=True)
    op.create_index(
        "ix_install_keys_install", "install_keys", ["install_id", "updated_at", "id"], unique=False
    )
    op.create_index(
        "ix_install_keys_integration", "install_keys", ["integration_id", "updated_at", "id"], unique=False
    )
    op.create_index("ix_install_keys_workspace_id", "install_keys", ["workspace_id"], unique=False)


def downgrade() -> None:
    op.drop_table("install_keys")
    op.drop_index("ix_installs_updated", table_name="installs")
    op.drop_column("installs", "updated_at")
    op.drop_column("integrations", "homepage_url")
