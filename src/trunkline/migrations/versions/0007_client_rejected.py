"""Installs are unhealthy, too, whose connection's client the provider rejects; groups know whether a page made them.

Expand step: the new column has a default. Who was healthy by the rule of before is told apart, both ways.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

REJECTED = (
    "deleted_at IS NULL AND EXISTS (SELECT 1 FROM connections c WHERE c.id = installs.auth_state_id"
    " AND c.status = 'ok' AND c.reason = 'client_rejected' AND c.deleted_at IS NULL)"
)


def upgrade() -> None:
    op.add_column("workspaces", sa.Column("by_page", sa.Integer(), server_default="0", nullable=False))
    op.execute(f"UPDATE installs SET health = 'unhealthy' WHERE {REJECTED}")


def downgrade() -> None:
    op.execute(f"UPDATE installs SET health = 'healthy' WHERE {REJECTED}")
    with op.batch_alter_table("workspaces") as table:
        table.drop_column("by_page")
