from __future__ import annotations

import msgspec
import pytest

from tests.core.access.world import NOW, SYSTEM, World
from trunkline.core import access
from trunkline.kit.actor import Actor
from trunkline.kit.errors import ForbiddenError, InvalidRequestError, NotFoundError
from trunkline.kit.filters import Compare, Op
from trunkline.kit.pages import ListQuery


def request(world: World, **changes: object) -> access.CreateUser:
    wanted = {"organization_id": world.acme, "email": "new@acme.test", "name": "New", **changes}
    return access.CreateUser(**wanted)  # type: ignore[arg-type]


def create(world: World, actor: Actor, **changes: object) -> access.UserRow:
    return world.write(lambda tx: access.create_user(tx, actor, request(world, **changes)))


@pytest.mark.parametrize("name", ["owner", "boss"])
def test_those_who_administer_the_organization_make_users(world: World, name: str) -> None:
    actor = world.actor(name)
    row, events = world.journal(
        lambda tx: access.create_user(tx, actor, request(world, email="New@Acme.TEST"))
    )
    assert row == access.UserRow(
        id=row.id,
        organization_id=world.acme,
        email="new@acme.test",
        username="new",
        name="New",
        fields=msgspec.Raw(b"{}"),
        operator=False,
        active=True,
        created_at=NOW,
        updated_at=NOW,
    )
    assert events == [f"user.created {row.id}", f"organization_member.created {row.id}"]
    assert world.read(lambda tx: access.get_user(tx, actor, row.id)) == row
    assert world.read(lambda tx: access.act_as(tx, row.id)).organizations == (world.acme,)


def test_nobody_else_makes_users(world: World) -> None:
    for actor in (world.actor("plain"), world.actor("admin"), world.actor("owner", world.one)):
        with world.refuses(access.TierTooLowError, "tier_too_low"):
            create(world, actor)
    with world.refuses(NotFoundError):
        create(world, world.actor("stranger"))
    reader = Actor(user_id=world.users["owner"], operations=frozenset({"*:read"}))
    with world.refuses(ForbiddenError, "scope_missing"):
        create(world, reader)


def test_an_operator_is_made_by_an_operator_and_an_owner_by_an_owner(world: World) -> None:
    with world.refuses(ForbiddenError, "operator_required"):
        create(world, world.actor("boss"), operator=True)
    with world.refuses(access.OwnerRequiredError):
        create(world, world.actor("boss"), role="owner")
    made = create(world, world.actor("owner"), role="owner", operator=True)
    assert made.operator is True
    assert world.read(lambda tx: access.act_as(tx, made.id)).administered == (world.acme,)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"email": "nobody"}, "email"),
        ({"email": "a@b@c"}, "email"),
        ({"email": "a b@c"}, "email"),
        ({"email": "@c"}, "email"),
        ({"email": f"{'a' * 250}@b.cd"}, "email"),
        ({"name": "  "}, "name"),
        ({"name": "n" * 201}, "name"),
        ({"role": "viewer"}, "role"),
        ({"username": ""}, "username"),
        ({"username": "a/b"}, "username"),
        ({"username": "a@b"}, "username"),
        ({"username": ".a"}, "username"),
        ({"username": "ä"}, "username"),
        ({"username": "a" * 65}, "username"),
        ({"username": "0" * 32}, "username"),
        ({"username": "0197A1B2-C3D4-E5F6-0718-293A4B5C6D7E"}, "username"),
        ({"username": f"usr_{'0' * 32}"}, "username"),
        ({"username": f"tem_{'0' * 32}"}, "username"),
        ({"fields": {"a b": "x"}}, "fields"),
        ({"fields": {"a": ["x"]}}, "fields.a"),
        ({"fields": {"a": {"b": "x"}}}, "fields.a"),
        ({"fields": {"a": "x" * 1_001}}, "fields.a"),
        ({"fields": {f"a{n}": n for n in range(51)}}, "fields"),
        ({"fields": {f"a{n}": "x" * 999 for n in range(9)}}, "fields"),
        ({"fields": {"api_key": "x"}}, "fields.api_key"),
        ({"fields": {"note": "ghp_" + "a" * 36}}, "fields.note"),
    ],
)
def test_malformed_members_are_named(still_world: World, changes: dict[str, object], path: str) -> None:
    with still_world.refuses(InvalidRequestError, path=path):
        create(still_world, SYSTEM, **changes)


def test_an_address_is_taken_once_per_organization(world: World) -> None:
    with world.refuses(access.EmailTakenError, "email_taken"):
        create(world, SYSTEM, email="VIEWER@acme.test")
    elsewhere = create(world, SYSTEM, email="viewer@acme.test", organization_id=world.rival)
    assert elsewhere.email == "viewer@acme.test"


def test_a_user_name_is_taken_once_per_organization_whatever_its_case(world: World) -> None:
    row = create(world, SYSTEM, username="New.Name_1")
    assert row.username == "new.name_1"
    with world.refuses(access.UsernameTakenError, "username_taken"):
        create(world, SYSTEM, email="another@acme.test", username="NEW.name_1")
    rename = access.UpdateUser(id=world.users["plain"], username="NEW.NAME_1")
    with world.refuses(access.UsernameTakenError, "username_taken"):
        world.write(lambda tx: access.update_user(tx, SYSTEM, rename))
    elsewhere = create(world, SYSTEM, username="new.name_1", organization_id=world.rival)
    assert elsewhere.username == row.username


@pytest.mark.parametrize(
    ("email", "username"),
    [
        ("ada@acme.test", "ada"),
        ("Ada.Lovelace+crm@acme.test", "ada.lovelace-crm"),
        ("_ada_@acme.test", "ada"),
        ("\u00e4d\u00e4@acme.test", "d"),
        ("\u5927@acme.test", "user"),
        (f"{'0' * 32}@acme.test", f"user-{'0' * 32}"),
        (f"{'a' * 64}@acme.test", "a" * 56),
    ],
)
def test_a_user_name_is_made_of_the_address(world: World, email: str, username: str) -> None:
    assert create(world, SYSTEM, email=email).username == username


def test_a_user_name_that_is_made_up_gets_a_number_where_it_is_taken(world: World) -> None:
    made = [create(world, SYSTEM, email=f"viewer@{place}.test").username for place in ("b", "c")]
    assert made == ["viewer-2", "viewer-3"]
    create(world, SYSTEM, email="x@acme.test", username="viewer-5")
    create(world, SYSTEM, email="y@acme.test", username="viewer.4")
    made = [create(world, SYSTEM, email=f"viewer@{place}.test").username for place in ("d", "e")]
    assert made == ["viewer-4", "viewer-6"]


def test_only_who_manages_a_user_says_what_others_take_for_granted(world: World) -> None:
    viewer = world.users["viewer"]
    for request in (
        access.UpdateUser(id=viewer, username="boss2"),
        access.UpdateUser(id=viewer, fields={"department": "board"}),
        access.UpdateUser(id=viewer, name="Vera", fields={}),
    ):
        with world.refuses(access.TierTooLowError, "tier_too_low"):
            world.write(access.update_user, world.actor("viewer"), request)
    fields = {"department": "sales", "region": None, "level": 3, "remote": True}
    change = access.UpdateUser(id=viewer, username="Vera", fields=fields)
    row, events = world.journal(lambda tx: access.update_user(tx, world.actor("boss"), change))
    assert (row.username, events) == ("vera", [f"user.updated {viewer}"])
    assert row.fields == msgspec.Raw(b'{"department":"sales","region":null,"level":3,"remote":true}')
    assert world.read(lambda tx: access.get_user(tx, world.actor("plain"), viewer)) == row
    with world.changes_nothing():
        assert world.write(lambda tx: access.update_user(tx, world.actor("boss"), change)) == row


def test_lists_filter_by_declared_fields(still_world: World) -> None:
    world = still_world
    query = ListQuery(where=Compare("name", Op.IN, ["boss", "stranger"]))
    page = world.read(lambda tx: access.list_users(tx, world.actor("plain"), query))
    assert [row.name for row in page.rows] == ["boss"]
    with pytest.raises(ForbiddenError):
        world.read(
            lambda tx: access.list_users(
                tx, Actor(user_id=world.users["plain"], operations=frozenset()), ListQuery()
            )
        )


def test_a_foreign_user_is_missing(still_world: World) -> None:
    world = still_world
    for user_id in (world.users["stranger"], "f" * 32):
        with pytest.raises(NotFoundError, match=r"^user not found$"):
            world.read(access.get_user, world.actor("owner"), user_id)


def test_users_rename_themselves_and_nothing_more(world: World) -> None:
    viewer, actor = world.users["viewer"], world.actor("viewer")
    rename = access.UpdateUser(id=viewer, name="Vera")
    row, events = world.journal(lambda tx: access.update_user(tx, actor, rename))
    assert (row.name, events) == ("Vera", [f"user.updated {viewer}"])
    with world.changes_nothing():
        assert world.write(lambda tx: access.update_user(tx, actor, rename)) == row
    with world.refuses(access.TierTooLowError, "tier_too_low"):
        world.write(lambda tx: access.update_user(tx, actor, access.UpdateUser(id=viewer, active=False)))
    other = access.UpdateUser(id=world.users["editor"], name="Ed")
    with world.refuses(access.TierTooLowError, "tier_too_low"):
        world.write(lambda tx: access.update_user(tx, actor, other))
    with world.refuses(NotFoundError):
        world.write(lambda tx: access.update_user(tx, world.actor("stranger"), rename))
    with world.refuses(InvalidRequestError):
        world.write(lambda tx: access.update_user(tx, actor, access.UpdateUser(id=viewer, name="")))


def test_administrators_let_users_in_and_keep_them_out(world: World) -> None:
    viewer, boss = world.users["viewer"], world.actor("boss")
    out = access.UpdateUser(id=viewer, active=False)
    row, events = world.journal(lambda tx: access.update_user(tx, boss, out))
    assert (row.active, events) == (False, [f"user.updated {viewer}"])
    row = world.write(lambda tx: access.update_user(tx, boss, access.UpdateUser(id=viewer, active=True)))
    assert row.active is True
    changed = world.read(
        lambda tx: tx.column("SELECT changed FROM audit_entries WHERE action = 'user.updated'")
    )
    assert changed == ['["active"]', '["active"]']


def test_an_owner_is_changed_by_an_owner_and_never_deactivated_while_named(world: World) -> None:
    owner, boss = world.users["owner"], world.actor("boss")
    with world.refuses(access.OwnerRequiredError, "owner_required"):
        world.write(lambda tx: access.update_user(tx, boss, access.UpdateUser(id=owner, name="Fool")))
    with world.refuses(access.OrganizationOwnerError, "organization_owner"):
        world.write(
            lambda tx: access.update_user(tx, world.actor("owner"), access.UpdateUser(id=owner, active=False))
        )


def test_a_user_managed_elsewhere_is_not_changed_by_another_organizations_admin(world: World) -> None:
    join = access.SetOrganizationRole(
        organization_id=world.rival, user_id=world.users["plain"], role="member"
    )
    world.write(lambda tx: access.set_organization_role(tx, SYSTEM, join))
    out = access.UpdateUser(id=world.users["plain"], active=False)
    with world.refuses(access.TierTooLowError, "tier_too_low"):
        world.write(lambda tx: access.update_user(tx, world.actor("stranger"), out))


def test_operators_are_managed_by_operators_and_themselves(world: World) -> None:
    operator = create(world, world.actor("owner"), operator=True)
    boss, itself = world.actor("boss"), world.read(lambda tx: access.act_as(tx, operator.id))
    for changes in ({"active": False}, {"username": "other"}, {"name": "Other"}):
        with world.refuses(ForbiddenError, "operator_required"):
            world.write(access.update_user, boss, access.UpdateUser(id=operator.id, **changes))
    named = access.UpdateUser(id=operator.id, name="Me")
    assert world.write(access.update_user, itself, named).name == "Me"
    out = access.UpdateUser(id=operator.id, active=False)
    assert world.write(access.update_user, world.actor("owner"), out).active is False
