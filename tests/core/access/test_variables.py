from __future__ import annotations

from uuid import UUID

from tests.core.access.world import SYSTEM, World
from trunkline.core import access, workspaces


def variables(world: World, user_id: str | None, organization_id: str) -> access.Variables:
    return world.read(lambda tx: access.variables_of(tx, user_id=user_id, organization_id=organization_id))


def test_variables_tell_who_acts_and_for_whom(world: World) -> None:
    assert variables(world, world.users["viewer"], world.acme) == access.Variables(
        user={"username": "viewer", "displayName": "viewer", "email": "viewer@acme.test"},
        tenant={"id": str(UUID(world.acme)), "handle": "acme", "name": "Acme"},
    )


def test_fields_and_settings_are_texts_and_never_stand_for_what_is_known(world: World) -> None:
    def work(tx):
        fields: dict[str, access.Scalar] = {
            "department": "sales",
            "level": 3,
            "rate": 1.5,
            "remote": True,
            "none": None,
        }
        fake = {"username": "boss", "email": "boss@acme.test", "displayName": "Boss"}
        user = access.UpdateUser(id=world.users["viewer"], fields={**fields, **fake})
        access.update_user(tx, SYSTEM, user)
        settings: dict[str, access.Scalar] = {
            "region": "eu",
            "id": "rival",
            "handle": "rival",
            "name": "Rival",
        }
        workspaces.update_organization(
            tx, SYSTEM, workspaces.UpdateOrganization(id=world.acme, settings=settings)
        )

    world.write(work)
    assert variables(world, world.users["viewer"], world.acme) == access.Variables(
        user={
            "department": "sales",
            "level": "3",
            "rate": "1.5",
            "remote": "true",
            "username": "viewer",
            "displayName": "viewer",
            "email": "viewer@acme.test",
        },
        tenant={"region": "eu", "id": str(UUID(world.acme)), "handle": "acme", "name": "Acme"},
    )


def test_nobody_has_no_variables(world: World) -> None:
    assert variables(world, None, world.acme).user == {}
    assert variables(world, "f" * 32, "f" * 32) == access.Variables({}, {})
