"""What a key's scope is made of: `resource:action`, checked once at the start of every core function."""

from __future__ import annotations

from enum import StrEnum


class Permission(StrEnum):
    """One kind of call a key may allow; says nothing about tiers, which are checked besides."""

    CONNECTIONS_READ = "connections:read"
    CONNECTIONS_USE = "connections:use"
    CONNECTIONS_WRITE = "connections:write"
    ENTITIES_READ = "entities:read"
    ENTITIES_WRITE = "entities:write"
    EVENTS_READ = "events:read"
    INSTALL_KEYS_READ = "install_keys:read"
    INSTALL_KEYS_WRITE = "install_keys:write"
    INSTALLATION_READ = "installation:read"
    INSTALLS_READ = "installs:read"
    INSTALLS_WRITE = "installs:write"
    INTEGRATIONS_PUBLISH = "integrations:publish"
    INTEGRATIONS_READ = "integrations:read"
    INTEGRATIONS_WRITE = "integrations:write"
    KEYS_READ = "keys:read"
    KEYS_WRITE = "keys:write"
    MEMBERS_READ = "members:read"
    MEMBERS_WRITE = "members:write"
    ORGANIZATIONS_READ = "organizations:read"
    ORGANIZATIONS_WRITE = "organizations:write"
    PERMISSIONS_READ = "permissions:read"
    PERMISSIONS_WRITE = "permissions:write"
    PROVIDER_APPS_READ = "provider_apps:read"
    PROVIDER_APPS_WRITE = "provider_apps:write"
    PROVIDERS_READ = "providers:read"
    PROVIDERS_WRITE = "providers:write"
    SECRETS_READ = "secrets:read"
    SECRETS_WRITE = "secrets:write"
    SOLUTIONS_READ = "solutions:read"
    SOLUTIONS_WRITE = "solutions:write"
    TAGS_READ = "tags:read"
    TAGS_WRITE = "tags:write"
    TEAMS_READ = "teams:read"
    TEAMS_WRITE = "teams:write"
    TOKENS_WRITE = "tokens:write"
    USERS_READ = "users:read"
    USERS_WRITE = "users:write"
    VERSIONS_READ = "versions:read"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"
    WORKSPACES_READ = "workspaces:read"
    WORKSPACES_WRITE = "workspaces:write"


READ_ONLY = frozenset({"*:read"})  # what a publishable key allows when it does not say

FRONT_END = frozenset(  # what a publisher's page may do, in the groups it reaches
    {
        Permission.CONNECTIONS_READ.value,
        Permission.CONNECTIONS_WRITE.value,
        Permission.INSTALLS_READ.value,
        Permission.INSTALLS_WRITE.value,
        Permission.INTEGRATIONS_READ.value,
        Permission.PROVIDER_APPS_READ.value,
        Permission.PROVIDERS_READ.value,
        Permission.VERSIONS_READ.value,
        Permission.WORKSPACES_READ.value,
    }
)

_PARTS = [permission.partition(":") for permission in Permission]
PATTERNS = frozenset(
    {"*", "*:*"}
    | {permission.value for permission in Permission}
    | {f"{resource}:*" for resource, _, _ in _PARTS}
    | {f"*:{action}" for _, _, action in _PARTS}
)
"""Everything a key's list of operations may hold."""
