from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.access.world import SYSTEM, World
from trunkline.core import access
from trunkline.kit.errors import NotFoundError


def test_a_caller_acts_for_the_organization_that_manages_them(world: World) -> None:
    stranger = world.users["stranger"]
    world.write(access.add_membership, SYSTEM, world.acme, stranger, "admin")
    guest = world.actor("stranger")
    assert len(guest.organizations) == 2
    assert world.read(access.acting_organization, guest) != world.acme
    assert world.read(access.acting_organization, world.actor("plain")) == world.acme


def test_a_bound_key_acts_for_the_organization_it_is_bound_in(world: World) -> None:
    world.write(access.add_membership, SYSTEM, world.acme, world.users["stranger"], "admin")
    bound = replace(world.actor("stranger"), organizations=(world.acme,), workspace_id=world.one)
    assert world.read(access.acting_organization, bound) == world.acme


def test_whoever_belongs_nowhere_acts_for_nobody(world: World) -> None:
    with pytest.raises(NotFoundError):
        world.read(access.acting_organization, replace(world.actor("plain"), organizations=()))
