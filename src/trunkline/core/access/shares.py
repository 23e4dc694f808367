"""Shares, as everybody sees them who sees what is shared: which users, teams and others hold what tier.

Grants as objects of their own (`grants`) are an administrator's view; this one goes with the object.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from trunkline.core.access.permissions import Permission
from trunkline.core.access.queries import SHARES_OF
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor, Tier


class ShareRow(Struct, frozen=True):
    """A live share; `subject_kind` is user, team, organization or anyone, and only the last has no id."""

    entity_id: str
    id: str
    organization_id: str
    subject_kind: str
    subject_id: str | None
    tier: Tier
    created_at: str
    updated_at: str


def shares_of(tx: Tx, actor: Actor, entity_ids: Iterable[str]) -> dict[str, list[ShareRow]]:
    """The shares of objects the caller was shown, by object and from the oldest on.

    Objects of other organizations have none here, and a key that is not scoped for permissions is shown none.
    """
    if not actor.allows(Permission.PERMISSIONS_READ):
        return {}
    found: dict[str, list[ShareRow]] = {}
    for entity_id, grant_id, organization_id, kind, subject_id, tier, created_at, updated_at in sorted(
        tx.fetch_for(SHARES_OF, entity_ids)
    ):
        if actor.is_system or organization_id in actor.organizations:
            share = ShareRow(
                entity_id, grant_id, organization_id, kind, subject_id, Tier(tier), created_at, updated_at
            )
            found.setdefault(entity_id, []).append(share)
    return found
