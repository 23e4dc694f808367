"""May the caller do this here: tiers of one caller on one place, and the refusals that follow from them.

Rows are read through `scope` first, so an invisible object is missing before any tier is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from trunkline.core.access.errors import OwnerRequiredError, ScopeMissingError, TierTooLowError
from trunkline.core.access.queries import (
    ACTS_IN_WORKSPACE,
    GROUP_CALLED,
    ORGANIZATION,
    OWNED_BY,
    ROLE,
    TIER_IN_WORKSPACE,
    TIER_ON,
)
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import NotFoundError


class Placed(Protocol):
    """A row that has its place: what most tenant rows look like."""

    @property
    def id(self) -> str:
        """32 hex digits."""
        ...

    @property
    def organization_id(self) -> str:
        """The tenant."""
        ...

    @property
    def workspace_id(self) -> str:
        """The workspace in the tenant."""
        ...


def tier_on(
    tx: Tx, actor: Actor, *, organization_id: str, workspace_id: str, entity_id: str | None = None
) -> Tier:
    """The caller's effective tier in a workspace, or on an object in it: the highest of role and grants.

    Args:
        tx: the transaction.
        actor: who asks.
        organization_id: of the workspace.
        workspace_id: where the object is.
        entity_id: the object; None counts no grants.
    """
    if actor.is_system:
        return Tier.ADMIN
    if entity_id is not None and actor.entity_ids is not None and entity_id not in actor.entity_ids:
        return Tier.NONE
    if actor.workspace_id is not None and actor.workspace_id != workspace_id:
        if not _reaches(tx, actor, workspace_id):
            return Tier.NONE
        known: Tier | None = actor.tier_in_groups
    else:
        known = _known_tier(actor, organization_id, workspace_id)
    if known is Tier.ADMIN or (known is not None and (entity_id is None or actor.front_end)):
        return known
    held = tx.value(
        TIER_ON,
        user_id=actor.user_id,
        # A bound key's tier is known already: only what grants add to it is looked up.
        workspace_id=workspace_id if known is None else "",
        entity_id=entity_id or "",
    )
    return Tier(max(known or 0, held or 0))


def _known_tier(actor: Actor, organization_id: str, workspace_id: str) -> Tier | None:
    """The tier in the workspace where no statement is needed to tell it."""
    if actor.workspace_id is not None:
        return actor.workspace_tier if actor.workspace_id == workspace_id else Tier.NONE
    return Tier.ADMIN if organization_id in actor.administered else None


def _reaches(tx: Tx, actor: Actor, workspace_id: str) -> bool:
    """Whether another workspace than the actor's own is a group that the actor reaches."""
    if actor.over_groups:
        return tx.value(OWNED_BY, workspace_id=workspace_id, project_id=actor.workspace_id) is not None
    if actor.group_id is not None:
        return actor.group_id == workspace_id
    if actor.group_ref is None:
        return False
    found = tx.value(GROUP_CALLED, project_id=actor.workspace_id, ref=actor.group_ref)
    return bool(found == workspace_id)


@dataclass(frozen=True, slots=True)
class Standing:
    """A workspace as it is, and what the caller holds there.

    Attributes:
        owner_id: the project that owns it; None for everything but a group.
    """

    organization_id: str
    owner_id: str | None
    is_deleted: bool
    tier: Tier


def standing_in(tx: Tx, actor: Actor, workspace_id: str) -> Standing | None:
    """What the caller holds in a workspace, in one statement; None where there is no such workspace."""
    found = tx.fetch(TIER_IN_WORKSPACE, {"workspace_id": workspace_id, "user_id": actor.user_id})
    if not found:
        return None
    organization_id, deleted_at, owner_id, ref, role = found[0]
    held: Tier | None
    if actor.is_system:
        held = Tier.ADMIN
    elif owner_id is not None and owner_id == actor.workspace_id:
        # Only a live group is called by its name: a deleted one's may be another's already.
        unnamed = actor.group_id is None and actor.group_ref is not None and deleted_at is None
        called = unnamed and actor.group_ref == ref
        held = (
            actor.tier_in_groups
            if actor.over_groups or actor.group_id == workspace_id or called
            else Tier.NONE
        )
    else:
        held = _known_tier(actor, organization_id, workspace_id)
    return Standing(
        organization_id=organization_id,
        owner_id=owner_id,
        is_deleted=deleted_at is not None,
        tier=Tier(role or 0) if held is None else held,
    )


def require_tier(tx: Tx, actor: Actor, row: Placed, tier: Tier, what: str) -> Tier:
    """Refuse unless the caller holds `tier` on a row it may see; the tier held otherwise.

    Raises:
        TierTooLowError: the caller's tier is lower; being public or lent gives none.
    """
    held = tier_on(
        tx, actor, organization_id=row.organization_id, workspace_id=row.workspace_id, entity_id=row.id
    )
    if held < tier:
        raise TierTooLowError(tier, what)
    return held


def require_workspace(tx: Tx, actor: Actor, workspace_id: str, tier: Tier, *, deleted: bool = False) -> str:
    """Refuse unless the caller holds `tier` in a live workspace; the workspace's organization otherwise.

    Args:
        tx: the transaction.
        actor: who asks.
        workspace_id: 32 hex digits.
        tier: what is needed there.
        deleted: whether admins may have a deleted workspace, too.

    Raises:
        NotFoundError: the workspace is absent, deleted, or the caller holds no tier there.
        TierTooLowError: the caller's tier there is lower.
        ScopeMissingError: administering is asked for with a key that is narrowed to some objects.
    """
    found = standing_in(tx, actor, workspace_id)
    if found is None or found.tier is Tier.NONE:
        raise NotFoundError("workspace")
    if found.is_deleted and not (deleted and found.tier is Tier.ADMIN):
        raise NotFoundError("workspace")
    if found.tier < tier:
        raise TierTooLowError(tier, "workspace")
    require_unnarrowed(actor, tier)
    return found.organization_id


def require_organization(tx: Tx, actor: Actor, organization_id: str, tier: Tier) -> None:
    """Refuse unless the caller belongs to the organization, and administers it where `tier` is admin.

    Raises:
        NotFoundError: the organization is absent, or the caller does not belong to it.
        TierTooLowError: the caller does not administer it; a key bound to a workspace never does.
        ScopeMissingError: the key is narrowed to some objects.
    """
    if actor.is_system:
        if tx.value(ORGANIZATION, organization_id=organization_id) is None:
            raise NotFoundError("organization")
        return
    if organization_id not in actor.organizations:
        raise NotFoundError("organization")
    if tier is Tier.ADMIN and (actor.workspace_id is not None or organization_id not in actor.administered):
        raise TierTooLowError(tier, "organization")
    require_unnarrowed(actor, tier)


def require_owner(tx: Tx, actor: Actor, organization_id: str) -> None:
    """Refuse unless the caller is an owner of the organization.

    Raises:
        OwnerRequiredError: the caller is not.
    """
    if actor.is_system:
        return
    role = tx.value(ROLE, organization_id=organization_id, user_id=actor.user_id)
    if role != "owner" or actor.workspace_id is not None:
        raise OwnerRequiredError("only an owner of the organization may do this")


def require_fellow(tx: Tx, organization_id: str, user_id: str) -> str:
    """Refuse a user who does not belong to the organization; the user's role there otherwise.

    Raises:
        NotFoundError: the user is absent or belongs elsewhere: the two look alike.
    """
    role = tx.value(ROLE, organization_id=organization_id, user_id=user_id)
    if role is None:
        raise NotFoundError("user")
    return str(role)


def acts_in_workspace(tx: Tx, *, organization_id: str, workspace_id: str, user_id: str) -> bool:
    """Whether the user is active and holds a tier in the workspace, by membership or as administrator."""
    found = tx.value(
        ACTS_IN_WORKSPACE, organization_id=organization_id, workspace_id=workspace_id, user_id=user_id
    )
    return found is not None


def require_unnarrowed(actor: Actor, tier: Tier) -> None:
    """Refuse to let a key administer a place when it is narrowed to some objects.

    Raises:
        ScopeMissingError: it is, and `tier` is admin.
    """
    # Making objects in a place is an editor's work and stays possible; looking after the place does not.
    if tier is Tier.ADMIN and actor.entity_ids is not None:
        raise ScopeMissingError(
            "this key is narrowed to some objects and administers none of what they are in"
        )
