"""SQL of organizations and workspaces. Point reads and lists come from `specs`; these are the rest."""

from __future__ import annotations

ANY_ORGANIZATION = "SELECT id FROM organizations ORDER BY id LIMIT 1"
ORGANIZATION_HANDLE_TAKEN = "SELECT 1 FROM organizations WHERE handle = :handle"
WORKSPACE_HANDLE_TAKEN = "SELECT 1 FROM workspaces WHERE handle = :handle"
EXPIRED_WORKSPACES = """
SELECT id FROM workspaces WHERE purge_after <= :now ORDER BY purge_after, id LIMIT :limit
"""

IS_LIVE_WORKSPACE = """
SELECT 1 FROM workspaces WHERE id = :id AND organization_id = :organization_id AND deleted_at IS NULL
"""

BY_ID = "id = :id"
BY_DEFAULT_WORKSPACE = "default_workspace_id = :workspace_id"

STAMP_OF = "SELECT deleted_at, retention_tier, deletion_id, purge_after FROM workspaces WHERE id = :id"
LIVE_IN_WORKSPACE = "workspace_id = :workspace_id AND deleted_at IS NULL"
IN_WORKSPACE = "workspace_id = :workspace_id"
BY_DELETION = "deletion_id = :deletion_id"
