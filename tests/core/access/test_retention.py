from __future__ import annotations

import pytest

from tests.core.access.world import NOW, SYSTEM, World
from trunkline.core import access, workspaces
from trunkline.kit.errors import NotFoundError


@pytest.mark.parametrize(
    ("tier", "purge_after"),
    [
        ("short", "2026-03-08T12:00:00.000000Z"),
        ("medium", "2026-03-31T12:00:00.000000Z"),
        ("long", "2026-05-30T12:00:00.000000Z"),
        ("none", None),
    ],
)
def test_a_tombstone_carries_the_organizations_tier_of_that_moment(
    world: World, tier: str, purge_after: str | None
) -> None:
    change = workspaces.UpdateOrganization(id=world.acme, retention_tier=tier)
    world.write(lambda tx: workspaces.update_organization(tx, SYSTEM, change))
    stamp = world.read(lambda tx: access.tombstone(tx, world.acme))
    assert stamp.columns() == {
        "deleted_at": NOW,
        "retention_tier": tier,
        "deletion_id": stamp.deletion_id,
        "purge_after": purge_after,
    }
    assert set(stamp.columns()) == set(access.NO_TOMBSTONE)


def test_each_tombstone_is_a_deletion_of_its_own(still_world: World) -> None:
    world = still_world
    ids = world.read(lambda tx: {access.tombstone(tx, world.acme).deletion_id for _ in range(3)})
    assert len(ids) == 3


def test_there_is_none_without_an_organization(still_world: World) -> None:
    with pytest.raises(NotFoundError):
        still_world.read(lambda tx: access.tombstone(tx, "f" * 32))
