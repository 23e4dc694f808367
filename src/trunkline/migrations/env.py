"""Alembic's entry: runs on the connection that `infra.db.migrate` opened and put a transaction on."""

from __future__ import annotations

from alembic import context

config = context.config
context.configure(
    connection=config.attributes["connection"],
    target_metadata=config.attributes["metadata"],
    render_as_batch=True,
    compare_type=True,
    compare_server_default=True,
    transactional_ddl=False,  # the caller's transaction holds every step and the version row together
)
context.run_migrations()
