"""Who asks. Made once per request from committed rows; nothing later reads headers or caches decisions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from trunkline.kit.errors import ForbiddenError


class Tier(IntEnum):
    """What a subject may do with an object; higher includes lower."""

    NONE = 0
    VIEWER = 1
    EDITOR = 2
    ADMIN = 3


TIER_NAMES = {"viewer": Tier.VIEWER, "editor": Tier.EDITOR, "admin": Tier.ADMIN}


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A user, usually acting through an access key that may narrow what the user could do.

    Attributes:
        user_id: the user everything is done as; a key never exceeds its user.
        operator: may list publicly, set trust tiers and make organizations; sees no more rows for it.
        organizations: ids of the organizations the user belongs to.
        administered: those of them where the user is owner or admin, hence admin of every workspace.
        key_id: the access key used, if any.
        workspace_id, workspace_tier: the workspace the key is bound to and the user's tier there.
        over_groups: bound to a project, whose groups are reached as well: the workspaces it owns.
        group_id: the one group that is reached beside the project; None where there is none, or not yet.
        group_ref: what that group is called in the project. It holds from the group's first use on, also
            where the actor is older than the group and `group_id` is therefore None.
        group_tier: the tier in groups; None where it is the one in the project.
        consumer_ref: the one consumer of the project that is acted for, None where any may be named.
        front_end: a publisher's page in a customer's browser. It sees what the project publishes and its groups,
            nothing else that is in the project, and has no part in what was given to the user.
        operations: the permissions the key allows (`integrations:read`, `installs:*`, `*:read`), None for all.
        entity_ids: the objects the key is narrowed to, None for all.
        system_reason: set on the system actor only: why the system acts; such an actor sees every row.
        request_id: carried into audit entries.
    """

    user_id: str
    operator: bool = False
    organizations: tuple[str, ...] = ()
    administered: tuple[str, ...] = ()
    key_id: str | None = None
    workspace_id: str | None = None
    workspace_tier: Tier = Tier.NONE
    over_groups: bool = False
    group_id: str | None = None
    group_ref: str | None = None
    group_tier: Tier | None = None
    consumer_ref: str | None = None
    front_end: bool = False
    operations: frozenset[str] | None = None
    entity_ids: frozenset[str] | None = None
    system_reason: str | None = None
    request_id: str | None = None

    @property
    def is_system(self) -> bool:
        """Whether this is the system itself, acting for a stated reason."""
        return self.system_reason is not None

    @property
    def reaches_groups(self) -> bool:
        """Whether anything is reached of what the project owns."""
        return self.over_groups or self.group_id is not None or self.group_ref is not None

    @property
    def tier_in_groups(self) -> Tier:
        """The tier held in every group that is reached."""
        if not self.reaches_groups:
            return Tier.NONE
        return self.workspace_tier if self.group_tier is None else self.group_tier

    def allows(self, permission: str) -> bool:
        """Whether the key's scope lets `resource:action` through; says nothing about tiers."""
        if self.operations is None:
            return True
        resource, _, action = permission.partition(":")
        return not self.operations.isdisjoint((permission, f"{resource}:*", f"*:{action}", "*:*", "*"))

    def require(self, permission: str) -> None:
        """Refuse what the key's scope does not cover.

        Raises:
            ForbiddenError: the key lacks `permission`.
        """
        if not self.allows(permission):
            raise ForbiddenError(f"this key is not scoped for {permission}", code="scope_missing")

    def require_operator(self, what: str) -> None:
        """Refuse what only an operator may do.

        Raises:
            ForbiddenError: the user is no operator, or the key narrows what the user may do.
        """
        if not (self.is_system or (self.operator and self.workspace_id is None and self.operations is None)):
            raise ForbiddenError(f"{what} needs an operator", code="operator_required")


def system_actor(reason: str) -> Actor:
    """The system itself, for jobs and the command line; `reason` goes into the audit."""
    return Actor(user_id="", system_reason=reason)
