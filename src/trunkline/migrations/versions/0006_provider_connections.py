"""Connections of a provider itself, for a consumer; and who is to be told of an authorization's end.

Expand step: the new columns are nullable. An ended connection whose integration is gone names its provider no
more: one with a provider and no integration is a connection of that provider. Going back, those stay, unusable;
the ones of the custom scheme, which the release before does not know, go.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
FOR_CONSUMER = sa.text("consumer_id IS NOT NULL")
BEFORE = "scheme IN ('oauth2', 'api_key', 'basic', 'bearer', 'token_exchange', 'none', 'secret')"
AFTER = "scheme IN ('oauth2', 'api_key', 'basic', 'bearer', 'token_exchange', 'custom', 'none', 'secret')"
ENDED = "status = 'disconnected' AND integration_id IS NULL AND provider IS NOT NULL"
CUSTOM = "SELECT id FROM connections WHERE scheme = 'custom'"


def upgrade() -> None:
    op.execute(f"UPDATE connections SET provider = NULL WHERE {ENDED}")
    with op.batch_alter_table("connections") as table:
        table.add_column(sa.Column("consumer_id", TEXT, nullable=True))
        table.create_foreign_key(op.f("fk_connections_consumer_id"), "consumers", ["consumer_id"], ["id"])
        table.drop_constraint(op.f("ck_connections_scheme"), type_="check")
        table.create_check_constraint(op.f("ck_connections_scheme"), AFTER)
    op.create_index(
        "ix_connections_consumer",
        "connections",
        ["consumer_id", "created_at", "id"],
        unique=False,
        sqlite_where=FOR_CONSUMER,
        postgresql_where=FOR_CONSUMER,
    )
    _index_organization("organization_id", "created_at", "id")
    with op.batch_alter_table("oauth_states") as table:
        table.alter_column("integration_id", existing_type=TEXT, nullable=True)
        table.add_column(sa.Column("provider", TEXT, nullable=True))
        table.add_column(sa.Column("opener", TEXT, nullable=True))


def downgrade() -> None:
    op.execute("DELETE FROM oauth_states")  # half-finished for ten minutes at most
    with op.batch_alter_table("oauth_states") as table:
        table.drop_column("opener")
        table.drop_column("provider")
        table.alter_column("integration_id", existing_type=TEXT, nullable=False)
    op.execute(f"UPDATE installs SET auth_state_id = NULL WHERE auth_state_id IN ({CUSTOM})")
    op.execute("DELETE FROM connections WHERE scheme = 'custom'")
    _index_organization("organization_id")
    op.drop_index("ix_connections_consumer", table_name="connections")
    with op.batch_alter_table("connections") as table:
        table.drop_constraint(op.f("ck_connections_scheme"), type_="check")
        table.create_check_constraint(op.f("ck_connections_scheme"), BEFORE)
        table.drop_constraint(op.f("fk_connections_consumer_id"), type_="foreignkey")
        table.drop_column("consumer_id")


def _index_organization(*columns: str) -> None:
    op.drop_index("ix_connections_organization", table_name="connections")
    op.create_index("ix_connections_organization", "connections", list(columns), unique=False)
