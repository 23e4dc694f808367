"""What can go wrong with integrations, beyond the general."""

from __future__ import annotations

from trunkline.kit.errors import ConflictError


class NothingPublishedError(ConflictError):
    """The integration has no published version to install."""

    code = "integration_not_published"


class VersionExistsError(ConflictError):
    """This version is published already; versions are immutable."""

    code = "version_exists"


class VersionNotNewerError(ConflictError):
    """A version must come after the current one."""

    code = "version_not_newer"


class SlugTakenError(ConflictError):
    """Another live integration of the workspace has this slug."""

    code = "slug_taken"
