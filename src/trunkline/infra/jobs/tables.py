"""Jobs waiting or parked, and when periodic ones are due."""

from __future__ import annotations

from sqlalchemy import Index, Table

from trunkline.infra.db.schema import id_column, integer, json_text, metadata, moment, one_of, text

jobs = Table(
    "jobs",
    metadata,
    id_column(),
    text("kind"),
    text("dedupe_key", nullable=True),  # at most one live job per key
    json_text("payload"),  # ids only
    text("state"),
    integer("attempts", default=0),
    moment("run_at"),
    moment("lease_until", nullable=True),
    text("lease_owner", nullable=True),
    text("last_error", nullable=True),
    moment("created_at"),
    one_of("state", ("ready", "running", "parked")),
    Index("ux_jobs_dedupe_key", "dedupe_key", unique=True),
    Index("ix_jobs_due", "state", "run_at", "id"),
)

periodic = Table(
    "periodic",
    metadata,
    id_column(),  # the periodic job's kind
    moment("next_run_at"),
)
