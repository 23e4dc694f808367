"""SQL of organizations, workspaces and consumers. Point reads and lists come from `specs`; these are the rest."""

from __future__ import annotations

ANY_ORGANIZATION = "SELECT id FROM organizations ORDER BY id LIMIT 1"
ORGANIZATION_HANDLE_TAKEN = "SELECT 1 FROM organizations WHERE handle = :handle"
WORKSPACE_HANDLE_TAKEN = "SELECT 1 FROM workspaces WHERE handle = :handle"
EXPIRED_WORKSPACES = """
SELECT id FROM workspaces WHERE purge_after <= :now
ORDER BY purge_after, CASE WHEN owner_workspace_id IS NULL THEN 1 ELSE 0 END, id LIMIT :limit
"""

IS_LIVE_WORKSPACE = """
SELECT 1 FROM workspaces
WHERE id = :id AND organization_id = :organization_id AND deleted_at IS NULL AND owner_workspace_id IS NULL
"""
IS_LIVE = "SELECT 1 FROM workspaces WHERE id = :id AND deleted_at IS NULL"

# Groups of a project, and its consumers.

# An owner who has left the organization would own what they cannot see: it falls to the organization's owner.
OWNER_OF_GROUPS = """
SELECT CASE WHEN EXISTS (SELECT 1 FROM organization_members m
    WHERE m.organization_id = w.organization_id AND m.user_id = w.owner_id)
  THEN w.owner_id ELSE o.owner_id END
FROM workspaces w JOIN organizations o ON o.id = w.organization_id WHERE w.id = :project_id
"""
GROUP_OF = """
SELECT id FROM workspaces
WHERE owner_workspace_id = :project_id AND external_ref = :ref AND deleted_at IS NULL
"""
GROUPS_OF = "SELECT id, organization_id FROM workspaces WHERE owner_workspace_id = :project_id ORDER BY id"
# One group beyond so many, if there are more.
GROUP_BEYOND = "SELECT id FROM workspaces WHERE owner_workspace_id = :project_id LIMIT 1 OFFSET :bound"
LIVE_GROUPS_OF = """
SELECT id, organization_id FROM workspaces
WHERE owner_workspace_id = :project_id AND deleted_at IS NULL ORDER BY id
"""
DELETED_GROUPS = """
SELECT id, organization_id FROM workspaces
WHERE owner_workspace_id = :project_id AND deletion_id = :deletion_id ORDER BY id
"""
LIVE_GROUPS = "owner_workspace_id = :project_id AND deleted_at IS NULL"
OF_DELETION = "owner_workspace_id = :project_id AND deletion_id = :deletion_id"
# When the oldest was made of as many groups as pages may make in a while, if they have.
OLDEST_BY_PAGE = """
SELECT created_at FROM workspaces
WHERE owner_workspace_id = :project_id AND created_at > :since AND by_page = 1
ORDER BY created_at DESC, id DESC LIMIT 1 OFFSET :others
"""
# Whoever meets a row that it cannot see yet is run again by the database's isolation, and finds the row.
MAKE_GROUP = """
INSERT INTO workspaces
  (id, organization_id, name, handle, owner_id, created_at, updated_at, owner_workspace_id, external_ref, by_page)
VALUES (:id, :organization_id, :name, :handle, :owner_id, :now, :now, :project_id, :ref, :by_page)
ON CONFLICT (owner_workspace_id, external_ref) WHERE owner_workspace_id IS NOT NULL AND deleted_at IS NULL
DO NOTHING
"""
MAKE_CONSUMER = """
INSERT INTO consumers (id, organization_id, workspace_id, ref, name, created_at, updated_at)
VALUES (:id, :organization_id, :project_id, :ref, :name, :now, :now)
ON CONFLICT (workspace_id, ref) DO NOTHING
"""
CONSUMER_OF = """
SELECT id, organization_id, workspace_id, ref, name, created_at, updated_at FROM consumers
WHERE workspace_id = :project_id AND ref = :ref
"""
CONSUMERS_BY_ID = """
SELECT id, organization_id, workspace_id, ref, name, created_at, updated_at FROM consumers WHERE id IN
"""
CONSUMERS_IN_WORKSPACE = "SELECT id FROM consumers WHERE workspace_id = :workspace_id"

BY_ID = "id = :id"
BY_DEFAULT_WORKSPACE = "default_workspace_id = :workspace_id"

STAMP_OF = "SELECT deleted_at, retention_tier, deletion_id, purge_after FROM workspaces WHERE id = :id"
LIVE_IN_WORKSPACE = "workspace_id = :workspace_id AND deleted_at IS NULL"
IN_WORKSPACE = "workspace_id = :workspace_id"
BY_DELETION = "deletion_id = :deletion_id"

# What `verify` looks for.

NESTED_GROUPS = """
SELECT g.id FROM workspaces g JOIN workspaces w ON w.id = g.owner_workspace_id
WHERE w.owner_workspace_id IS NOT NULL
"""
STRAY_GROUPS = """
SELECT g.id FROM workspaces g JOIN workspaces w ON w.id = g.owner_workspace_id
WHERE g.organization_id <> w.organization_id OR g.external_ref IS NULL
"""
ORPHANED_GROUPS = """
SELECT g.id FROM workspaces g JOIN workspaces w ON w.id = g.owner_workspace_id
WHERE g.deleted_at IS NULL AND w.deleted_at IS NOT NULL
"""
