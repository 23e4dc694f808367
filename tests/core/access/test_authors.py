from __future__ import annotations

from datetime import timedelta

import pytest

from tests.core.access.world import SYSTEM, World
from trunkline.core import access, workspaces
from trunkline.kit.actor import Actor
from trunkline.kit.errors import NotFoundError, TrunklineError


def make_author(world: World, name: str) -> None:
    request = access.SetOrganizationRole(organization_id=world.acme, user_id=world.users[name], role="author")
    world.write(lambda tx: access.set_organization_role(tx, SYSTEM, request))


def choose(world: World, workspace_id: str | None) -> None:
    request = workspaces.UpdateOrganization(id=world.acme, default_workspace_id=workspace_id)
    world.write(lambda tx: workspaces.update_organization(tx, SYSTEM, request))


def default(world: World) -> str | None:
    return world.read(access.default_workspace, world.acme)


def answer(world: World, actor: Actor, organization_id: str) -> str:
    """The workspace, or why not."""
    try:
        return world.read(access.require_author, actor, organization_id)
    except TrunklineError as error:
        return error.code


def place(world: World, actor: Actor, workspace_id: str) -> bool | str:
    """Whether it is by role, or why not."""
    try:
        found = world.read(access.require_authoring, actor, workspace_id)
    except TrunklineError as error:
        return error.code
    assert (found.organization_id, found.workspace_id) == (world.acme, workspace_id)
    return found.by_role


def test_the_default_workspace_is_the_oldest_live_one_unless_another_is_chosen(world: World) -> None:
    world.clock.advance(timedelta(seconds=1))
    assert default(world) == world.one
    choose(world, world.two)
    assert default(world) == world.two
    world.write(lambda tx: workspaces.delete_workspace(tx, SYSTEM, world.two))
    assert default(world) == world.one
    world.write(lambda tx: workspaces.restore_workspace(tx, SYSTEM, world.two))
    assert default(world) == world.two
    choose(world, None)
    assert default(world) == world.one
    for workspace_id in (world.one, world.two):
        world.write(workspaces.delete_workspace, SYSTEM, workspace_id)
    assert default(world) is None


def test_authors_and_administrators_make_integrations_in_the_default_workspace(world: World) -> None:
    make_author(world, "plain")
    codes = {name: answer(world, world.actor(name), world.acme) for name in world.users}
    assert codes == {
        "owner": world.one,
        "boss": world.one,
        "plain": world.one,
        "admin": "author_required",
        "editor": "author_required",
        "viewer": "author_required",
        "other": "author_required",
        "stranger": "not_found",
    }
    assert answer(world, SYSTEM, world.acme) == world.one
    assert answer(world, world.actor("plain"), "f" * 32) == "not_found"


def test_a_key_bound_elsewhere_makes_no_integrations_in_the_default_workspace(world: World) -> None:
    make_author(world, "plain")
    assert answer(world, world.actor("plain", world.one), world.acme) == world.one
    assert answer(world, world.actor("plain", world.two), world.acme) == "not_found"
    assert place(world, world.actor("plain", world.one), world.one) is False
    assert place(world, world.actor("plain", world.two), world.one) == "not_found"
    assert place(world, world.actor("plain", world.two), world.two) == "not_found"


def test_an_editors_role_stands_before_being_an_author(world: World) -> None:
    for name in ("plain", "editor", "viewer"):
        make_author(world, name)
    found = {name: place(world, world.actor(name), world.one) for name in world.users}
    assert found == {
        "owner": True,
        "boss": True,
        "admin": True,
        "editor": True,
        "viewer": False,
        "plain": False,
        "other": "not_found",
        "stranger": "not_found",
    }
    assert place(world, world.actor("plain"), world.two) == "not_found"
    choose(world, world.two)
    assert place(world, world.actor("viewer"), world.one) == "tier_too_low"
    assert place(world, world.actor("plain"), world.two) is False


def test_nothing_is_made_where_there_is_no_live_workspace(world: World) -> None:
    make_author(world, "plain")
    for workspace_id in (world.one, world.two):
        world.write(workspaces.delete_workspace, SYSTEM, workspace_id)
    assert answer(world, world.actor("plain"), world.acme) == "not_found"
    with pytest.raises(NotFoundError):
        world.read(access.require_authoring, world.actor("plain"), world.one)


def test_being_an_author_gives_no_tier_in_the_workspace(world: World) -> None:
    make_author(world, "plain")
    item = world.item(world.one)
    with pytest.raises(NotFoundError):
        world.read(workspaces.get_workspace, world.actor("plain"), world.one)
    held = world.read(
        lambda tx: access.tier_on(
            tx, world.actor("plain"), organization_id=world.acme, workspace_id=world.one, entity_id=item
        )
    )
    assert held == 0
