"""Files that are put here for a while, to be named in a later request."""

from __future__ import annotations

from sqlalchemy import Index, Table

from trunkline.infra.db.schema import binary, id_column, metadata, moment, ref, text

uploads = Table(
    "uploads",
    metadata,
    id_column(),
    ref("organization_id", "organizations"),
    ref("user_id", "users"),
    text("digest"),  # SHA-256 of the content
    binary("content"),
    moment("created_at"),
    moment("expires_at"),
    Index("ix_uploads_organization", "organization_id", "expires_at"),
    Index("ix_uploads_user_id", "user_id"),
    Index("ix_uploads_expires_at", "expires_at"),
)
