"""What happened: audit entries, events with their payloads, and answers kept for repeated requests."""

from __future__ import annotations

from sqlalchemy import Index, Table
from sqlalchemy import text as sql

from trunkline.infra.db.schema import counter, id_column, integer, json_text, metadata, moment, ref, text

audit_entries = Table(
    "audit_entries",
    metadata,
    id_column(),
    text("organization_id", nullable=True),
    text("workspace_id", nullable=True),
    text("action"),
    text("subject_kind"),
    text("subject_id"),
    text("actor_user_id"),
    text("actor_key_id", nullable=True),
    text("reason", nullable=True),  # why the system acted; null when a user did
    text("request_id", nullable=True),
    json_text("changed"),  # names of the changed members, never their values
    moment("created_at"),
    Index("ix_audit_entries_subject", "subject_id", "created_at"),
    Index("ix_audit_entries_organization", "organization_id", "created_at", "id"),
)

UNNUMBERED = sql("seq IS NULL")

events = Table(
    "events",
    metadata,
    id_column(),
    counter("seq"),  # assigned after commit by one dispatcher; commit order, which ids are not
    text("organization_id"),
    text("workspace_id", nullable=True),
    text("type"),
    text("subject_kind"),
    text("subject_id"),
    text("user_id", nullable=True),
    text("parent_id", nullable=True),
    moment("created_at"),
    Index("ix_events_seq", "seq", unique=True),
    Index("ix_events_unnumbered", "created_at", "id", sqlite_where=UNNUMBERED, postgresql_where=UNNUMBERED),
    Index("ix_events_workspace", "workspace_id", "created_at", "id"),
    Index("ix_events_organization", "organization_id", "created_at", "id"),
    Index("ix_events_subject", "subject_id", "created_at"),
)

# Apart from the event, so that a purge can empty it while events stay unchangeable.
event_payloads = Table(
    "event_payloads",
    metadata,
    ref("event_id", "events"),
    json_text("data"),
    Index("ix_event_payloads_event_id", "event_id", unique=True),
)

idempotency_records = Table(
    "idempotency_records",
    metadata,
    id_column(),  # digest of user, key, method, path and the caller's Idempotency-Key
    text("organization_id", nullable=True),
    text("fingerprint"),  # digest of the body; another one under the same key is a conflict
    integer("status"),
    text("body"),  # the answer, behind the headers it came with; sealed when it holds a one-time secret
    integer("sealed"),
    moment("created_at"),
    moment("expires_at"),
    Index("ix_idempotency_records_expires_at", "expires_at"),
)
