"""What can go wrong with providers and their apps, beyond the general."""

from __future__ import annotations

from trunkline.kit.errors import ConflictError, ForbiddenError


class ProviderNameTakenError(ConflictError):
    """A built-in provider, or another of the organization, has this name."""

    code = "provider_name_taken"


class ProviderBuiltInError(ForbiddenError):
    """The provider is part of Trunkline and the same for everybody: make one of your own under another name."""

    code = "provider_built_in"


class ProviderInUseError(ConflictError):
    """Provider apps are registered with it: delete those first."""

    code = "provider_in_use"


class ProviderAppExistsError(ConflictError):
    """The workspace has an app for this provider already: change that one."""

    code = "provider_app_exists"


class ProviderGoneError(ConflictError):
    """The provider it was registered with is gone: define that first."""

    code = "provider_gone"
