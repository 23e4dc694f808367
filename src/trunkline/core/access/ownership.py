"""Ownership of an object, where it counts: a grant of admin that is no share.

Whoever owns an object without a role in its workspace holds it by such a grant. Shares are apart from it: an
owner may have been given one besides, and keeps it when ownership passes on.

None of these ask whether the caller may: whoever makes, hands over or removes the object has.
"""

from __future__ import annotations

from trunkline.core.access.authorize import Placed
from trunkline.core.access.queries import GRANTS_OF_ORIGIN, OF_ORIGIN
from trunkline.core.access.tables import grants
from trunkline.core.journal import empty_payloads
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor, Tier


def grant_ownership(
    tx: Tx, actor: Actor, row: Placed, *, entity_kind: str, owner_kind: str, owner_id: str
) -> None:
    """Make a user or team admin of an object for as long as it owns it, in place of whoever did before."""
    tx.delete(grants, OF_ORIGIN, entity_id=row.id, origin="ownership")
    tx.insert(
        grants,
        id=tx.new_id(),
        organization_id=row.organization_id,
        workspace_id=row.workspace_id,
        entity_kind=entity_kind,
        entity_id=row.id,
        subject_kind=owner_kind,
        subject_id=owner_id,
        tier=int(Tier.ADMIN),
        origin="ownership",
        created_by=actor.user_id,
        created_at=tx.now,
        updated_at=tx.now,
    )


def forget_shares(tx: Tx, entity_id: str) -> None:
    """Remove every share of an object that is being removed; its owner keeps it, to bring it back."""
    gone = tx.column(GRANTS_OF_ORIGIN, entity_id=entity_id, origin="share")
    tx.delete(grants, OF_ORIGIN, entity_id=entity_id, origin="share")
    empty_payloads(tx, gone)
