"""Destinations, topics and routes; files that are put here for a while; what provider apps are called elsewhere.

Expand step: the new columns are nullable, so that servers of the release before keep working.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
PLACED = {"organization_id": "organizations", "workspace_id": "workspaces"}


def upgrade() -> None:
    op.add_column("provider_apps", sa.Column("external_ref", TEXT, nullable=True))
    op.add_column("provider_apps", sa.Column("metadata", TEXT, nullable=True))
    _table(
        "destinations",
        PLACED,
        _text("name"),
        _text("type"),
        _text("metadata"),
        _text("secrets", nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        _text("created_by"),
        _text("created_at"),
        _text("updated_at"),
    )
    op.create_index("ux_destinations_name", "destinations", ["workspace_id", "name"], unique=True)
    op.create_index("ix_destinations_workspace", "destinations", ["workspace_id", "created_at", "id"])
    op.create_index("ix_destinations_organization_id", "destinations", ["organization_id"])
    _table(
        "signing_keys",
        {**PLACED, "destination_id": "destinations"},
        _text("signing_key"),
        _text("created_at"),
        _text("expires_at", nullable=True),
    )
    op.create_index("ix_signing_keys_destination", "signing_keys", ["destination_id", "created_at", "id"])
    op.create_index("ix_signing_keys_workspace_id", "signing_keys", ["workspace_id"])
    op.create_index("ix_signing_keys_expires_at", "signing_keys", ["expires_at"])
    _table("topics", PLACED, _text("name"), _text("created_at"), _text("updated_at"))
    op.create_index("ux_topics_name", "topics", ["workspace_id", "name"], unique=True)
    op.create_index("ix_topics_workspace", "topics", ["workspace_id", "created_at", "id"])
    op.create_index("ix_topics_organization_id", "topics", ["organization_id"])
    _table(
        "topic_routes",
        {**PLACED, "topic_id": "topics"},
        _text("event_type"),
        _text("created_at"),
    )
    op.create_index("ux_topic_routes_pair", "topic_routes", ["topic_id", "event_type"], unique=True)
    op.create_index("ix_topic_routes_workspace", "topic_routes", ["workspace_id", "event_type"])
    _table(
        "destination_routes",
        {**PLACED, "topic_id": "topics", "destination_id": "destinations"},
        _text("created_at"),
    )
    op.create_index(
        "ux_destination_routes_pair", "destination_routes", ["topic_id", "destination_id"], unique=True
    )
    op.create_index("ix_destination_routes_destination_id", "destination_routes", ["destination_id"])
    op.create_index(
        "ix_destination_routes_workspace_id", "destination_routes", ["workspace_id", "created_at", "id"]
    )
    _table(
        "uploads",
        {"organization_id": "organizations", "user_id": "users"},
        _text("digest"),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        _text("created_at"),
        _text("expires_at"),
    )
    op.create_index("ix_uploads_organization", "uploads", ["organization_id", "expires_at"])
    op.create_index("ix_uploads_user_id", "uploads", ["user_id"])
    op.create_index("ix_uploads_expires_at", "uploads", ["expires_at"])


def downgrade() -> None:
    for table in ("uploads", "destination_routes", "topic_routes", "topics", "signing_keys", "destinations"):
        op.drop_table(table)
    op.drop_column("provider_apps", "metadata")
    op.drop_column("provider_apps", "external_ref")


def _text(name, *, nullable=False):
    return sa.Column(name, TEXT, nullable=nullable)


def _table(name, refs, *columns):
    op.create_table(
        name,
        _text("id"),
        *(_text(column) for column in refs),
        *columns,
        *(
            sa.ForeignKeyConstraint([column], [f"{target}.id"], name=f"fk_{name}_{column}")
            for column, target in refs.items()
        ),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
    )
