from __future__ import annotations

from functools import cache

import pytest

from tests.core.access.world import NOW, PEPPER, SYSTEM, World
from trunkline.core import access
from trunkline.infra.vault import key_hash
from trunkline.infra.vault.passwords import PasswordHash, hash_password, verify_password
from trunkline.kit.actor import Actor
from trunkline.kit.errors import ForbiddenError, NotFoundError, UnauthenticatedError
from trunkline.kit.secret import Secret

FIRST, SECOND = "correct horse battery staple", "wrong horse battery staple"
STORED = "SELECT count(*) FROM passwords"


@cache
def hashed(text: str) -> PasswordHash:
    return hash_password(Secret(text))


def give(world: World, actor: Actor, name: str, text: str = FIRST) -> list[str]:
    _, events = world.journal(access.set_password, actor, world.users[name], hashed(text))
    return events


def found(world: World, username: str, organization: str | None = None) -> str | None:
    """Whom a log-in is about, where the first password is theirs."""
    check = world.read(access.find_password, organization, username)
    right = verify_password(check.stored, Secret(FIRST))
    assert right is (check.user_id is not None)
    return check.user_id


def through(world: World, issued: access.IssuedKey) -> Actor:
    return world.read(access.authenticate, key_hash(PEPPER, issued.secret.reveal()))


def test_users_set_their_own_password_and_its_hash_replaces_the_one_before(world: World) -> None:
    viewer = world.users["viewer"]
    assert give(world, world.actor("viewer"), "viewer") == [f"user.password_set {viewer}"]
    assert found(world, "viewer", "acme") == viewer
    assert give(world, world.actor("viewer"), "viewer", SECOND) == [f"user.password_set {viewer}"]
    check = world.read(access.find_password, "acme", "viewer")
    assert verify_password(check.stored, Secret(SECOND))
    assert not verify_password(check.stored, Secret(FIRST))
    assert world.read(lambda tx: tx.value(STORED)) == 1
    assert FIRST not in repr(world.snapshot())
    [changed] = {
        row[0]
        for row in world.read(
            lambda tx: tx.fetch("SELECT changed FROM audit_entries WHERE action = 'user.password_set'", {})
        )
    }
    assert changed == '["password"]'


def test_those_who_manage_a_user_set_the_password_and_nobody_else_does(world: World) -> None:
    for name in ("owner", "boss"):
        give(world, world.actor(name), "viewer")
    give(world, SYSTEM, "owner")
    for name in ("plain", "admin", "editor"):
        with world.refuses(access.TierTooLowError, "tier_too_low"):
            world.write(access.set_password, world.actor(name), world.users["viewer"], hashed(FIRST))
    with world.refuses(NotFoundError):
        world.write(access.set_password, world.actor("stranger"), world.users["viewer"], hashed(FIRST))
    with world.refuses(NotFoundError):
        world.write(access.set_password, world.actor("owner"), "f" * 32, hashed(FIRST))


def test_an_administrator_does_not_become_owner_or_operator_by_a_password(world: World) -> None:
    boss = world.actor("boss")
    with world.refuses(access.OwnerRequiredError, "owner_required"):
        world.write(access.set_password, boss, world.users["owner"], hashed(FIRST))
    request = access.CreateUser(organization_id=world.acme, email="ops@acme.test", name="Ops", operator=True)
    operator = world.write(lambda tx: access.create_user(tx, SYSTEM, request)).id
    with world.refuses(ForbiddenError, "operator_required"):
        world.write(access.set_password, boss, operator, hashed(FIRST))
    world.write(access.set_password, world.actor("owner"), operator, hashed(FIRST))


def test_a_password_takes_a_secret_key_that_is_not_narrowed(world: World) -> None:
    owner, one = world.users["owner"], world.one
    secret = world.key("owner")
    token = access.CreateToken(workspace_id=one)
    refused = {
        "publishable": (world.key("owner", kind="publishable", operations=("*",)), "secret_key_required"),
        "bound": (world.key("owner", workspace_id=one), "whole_key_required"),
        "operations": (world.key("owner", operations=("*",)), "whole_key_required"),
        "objects": (world.key("owner", entity_ids=("a" * 32,)), "whole_key_required"),
        "token": (
            world.write(lambda tx: access.create_token(tx, through(world, secret), token, pepper=PEPPER)),
            "secret_key_required",
        ),
        "session": (
            world.write(lambda tx: access.open_session(tx, owner, pepper=PEPPER)),
            "secret_key_required",
        ),
        "reader": (world.key("owner", operations=("*:read",)), "scope_missing"),
    }
    for issued, code in refused.values():
        with world.refuses(ForbiddenError, code):
            world.write(access.set_password, through(world, issued), owner, hashed(FIRST))
        with pytest.raises(ForbiddenError):
            world.read(access.require_password_setter, through(world, issued), owner)
    actor = through(world, secret)
    world.write(access.set_password, actor, owner, hashed(FIRST))
    world.write(lambda tx: access.revoke_key(tx, SYSTEM, secret.row.id))
    with world.refuses(UnauthenticatedError):
        world.write(access.set_password, actor, owner, hashed(SECOND))


def test_a_new_password_ends_every_session_and_no_key(world: World) -> None:
    viewer = world.users["viewer"]
    sessions = [
        world.write(lambda tx: access.open_session(tx, viewer, pepper=PEPPER)).row.id for _ in range(2)
    ]
    other = world.write(lambda tx: access.open_session(tx, world.users["plain"], pepper=PEPPER))
    key = world.key("viewer")
    events = give(world, world.actor("boss"), "viewer")
    assert events == [
        f"user.password_set {viewer}",
        *(f"session.closed {one}" for one in reversed(sessions)),
    ]
    ended = world.read(lambda tx: tx.column("SELECT id FROM access_keys WHERE revoked_at IS NOT NULL"))
    assert set(ended) == set(sessions)
    assert through(world, other).user_id == world.users["plain"]
    assert through(world, key).user_id == viewer


def test_a_user_is_meant_by_name_or_address_in_any_case(world: World) -> None:
    give(world, SYSTEM, "viewer")
    viewer = world.users["viewer"]
    for username in ("viewer", "VIEWER", "viewer@acme.test", "Viewer@ACME.test"):
        for organization in ("acme", f"org_{world.acme}", None):
            assert found(world, username, organization) == viewer
        assert found(world, f"acme/{username}") == viewer


def test_an_address_may_have_a_slash_in_it(world: World) -> None:
    email = "sales/eu@acme.test"
    request = access.CreateUser(organization_id=world.acme, email=email, name="S")
    user_id = world.write(access.create_user, SYSTEM, request).id
    world.write(access.set_password, SYSTEM, user_id, hashed(FIRST))
    for username in (email, email.upper(), f"acme/{email}"):
        assert found(world, username) == user_id
    assert found(world, email, "acme") == user_id
    assert found(world, email, "rival") is None
    # The name of an organization comes first: nobody logs in there as somebody of the first one.
    request = access.CreateUser(organization_id=world.acme, email="rival/x@acme.test", name="X")
    world.write(
        access.set_password, SYSTEM, world.write(access.create_user, SYSTEM, request).id, hashed(FIRST)
    )
    assert found(world, "rival/x@acme.test") is None


def test_without_an_organization_the_first_one_is_meant_and_nobody_elsewhere(world: World) -> None:
    give(world, SYSTEM, "viewer")
    give(world, SYSTEM, "stranger")
    request = access.CreateUser(
        organization_id=world.rival, email="v@rival.test", name="V", username="viewer"
    )
    namesake = world.write(lambda tx: access.create_user(tx, SYSTEM, request)).id
    world.write(access.set_password, SYSTEM, namesake, hashed(FIRST))
    assert found(world, "viewer") == world.users["viewer"]
    assert found(world, "rival/viewer") == namesake
    assert found(world, "viewer", "rival") == namesake
    assert found(world, "stranger") is None
    assert found(world, "rival/stranger") == world.users["stranger"]
    assert found(world, "rival/viewer", "acme") is None


@pytest.mark.parametrize(
    "username",
    [
        "",
        "/",
        "acme/",
        "nobody",
        "nobody@acme.test",
        "plain",
        "x" * 10_000,
        "a\x00b",
        "\ud800",
        "acme\x00/viewer",
    ],
)
def test_nobody_is_found_at_the_same_cost(world: World, username: str) -> None:
    give(world, SYSTEM, "viewer")

    def work(tx):
        check = access.find_password(tx, None, username)
        return check, tx.statements

    check, statements = world.read(work)
    assert check.user_id is None
    assert check.stored.encoded.reveal().startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert statements == 2


def test_a_user_who_is_kept_out_has_no_password(world: World) -> None:
    give(world, SYSTEM, "viewer")
    for active, user_id in ((False, None), (True, world.users["viewer"])):
        request = access.UpdateUser(id=world.users["viewer"], active=active)
        world.write(access.update_user, SYSTEM, request)
        assert found(world, "viewer", "acme") == user_id


def test_a_hash_is_renewed_unless_the_password_changed_meanwhile(world: World) -> None:
    give(world, SYSTEM, "viewer")
    check = world.read(access.find_password, "acme", "viewer")
    _, events = world.journal(access.renew_password, check, hashed(SECOND))
    assert events == [f"user.password_rehashed {world.users['viewer']}"]
    with world.changes_nothing():
        world.write(access.renew_password, check, hashed(FIRST))
        world.write(
            access.renew_password, access.PasswordCheck(None, check.stored, check.name), hashed(FIRST)
        )
    assert world.read(lambda tx: tx.column("SELECT updated_at FROM passwords")) == [NOW]
