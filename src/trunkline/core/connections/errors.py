"""What can go wrong with connections and secrets, beyond the general."""

from __future__ import annotations

from trunkline.kit.errors import ConflictError


class SecretNameTakenError(ConflictError):
    """Another live secret of the workspace has this name."""

    code = "name_taken"


class WorkspaceDeletedError(ConflictError):
    """The workspace it belongs to is deleted: restore that first."""

    code = "workspace_deleted"


class CredentialDestroyedError(ConflictError):
    """The credential was destroyed and cannot be brought back; it must be given anew."""

    code = "credential_destroyed"
