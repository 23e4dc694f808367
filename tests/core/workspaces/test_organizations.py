from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.core.access.world import NOW, SYSTEM, World
from trunkline.core import access, workspaces
from trunkline.kit.actor import Actor
from trunkline.kit.errors import ForbiddenError, InvalidRequestError, NotFoundError
from trunkline.kit.pages import ListQuery


def create(world: World, actor: Actor, **changes: Any) -> tuple[workspaces.OrganizationRow, list[str]]:
    request = workspaces.CreateOrganization(**{"name": "Newco", "handle": "newco", **changes})
    return world.journal(lambda tx: workspaces.create_organization(tx, actor, request))


def update(world: World, actor: Actor, organization_id: str, **changes: Any) -> workspaces.OrganizationRow:
    request = workspaces.UpdateOrganization(id=organization_id, **changes)
    return world.write(lambda tx: workspaces.update_organization(tx, actor, request))


def test_an_operator_makes_an_organization_of_their_own(world: World) -> None:
    owner = world.actor("owner")
    row, events = create(world, owner)
    assert row == workspaces.OrganizationRow(
        id=row.id,
        name="Newco",
        handle="newco",
        owner_id=world.users["owner"],
        retention_tier="medium",
        settings=msgspec.Raw(b"{}"),
        default_workspace_id=None,
        created_at=NOW,
        updated_at=NOW,
    )
    assert events == [
        f"organization.created {row.id}",
        f"organization_member.created {world.users['owner']}",
    ]
    assert world.actor("owner").administered == (world.acme, row.id)
    assert world.read(lambda tx: workspaces.get_organization(tx, world.actor("owner"), row.id)) == row


def test_an_operator_makes_an_organization_for_somebody_new(world: World) -> None:
    row, events = create(world, world.actor("owner"), owner_email="Nora@newco.test", owner_name="Nora")
    assert events == [
        f"organization.created {row.id}",
        f"user.created {row.owner_id}",
        f"organization_member.created {row.owner_id}",
    ]
    nora = world.read(lambda tx: access.get_user(tx, SYSTEM, row.owner_id))
    assert (nora.email, nora.organization_id, nora.operator) == ("nora@newco.test", row.id, False)
    assert world.read(lambda tx: access.act_as(tx, nora.id)).administered == (row.id,)
    assert world.actor("owner").organizations == (world.acme,)
    assert world.read(lambda tx: workspaces.get_organization(tx, SYSTEM, row.id)) == row


def test_nobody_else_makes_organizations(world: World) -> None:
    for actor in (world.actor("boss"), world.actor("stranger"), world.actor("owner", world.one)):
        with world.refuses(ForbiddenError, "operator_required"):
            create(world, actor)
    reader = Actor(user_id=world.users["owner"], operator=True, operations=frozenset({"*:read"}))
    with world.refuses(ForbiddenError, "scope_missing"):
        create(world, reader)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"name": ""}, "name"),
        ({"handle": "New"}, "handle"),
        ({"handle": "-new"}, "handle"),
        ({"handle": "n" * 64}, "handle"),
        ({"retention_tier": "forever"}, "retentionTier"),
        ({"owner_email": "nora", "owner_name": "Nora"}, "ownerEmail"),
        ({"owner_email": "nora@newco.test"}, "ownerName"),
        ({"owner_name": "Nora"}, "ownerEmail"),
    ],
)
def test_malformed_members_are_named(still_world: World, changes: dict[str, Any], path: str) -> None:
    with still_world.refuses(InvalidRequestError, path=path):
        create(still_world, still_world.actor("owner"), **changes)


def test_the_system_has_to_name_an_owner(still_world: World) -> None:
    with still_world.refuses(InvalidRequestError, path="ownerEmail"):
        create(still_world, SYSTEM)


def test_a_handle_is_taken_once(world: World) -> None:
    with world.refuses(workspaces.HandleTakenError, "handle_taken"):
        create(world, world.actor("owner"), handle="rival")


def test_members_read_their_own_only(still_world: World) -> None:
    world = still_world
    plain = world.actor("plain")
    page = world.read(lambda tx: workspaces.list_organizations(tx, plain, ListQuery()))
    assert [row.handle for row in page.rows] == ["acme"]
    for organization_id in (world.rival, "f" * 32):
        with pytest.raises(NotFoundError, match=r"^organization not found$"):
            world.read(workspaces.get_organization, plain, organization_id)


def test_administrators_change_it(world: World) -> None:
    boss = world.actor("boss")
    request = workspaces.UpdateOrganization(id=world.acme, name="Acme Ltd", retention_tier="short")
    row, events = world.journal(lambda tx: workspaces.update_organization(tx, boss, request))
    assert (row.name, row.retention_tier, events) == (
        "Acme Ltd",
        "short",
        [f"organization.updated {world.acme}"],
    )
    assert world.read(lambda tx: workspaces.get_organization(tx, boss, world.acme)) == row
    with world.changes_nothing():
        assert world.write(lambda tx: workspaces.update_organization(tx, boss, request)) == row
    sql = "SELECT changed FROM audit_entries WHERE action = 'organization.updated'"
    assert world.read(lambda tx: tx.column(sql)) == ['["name","retention_tier"]']


def test_administrators_say_what_the_organization_is_and_where_things_go(world: World) -> None:
    boss = world.actor("boss")
    settings = {"region": "eu", "seats": 5, "trial": False, "note": None}
    row = update(world, boss, world.acme, settings=settings, default_workspace_id=world.two)
    assert row.settings == msgspec.Raw(b'{"region":"eu","seats":5,"trial":false,"note":null}')
    assert row.default_workspace_id == world.two
    assert world.read(workspaces.get_organization, world.actor("plain"), world.acme) == row
    with world.changes_nothing():
        again = update(world, boss, world.acme, settings=settings, default_workspace_id=world.two)
        assert again == row
    assert update(world, boss, world.acme, settings={}, default_workspace_id=None).settings == msgspec.Raw(
        b"{}"
    )
    for workspace_id in (world.far, "f" * 32):
        with world.refuses(NotFoundError):
            update(world, boss, world.acme, default_workspace_id=workspace_id)
    refused: list[tuple[dict[str, access.Scalar], str]] = [
        ({"a b": 1}, "settings"),
        ({"token": "x"}, "settings.token"),
    ]
    for wrong, path in refused:
        with world.refuses(InvalidRequestError, path=path):
            update(world, boss, world.acme, settings=wrong)
        with world.refuses(InvalidRequestError, path=path):
            create(world, world.actor("owner"), settings=wrong)
    with world.refuses(access.TierTooLowError, "tier_too_low"):
        update(world, world.actor("plain"), world.acme, settings={})


def test_a_purged_workspace_is_nobodys_default(world: World) -> None:
    update(world, SYSTEM, world.acme, default_workspace_id=world.two)
    world.write(lambda tx: workspaces.delete_workspace(tx, SYSTEM, world.two))
    with world.refuses(NotFoundError):
        update(world, SYSTEM, world.rival, default_workspace_id=world.two)
    world.write(lambda tx: workspaces.purge_workspace(tx, SYSTEM, world.two))
    row = world.read(workspaces.get_organization, SYSTEM, world.acme)
    assert row.default_workspace_id is None


def test_others_change_nothing(world: World) -> None:
    for actor in (world.actor("plain"), world.actor("admin"), world.actor("owner", world.one)):
        with world.refuses(access.TierTooLowError, "tier_too_low"):
            update(world, actor, world.acme, name="Mine")
    with world.refuses(NotFoundError):
        update(world, world.actor("stranger"), world.acme, name="Mine")
    with world.refuses(InvalidRequestError, path="retentionTier"):
        update(world, world.actor("boss"), world.acme, retention_tier="")
    with world.refuses(InvalidRequestError, path="name"):
        update(world, world.actor("boss"), world.acme, name=" ")


def test_ownership_is_handed_over_by_an_owner_to_an_owner(world: World) -> None:
    owner, plain = world.actor("owner"), world.users["plain"]
    with world.refuses(InvalidRequestError, path="ownerId"):
        update(world, owner, world.acme, owner_id=plain)
    with world.refuses(NotFoundError):
        update(world, owner, world.acme, owner_id=world.users["stranger"])
    role = access.SetOrganizationRole(organization_id=world.acme, user_id=plain, role="owner")
    world.write(lambda tx: access.set_organization_role(tx, owner, role))
    with world.refuses(access.OwnerRequiredError, "owner_required"):
        update(world, world.actor("boss"), world.acme, owner_id=plain)
    assert update(world, owner, world.acme, owner_id=plain).owner_id == plain
    down = access.SetOrganizationRole(organization_id=world.acme, user_id=world.users["owner"], role="member")
    world.write(lambda tx: access.set_organization_role(tx, world.actor("plain"), down))
    assert world.actor("owner").administered == ()
