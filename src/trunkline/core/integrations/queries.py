"""SQL of integrations. Point reads and lists come from `specs`; these are the rest."""

from __future__ import annotations

SLUG_TAKEN = """
SELECT 1 FROM integrations
WHERE workspace_id = :workspace_id AND slug = :slug AND id <> :id AND deleted_at IS NULL
"""

ID_OF_SLUG = """
SELECT id FROM integrations WHERE workspace_id = :workspace_id AND slug = :slug AND deleted_at IS NULL
"""

# Names need not be unique; where one stands for an integration, it is the oldest that has it.
NAMED = """
SELECT id FROM integrations
WHERE workspace_id = :workspace_id AND name = :name AND deleted_at IS NULL
ORDER BY created_at, id LIMIT 1
"""

LIVE_NAMES = "SELECT id, name FROM integrations WHERE workspace_id = :workspace_id AND deleted_at IS NULL"

ID_TAKEN = """
SELECT 1 FROM events WHERE subject_id = :id
UNION ALL SELECT 1 FROM integrations WHERE id = :id
UNION ALL SELECT 1 FROM entities WHERE id = :id
LIMIT 1
"""

TAKEN_SLUGS = """
SELECT DISTINCT slug FROM integrations
WHERE organization_id = :organization_id AND deleted_at IS NULL AND slug IN
"""

ORGANIZATION_WITH_HANDLE = "SELECT id FROM organizations WHERE handle = :handle"
HANDLE_OF = "SELECT handle FROM organizations WHERE id = :id"

SNAPSHOTS = """
SELECT id, manifest, variables_schema, auth_config FROM integration_versions WHERE id IN
"""

VERSION_ROW = """
SELECT id, organization_id, workspace_id, integration_id, version, manifest, variables_schema, auth_config,
  member_entity_versions, content_hash, changelog, published_by, published_at
FROM integration_versions WHERE id = :id
"""

MANIFESTS = "SELECT id, manifest FROM integration_versions WHERE id IN"

VERSION_EXISTS = (
    "SELECT 1 FROM integration_versions WHERE integration_id = :integration_id AND version = :version"
)

# The live content of the source workspace's entities, for pinning.
PINS = """
SELECT e.id, e.kind, e.slug, e.version_id, v.name, v.definition, v.content_hash
FROM entities e JOIN entity_versions v ON v.id = e.version_id
WHERE e.workspace_id = :workspace_id AND e.deleted_at IS NULL AND e.id IN
"""

MEMBERS_OF = """
SELECT m.slug, m.kind, m.entity_id, m.entity_version_id, m.content_hash, m.required, m.default_enabled,
  m.fork_on_install, m.implicit, m.needs, v.name, v.description, v.definition
FROM version_members m JOIN entity_versions v ON v.id = m.entity_version_id
WHERE m.version_id = :version_id ORDER BY m.position
"""

SLUGS_OF = "SELECT slug FROM version_members WHERE version_id = :version_id"

PINS_ENTITY = "SELECT 1 FROM version_members WHERE entity_id = :entity_id"
PINS_NAMESPACE = """
SELECT 1 FROM version_members m JOIN entities e ON e.id = m.entity_id
WHERE e.namespace = :namespace
"""

BY_ID = "id = :id"
OF_INTEGRATION = "integration_id = :integration_id"
MEMBERS_OF_VERSIONS = (
    "version_id IN (SELECT v.id FROM integration_versions v WHERE v.integration_id = :integration_id)"
)
VERSIONS_IN_WORKSPACE = "workspace_id = :workspace_id"
MEMBERS_IN_WORKSPACE = (
    "version_id IN (SELECT v.id FROM integration_versions v WHERE v.workspace_id = :workspace_id)"
)

OWNED_BY_TEAM = """
SELECT id, organization_id, workspace_id FROM integrations
WHERE owner_id = :team_id AND owner_kind = 'team' ORDER BY id
"""

TAGGED = "integration_id = :integration_id AND tag_id = :tag_id"
OF_TAG = "tag_id = :tag_id"
TAG_LINK = "SELECT id FROM integration_tags WHERE integration_id = :integration_id AND tag_id = :tag_id"
TAG_COUNT = "SELECT count(*) FROM integration_tags WHERE integration_id = :integration_id"
TAG_NAME_TAKEN = "SELECT 1 FROM tags WHERE organization_id = :organization_id AND name = :name AND id <> :id"
TAGS_OF = "SELECT integration_id, tag_id, organization_id FROM integration_tags WHERE integration_id IN"

ICON = "SELECT media_type, digest, content FROM integration_icons WHERE integration_id = :integration_id"
ICON_DIGEST = "SELECT digest FROM integration_icons WHERE integration_id = :integration_id"

EXPIRED = """
SELECT id FROM integrations WHERE purge_after < :now ORDER BY purge_after LIMIT :limit
"""

CURRENT_VERSION_ASTRAY = """
SELECT i.id FROM integrations i
WHERE (i.current_version IS NOT NULL OR i.current_version_id IS NOT NULL) AND NOT EXISTS (
  SELECT 1 FROM integration_versions v
  WHERE v.id = i.current_version_id AND v.integration_id = i.id AND v.version = i.current_version)
"""

INTEGRATION_WITHOUT_EVENT = """
SELECT i.id FROM integrations i
WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.subject_id = i.id AND e.type = 'integration.created')
"""

VERSION_WITHOUT_EVENT = """
SELECT v.id FROM integration_versions v
WHERE NOT EXISTS (
  SELECT 1 FROM events e
  WHERE e.subject_id = v.integration_id AND e.type = 'integration.published' AND e.created_at = v.published_at)
"""

VERSION_ROWS = """
SELECT id, organization_id, workspace_id, integration_id, version, manifest, variables_schema, auth_config,
  member_entity_versions, content_hash, changelog, published_by, published_at
FROM integration_versions
"""

# The pinned entity versions' own hashes, so that a change to either table shows.
MEMBER_HASHES = """
SELECT m.slug, v.content_hash FROM version_members m JOIN entity_versions v ON v.id = m.entity_version_id
WHERE m.version_id = :version_id ORDER BY m.position
"""

TEAM_OWNER_ASTRAY = """
SELECT i.id FROM integrations i
WHERE i.owner_kind = 'team' AND NOT EXISTS (SELECT 1 FROM teams t WHERE t.id = i.owner_id)
"""

USER_OWNER_ASTRAY = """
SELECT i.id FROM integrations i
WHERE i.owner_kind = 'user' AND i.owner_id <> '' AND NOT EXISTS (
  SELECT 1 FROM users u WHERE u.id = i.owner_id)
"""

TAG_OF_ANOTHER = """
SELECT l.integration_id FROM integration_tags l
JOIN tags t ON t.id = l.tag_id JOIN integrations i ON i.id = l.integration_id
WHERE t.organization_id <> i.organization_id OR l.organization_id <> i.organization_id
  OR l.workspace_id <> i.workspace_id
"""

WITH_ICON = "SELECT integration_id FROM integration_icons ORDER BY id"
