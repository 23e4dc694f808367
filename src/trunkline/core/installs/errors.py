"""What can go wrong with installs, beyond the general."""

from __future__ import annotations

from trunkline.kit.errors import ConflictError, InvalidRequestError


class DuplicateInstallError(ConflictError):
    """A live install of this integration with the same parent and connection exists in the workspace."""

    code = "duplicate_install"


class DependencyError(ConflictError):
    """An integration this one depends on is not installed in the workspace at a fitting version."""

    code = "dependency_missing"


class ConnectionMissingError(InvalidRequestError):
    """The group has no connection to the integration's provider, and none was named; nothing was changed."""

    code = "connection_missing"


class NotAClonedMemberError(ConflictError):
    """Only a clone can be detached: a reference has no local edits to keep."""

    code = "not_a_clone"


class NotConfigurableError(ConflictError):
    """The install takes no configuration: its integration was not deployed from a manifest."""

    code = "not_configurable"


class KeysFullError(ConflictError):
    """The install has as many access keys as an install may have."""

    code = "install_keys_full"
