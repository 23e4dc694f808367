from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from tests.core.access.world import NOW, PEPPER, SYSTEM, World
from trunkline.core import access
from trunkline.infra.vault import key_hash
from trunkline.kit.actor import Actor
from trunkline.kit.errors import ForbiddenError, InvalidRequestError, NotFoundError, UnauthenticatedError
from trunkline.kit.pages import ListQuery

EVERYBODY = ("owner", "boss", "viewer", "plain")


def opened(world: World, name: str, **how: Any) -> access.IssuedKey:
    return world.write(lambda tx: access.open_session(tx, world.users[name], pepper=PEPPER, **how))


def through(world: World, issued: access.IssuedKey) -> Actor:
    digest = key_hash(PEPPER, issued.secret.reveal())
    return world.read(lambda tx: access.authenticate(tx, digest))


def ended(world: World, issued: access.IssuedKey) -> bool:
    try:
        through(world, issued)
    except UnauthenticatedError:
        return True
    return False


def token(world: World, actor: Actor, **changes: Any) -> access.IssuedKey:
    request = access.CreateApiToken(**{"name": "laptop", **changes})
    return world.write(lambda tx: access.create_api_token(tx, actor, request, pepper=PEPPER))


@pytest.mark.parametrize("name", EVERYBODY)
def test_a_session_acts_as_its_user_until_it_expires(world: World, name: str) -> None:
    issued, events = world.journal(
        lambda tx: access.open_session(tx, world.users[name], pepper=PEPPER, lifetime_s=60, request_id="r")
    )
    row = issued.row
    assert events == [f"session.opened {row.id}"]
    assert (row.kind, row.dialect, row.expires_at) == ("login", "informer", "2026-03-01T12:01:00.000000Z")
    assert issued.secret.reveal().startswith("ses_")
    actor = through(world, issued)
    known = world.actor(name)
    assert (actor.user_id, actor.organizations, actor.administered, actor.operations) == (
        known.user_id,
        known.organizations,
        known.administered,
        None,
    )
    assert world.read(lambda tx: tx.column("SELECT request_id FROM audit_entries ORDER BY id"))[-1] == "r"
    world.clock.advance(timedelta(minutes=1))
    assert ended(world, issued)


def test_nobody_who_is_kept_out_gets_a_session(world: World) -> None:
    issued = opened(world, "viewer")
    request = access.UpdateUser(id=world.users["viewer"], active=False)
    world.write(lambda tx: access.update_user(tx, SYSTEM, request))
    assert ended(world, issued)
    with world.refuses(UnauthenticatedError):
        opened(world, "viewer")
    with world.refuses(UnauthenticatedError):
        world.write(lambda tx: access.open_session(tx, "f" * 32, pepper=PEPPER))


def test_logging_out_ends_this_session_alone(world: World) -> None:
    first, second = opened(world, "viewer"), opened(world, "viewer")
    _, events = world.journal(access.close_session, through(world, first))
    assert events == [f"session.closed {first.row.id}"]
    assert [ended(world, one) for one in (first, second)] == [True, False]


def test_there_is_nothing_to_log_out_of_without_a_session(world: World) -> None:
    key = world.key("viewer")
    made = token(world, through(world, opened(world, "viewer")))
    with world.changes_nothing():
        for actor in (world.actor("viewer"), through(world, key), through(world, made)):
            world.write(access.close_session, actor)


def test_ended_sessions_of_a_user_are_removed_when_the_next_is_opened(world: World) -> None:
    gone = [opened(world, "viewer", lifetime_s=1), opened(world, "viewer")]
    world.write(access.close_session, through(world, gone[1]))
    others = [opened(world, "plain", lifetime_s=1), world.key("viewer")]
    world.clock.advance(timedelta(seconds=2))
    kept = opened(world, "viewer")
    left = set(world.read(lambda tx: tx.column("SELECT id FROM access_keys")))
    assert left == {kept.row.id, *(one.row.id for one in others)}


def test_a_user_has_a_hundred_sessions_at_most(world: World) -> None:
    first = opened(world, "viewer")
    world.clock.advance(timedelta(seconds=1))
    others = [opened(world, "viewer") for _ in range(99)]
    assert not ended(world, first)
    _, events = world.journal(
        lambda tx: access.open_session(tx, world.users["viewer"], pepper=PEPPER).row.kind
    )
    assert events[0] == f"session.closed {first.row.id}"
    assert ended(world, first)
    assert not any(ended(world, one) for one in others)


def test_a_session_makes_no_keys_but_api_tokens(world: World) -> None:
    session = through(world, opened(world, "owner"))
    with world.refuses(access.SecretKeyRequiredError, "secret_key_required"):
        world.write(lambda tx: access.create_key(tx, session, access.CreateKey(name="k"), pepper=PEPPER))
    with world.refuses(access.SecretKeyRequiredError, "secret_key_required"):
        bound = access.CreateToken(workspace_id=world.one)
        world.write(lambda tx: access.create_token(tx, session, bound, pepper=PEPPER))
    request = access.CreateApiToken(name="laptop")
    issued, events = world.journal(lambda tx: access.create_api_token(tx, session, request, pepper=PEPPER))
    assert events == [f"key.created {issued.row.id}"]
    assert issued.secret.reveal().startswith("inf_")
    assert issued.row == access.KeyRow(
        id=issued.row.id,
        organization_id=world.acme,
        user_id=world.users["owner"],
        workspace_id=None,
        kind="api",
        dialect="informer",
        name="laptop",
        hint=f"inf_…{issued.secret.reveal()[-4:]}",
        operations=None,
        entity_ids=None,
        metadata=msgspec.Raw(b"{}"),
        created_by=world.users["owner"],
        created_at=NOW,
        expires_at=None,
        revoked_at=None,
    )
    actor = through(world, issued)
    assert (actor.administered, actor.operator) == ((world.acme,), True)


def test_an_api_token_outlives_its_session_and_ends_by_itself_or_when_it_is_revoked(world: World) -> None:
    session = opened(world, "viewer", lifetime_s=60)
    actor = through(world, session)
    lasting = token(world, actor)
    until = token(world, actor, expires_at="2026-03-01T13:00:00.000000Z")
    world.clock.advance(timedelta(minutes=2))
    assert [ended(world, one) for one in (session, lasting, until)] == [True, False, False]
    world.clock.advance(timedelta(hours=1))
    assert [ended(world, one) for one in (lasting, until)] == [False, True]
    row, events = world.journal(access.revoke_api_token, world.actor("viewer"), lasting.row.id)
    assert (row.revoked_at is not None, events) == (True, [f"key.revoked {lasting.row.id}"])
    assert ended(world, lasting)
    with world.changes_nothing():
        assert world.write(access.revoke_api_token, world.actor("viewer"), lasting.row.id) == row


def test_a_read_only_token_reads(world: World) -> None:
    issued = token(world, world.actor("owner"), read_only=True)
    actor = through(world, issued)
    assert actor.operations == frozenset({"*:read"})
    with world.refuses(ForbiddenError, "scope_missing"):
        token(world, actor)


def test_a_token_never_allows_more_than_the_secret_key_it_is_made_with(world: World) -> None:
    narrow = world.key(
        "editor",
        workspace_id=world.one,
        operations=("keys:write", "installs:read"),
        expires_at="2026-03-01T18:00:00.000000Z",
    )
    actor = through(world, narrow)
    made = token(world, actor).row
    assert (made.workspace_id, made.expires_at) == (world.one, "2026-03-01T18:00:00.000000Z")
    assert made.operations == msgspec.Raw(b'["installs:read","keys:write"]')
    with world.refuses(access.ScopeExceededError, "scope_exceeded"):
        token(world, actor, expires_at="2026-03-02T18:00:00.000000Z")
    with world.refuses(access.ScopeExceededError, "scope_exceeded"):
        token(world, actor, read_only=True)


def test_what_makes_no_keys_makes_no_tokens(world: World) -> None:
    secret = through(world, world.key("owner"))
    request = access.CreateToken(workspace_id=world.one)
    weak = [
        world.key("owner", kind="publishable", operations=("*",)),
        world.write(lambda tx: access.create_token(tx, secret, request, pepper=PEPPER)),
        token(world, secret),
    ]
    for issued in weak:
        with world.refuses(access.SecretKeyRequiredError, "secret_key_required"):
            token(world, through(world, issued))
    session = opened(world, "owner")
    actor = through(world, session)
    world.write(access.close_session, actor)
    with world.refuses(UnauthenticatedError):
        token(world, actor)


@pytest.mark.parametrize(
    ("changes", "path"),
    [({"name": " "}, "name"), ({"expires_at": NOW}, "expiresAt"), ({"dialect": "gestal"}, "dialect")],
)
def test_a_malformed_token_is_refused(still_world: World, changes: dict[str, Any], path: str) -> None:
    with still_world.refuses(InvalidRequestError, path=path):
        token(still_world, still_world.actor("viewer"), **changes)


def test_tokens_are_seen_and_revoked_by_whose_they_are(world: World) -> None:
    mine = token(world, world.actor("viewer")).row
    token(world, world.actor("plain"))
    world.key("viewer")
    page = world.read(lambda tx: access.list_api_tokens(tx, world.actor("viewer"), ListQuery()))
    assert page.rows == [mine]
    assert world.read(access.get_api_token, world.actor("viewer"), mine.id) == mine
    for name in ("plain", "boss", "stranger"):
        with pytest.raises(NotFoundError):
            world.read(access.get_api_token, world.actor(name), mine.id)
        with world.refuses(NotFoundError):
            world.write(access.revoke_api_token, world.actor(name), mine.id)
    key = world.key("viewer")
    with world.refuses(NotFoundError):
        world.write(access.revoke_api_token, world.actor("viewer"), key.row.id)
    assert world.write(access.revoke_key, world.actor("boss"), mine.id).revoked_at == NOW
