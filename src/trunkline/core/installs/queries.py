"""SQL of installs, members and solutions. Point reads and lists come from `specs`; these are the rest."""

from __future__ import annotations

DUPLICATE = """
SELECT id FROM installs
WHERE integration_id = :integration_id AND workspace_id = :workspace_id AND distinct_key = :distinct_key
  AND deleted_at IS NULL AND id <> :id
"""

EXCLUSIVE = """
SELECT id FROM installs
WHERE integration_id = :integration_id AND workspace_id = :workspace_id AND deleted_at IS NULL
"""

INSTALLED_VERSIONS = """
SELECT v.version FROM installs i
JOIN integrations g ON g.id = i.integration_id
JOIN integration_versions v ON v.id = i.integration_version_id
WHERE i.workspace_id = :workspace_id AND i.deleted_at IS NULL AND g.publisher = :publisher AND g.slug = :slug
"""

# Every member with what its entity holds now, for comparing with what it should hold.
LIVE_MEMBERS = """
SELECT m.id, m.slug, m.kind, m.entity_id, m.base_version_id, m.applied_version_id, m.source_version_id,
  m.is_clone, m.detached, b.content_hash, v.id, v.number, v.content_hash, v.name, v.definition
FROM members m
JOIN entities e ON e.id = m.entity_id
JOIN entity_versions v ON v.id = e.version_id
JOIN entity_versions b ON b.id = m.base_version_id
WHERE m.install_id = :install_id AND m.deleted_at IS NULL
"""

MEMBER_STATES = """
SELECT m.id, m.organization_id, m.workspace_id, m.install_id, m.slug, m.kind, m.entity_id, m.base_version_id,
  m.applied_version_id, m.source_version_id, m.is_clone, m.detached, m.enabled, m.permissions, m.added_by,
  m.added_at, m.deleted_at, m.retention_tier, m.deletion_id,
  CASE WHEN m.is_clone = 1 THEN v.name ELSE b.name END,
  CASE WHEN m.is_clone = 1 AND v.content_hash <> a.content_hash THEN 1 ELSE 0 END
FROM members m
JOIN entities e ON e.id = m.entity_id
JOIN entity_versions v ON v.id = e.version_id
JOIN entity_versions a ON a.id = m.applied_version_id
JOIN entity_versions b ON b.id = m.base_version_id
WHERE m.install_id = :install_id AND (m.deleted_at IS NULL OR m.deletion_id = :deletion_id)
ORDER BY m.slug
"""

# Members people removed: their entity was deleted by name. What an upgrade removed may come back by policy.
TRASHED_SLUGS = """
SELECT m.slug FROM members m
WHERE m.install_id = :install_id AND m.deleted_at IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM members n WHERE n.install_id = m.install_id AND n.slug = m.slug AND n.id > m.id)
  AND EXISTS (SELECT 1 FROM events e WHERE e.subject_id = m.entity_id AND e.type = m.kind || '.deleted')
"""

# Definitions people own in a workspace: authored there, or clones they detached.
OWNED_DEFINITIONS = """
SELECT v.definition FROM entities e JOIN entity_versions v ON v.id = e.version_id
WHERE e.workspace_id = :workspace_id AND e.deleted_at IS NULL
  AND (e.namespace = '' OR EXISTS (
    SELECT 1 FROM members m WHERE m.entity_id = e.id AND m.detached = 1 AND m.deleted_at IS NULL))
"""

CHILDREN = "SELECT id FROM installs WHERE parent_install_id = :install_id"
PARENT_OF = "SELECT parent_install_id FROM installs WHERE id = :id"
LIVE_CHILDREN = "SELECT id FROM installs WHERE parent_install_id = :install_id AND deleted_at IS NULL"
SOLUTION_OF = "SELECT 1 FROM installs WHERE solution_id = :solution_id"
STATE_OF = "SELECT deleted_at, deletion_id FROM installs WHERE id = :id"
TAKEN_BY = (
    "SELECT id, integration_id, workspace_id, distinct_key FROM installs WHERE deletion_id = :deletion_id"
)
INSTALLS_OF = "SELECT 1 FROM installs WHERE integration_id = :integration_id LIMIT 1"
MEMBER_OF_ENTITY = """
SELECT id, install_id, organization_id, workspace_id, detached FROM members
WHERE entity_id = :entity_id AND is_clone = 1 AND deleted_at IS NULL
"""
INSTALLED_ELSEWHERE = """
SELECT 1 FROM installs i JOIN integrations g ON g.id = i.integration_id
WHERE g.workspace_id = :workspace_id AND i.workspace_id <> :workspace_id LIMIT 1
"""
USES_CONNECTION = "SELECT 1 FROM installs WHERE auth_state_id = :connection_id LIMIT 1"
REQUIRED_SLUG = """
SELECT m.slug FROM members m
JOIN installs i ON i.id = m.install_id
JOIN version_members v ON v.version_id = i.integration_version_id AND v.slug = m.slug
WHERE m.entity_id = :entity_id AND m.is_clone = 1 AND m.deleted_at IS NULL AND v.required = 1
"""
ATTACHED_BESIDE = """
SELECT o.slug, v.definition FROM members m
JOIN members o ON o.install_id = m.install_id AND o.id <> m.id
JOIN entities e ON e.id = o.entity_id
JOIN entity_versions v ON v.id = e.version_id
WHERE m.entity_id = :entity_id AND m.is_clone = 1 AND m.deleted_at IS NULL
  AND o.is_clone = 1 AND o.detached = 0 AND o.deleted_at IS NULL
"""
NAMESPACE_OF = "SELECT namespace FROM entities WHERE id = :id"
STAMP_OF_ENTITY = """
SELECT deleted_at, retention_tier, deletion_id, purge_after FROM entities WHERE id = :id
"""

MOVE_MEMBER = """
UPDATE members SET entity_id = :entity_id, base_version_id = :base_version_id,
  applied_version_id = :applied_version_id, source_version_id = :source_version_id, is_clone = :is_clone,
  kind = :kind
WHERE id = :id
"""

# Configurations and health.

CONFIG = "SELECT content FROM install_configs WHERE id = :id"
CONFIGS_OF = """
SELECT id, organization_id, workspace_id, install_id, version_id, content, note, created_by, created_at
FROM install_configs WHERE id IN
"""
CONFIGURED_CLONE = """
SELECT m.slug, c.content FROM members m
JOIN installs i ON i.id = m.install_id
JOIN install_configs c ON c.id = i.config_id
WHERE m.entity_id = :entity_id AND m.is_clone = 1 AND m.deleted_at IS NULL
"""
# Live installs of an integration that are configured, piece by piece.
CONFIGURED_AFTER = """
SELECT id FROM installs
WHERE integration_id = :integration_id AND deleted_at IS NULL AND config_id IS NOT NULL AND id > :after
ORDER BY id LIMIT :limit
"""
DEFAULT_CONNECTION = """
SELECT id FROM connections
WHERE workspace_id = :workspace_id AND provider = :provider AND scheme <> 'secret' AND status <> 'disconnected'
  AND deleted_at IS NULL
ORDER BY CASE WHEN status = 'ok' THEN 0 ELSE 1 END, created_at DESC, id DESC LIMIT 1
"""
# Where the provider does not accept the client any more, nothing works once the present token has run out.
_USABLE = "c.status = 'ok' AND COALESCE(c.reason, '') <> 'client_rejected' AND c.deleted_at IS NULL"
IS_USABLE = f"SELECT 1 FROM connections c WHERE c.id = :id AND {_USABLE}"
HEALTH_DIFFERS = """
SELECT id, organization_id, workspace_id FROM installs
WHERE auth_state_id = :auth_state_id AND deleted_at IS NULL AND health <> :health ORDER BY id
"""
_HEALTH = f"""
CASE WHEN installs.auth_state_id IS NULL OR EXISTS (
  SELECT 1 FROM connections c WHERE c.id = installs.auth_state_id AND {_USABLE})
THEN 'healthy' ELSE 'unhealthy' END
"""
HEALTH_ASTRAY = f"SELECT id FROM installs WHERE deleted_at IS NULL AND health <> {_HEALTH}"
REFRESH_HEALTH = f"UPDATE installs SET health = {_HEALTH} WHERE id = :id"
REFRESH_HEALTH_IN = f"""
UPDATE installs SET health = {_HEALTH} WHERE workspace_id = :workspace_id AND deleted_at IS NULL
"""
CONFIG_ASTRAY = """
SELECT i.id FROM installs i
WHERE i.config_id IS NOT NULL AND NOT EXISTS (
  SELECT 1 FROM install_configs c WHERE c.id = i.config_id AND c.install_id = i.id
    AND NOT EXISTS (SELECT 1 FROM install_configs n WHERE n.install_id = i.id AND n.created_at > c.created_at))
"""
ALL_CONFIGURED = """
SELECT i.id, c.content FROM installs i JOIN install_configs c ON c.id = i.config_id
WHERE i.deleted_at IS NULL ORDER BY i.id
"""
USED_BESIDE = """
SELECT 1 FROM installs WHERE auth_state_id = :connection_id AND id <> :id AND deleted_at IS NULL LIMIT 1
"""

BY_ID = "id = :id"
LIVE_BY_ID = "id = :id AND deleted_at IS NULL"
LIVE_OF_INSTALL = "install_id = :install_id AND deleted_at IS NULL"
OF_INSTALL = "install_id = :install_id"
LIVE_OF_SOLUTION = "solution_id = :solution_id AND deleted_at IS NULL"
OF_SOLUTION = "solution_id = :solution_id"
IN_SOLUTION = "solution_id = :solution_id AND entity_id = :entity_id AND deleted_at IS NULL"
BY_DELETION = "deletion_id = :deletion_id"
DELETED_WITH = "deletion_id = :deletion_id AND entity_id = :entity_id"
DELETED_WITH_IN_LIVE_SOLUTION = (
    f"{DELETED_WITH} AND solution_id IN (SELECT s.id FROM solutions s WHERE s.deleted_at IS NULL)"
)
LIVE_OF_ENTITY = "entity_id = :entity_id AND deleted_at IS NULL"
OF_ENTITY = "entity_id = :entity_id"
OF_NAMESPACE = "entity_id IN (SELECT e.id FROM entities e WHERE e.namespace = :namespace)"
LIVE_OF_NAMESPACE = (
    "deleted_at IS NULL AND entity_id IN (SELECT e.id FROM entities e WHERE e.namespace = :namespace)"
)
CLONE_OF_ENTITY = "entity_id = :entity_id AND is_clone = 1 AND detached = 0 AND deleted_at IS NULL"

# Children go first: an install with any left waits for a later round.
EXPIRED_INSTALLS = """
SELECT i.id FROM installs i
WHERE i.purge_after < :now AND NOT EXISTS (SELECT 1 FROM installs c WHERE c.parent_install_id = i.id)
ORDER BY i.purge_after LIMIT :limit
"""

ALL_INSTALLS = (
    "SELECT id, integration_version_id, workspace_id FROM installs WHERE deleted_at IS NULL ORDER BY id"
)

READABLE_IN_WORKSPACE = """
SELECT e.id FROM entities e WHERE e.workspace_id = :workspace_id AND e.deleted_at IS NULL
UNION SELECT l.entity_id FROM entity_loans l WHERE l.workspace_id = :workspace_id AND l.deletion_id IS NULL
"""

# Attached again since the install was last brought to a version: the next upgrade brings the member along.
ATTACHED_SINCE = """
SELECT 1 FROM events v JOIN installs i ON i.id = :install_id
WHERE v.subject_id = :member_id AND v.type = 'integration_member.attached'
  AND v.created_at >= COALESCE(i.last_upgraded_at, i.installed_at)
"""

SOLUTION_MISSING = """
SELECT i.id FROM installs i
WHERE NOT EXISTS (SELECT 1 FROM solutions s WHERE s.id = i.solution_id)
"""

INSTALL_WITHOUT_EVENT = """
SELECT i.id FROM installs i
WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.subject_id = i.id AND e.type = 'integration_install.created')
"""

UPGRADED_WITHOUT_EVENT = """
SELECT i.id FROM installs i
WHERE i.last_upgraded_at IS NOT NULL AND NOT EXISTS (
  SELECT 1 FROM events e
  WHERE e.subject_id = i.id AND e.type = 'integration_install.upgraded' AND e.created_at = i.last_upgraded_at)
"""

# A deleted install has nothing live, a live one no part taken by a deletion that took the install's solution.
MISMATCHED_DELETION = """
SELECT i.id FROM installs i JOIN solutions s ON s.id = i.solution_id
WHERE (i.deleted_at IS NOT NULL AND (
    s.deletion_id IS DISTINCT FROM i.deletion_id
    OR EXISTS (SELECT 1 FROM members m WHERE m.install_id = i.id AND m.deleted_at IS NULL)
    OR EXISTS (SELECT 1 FROM entities e WHERE e.namespace = i.id AND e.deleted_at IS NULL)))
  OR (i.deleted_at IS NULL AND (
    s.deleted_at IS NOT NULL
    OR EXISTS (SELECT 1 FROM members m JOIN entities e ON e.id = m.entity_id
      WHERE m.install_id = i.id AND m.is_clone = 1 AND m.deleted_at IS NULL AND e.deleted_at IS NOT NULL)))
"""

ENTITY_OF_NO_INSTALL = """
SELECT DISTINCT e.namespace FROM entities e
WHERE e.namespace <> '' AND NOT EXISTS (SELECT 1 FROM installs i WHERE i.id = e.namespace)
"""

# Solutions.

LIVE_WORKSPACE = "SELECT 1 FROM workspaces WHERE id = :id AND deleted_at IS NULL"
HELD_BY_SOLUTION = """
SELECT id, organization_id, workspace_id, solution_id, entity_id, entity_kind, added_by, added_at, deleted_at,
  retention_tier, deletion_id
FROM solution_members
WHERE solution_id = :solution_id AND deleted_at IS NULL AND entity_id IN
"""
MEMBERS_OF_SOLUTION = "SELECT id FROM solution_members WHERE solution_id = :solution_id"

# What a solution's deletion took of entities that were deleted meanwhile is theirs to bring back.
FOLLOW_DELETED_ENTITIES = """
UPDATE solution_members SET (deleted_at, retention_tier, deletion_id, purge_after) =
  (SELECT e.deleted_at, e.retention_tier, e.deletion_id, e.purge_after FROM entities e
   WHERE e.id = solution_members.entity_id)
WHERE deletion_id = :deletion_id
  AND entity_id IN (SELECT d.id FROM entities d WHERE d.deleted_at IS NOT NULL)
"""
EXPIRED_SOLUTIONS = """
SELECT s.id FROM solutions s
WHERE s.purge_after <= :now AND NOT EXISTS (SELECT 1 FROM installs i WHERE i.solution_id = s.id)
ORDER BY s.purge_after, s.id LIMIT :limit
"""
EXPIRED_SOLUTION_MEMBERS = """
SELECT m.id FROM solution_members m
JOIN solutions s ON s.id = m.solution_id AND s.deleted_at IS NULL
JOIN entities e ON e.id = m.entity_id AND e.deleted_at IS NULL
WHERE m.purge_after <= :now
ORDER BY m.purge_after, m.id LIMIT :limit
"""

# Installations: what publishers see of installs, what an install sees of itself, and its access keys.

PUBLISHED_BY = """
EXISTS (SELECT 1 FROM integrations {p} WHERE {p}.id = {a}.integration_id AND {p}.deleted_at IS NULL AND {held})
"""
INSTALLATION_CREDENTIAL = """
SELECT k.id, k.install_id, i.workspace_id
FROM install_keys k
JOIN installs i ON i.id = k.install_id AND i.deleted_at IS NULL
JOIN integrations g ON g.id = i.integration_id AND g.deleted_at IS NULL
JOIN workspaces w ON w.id = i.workspace_id AND w.deleted_at IS NULL
WHERE k.digest = :digest AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > :now)
"""
CURRENT_INSTALLATION = """
SELECT i.id, g.name, g.homepage_url, g.description, g.trust_tier, k.last_active_at, w.id, w.name
FROM install_keys k
JOIN installs i ON i.id = k.install_id
JOIN integrations g ON g.id = i.integration_id
JOIN workspaces w ON w.id = i.workspace_id
WHERE k.id = :key_id
"""
LIVE_KEYS_OF = """
SELECT count(*) FROM install_keys
WHERE install_id = :install_id AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
"""
NEWEST_KEYS = """
SELECT k.id, k.organization_id, k.workspace_id, k.install_id, k.integration_id, k.ending, k.created_by,
  k.created_at, k.updated_at, k.expires_at, k.revoked_at, k.last_active_at
FROM install_keys k
WHERE k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > :now)
  AND NOT EXISTS (SELECT 1 FROM install_keys n
    WHERE n.install_id = k.install_id AND n.revoked_at IS NULL AND (n.expires_at IS NULL OR n.expires_at > :now)
      AND (n.created_at > k.created_at OR (n.created_at = k.created_at AND n.id > k.id)))
  AND k.install_id IN
"""
MARK_ACTIVE = """
UPDATE install_keys SET last_active_at = :at
WHERE id = :id AND (last_active_at IS NULL OR last_active_at < :at)
"""

# Activations: installs of which a workspace has one for each integration.

ACTIVE_HERE = """
SELECT id FROM installs
WHERE integration_id = :integration_id AND workspace_id = :workspace_id AND deleted_at IS NULL
ORDER BY installed_at, id
"""
LAST_ACTIVE_HERE = """
SELECT id FROM installs
WHERE integration_id = :integration_id AND workspace_id = :workspace_id AND deleted_at IS NOT NULL
  AND parent_install_id IS NULL
ORDER BY deleted_at DESC, id DESC LIMIT 1
"""
LIVE_EVERYWHERE = """
SELECT id FROM installs WHERE integration_id = :integration_id AND deleted_at IS NULL ORDER BY id
"""
