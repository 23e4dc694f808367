"""What is kept of proxied requests: enough to see what happened, nothing that was said."""

from __future__ import annotations

from sqlalchemy import Index, Table

from trunkline.infra.db.schema import id_column, integer, metadata, moment, text

# Without foreign keys: the log outlives what the requests were about until it expires, and entries that are
# still waiting to be written must not fail with what was purged meanwhile.
proxied_requests = Table(
    "proxied_requests",
    metadata,
    id_column(),
    text("organization_id"),
    text("workspace_id"),
    text("integration_id", nullable=True),
    text("connection_id", nullable=True),
    text("user_id"),
    text("key_id", nullable=True),
    text("request_id", nullable=True),
    text("method"),
    text("host"),
    text("path"),  # without the query, where tokens and names travel
    integer("status", nullable=True),  # null where no answer came
    text("error", nullable=True),  # the code of what went wrong instead
    integer("attempts"),
    integer("response_bytes"),
    integer("duration_ms"),
    moment("created_at"),
    Index("ix_proxied_requests_workspace", "workspace_id", "created_at", "id"),
    Index("ix_proxied_requests_organization", "organization_id", "created_at", "id"),
    Index("ix_proxied_requests_connection_id", "connection_id", "created_at", "id"),
    Index("ix_proxied_requests_created_at", "created_at"),
)
