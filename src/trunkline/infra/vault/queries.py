"""SQL of the vault's own tables. Constants that begin with SELECT are statements, the others predicates."""

from __future__ import annotations

KEYS_OF = """
SELECT id, tenant, kek_id, wrapped, created_at FROM vault_keys WHERE tenant = :tenant ORDER BY created_at, id
"""
ANY_KEY = "SELECT id FROM vault_keys LIMIT 1"
SEALED_ROOT = "SELECT sealed_root FROM instance WHERE id = 'root'"

BY_ID = "id = :id"
