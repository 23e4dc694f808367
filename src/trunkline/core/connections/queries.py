"""SQL of connections. Point reads and lists come from `specs`; these are the rest.

Constants that begin with SELECT are statements, the others predicates. Only `CREDENTIAL` reads a credential.
"""

from __future__ import annotations

CREDENTIAL = """
SELECT organization_id, credential, generation FROM connections WHERE id = :id AND deleted_at IS NULL
"""
NAME_TAKEN = """
SELECT 1 FROM connections
WHERE workspace_id = :workspace_id AND name = :name AND scheme = 'secret' AND id <> :id AND deleted_at IS NULL
"""
LIVE_WORKSPACE = "SELECT 1 FROM workspaces WHERE id = :id AND deleted_at IS NULL"
CONNECTIONS_IN_WORKSPACE = "SELECT id FROM connections WHERE workspace_id = :workspace_id"
EXPIRED_SECRETS = """
SELECT id FROM connections
WHERE scheme = 'secret' AND purge_after <= :now ORDER BY purge_after, id LIMIT :limit
"""

BY_ID = "id = :id"
IN_WORKSPACE = "workspace_id = :workspace_id"
