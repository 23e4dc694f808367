"""What can go wrong with integrations, beyond the general."""

from __future__ import annotations

from trunkline.kit.errors import ConflictError, InvalidRequestError


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


class IdTakenError(ConflictError):
    """Something has this id, or had it; an id is given once."""

    code = "id_taken"


class TagNameTakenError(ConflictError):
    """Another tag of the organization has this name."""

    code = "tag_name_taken"


class TooManyTagsError(ConflictError):
    """The integration has as many tags as one may have."""

    code = "too_many_tags"


class NameTakenError(ConflictError):
    """Another live integration of the project has this name."""

    code = "integration_name_taken"


class ProviderUnknownError(InvalidRequestError):
    """What is deployed names a provider that is in no catalog of this server; nothing was changed."""

    code = "provider_unknown"


class NotDeployedError(ConflictError):
    """An integration of this name exists that was not deployed from a manifest; it is not overwritten."""

    code = "integration_not_deployed"
