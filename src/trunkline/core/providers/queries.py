"""SQL of providers and their apps. Point reads and lists come from `specs`; these are the rest.

Constants that begin with SELECT are statements, the others predicates. Only `APP_FOR` reads a client's secret.
"""

from __future__ import annotations

BUILT_IN = "{a}.organization_id IS NULL"
BUILT_IN_OR = "({a}.organization_id IS NULL OR {seen})"

PROVIDER_NAMED = """
SELECT name, display_name, base_url, definition FROM providers
WHERE name = :name AND (organization_id = :organization_id OR organization_id IS NULL)
ORDER BY CASE WHEN organization_id IS NULL THEN 1 ELSE 0 END LIMIT 1
"""
NAME_TAKEN = """
SELECT 1 FROM providers
WHERE name = :name AND (organization_id = :organization_id OR organization_id IS NULL)
"""
OWN_IDS = "SELECT name, id FROM providers WHERE organization_id = :organization_id"
BUILT_IN_HASHES = "SELECT name, content_hash FROM providers WHERE organization_id IS NULL"
BUILT_IN_NAMED = "organization_id IS NULL AND name = :name"

APP_FOR = """
SELECT id, client_id, client_secret, generation, scopes, metadata FROM provider_apps
WHERE workspace_id = :workspace_id AND provider = :provider AND deleted_at IS NULL
"""
ORGANIZATION_OF = "SELECT organization_id FROM workspaces WHERE id = :id AND deleted_at IS NULL"
APP_TAKEN = """
SELECT 1 FROM provider_apps
WHERE workspace_id = :workspace_id AND provider = :provider AND id <> :id AND deleted_at IS NULL
"""
APP_OF_PROVIDER = """
SELECT 1 FROM provider_apps
WHERE organization_id = :organization_id AND provider = :provider AND deleted_at IS NULL
"""
LIVE_WORKSPACE = "SELECT 1 FROM workspaces WHERE id = :id AND deleted_at IS NULL"
APPS_IN_WORKSPACE = "SELECT id FROM provider_apps WHERE workspace_id = :workspace_id"
EXPIRED_APPS = """
SELECT id FROM provider_apps WHERE purge_after <= :now ORDER BY purge_after, id LIMIT :limit
"""

BY_ID = "id = :id"
IN_WORKSPACE = "workspace_id = :workspace_id"
