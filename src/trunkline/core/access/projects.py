"""Projects: workspaces seen together with the groups they own, one workspace per customer of the publisher."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

from msgspec import Struct

from trunkline.core.access.authorize import require_unnarrowed, standing_in
from trunkline.core.access.errors import TierTooLowError
from trunkline.core.access.permissions import FRONT_END
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import NotFoundError

FRONT_END_SCOPE: Final = "frontend"  # the only scope of a key that publishers put into their pages


class ProjectKeyData(Struct, frozen=True):
    """What is kept with a project's own key; `scopes` say in its maker's words what it is for."""

    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Project:
    """A live workspace that is no group, and the caller as its actor."""

    id: str
    organization_id: str
    actor: Actor


def bind_to_project(tx: Tx, actor: Actor, workspace_id: str) -> Actor:
    """The caller as an actor of one project, who holds the same tier in every group of the project.

    Nothing else is reached any more, and no organization administered. Whatever narrows the caller's key stays.
    An actor that is a project's already stays as it is, and so does the system.

    Args:
        tx: the transaction.
        actor: the caller, bound nowhere or to this workspace.
        workspace_id: 32 hex digits.

    Raises:
        NotFoundError: the workspace is absent, deleted or itself a group, or the caller holds no tier there.
    """
    return require_project(tx, actor, workspace_id, Tier.VIEWER).actor


def require_project(tx: Tx, actor: Actor, workspace_id: str, tier: Tier) -> Project:
    """Refuse unless the caller holds `tier` in a project; the project with its actor otherwise.

    Raises:
        NotFoundError: as in `bind_to_project`.
        TierTooLowError: the caller's tier there is lower.
        ScopeMissingError: administering is asked for with a key that is narrowed to some objects.
    """
    if actor.workspace_id not in {None, workspace_id}:
        raise NotFoundError("workspace")
    found = standing_in(tx, actor, workspace_id)
    if found is None or found.is_deleted or found.owner_id is not None or found.tier is Tier.NONE:
        raise NotFoundError("workspace")
    if found.tier < tier:
        raise TierTooLowError(tier, "workspace")
    require_unnarrowed(actor, tier)
    bound = actor
    if not (actor.is_system or actor.reaches_groups):
        bound = replace(
            actor,
            organizations=tuple(one for one in actor.organizations if one == found.organization_id),
            administered=(),
            workspace_id=workspace_id,
            workspace_tier=found.tier,
            over_groups=True,
        )
    return Project(workspace_id, found.organization_id, bound)


def as_front_end(actor: Actor) -> Actor:
    """An actor of a project, with no more than a page may do."""
    return replace(
        actor,
        operator=False,
        workspace_tier=min(actor.workspace_tier, Tier.VIEWER),
        group_tier=min(actor.workspace_tier, Tier.EDITOR),
        operations=frozenset(name for name in FRONT_END if actor.allows(name)),
        front_end=True,
    )


def as_project_key(actor: Actor, scopes: Collection[str]) -> Actor:
    """An actor bound to a project by a key of the project itself: over its groups, as a page where it says so."""
    over = replace(actor, over_groups=True)
    return as_front_end(over) if set(scopes) == {FRONT_END_SCOPE} else over
