"""Every reference to a workspace has an index of all its rows, so that purging one reads no whole table.

Expand step: servers of the release before work with and without the indexes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLES = ("entity_versions", "entity_loans", "integration_versions")
OWNER = ("ix_workspaces_owner", "workspaces", ["owner_workspace_id", "created_at", "id"])
GROUP = sa.text("owner_workspace_id IS NOT NULL")


def upgrade() -> None:
    for table in TABLES:
        op.create_index(f"ix_{table}_workspace_id", table, ["workspace_id"], unique=False)
    op.drop_index("ix_workspaces_owner", table_name="workspaces")
    op.create_index(*OWNER, unique=False)


def downgrade() -> None:
    op.drop_index("ix_workspaces_owner", table_name="workspaces")
    op.create_index(*OWNER, unique=False, sqlite_where=GROUP, postgresql_where=GROUP)
    for table in TABLES:
        op.drop_index(f"ix_{table}_workspace_id", table_name=table)
