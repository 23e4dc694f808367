"""SQL of connections. Point reads and lists come from `specs`; these are the rest.

Constants that begin with a verb are statements, the others predicates. Only those under "credentials" read or
move what is sealed.
"""

from __future__ import annotations

# Visibility; `{a}` is the connection, `{p}` its integration.

IS_SECRET = "{a}.scheme = 'secret'"  # noqa: S105
IS_CONNECTION = "{a}.scheme <> 'secret'"
SHARED = "{a}.user_id IS NULL"
OWN = "{a}.user_id = :actor_user"
BY_GRANT = """EXISTS (SELECT 1 FROM integrations {p}
  WHERE {p}.id = {a}.integration_id AND {p}.workspace_id = {a}.workspace_id AND {p}.deleted_at IS NULL
    AND {seen})"""
HELD = "SELECT 1 FROM connections {a} WHERE {a}.id = :id AND {seen}"

# Secrets.

NAME_TAKEN = """
SELECT 1 FROM connections
WHERE workspace_id = :workspace_id AND name = :name AND scheme = 'secret' AND id <> :id AND deleted_at IS NULL
"""
LIVE_WORKSPACE = "SELECT 1 FROM workspaces WHERE id = :id AND deleted_at IS NULL"
EXPIRED_SECRETS = """
SELECT id FROM connections
WHERE scheme = 'secret' AND purge_after <= :now ORDER BY purge_after, id LIMIT :limit
"""

# Credentials.

CREDENTIAL = """
SELECT organization_id, credential, generation FROM connections WHERE id = :id AND deleted_at IS NULL
"""
_STANDS = """
c.id, c.organization_id, c.workspace_id, c.integration_id, c.provider, c.user_id, c.scheme, c.grant_type,
  c.status, c.reason, c.name, c.origins, c.parameters, c.scopes, c.credential, c.generation, c.refreshed_at,
  c.access_expires_at, c.refresh_expires_at, c.stale_at, c.refreshable, c.due_at, c.lease_owner, c.lease_until,
  c.intent, c.failures, c.retry_at, c.refusals, c.last_used_at, c.deleted_at,
  i.name, i.organization_id, i.workspace_id, i.auth_config, v.auth_config, w.owner_workspace_id"""
_WITH_INTEGRATION = """
FROM connections c
JOIN workspaces w ON w.id = c.workspace_id
LEFT JOIN integrations i ON i.id = c.integration_id
LEFT JOIN integration_versions v ON v.id = i.current_version_id
WHERE c.id = :id AND c.scheme <> 'secret'"""
STANDING = f"SELECT {_STANDS} {_WITH_INTEGRATION}"
# What a caller may use: how it stands and the rest of its row; `{seen}` decides whether they see it.
USABLE = f"""
SELECT {_STANDS},
  c.mode, c.hint, c.metadata, c.account, c.last_authorized_at, c.revocation, c.created_by, c.created_at,
  c.updated_at, c.retention_tier, c.deletion_id, c.consumer_id {_WITH_INTEGRATION}
  AND c.deleted_at IS NULL AND ({{seen}})
"""
CLIENT_SECRETS = """
SELECT organization_id, client_secret, api_key, generation, origins FROM integration_secrets WHERE id = :id
"""

# Integrations as connections see them: the draft at home, what is published elsewhere.

CONNECTABLE = """
SELECT i.id, i.name, i.organization_id, i.workspace_id, i.auth_config, v.auth_config
FROM integrations i
LEFT JOIN integration_versions v ON v.id = i.current_version_id
WHERE i.id = :id
"""
# Workspaces as connections of a provider see them: at home with the publisher whose group this is.

PROVIDED_IN = "SELECT organization_id, owner_workspace_id FROM workspaces WHERE id = :id"
CONSUMER_OF = "SELECT 1 FROM consumers WHERE id = :id AND workspace_id = :home_id"
SETTINGS_OF = "SELECT settings FROM organizations WHERE id = :id"

# Finding connections; `{seen}` decides which of them the caller sees.

CONNECTION_FOR = """
SELECT {a}.id FROM connections {a}
WHERE {a}.integration_id = :integration_id AND {a}.workspace_id = :workspace_id AND {a}.scheme <> 'secret'
  AND {a}.deleted_at IS NULL
  AND ((:user_id <> '' AND {a}.user_id = :user_id) OR (:user_id = '' AND {a}.user_id IS NULL)) AND ({seen})
ORDER BY CASE WHEN {a}.status = 'ok' THEN 0 ELSE 1 END, {a}.created_at, {a}.id LIMIT 1
"""
THROUGH_PROVIDER = """
SELECT {a}.id FROM connections {a}
WHERE {a}.workspace_id = :workspace_id AND {a}.provider = :provider AND {a}.integration_id IS NULL
  AND {a}.scheme <> 'secret' AND {a}.deleted_at IS NULL AND COALESCE({a}.consumer_id, '') = :consumer_id
  AND ((:user_id <> '' AND {a}.user_id = :user_id) OR (:user_id = '' AND {a}.user_id IS NULL)) AND ({seen})
ORDER BY CASE WHEN {a}.status = 'ok' THEN 0 ELSE 1 END, {a}.created_at, {a}.id LIMIT 1
"""
LIVE_OF_INTEGRATION = """
SELECT id FROM connections
WHERE integration_id = :integration_id AND scheme <> 'secret' AND status <> 'disconnected' AND id > :after
ORDER BY id LIMIT :limit
"""
ALL_OF_INTEGRATION = "SELECT id FROM connections WHERE integration_id = :integration_id ORDER BY id"
HOLDING_IN_WORKSPACE = """
SELECT id FROM connections
WHERE workspace_id = :workspace_id AND scheme <> 'secret' AND credential IS NOT NULL ORDER BY id
"""
CONNECTIONS_IN_WORKSPACE = "SELECT id FROM connections WHERE workspace_id = :workspace_id"
TO_INTEGRATIONS_OF_WORKSPACE = """
SELECT c.id FROM connections c JOIN integrations i ON i.id = c.integration_id
WHERE i.workspace_id = :workspace_id AND c.workspace_id <> :workspace_id ORDER BY c.id
"""
IN_USE = "(status = 'ok' OR (status = 'needs_reauth' AND reason = 'credential_refused'))"
OF_USER_IN_USE = f"SELECT id FROM connections WHERE user_id = :user_id AND {IN_USE} ORDER BY id"
OF_USER_WITH_STATUS = """
SELECT id FROM connections WHERE user_id = :user_id AND status = :status ORDER BY id
"""
ACTIVE_USER = "SELECT active FROM users WHERE id = :id"
OF_MEMBER = """
SELECT id FROM connections
WHERE user_id = :user_id AND organization_id = :organization_id AND status <> 'disconnected' ORDER BY id
"""
EXPIRED_CONNECTIONS = """
SELECT id FROM connections
WHERE scheme <> 'secret' AND purge_after <= :now ORDER BY purge_after, id LIMIT :limit
"""
DUE_CONNECTIONS = """
SELECT id FROM connections WHERE due_at <= :now ORDER BY due_at, id LIMIT :limit
"""
STILL_DUE = "id = :id AND due_at <= :now AND (lease_until IS NULL OR lease_until <= :now)"
ANY_DUE = "SELECT 1 FROM connections WHERE due_at <= :now LIMIT 1"

# Leases. Every one of these is a compare-and-swap: what does not match any more is left alone.

CLAIM = """
id = :id AND generation = :generation AND status = 'ok' AND deleted_at IS NULL
  AND (lease_until IS NULL OR lease_until <= :now)
"""
UNCHANGED = "id = :id AND generation = :generation"
WHILE_SUSPENDED = "id = :id AND generation = :generation AND status = 'suspended'"
FROM_USE = f"id = :id AND generation = :generation AND {IN_USE}"
GIVEN_UP = "id = :id AND generation = :generation AND status = 'needs_reauth'"
WORKING = "id = :id AND generation = :generation AND status = 'ok'"
# Of what nobody can refresh: refusals are counted, and asked about, one at a time.
REFUSED_ANEW = f"""
id = :id AND generation = :generation AND refusals = :refusals AND deleted_at IS NULL AND refreshable = 0
  AND {IN_USE} AND (retry_at IS NULL OR retry_at <= :now)
"""
REFUSED_BEFORE = """
id = :id AND generation = :generation AND status = 'needs_reauth' AND reason = 'credential_refused'
"""
LEASED = "id = :id AND generation = :generation AND lease_owner = :lease_owner"
TOUCH = """
UPDATE connections SET last_used_at = :now WHERE id = :id AND (last_used_at IS NULL OR last_used_at < :now)
"""

# States of authorizations.

STATE = """
SELECT id, organization_id, workspace_id, integration_id, provider, user_id, connection_id, binding,
  configuration, redirect_uri, return_to, opener, verifier, nonce, request, expires_at
FROM oauth_states WHERE id = :id
"""
STARTED = """
SELECT id, organization_id, workspace_id, integration_id, provider, user_id, connection_id, binding,
  configuration, redirect_uri, return_to, opener, verifier, nonce, request, expires_at
FROM oauth_states
WHERE integration_id = :integration_id AND workspace_id = :workspace_id AND user_id = :user_id
  AND binding = :binding AND redirect_uri = :redirect_uri AND expires_at > :now
ORDER BY created_at DESC, id DESC
"""
BOUND_AS = "id = :id AND binding = :binding"
EXPIRED_STATES = "expires_at <= :now"
OF_INTEGRATION = "integration_id = :integration_id"
OF_CONNECTION = "connection_id = :connection_id"
IN_OR_OF_WORKSPACE = """
workspace_id = :workspace_id
  OR integration_id IN (SELECT i.id FROM integrations i WHERE i.workspace_id = :workspace_id)
"""

# Revocations.

REVOCATION = """
SELECT id, organization_id, workspace_id, connection_id, integration_id, home_id, provider, url, client_id,
  token_auth, credential, generation, client_organization_id, client_secret, client_generation, state, attempts
FROM connection_revocations WHERE id = :id
"""
DUE_REVOCATIONS = """
SELECT id FROM connection_revocations
WHERE state = 'queued' AND next_at <= :now ORDER BY next_at, id LIMIT :limit
"""
ANY_REVOCATION_DUE = "SELECT 1 FROM connection_revocations WHERE state = 'queued' AND next_at <= :now LIMIT 1"
FINISHED_REVOCATIONS = "state <> 'queued' AND finished_at <= :before"
QUEUED_AS_READ = "id = :id AND state = 'queued' AND attempts = :attempts"
REVOKED_CONNECTION = "id = :id AND status = 'disconnected'"
QUEUED_OF_CONNECTION = "connection_id = :connection_id AND state = 'queued'"

BY_ID = "id = :id"
IN_WORKSPACE = "workspace_id = :workspace_id"

# What must never be.

WORKING_WITHOUT_CREDENTIAL = """
SELECT c.id FROM connections c WHERE c.status = 'ok' AND c.scheme <> 'secret' AND c.credential IS NULL
"""
DISCONNECTED_WITH_CREDENTIAL = """
SELECT c.id FROM connections c WHERE c.status = 'disconnected' AND c.credential IS NOT NULL
"""
WORKING_WITH_NOTHING = """
SELECT c.id FROM connections c
WHERE c.status = 'ok' AND c.scheme <> 'secret' AND c.integration_id IS NULL AND c.provider IS NULL
"""
FOR_A_STRANGER = """
SELECT c.id FROM connections c
JOIN consumers u ON u.id = c.consumer_id
JOIN workspaces w ON w.id = c.workspace_id
WHERE u.workspace_id <> w.id AND (w.owner_workspace_id IS NULL OR u.workspace_id <> w.owner_workspace_id)
"""
STUCK = """
SELECT c.id FROM connections c
WHERE c.status = 'ok' AND c.deleted_at IS NULL AND c.lease_until <= :before
  AND (c.due_at IS NULL OR c.due_at > c.lease_until)
"""
