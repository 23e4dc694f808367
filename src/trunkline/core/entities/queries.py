"""SQL of entities. Point reads and lists come from `specs`; these are the rest."""

from __future__ import annotations

SLUG_TAKEN = """
SELECT 1 FROM entities
WHERE workspace_id = :workspace_id AND kind = :kind AND namespace = :namespace AND slug = :slug
  AND deleted_at IS NULL
"""

IDS_BY_SLUG = """
SELECT slug, id FROM entities
WHERE workspace_id = :workspace_id AND kind = :kind AND namespace = '' AND deleted_at IS NULL
"""

NEXT_NUMBER = "SELECT max(number) + 1 FROM entity_versions WHERE entity_id = :entity_id"

PINNED = """
SELECT e.id, e.kind, e.workspace_id, e.slug, v.id, v.name, v.description, v.definition, v.content_hash
FROM entities e JOIN entity_versions v ON v.id = e.version_id
WHERE e.id = :id AND e.deleted_at IS NULL
"""

CONTENT = """
SELECT id, entity_id, name, description, definition, content_hash FROM entity_versions WHERE id = :id
"""

# What a borrower reads instead of the live row; the newest loan wins where several installs lend.
LENT = """
SELECT v.id, v.name, v.description, v.definition, v.content_hash
FROM entity_loans l JOIN entity_versions v ON v.id = l.version_id
WHERE l.entity_id = :entity_id AND l.deletion_id IS NULL AND {borrower}
ORDER BY l.id DESC LIMIT 1
"""

MOVE = """
UPDATE entities SET version_id = :version_id, name = :name, description = :description, updated_at = :now
WHERE id = :id
"""

LIVE_WORKSPACE = "SELECT 1 FROM workspaces WHERE id = :id AND deleted_at IS NULL"
BY_ID = "id = :id"
OF_ENTITY = "entity_id = :entity_id"
LIVE_IN_NAMESPACE = "namespace = :namespace AND deleted_at IS NULL"
IN_NAMESPACE = "namespace = :namespace"
BY_DELETION = "deletion_id = :deletion_id"
HELD_BY = "holder_id = :holder_id"
VERSIONS_IN_NAMESPACE = "entity_id IN (SELECT e.id FROM entities e WHERE e.namespace = :namespace)"
LOANS_IN_NAMESPACE = VERSIONS_IN_NAMESPACE
LOANS_OF_INSTALL = (
    "deletion_id IS NULL AND holder_id IN (SELECT m.id FROM members m WHERE m.install_id = :install_id)"
)
ALL_LOANS_OF_INSTALL = "holder_id IN (SELECT m.id FROM members m WHERE m.install_id = :install_id)"
LOANS_IN = "workspace_id = :workspace_id"
ACTIVE_LOANS_IN = "workspace_id = :workspace_id AND deletion_id IS NULL"
LIVE_BY_ID = "id = :id AND deleted_at IS NULL"
# A clone that went with its whole install goes with that one's purge.
EXPIRED = """
SELECT e.id FROM entities e
WHERE e.purge_after < :now AND e.kind = :kind AND NOT EXISTS (
  SELECT 1 FROM installs i WHERE i.id = e.namespace AND i.deletion_id = e.deletion_id)
ORDER BY e.purge_after LIMIT :limit
"""

LIVE_VERSION_ASTRAY = """
SELECT e.id, e.kind FROM entities e
WHERE NOT EXISTS (SELECT 1 FROM entity_versions v WHERE v.id = e.version_id AND v.entity_id = e.id)
"""

# Clones come with the event of their install.
ENTITY_WITHOUT_EVENT = """
SELECT e.id, e.kind FROM entities e
WHERE e.namespace = '' AND NOT EXISTS (
  SELECT 1 FROM events v WHERE v.subject_id = e.id AND v.type = e.kind || '.created')
"""

LOAN_WITHOUT_HOLDER = """
SELECT e.id, e.kind FROM entity_loans l JOIN entities e ON e.id = l.entity_id
WHERE NOT EXISTS (SELECT 1 FROM members m WHERE m.id = l.holder_id)
"""

VERSION_CONTENTS = """
SELECT v.id, e.kind, v.name, v.description, v.definition, v.content_hash
FROM entity_versions v JOIN entities e ON e.id = v.entity_id
"""
