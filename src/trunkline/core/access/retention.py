"""Tombstones: what a deletion stamps on a row, and for how long the row can still be brought back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from types import MappingProxyType

from trunkline.core.access.queries import RETENTION_TIER
from trunkline.infra.db import Tx
from trunkline.kit.clock import read_stamp, stamp
from trunkline.kit.errors import NotFoundError

# Days a tombstone is kept before it may be purged; None keeps it until somebody purges it.
RETENTION_DAYS: Mapping[str, int | None] = MappingProxyType(
    {"short": 7, "medium": 30, "long": 90, "none": None}
)


@dataclass(frozen=True, slots=True)
class Tombstone:
    """The deletion columns of every row that one deletion takes.

    Attributes:
        deleted_at: when.
        retention_tier: the organization's at that moment; changing it later does not reach back.
        deletion_id: shared by everything the deletion took, so that restoring revives exactly that.
        purge_after: when it may be purged; None for never.
    """

    deleted_at: str
    retention_tier: str
    deletion_id: str
    purge_after: str | None

    def columns(self) -> dict[str, str | None]:
        """The values of `infra.db.schema.deletion_columns`, by column."""
        return asdict(self)


NO_TOMBSTONE: Mapping[str, None] = MappingProxyType(
    {"deleted_at": None, "retention_tier": None, "deletion_id": None, "purge_after": None}
)
"""What restoring writes into the deletion columns."""


def tombstone(tx: Tx, organization_id: str) -> Tombstone:
    """What a deletion in this organization stamps now; each call is a deletion of its own.

    Raises:
        NotFoundError: there is no such organization.
    """
    tier = tx.value(RETENTION_TIER, organization_id=organization_id)
    if tier is None:
        raise NotFoundError("organization")
    days = RETENTION_DAYS[tier]
    purge_after = None if days is None else stamp(read_stamp(tx.now) + timedelta(days=days))
    return Tombstone(tx.now, tier, tx.new_id(), purge_after)
