"""What can go wrong with installs, beyond the general."""

from __future__ import annotations

from trunkline.kit.errors import ConflictError


class DuplicateInstallError(ConflictError):
    """A live install of this integration with the same parent and connection exists in the workspace."""

    code = "duplicate_install"


class DependencyError(ConflictError):
    """An integration this one depends on is not installed in the workspace at a fitting version."""

    code = "dependency_missing"


class NotAClonedMemberError(ConflictError):
    """Only a clone can be detached: a reference has no local edits to keep."""

    code = "not_a_clone"
