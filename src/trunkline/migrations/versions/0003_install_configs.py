"""What installs are configured with, whether they are healthy, and finding an integration by its name.

Expand step: the new columns are nullable or have a default, so that servers of the release before keep working.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
LIVE = sa.text("deleted_at IS NULL")
FROZEN = "install_configs_never_updated"


def upgrade() -> None:
    op.create_index(
        "ix_integrations_name",
        "integrations",
        ["workspace_id", "name"],
        unique=False,
        sqlite_where=LIVE,
        postgresql_where=LIVE,
    )
    op.add_column("installs", sa.Column("config_id", TEXT, nullable=True))
    op.add_column("installs", sa.Column("health", TEXT, server_default="healthy", nullable=False))
    op.execute(
        "UPDATE installs SET health = 'unhealthy' WHERE auth_state_id IS NOT NULL AND NOT EXISTS ("
        "SELECT 1 FROM connections c"
        " WHERE c.id = installs.auth_state_id AND c.status = 'ok' AND c.deleted_at IS NULL)"
    )
    op.add_column("installs", sa.Column("last_operation_status", TEXT, nullable=True))
    op.add_column("installs", sa.Column("created_by", TEXT, nullable=True))
    op.create_table(
        "install_configs",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT, nullable=False),
        sa.Column("workspace_id", TEXT, nullable=False),
        sa.Column("install_id", TEXT, nullable=False),
        sa.Column("version_id", TEXT, nullable=False),
        sa.Column("content", TEXT, nullable=False),
        sa.Column("note", TEXT, nullable=True),
        sa.Column("created_by", TEXT, nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name="fk_install_configs_organization_id"
        ),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_install_configs_workspace_id"),
        sa.ForeignKeyConstraint(["install_id"], ["installs.id"], name="fk_install_configs_install_id"),
        sa.ForeignKeyConstraint(
            ["version_id"], ["integration_versions.id"], name="fk_install_configs_version_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_install_configs"),
    )
    op.create_index(
        "ix_install_configs_install", "install_configs", ["install_id", "created_at", "id"], unique=False
    )
    op.create_index("ix_install_configs_workspace_id", "install_configs", ["workspace_id"], unique=False)
    op.create_index("ix_install_configs_version_id", "install_configs", ["version_id"], unique=False)
    _freeze()


def downgrade() -> None:
    # With the table goes its trigger.
    op.drop_table("install_configs")
    op.drop_column("installs", "created_by")
    op.drop_column("installs", "last_operation_status")
    op.drop_column("installs", "health")
    op.drop_column("installs", "config_id")
    op.drop_index("ix_integrations_name", table_name="integrations", sqlite_where=LIVE, postgresql_where=LIVE)


def _freeze() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE TRIGGER {FROZEN} BEFORE UPDATE ON install_configs"
            " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
    else:
        op.execute(
            f"CREATE TRIGGER {FROZEN} BEFORE UPDATE ON install_configs"
            " BEGIN SELECT RAISE(ABORT, 'rows of install_configs are never changed'); END"
        )
