"""How requests about users, memberships, grants and keys fail."""

from __future__ import annotations

from trunkline.kit.actor import Tier
from trunkline.kit.errors import ConflictError, ForbiddenError


class TierTooLowError(ForbiddenError):
    """The caller sees the object but holds a lower tier on it than this takes."""

    code = "tier_too_low"

    def __init__(self, tier: Tier, what: str) -> None:
        super().__init__(f"this needs the {tier.name.lower()} tier on the {what}")


class ScopeMissingError(ForbiddenError):
    """The key is narrowed to some objects, and this reaches beyond them."""

    code = "scope_missing"


class ScopeExceededError(ForbiddenError):
    """A key was asked for that would allow more than the key asking for it."""

    code = "scope_exceeded"


class OtherFrontEndError(ForbiddenError):
    """A page's token is for one group and one consumer; others, whether they exist or not, are not its own."""

    code = "other_front_end"


class SecretKeyRequiredError(ForbiddenError):
    """Only a secret key may make keys and tokens."""

    code = "secret_key_required"


class OwnerRequiredError(ForbiddenError):
    """Only an owner of the organization may give or take ownership."""

    code = "owner_required"


class EmailTakenError(ConflictError):
    """Another user of the organization has this e-mail address."""

    code = "email_taken"


class UsernameTakenError(ConflictError):
    """Another user of the organization has this user name."""

    code = "username_taken"


class AuthorRequiredError(ForbiddenError):
    """Only authors of the organization may make integrations where they hold no role."""

    code = "author_required"


class WholeKeyRequiredError(ForbiddenError):
    """A password opens all that its user may, so a key that is narrowed sets none."""

    code = "whole_key_required"


class TeamNameTakenError(ConflictError):
    """Another team of the organization has this name."""

    code = "team_name_taken"


class AlreadyMemberError(ConflictError):
    """The user is a member already."""

    code = "already_member"


class AlreadyGrantedError(ConflictError):
    """The subject holds a live grant on this object already."""

    code = "already_granted"


class OwnershipError(ConflictError):
    """The permission is what owning the object brings: it goes with the ownership, and not by itself."""

    code = "ownership"


class OrganizationOwnerError(ConflictError):
    """The organization would lose its owner: ownership has to be handed over first."""

    code = "organization_owner"


class HomeOrganizationError(ConflictError):
    """A user cannot leave the organization that manages them; deactivate the user instead."""

    code = "home_organization"


class DeletedError(ConflictError):
    """The object is deleted: restore it first."""

    code = "deleted"


class NotDeletedError(ConflictError):
    """Only what is deleted already can be purged."""

    code = "not_deleted"
