"""Connections: the sealed credentials installs authenticate with. Workspace secrets are one kind of them."""

from trunkline.core.connections.errors import (
    CredentialDestroyedError,
    SecretNameTakenError,
    WorkspaceDeletedError,
)
from trunkline.core.connections.reads import get_secret, list_secrets, require_usable, reveal
from trunkline.core.connections.service import (
    MAX_VALUE,
    CreateSecret,
    UpdateSecret,
    create_secret,
    delete_secret,
    expired_secrets,
    purge_secret,
    restore_secret,
    update_secret,
)
from trunkline.core.connections.specs import CONNECTION, SPECS, ConnectionRow

__all__ = [
    "CONNECTION",
    "MAX_VALUE",
    "SPECS",
    "ConnectionRow",
    "CreateSecret",
    "CredentialDestroyedError",
    "SecretNameTakenError",
    "UpdateSecret",
    "WorkspaceDeletedError",
    "create_secret",
    "delete_secret",
    "expired_secrets",
    "get_secret",
    "list_secrets",
    "purge_secret",
    "require_usable",
    "restore_secret",
    "reveal",
    "update_secret",
]
