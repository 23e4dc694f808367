"""Wrapped data keys and the sealed instance root; useless without the key file."""

from __future__ import annotations

from sqlalchemy import Index, Table

from trunkline.infra.db.schema import id_column, metadata, moment, text

vault_keys = Table(
    "vault_keys",
    metadata,
    id_column(),
    text("tenant"),
    text("kek_id"),
    text("wrapped"),
    moment("created_at"),
    Index("ix_vault_keys_tenant", "tenant", "created_at", "id"),
)

instance = Table(
    "instance",
    metadata,
    id_column(),  # the one row's id is 'root'
    text("sealed_root"),
    text("kek_id"),
    moment("created_at"),
)
