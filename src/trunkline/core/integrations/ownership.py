"""Whose an integration is: a user or a team, who is admin of it by that."""

from __future__ import annotations

from msgspec import structs

from trunkline.core.access import (
    TEAM,
    DeletedError,
    Permission,
    grant_ownership,
    require_fellow,
    require_tier,
    scope,
)
from trunkline.core.integrations.queries import BY_ID
from trunkline.core.integrations.reads import visible_integration
from trunkline.core.integrations.specs import IntegrationRow
from trunkline.core.integrations.tables import OWNER_KINDS, integrations
from trunkline.core.integrations.telling import tell
from trunkline.infra.db import Tx, lists
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import InvalidRequestError, NotFoundError
from trunkline.kit.ids import format_id


def transfer_ownership(tx: Tx, actor: Actor, integration_id: str, kind: str, owner_id: str) -> IntegrationRow:
    """Hand an integration to a user or team of its organization; whoever owned it keeps their shares and roles.

    Raises:
        NotFoundError: the integration is absent or outside the caller's scope, or the user or team is not of its
            organization.
        ForbiddenError: the caller is no admin of it.
        DeletedError: it is deleted.
        InvalidRequestError: `kind` is neither user nor team.
    """
    actor.require(Permission.INTEGRATIONS_WRITE)
    row = visible_integration(tx, actor, integration_id)
    require_tier(tx, actor, row, Tier.ADMIN, "integration")
    if row.deleted_at is not None:
        raise DeletedError("restore the integration before handing it over")
    if kind not in OWNER_KINDS:
        raise InvalidRequestError.at("owner", f"must be one of {', '.join(OWNER_KINDS)}")
    if kind == "user":
        require_fellow(tx, row.organization_id, owner_id)
    else:
        team = lists.get_row(tx, TEAM, owner_id, scope(actor, tx.specs))
        if team is None or team.organization_id != row.organization_id:
            raise NotFoundError("team")
    grant_ownership(tx, actor, row, entity_kind="integration", owner_kind=kind, owner_id=owner_id)
    tx.update(integrations, BY_ID, {"id": row.id}, owner_kind=kind, owner_id=owner_id, updated_at=tx.now)
    data = {"ownerKind": kind, "ownerId": format_id(kind, owner_id)}
    tell(tx, actor, "transferred", row, changed=("owner",), data=data)
    # Not read again: who hands it over may be among those who no longer see it.
    return structs.replace(row, owner_kind=kind, owner_id=owner_id, updated_at=tx.now)
