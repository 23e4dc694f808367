"""SQL of access. Constants that begin with SELECT are statements; all others are predicates.

The predicates under "scope" hold `{a}`, the alias of the row that is looked at. Aliases of their own start
with `s_`, so that they never hide it.
"""

from __future__ import annotations

# Scope: who may see and do what.

IN_ORGANIZATION = "{a}.{column} IN ({names})"
ORGANIZATION_OF_WORKSPACE = """
SELECT s_w.organization_id FROM workspaces s_w
WHERE s_w.id = :actor_workspace AND s_w.organization_id IN ({names})
"""
MEMBER = """
{a}.{column} IN (SELECT s_m.workspace_id FROM workspace_members s_m
  WHERE s_m.user_id = :actor_user AND s_m.tier >= {tier})
"""
BOUND = "{a}.{column} = :actor_workspace"
# One look by primary key for each row that is not the project's own. A project may own very many groups: as EXISTS
# or IN, PostgreSQL would gather them all first, and as a bare comparison, expect few rows and sort all there are.
IN_ANY_GROUP = """
COALESCE((SELECT s_b.owner_workspace_id FROM workspaces s_b WHERE s_b.id = {a}.{column}) = :actor_workspace, FALSE)
"""
IN_GROUP = "{a}.{column} = :actor_group"
IN_GROUP_CALLED = """{a}.{column} IN (SELECT s_b.id FROM workspaces s_b
  WHERE s_b.owner_workspace_id = :actor_workspace AND s_b.external_ref = :actor_group_ref
    AND s_b.deleted_at IS NULL)"""
GRANTED = """
EXISTS (SELECT 1 FROM grants s_g
  WHERE s_g.entity_id = {a}.{column} AND s_g.tier >= {tier} AND s_g.deleted_at IS NULL
    AND (s_g.subject_kind = 'anyone' OR s_g.subject_id = :actor_user
      OR s_g.subject_id IN (SELECT s_t.team_id FROM team_members s_t WHERE s_t.user_id = :actor_user)
      OR s_g.subject_id IN
        (SELECT s_o.organization_id FROM organization_members s_o WHERE s_o.user_id = :actor_user)))
"""
LISTED = "({a}.visibility = 'public' AND {a}.current_version IS NOT NULL)"
LINKED = "({a}.visibility IN ('public', 'unlisted') AND {a}.current_version IS NOT NULL)"
LENT = """EXISTS (SELECT 1 FROM entity_loans s_l
  WHERE s_l.entity_id = {a}.id AND s_l.deletion_id IS NULL AND {borrower})"""
PARENT = "EXISTS (SELECT 1 FROM {table} {p} WHERE {p}.id = {a}.{column} AND {seen})"
LIVE_OR = "({p}.deleted_at IS NULL OR {restorable})"
NARROWED = "{a}.{column} IN ({names})"
SELF = "{a}.{column} = :actor_user"
FELLOW = """
{a}.id IN (SELECT s_f.user_id FROM organization_members s_f WHERE s_f.organization_id IN ({names}))
"""

# Authentication and tiers.

CREDENTIAL = """
SELECT k.user_id, u.operator, w.organization_id,
  (SELECT m.tier FROM workspace_members m WHERE m.workspace_id = k.workspace_id AND m.user_id = k.user_id),
  k.id, k.kind, k.workspace_id, k.operations, k.entity_ids,
  CASE WHEN k.dialect = 'ampersand' THEN k.metadata END
FROM access_keys k
JOIN users u ON u.id = k.user_id
LEFT JOIN workspaces w ON w.id = k.workspace_id
WHERE k.digest = :digest AND k.revoked_at IS NULL AND k.active = 1
  AND (k.expires_at IS NULL OR k.expires_at > :now)
  AND u.active = 1 AND w.deleted_at IS NULL
"""
PINNED = """
SELECT dialect FROM access_keys
WHERE digest = :digest AND revoked_at IS NULL AND active = 1 AND (expires_at IS NULL OR expires_at > :now)
"""
ACTIVE_USER = """
SELECT u.id, u.operator FROM users u WHERE u.id = :user_id AND u.active = 1
"""
ACTIVE_USER_THERE = """
SELECT u.id, u.operator, w.organization_id,
  (SELECT m.tier FROM workspace_members m WHERE m.workspace_id = w.id AND m.user_id = u.id),
  NULL, NULL, w.id
FROM users u
JOIN workspaces w ON w.id = :workspace_id AND w.deleted_at IS NULL
WHERE u.id = :user_id AND u.active = 1
"""
MEMBERSHIPS = """
SELECT organization_id, role FROM organization_members WHERE user_id = :user_id ORDER BY organization_id
"""
TIER_ON = """
SELECT max(held.tier) FROM (
  SELECT m.tier FROM workspace_members m WHERE m.workspace_id = :workspace_id AND m.user_id = :user_id
  UNION ALL
  SELECT g.tier FROM grants g
  WHERE g.entity_id = :entity_id AND g.deleted_at IS NULL
    AND (g.subject_kind = 'anyone' OR g.subject_id = :user_id
      OR g.subject_id IN (SELECT t.team_id FROM team_members t WHERE t.user_id = :user_id)
      OR g.subject_id IN (SELECT o.organization_id FROM organization_members o WHERE o.user_id = :user_id))
) held
"""
TIER_IN_WORKSPACE = """
SELECT w.organization_id, w.deleted_at, w.owner_workspace_id, w.external_ref,
  (SELECT m.tier FROM workspace_members m WHERE m.workspace_id = w.id AND m.user_id = :user_id)
FROM workspaces w WHERE w.id = :workspace_id
"""
OWNED_BY = "SELECT 1 FROM workspaces WHERE id = :workspace_id AND owner_workspace_id = :project_id"
GROUP_CALLED = """
SELECT id FROM workspaces
WHERE owner_workspace_id = :project_id AND external_ref = :ref AND deleted_at IS NULL
"""
ORGANIZATION = "SELECT o.id FROM organizations o WHERE o.id = :organization_id"
ACTS_IN_WORKSPACE = """
SELECT 1 FROM users u
WHERE u.id = :user_id AND u.active = 1
  AND (EXISTS (SELECT 1 FROM workspace_members m WHERE m.workspace_id = :workspace_id AND m.user_id = u.id)
    OR EXISTS (SELECT 1 FROM organization_members o
      WHERE o.organization_id = :organization_id AND o.user_id = u.id AND o.role IN ('owner', 'admin')))
"""
DEFAULT_WORKSPACE = """
SELECT w.id FROM workspaces w JOIN organizations o ON o.id = w.organization_id
WHERE w.organization_id = :organization_id AND w.deleted_at IS NULL AND w.owner_workspace_id IS NULL
ORDER BY CASE WHEN w.id = o.default_workspace_id THEN 0 ELSE 1 END, w.created_at, w.id LIMIT 1
"""
AUTHORED = """
SELECT w.organization_id FROM workspaces w
JOIN organization_members m ON m.organization_id = w.organization_id
WHERE w.id = :workspace_id AND w.deleted_at IS NULL AND m.user_id = :user_id AND m.role = 'author'
"""

# Users, organizations' members, teams, workspaces' members.

EMAIL_TAKEN = "SELECT 1 FROM users WHERE organization_id = :organization_id AND email = :email"
USERNAME_TAKEN = """
SELECT 1 FROM users WHERE organization_id = :organization_id AND username = :username
"""
USERNAMES_LIKE = """
SELECT username FROM users
WHERE organization_id = :organization_id
  AND (username = :base OR (username >= :numbered AND username < :beyond))
"""
HOME = "SELECT organization_id FROM users WHERE id = :user_id AND active = 1"
ROLE = "SELECT role FROM organization_members WHERE organization_id = :organization_id AND user_id = :user_id"
OWNED = "SELECT 1 FROM organizations WHERE owner_id = :user_id"
OWNS = "SELECT 1 FROM organizations WHERE id = :organization_id AND owner_id = :user_id"
TEAM_NAME_TAKEN = "SELECT 1 FROM teams WHERE organization_id = :organization_id AND name = :name"
TEAM_ROLE = "SELECT role FROM team_members WHERE team_id = :team_id AND user_id = :user_id"
IN_TEAM = "SELECT 1 FROM team_members WHERE team_id = :team_id AND user_id = :user_id"
IN_WORKSPACE = "SELECT 1 FROM workspace_members WHERE workspace_id = :workspace_id AND user_id = :user_id"

BY_ID = "id = :id"
BY_USER = "organization_id = :organization_id AND user_id = :user_id"
BY_TEAM = "team_id = :team_id"
BY_TEAM_USER = "team_id = :team_id AND user_id = :user_id"
BY_WORKSPACE = "workspace_id = :workspace_id"
BY_ENTITY = "entity_id = :entity_id"

# What is left behind when a user leaves an organization or a team is deleted.

MEMBERSHIPS_LEFT = """
SELECT id, workspace_id FROM workspace_members
WHERE organization_id = :organization_id AND user_id = :user_id ORDER BY id
"""
TEAMS_LEFT = """
SELECT team_id FROM team_members
WHERE organization_id = :organization_id AND user_id = :user_id ORDER BY team_id
"""
GRANTS_TO = """
SELECT id, organization_id, workspace_id FROM grants
WHERE subject_id = :subject_id AND deleted_at IS NULL ORDER BY id
"""
KEYS_OF = """
SELECT k.id, k.workspace_id FROM access_keys k
WHERE k.user_id = :user_id AND k.organization_id = :organization_id AND k.revoked_at IS NULL ORDER BY k.id
"""

# Grants and keys.

GRANTED_ALREADY = """
SELECT 1 FROM grants
WHERE entity_id = :entity_id AND subject_kind = :subject_kind AND subject_id = :subject_id
  AND origin = 'share' AND deleted_at IS NULL
"""
GRANTED_TO_ANYONE = """
SELECT 1 FROM grants WHERE entity_id = :entity_id AND subject_kind = 'anyone' AND deleted_at IS NULL
"""
EXPIRED_GRANTS = """
SELECT id FROM grants WHERE purge_after <= :now ORDER BY purge_after, id LIMIT :limit
"""
MAKER = "SELECT kind, expires_at FROM access_keys WHERE id = :id AND revoked_at IS NULL AND active = 1"
PROJECT_KEY_BY_DIGEST = """
SELECT id FROM access_keys WHERE digest = :digest AND dialect = 'ampersand' AND revoked_at IS NULL
"""
FRONT_END_KEY = """
SELECT k.id, k.workspace_id, k.user_id, k.public_key_pem
FROM jwt_keys k JOIN workspaces w ON w.id = k.workspace_id AND w.deleted_at IS NULL
WHERE k.id = :id AND k.active = 1
"""
LOGINS_OF = """
SELECT id, organization_id FROM access_keys
WHERE user_id = :user_id AND kind = 'login' AND revoked_at IS NULL AND expires_at > :now
ORDER BY created_at DESC, id DESC
"""
ENDED_LOGINS = """
user_id = :user_id AND kind = 'login' AND (revoked_at IS NOT NULL OR expires_at <= :now)
"""

# Passwords, and whom a log-in is about.

ORGANIZATION_CALLED = "SELECT id FROM organizations WHERE handle = :called OR id = :id"
FIRST_ORGANIZATION = "SELECT id FROM organizations ORDER BY id LIMIT 1"
LOGIN_BY_USERNAME = """
SELECT u.id, p.encoded FROM users u JOIN passwords p ON p.user_id = u.id
WHERE u.organization_id = :organization_id AND u.username = :called AND u.active = 1
"""
LOGIN_BY_EMAIL = """
SELECT u.id, p.encoded FROM users u JOIN passwords p ON p.user_id = u.id
WHERE u.organization_id = :organization_id AND u.email = :called AND u.active = 1
"""
HAS_HASH = "SELECT 1 FROM passwords WHERE user_id = :user_id"
HASH_IS = "user_id = :user_id AND encoded = :encoded"
HASH_OF = "user_id = :user_id"

# What stands for the acting user and the tenant in headers.

USER_VARIABLES = "SELECT username, name, email, fields FROM users WHERE id = :user_id"
TENANT_VARIABLES = "SELECT id, handle, name, settings FROM organizations WHERE id = :organization_id"
BELONGING = "SELECT user_id FROM organization_members WHERE organization_id = :organization_id AND user_id IN"
GRANTS_IN_WORKSPACE = "SELECT id FROM grants WHERE workspace_id = :workspace_id"
KEYS_IN_WORKSPACE = "SELECT id FROM access_keys WHERE workspace_id = :workspace_id"
JWT_KEYS_IN_WORKSPACE = "SELECT id FROM jwt_keys WHERE workspace_id = :workspace_id"
MEMBERS_OF_WORKSPACE = "SELECT id FROM workspace_members WHERE workspace_id = :workspace_id"
GRANTS_ON = "SELECT id FROM grants WHERE entity_id = :entity_id"
GRANTS_OF_ORIGIN = "SELECT id FROM grants WHERE entity_id = :entity_id AND origin = :origin"
OF_ORIGIN = "entity_id = :entity_id AND origin = :origin"

SHARES_OF = """
SELECT entity_id, id, organization_id, subject_kind, subject_id, tier, created_at, updated_at FROM grants
WHERE origin = 'share' AND deleted_at IS NULL AND entity_id IN
"""

# Retention.

RETENTION_TIER = "SELECT retention_tier FROM organizations WHERE id = :organization_id"

SESSIONS_OF = "parent_id = :parent_id AND kind = 'session' AND revoked_at IS NULL"
