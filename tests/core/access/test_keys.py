from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from tests.core.access.world import NOW, PEPPER, SYSTEM, World
from trunkline.core import access, workspaces
from trunkline.infra.vault import key_hash
from trunkline.kit import keys
from trunkline.kit.actor import Actor
from trunkline.kit.errors import ForbiddenError, InvalidRequestError, NotFoundError, UnauthenticatedError
from trunkline.kit.pages import ListQuery

OBJECT, OTHER = "a" * 32, "b" * 32


def create(world: World, actor: Actor, **changes: Any) -> access.IssuedKey:
    request = access.CreateKey(**{"name": "ci", **changes})
    return world.write(lambda tx: access.create_key(tx, actor, request, pepper=PEPPER))


def token(world: World, actor: Actor, **changes: Any) -> access.IssuedKey:
    request = access.CreateToken(**{"workspace_id": world.one, **changes})
    return world.write(lambda tx: access.create_token(tx, actor, request, pepper=PEPPER))


def through(world: World, issued: access.IssuedKey) -> Actor:
    digest = key_hash(PEPPER, issued.secret.reveal())
    return world.read(lambda tx: access.authenticate(tx, digest))


def test_a_key_is_shown_once_and_kept_as_a_digest(world: World) -> None:
    viewer = world.actor("viewer")
    request = access.CreateKey(
        name="ci", workspace_id=world.one, operations=("installs:*",), metadata={"team": "x"}
    )
    issued, events = world.journal(lambda tx: access.create_key(tx, viewer, request, pepper=PEPPER))
    text = issued.secret.reveal()
    parsed = keys.parse(text)
    assert parsed is not None
    assert parsed.kind is keys.KeyKind.SECRET
    assert issued.row == access.KeyRow(
        id=issued.row.id,
        organization_id=world.acme,
        user_id=world.users["viewer"],
        workspace_id=world.one,
        kind="secret",
        dialect="platform",
        name="ci",
        hint=keys.hint(text),
        operations=msgspec.Raw(b'["installs:*"]'),
        entity_ids=None,
        metadata=msgspec.Raw(b'{"team":"x"}'),
        created_by=world.users["viewer"],
        created_at=NOW,
        expires_at=None,
        revoked_at=None,
    )
    assert events == [f"key.created {issued.row.id}"]
    assert world.read(lambda tx: access.get_key(tx, viewer, issued.row.id)) == issued.row
    assert world.read(lambda tx: access.list_keys(tx, viewer, ListQuery())).rows == [issued.row]
    stored = repr(world.snapshot())
    assert text not in stored
    assert text[4:] not in stored
    assert key_hash(PEPPER, text) in stored


def test_publishable_keys_have_their_own_prefix_and_read_by_default(world: World) -> None:
    issued = create(world, world.actor("viewer"), kind="publishable")
    assert issued.secret.reveal().startswith("pub_")
    assert issued.row.operations == msgspec.Raw(b'["*:read"]')


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"name": ""}, "name"),
        ({"kind": "session"}, "kind"),
        ({"kind": "login"}, "kind"),
        ({"kind": "api"}, "kind"),
        ({"dialect": "ampersand"}, "dialect"),
        ({"operations": ("installs:read", "installs:burn")}, "scopes.operations[1]"),
        ({"operations": ("*:read",) * 101}, "scopes.operations"),
        ({"entity_ids": (OBJECT, "int_1")}, "scopes.entityIds[1]"),
        ({"entity_ids": (OBJECT,) * 101}, "scopes.entityIds"),
        ({"expires_at": NOW}, "expiresAt"),
        ({"metadata": {"a": "x" * 4096}}, "metadata"),
    ],
)
def test_malformed_members_are_named(still_world: World, changes: dict[str, Any], path: str) -> None:
    with still_world.refuses(InvalidRequestError, path=path):
        create(still_world, still_world.actor("viewer"), **changes)


def test_a_key_is_made_for_oneself_and_where_one_may_be(world: World) -> None:
    owner = world.actor("owner")
    with world.refuses(ForbiddenError, "forbidden"):
        create(world, owner, user_id=world.users["viewer"])
    for actor, workspace_id in (
        (owner, world.far),
        (owner, "f" * 32),
        (world.actor("plain"), world.one),
        (world.actor("viewer", world.one), world.two),
    ):
        with world.refuses(NotFoundError):
            create(world, actor, workspace_id=workspace_id)
    with world.refuses(NotFoundError):
        create(world, SYSTEM, user_id="f" * 32)
    with world.refuses(ForbiddenError, "scope_missing"):
        create(world, Actor(user_id=world.users["owner"], operations=frozenset({"keys:read"})))
    assert create(world, SYSTEM, user_id=world.users["viewer"]).row.user_id == world.users["viewer"]


def test_a_key_made_with_a_key_inherits_what_narrows_it(world: World) -> None:
    limits: dict[str, Any] = {
        "workspace_id": world.one,
        "operations": ("keys:write", "tokens:write", "installs:*"),
        "entity_ids": (OBJECT,),
        "expires_at": "2026-03-01T18:00:00.000000Z",
    }
    maker = through(world, create(world, world.actor("editor"), **limits))
    made = create(world, maker).row
    assert made.workspace_id == world.one
    assert made.operations == msgspec.Raw(b'["installs:*","keys:write","tokens:write"]')
    assert made.entity_ids == msgspec.Raw(f'["{OBJECT}"]'.encode())
    assert made.expires_at == "2026-03-01T18:00:00.000000Z"
    session = token(world, maker, expires_in_s=86_400).row
    assert (session.operations, session.entity_ids) == (made.operations, made.entity_ids)
    assert session.expires_at == "2026-03-01T18:00:00.000000Z"


@pytest.mark.parametrize(
    "changes",
    [
        {"operations": ("*",)},
        {"operations": ("*:*",)},
        {"operations": ("*:read",)},
        {"operations": ("integrations:read",)},
        {"operations": ("installs:read", "keys:*")},
        {"entity_ids": (OBJECT, OTHER)},
        {"expires_at": "2026-03-01T18:00:00.000001Z"},
    ],
)
def test_a_key_made_with_a_key_never_allows_more(still_world: World, changes: dict[str, Any]) -> None:
    world = still_world
    maker = create(
        world,
        world.actor("editor"),
        operations=("keys:write", "installs:*"),
        entity_ids=(OBJECT,),
        expires_at="2026-03-01T18:00:00.000000Z",
    )
    actor = through(world, maker)
    with world.refuses(access.ScopeExceededError, "scope_exceeded"):
        create(world, actor, **changes)


def test_a_key_made_with_a_key_may_allow_less(world: World) -> None:
    actor = through(
        world, create(world, world.actor("editor"), operations=("keys:write", "installs:*", "*:read"))
    )
    for operations in (("installs:write",), ("installs:*",), ("events:read", "*:read"), ()):
        made = through(world, create(world, actor, operations=operations))
        assert made.operations == frozenset(operations)
    assert through(world, create(world, actor, kind="publishable")).operations == frozenset({"*:read"})
    narrow = through(world, create(world, world.actor("editor"), operations=("keys:write", "installs:*")))
    assert through(world, create(world, narrow, kind="publishable")).operations == frozenset(
        {"installs:read"}
    )


def test_a_workspace_bound_key_makes_keys_for_that_workspace_only(world: World) -> None:
    maker = through(world, create(world, world.actor("owner"), workspace_id=world.one))
    assert create(world, maker).row.workspace_id == world.one
    for workspace_id in (world.two, world.far):
        with world.refuses(NotFoundError):
            create(world, maker, workspace_id=workspace_id)
        with world.refuses(NotFoundError):
            token(world, maker, workspace_id=workspace_id)


def test_only_secret_keys_make_keys_and_tokens(world: World) -> None:
    owner = world.actor("owner")
    secret = through(world, create(world, owner))
    session = through(world, token(world, secret))
    public = through(world, create(world, owner, kind="publishable", operations=("*",)))
    for actor in (session, public):
        with world.refuses(access.SecretKeyRequiredError, "secret_key_required"):
            create(world, actor)
        with world.refuses(access.SecretKeyRequiredError, "secret_key_required"):
            token(world, actor)
    with world.refuses(access.SecretKeyRequiredError, "secret_key_required"):
        token(world, owner)


def test_a_token_is_a_session_in_one_workspace_for_a_while(world: World) -> None:
    maker = through(world, create(world, world.actor("editor")))
    request = access.CreateToken(workspace_id=world.one, operations=("installs:read",), expires_in_s=60)
    issued, events = world.journal(lambda tx: access.create_token(tx, maker, request, pepper=PEPPER))
    assert events == [f"token.created {issued.row.id}"]
    assert issued.secret.reveal().startswith("tok_")
    assert (issued.row.kind, issued.row.expires_at) == ("session", "2026-03-01T12:01:00.000000Z")
    actor = through(world, issued)
    assert (actor.workspace_id, actor.workspace_tier.name) == (world.one, "EDITOR")
    assert actor.operations == frozenset({"installs:read"})
    assert token(world, maker).row.expires_at == "2026-03-01T13:00:00.000000Z"
    assert token(world, maker, expires_in_s=86_400).row.expires_at == "2026-03-02T12:00:00.000000Z"
    world.clock.advance(timedelta(minutes=1))
    with pytest.raises(UnauthenticatedError):
        through(world, issued)


def test_a_token_is_refused_where_its_request_is_wrong(world: World) -> None:
    maker = through(world, create(world, world.actor("editor")))
    for seconds in (0, -1, 86_401):
        with world.refuses(InvalidRequestError, path="expiresIn"):
            token(world, maker, expires_in_s=seconds)
    with world.refuses(InvalidRequestError, path="scopes.operations[0]"):
        token(world, maker, operations=("everything",))
    for workspace_id in (world.two, world.far, "f" * 32):
        with world.refuses(NotFoundError):
            token(world, maker, workspace_id=workspace_id)
    world.write(lambda tx: workspaces.delete_workspace(tx, SYSTEM, world.one))
    with world.refuses(NotFoundError):
        token(world, maker)
    reader = through(world, create(world, world.actor("editor"), operations=("*:read",)))
    with world.refuses(ForbiddenError, "scope_missing"):
        token(world, reader)


def test_a_key_is_revoked_by_its_user_or_an_administrator(world: World) -> None:
    for name in ("viewer", "boss"):
        issued = world.key("viewer")
        actor = world.actor(name)
        row, events = world.journal(access.revoke_key, actor, issued.row.id)
        assert (row.revoked_at, events) == (NOW, [f"key.revoked {issued.row.id}"])
        with world.changes_nothing():
            again = world.write(access.revoke_key, actor, issued.row.id)
            assert again == row
    issued = world.key("viewer")
    for actor in (world.actor("admin"), world.actor("stranger"), world.actor("viewer", world.one)):
        with world.refuses(NotFoundError):
            world.write(access.revoke_key, actor, issued.row.id)
    with world.refuses(ForbiddenError, "scope_missing"):
        reader = Actor(user_id=world.users["viewer"], operations=frozenset({"*:read"}))
        world.write(lambda tx: access.revoke_key(tx, reader, issued.row.id))


def test_a_revoked_maker_makes_nothing_more(world: World) -> None:
    issued = create(world, world.actor("editor"))
    actor = through(world, issued)
    world.write(lambda tx: access.revoke_key(tx, SYSTEM, issued.row.id))
    with world.refuses(UnauthenticatedError):
        create(world, actor)
