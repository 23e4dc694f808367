"""Authors: members of an organization who make integrations in its default workspace without a role there."""

from __future__ import annotations

from dataclasses import dataclass

from trunkline.core.access.authorize import require_organization, require_workspace
from trunkline.core.access.errors import AuthorRequiredError, TierTooLowError
from trunkline.core.access.queries import AUTHORED, DEFAULT_WORKSPACE, ROLE
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import NotFoundError

AUTHORING_ROLES = ("owner", "admin", "author")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthoringPlace:
    """Where a caller may make an integration.

    Attributes:
        by_role: the caller is an editor there; otherwise nothing but owning what they make lets them see it.
    """

    organization_id: str
    workspace_id: str
    by_role: bool


def default_workspace(tx: Tx, organization_id: str) -> str | None:
    """The workspace where things go that name none: the one the organization says, else its oldest live one."""
    found: str | None = tx.value(DEFAULT_WORKSPACE, organization_id=organization_id)
    return found


def require_author(tx: Tx, actor: Actor, organization_id: str) -> str:
    """Refuse unless the caller may make integrations in an organization; its default workspace otherwise.

    Raises:
        NotFoundError: the organization is absent or not the caller's, it has no live workspace, or the
            caller's key is bound to another workspace than the default one.
        AuthorRequiredError: the caller is neither author, admin nor owner there.
    """
    require_organization(tx, actor, organization_id, Tier.VIEWER)
    workspace_id = default_workspace(tx, organization_id)
    if workspace_id is None or actor.workspace_id not in {None, workspace_id}:
        raise NotFoundError("workspace")
    role = tx.value(ROLE, organization_id=organization_id, user_id=actor.user_id)
    if not actor.is_system and role not in AUTHORING_ROLES:
        raise AuthorRequiredError("making integrations here takes the author role in the organization")
    return workspace_id


def require_authoring(tx: Tx, actor: Actor, workspace_id: str) -> AuthoringPlace:
    """Refuse unless the caller may make integrations in a workspace: as an editor there, or as an author.

    Raises:
        NotFoundError: the workspace is absent, deleted, or the caller holds no tier there.
        TierTooLowError: the caller's tier there is lower.
    """
    try:
        organization_id = require_workspace(tx, actor, workspace_id, Tier.EDITOR)
    except (NotFoundError, TierTooLowError):
        authored = _authored(tx, actor, workspace_id)
        if authored is None:
            raise
        return AuthoringPlace(organization_id=authored, workspace_id=workspace_id, by_role=False)
    return AuthoringPlace(organization_id=organization_id, workspace_id=workspace_id, by_role=True)


def _authored(tx: Tx, actor: Actor, workspace_id: str) -> str | None:
    """The organization whose default workspace this is and of which the caller is an author."""
    if actor.workspace_id not in {None, workspace_id}:
        return None
    found: str | None = tx.value(AUTHORED, workspace_id=workspace_id, user_id=actor.user_id)
    if found is None or found not in actor.organizations:
        return None
    return found if default_workspace(tx, found) == workspace_id else None
