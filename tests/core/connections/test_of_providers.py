"""Connections of a provider itself: in a workspace of one's own, and in groups, for consumers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.core.connections.desk import LIFE, Desk
from tests.core.connections.offering import KEY, by_key, consumer, define, group
from trunkline.core import connections, integrations, workspaces
from trunkline.core.connections import (
    InvalidStateError,
    NotConnectableError,
    NothingToConnectError,
    WrongAccountError,
)
from trunkline.core.connections.invariants import connection_findings
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor
from trunkline.kit.errors import ForbiddenError, InvalidRequestError, NotFoundError
from trunkline.kit.ids import new_id
from trunkline.kit.secret import Secret


def test_a_provider_is_connected_used_refreshed_and_revoked_without_an_integration(desk: Desk) -> None:
    provider = define(desk)
    row = desk.authorize(None, provider=provider, mode="shared")
    assert (row.integration_id, row.provider, row.consumer_id) == (None, provider, None)
    assert (row.status, row.scheme, row.grant_type, row.mode) == (
        "ok",
        "oauth2",
        "authorization_code",
        "shared",
    )
    assert desk.works(desk.token(row.id)) == 200
    desk.later(seconds=LIFE.total_seconds())
    assert desk.works(desk.token(row.id)) == 200
    assert desk.refreshes() == {"issued": 1}
    desk.world.write(lambda tx: connections.disconnect_connection(tx, desk.actor("editor"), row.id))
    assert desk.revoke() == 1
    assert desk.columns(row.id, "revocation") == "done"
    assert None not in desk.families()
    assert desk.happened(row.id) == ["created", "disconnected", "revocation_finished"]


def test_connecting_again_keeps_the_id_and_everything_that_uses_it(desk: Desk) -> None:
    provider = define(desk)
    row = desk.authorize(None, provider=provider, mode="shared")
    again = desk.authorize(None, provider=provider, connection_id=row.id)
    assert (again.id, again.generation, again.provider) == (row.id, 2, provider)
    desk.world.write(lambda tx: connections.disconnect_connection(tx, desk.actor("editor"), row.id))
    with pytest.raises(NotFoundError):
        desk.use(row.id)
    revived = desk.authorize(None, "admin", provider=provider, connection_id=row.id)
    assert (revived.id, revived.status, revived.deleted_at) == (row.id, "ok", None)


def test_what_was_connected_is_told_with_its_provider(desk: Desk) -> None:
    row = desk.connect(None, provider=by_key(desk), credentials={"apiKey": KEY}, mode="shared")
    sql = "SELECT p.data FROM event_payloads p JOIN events e ON e.id = p.event_id WHERE e.subject_id = :id"
    (data,) = desk.world.read(lambda tx: tx.column(sql, id=row.id))
    assert json.loads(data) == {"name": row.name, "provider": row.provider, "status": "ok"}


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({}, "provider: name an integration or a provider, and not both"),
        ({"provider": "no-such-provider"}, "provider: no provider is called so"),
        ({"provider": ""}, "provider: no provider is called so"),
    ],
)
def test_one_thing_is_connected_that_there_is(desk: Desk, asked: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        desk.connect(None, **asked)
    assert caught.value.message == told
    with pytest.raises(InvalidRequestError) as caught:
        desk.start(None, **asked)
    assert caught.value.message == told
    assert desk.count("connections") == desk.count("oauth_states") == 0


def test_an_integration_and_a_provider_at_once_are_refused(desk: Desk) -> None:
    with pytest.raises(InvalidRequestError, match="and not both"):
        desk.connect(desk.integration(), provider=define(desk), credentials={"refreshToken": "x"})


def test_only_who_may_connect_there_does(desk: Desk) -> None:
    provider = by_key(desk)
    given = {"provider": provider, "credentials": {"apiKey": KEY}}
    with pytest.raises(ForbiddenError):
        desk.connect(None, "viewer", mode="shared", **given)
    for user in ("other", "stranger"):
        with pytest.raises(NotFoundError):
            desk.connect(None, user, mode="shared", **given)
    own = desk.connect(None, "viewer", **given)
    assert (own.mode, own.user_id) == ("per_user", desk.world.users["viewer"])
    with pytest.raises(NotFoundError):
        desk.use(own.id, "editor")


def test_another_tenants_provider_is_no_provider(desk: Desk) -> None:
    given = {"provider": by_key(desk), "credentials": {"apiKey": KEY}, "mode": "shared"}
    with pytest.raises(InvalidRequestError, match="no provider is called so"):
        desk.connect(None, "stranger", workspace_id=desk.world.far, **given)


def test_a_group_connects_with_the_app_of_its_project(desk: Desk) -> None:
    provider, place, bob = define(desk), group(desk), consumer(desk)
    editor = desk.world.project("editor")
    assert desk.actor("editor").administered == ()
    row = desk.authorize(None, editor, provider=provider, workspace_id=place, consumer_id=bob)
    assert (row.workspace_id, row.consumer_id, row.user_id, row.mode) == (place, bob, None, "shared")
    assert row.created_by == desk.world.users["editor"]
    assert desk.works(desk.token(row.id, editor)) == 200
    with pytest.raises(NotFoundError):
        desk.use(row.id, "editor")  # unbound, the editor has no part in groups


def test_nobody_has_a_connection_of_their_own_in_a_group(desk: Desk) -> None:
    with pytest.raises(InvalidRequestError, match="shared connections only"):
        desk.connect(
            None,
            "boss",
            provider=by_key(desk),
            workspace_id=group(desk),
            credentials={"apiKey": KEY},
            mode="per_user",
        )


def test_whoever_lost_the_project_meanwhile_does_not_finish(own_desk: Desk) -> None:
    desk = own_desk
    provider, place = define(desk), group(desk)
    said = desk.consent(desk.start(None, desk.world.project("editor"), provider=provider, workspace_id=place))
    membership = desk.world.member_id(desk.world.one, "editor")
    desk.world.write(lambda tx: tx.run("DELETE FROM workspace_members WHERE id = :id", id=membership))
    finished = desk.finish(said)
    assert (finished.connection_id, finished.error) == (None, "not_found")
    assert desk.count("connections") == 0


def test_a_consumer_has_one_connection_where_one_is_asked_for(desk: Desk) -> None:
    provider, place = by_key(desk), group(desk)
    people = {ref: consumer(desk, ref) for ref in ("bob", "eve")}
    editor = desk.world.project("editor")

    def connected(consumer_id: str | None, key: str = KEY, **more: Any) -> str:
        given = {"provider": provider, "workspace_id": place, "credentials": {"apiKey": key}}
        return desk.connect(None, editor, consumer_id=consumer_id, singular=True, **{**given, **more}).id

    bob, eve, nobody = connected(people["bob"]), connected(people["eve"]), connected(None)
    assert len({bob, eve, nobody}) == 3
    assert connected(people["bob"], metadata={"noted": 1}) == bob
    assert connected(people["bob"]) == bob
    assert json.loads(desk.columns(bob, "metadata")) == {"noted": 1}
    assert connected(None) == nobody
    assert connected(people["bob"], workspace_id=group(desk, "another")) not in {bob, eve, nobody}
    assert connected(people["bob"], provider=by_key(desk, "-too")) not in {bob, eve, nobody}
    assert desk.columns(bob, "generation") == 3

    def through(tx: Tx, consumer_id: str | None, actor: Actor) -> str | None:
        found = connections.connection_through(tx, actor, provider, place, consumer_id)
        return None if found is None else found.id

    assert desk.world.read(through, people["bob"], editor) == bob
    assert desk.world.read(through, None, editor) == nobody
    assert desk.world.read(through, people["bob"], desk.actor("stranger")) is None


def test_a_consumer_of_another_project_is_refused(desk: Desk) -> None:
    foreign = consumer(desk, "bob", desk.world.two)
    given = {"provider": define(desk), "workspace_id": group(desk), "consumer_id": foreign}
    for asked in ({"credentials": {"refreshToken": "x"}}, {}):
        with pytest.raises(NotFoundError, match="consumer"):
            desk.connect(None, desk.world.project("editor"), **given, **asked)
    with pytest.raises(NotFoundError, match="consumer"):
        desk.start(None, desk.world.project("editor"), **given)
    with pytest.raises(NotFoundError, match="consumer"):
        desk.connect(None, desk.world.project("editor"), **{**given, "consumer_id": new_id()})


def test_without_an_app_there_is_nobody_to_connect_as(desk: Desk) -> None:
    provider = define(desk)
    sql = "UPDATE provider_apps SET deleted_at = :now WHERE provider = :provider"
    desk.world.write(lambda tx: tx.run(sql, now=tx.now, provider=provider))
    told = f"the provider {provider} has no client id, nor is there a provider app"
    with pytest.raises(NotConnectableError, match=told):
        desk.start(None, provider=provider, mode="shared")


def test_a_provider_that_is_gone_or_has_changed_stops_its_connections(desk: Desk) -> None:
    provider = by_key(desk)
    row = desk.connect(None, provider=provider, credentials={"apiKey": KEY}, mode="shared")
    elsewhere = "UPDATE providers SET base_url = 'https://elsewhere.example' WHERE name = :name"
    desk.world.write(lambda tx: tx.run(elsewhere, name=provider))
    with pytest.raises(connections.ConnectionSuspendedError, match=r"https://elsewhere\.example"):
        desk.use(row.id)
    assert desk.status(row.id) == ("suspended", "origin_changed")
    desk.put(row.id, status="ok", reason=None)
    desk.world.write(lambda tx: tx.run("DELETE FROM providers WHERE name = :name", name=provider))
    with pytest.raises(NotConnectableError, match=f"the provider {provider} does not exist any more"):
        desk.use(row.id)


# Who began it


def test_the_page_that_began_is_known_at_the_end(desk: Desk) -> None:
    url = desk.start(None, provider=define(desk), mode="shared", opener="https://App.example/settings?x=1")
    finished = desk.finish(desk.consent(url))
    assert (finished.opener, finished.integration_id) == ("https://app.example", None)
    with pytest.raises(InvalidRequestError, match="opener"):
        desk.start(None, provider=define(desk, suffix="-2"), mode="shared", opener="null")


def test_a_provider_that_changed_meanwhile_gets_no_code(desk: Desk) -> None:
    provider = define(desk)
    said = desk.consent(desk.start(None, provider=provider, mode="shared"))
    sql = "UPDATE providers SET definition = replace(definition, '/oauth/token', '/oauth/other') WHERE name = :name"
    desk.world.write(lambda tx: tx.run(sql, name=provider))
    with pytest.raises(InvalidStateError, match=f"the provider {provider} has changed"):
        desk.finish(said)
    assert desk.client.token_calls("authorization_code") == {}


def test_what_takes_a_key_is_not_authorized(desk: Desk) -> None:
    with pytest.raises(NothingToConnectError, match="is not connected by authorization"):
        desk.start(None, provider=by_key(desk), mode="shared")


# What uses it


def usable(desk: Desk, connection_id: str, integration_id: str) -> str:
    place = {"workspace_id": desk.world.one, "integration_id": integration_id}
    return desk.world.read(
        lambda tx: connections.require_usable(tx, desk.actor("editor"), connection_id, **place)
    )


def test_installs_use_it_whose_integration_names_the_provider(desk: Desk) -> None:
    provider, other = by_key(desk), by_key(desk, "-other")
    row = desk.connect(None, provider=provider, credentials={"apiKey": KEY}, mode="shared")
    assert usable(desk, row.id, desk.integration({"provider": provider}, secret=False)) == "api_key"
    for config in ({"provider": other}, {"type": "api_key"}):
        with pytest.raises(NotFoundError):
            usable(desk, row.id, desk.integration(config, secret=False))


def test_what_lost_its_integration_is_no_connection_of_the_provider(own_desk: Desk) -> None:
    desk = own_desk
    provider = define(desk)
    integration = desk.integration({"provider": provider, "mode": "shared"}, secret=False)
    row = desk.authorize(integration)
    owner = desk.actor("owner")
    desk.world.write(lambda tx: integrations.delete_integration(tx, owner, integration))
    desk.world.write(lambda tx: integrations.purge_integration(tx, owner, integration))
    assert desk.columns(row.id, "integration_id", "provider", "status") == (None, None, "disconnected")
    with pytest.raises(NotFoundError):
        desk.run(connections.reconnect(desk.env, desk.actor("admin"), row.id, {"refreshToken": Secret("x")}))
    with pytest.raises(NotFoundError):
        desk.start(None, "admin", provider=provider, connection_id=row.id)


def test_another_account_is_not_put_in_its_place(desk: Desk) -> None:
    provider = define(desk)
    row = desk.authorize(None, provider=provider, mode="shared")
    desk.put(row.id, account='{"id":"somebody-else"}')
    finished = desk.finish(desk.consent(desk.start(None, provider=provider, mode="shared", singular=True)))
    assert finished.error == WrongAccountError.code
    assert desk.columns(row.id, "generation") == 1


def test_verify_finds_what_is_to_nothing_and_who_is_nobodys(desk: Desk) -> None:
    row = desk.connect(None, provider=by_key(desk), credentials={"apiKey": KEY}, mode="shared")
    assert desk.world.read(lambda tx: list(connection_findings(tx))) == []
    foreign = consumer(desk, "bob", desk.world.two)
    desk.put(row.id, provider=None, consumer_id=foreign)
    found = desk.world.read(lambda tx: [one.message for one in connection_findings(tx)])
    assert found == ["it is said to work and is to nothing", "it is for a consumer of another project"]


def test_it_goes_with_its_project(own_desk: Desk) -> None:
    desk = own_desk
    place, bob = group(desk), consumer(desk)
    desk.connect(
        None,
        desk.world.project("editor"),
        provider=by_key(desk),
        workspace_id=place,
        consumer_id=bob,
        credentials={"apiKey": KEY},
    )
    desk.start(None, desk.world.project("editor"), provider=define(desk, suffix="-2"), workspace_id=place)
    owner = desk.actor("owner")
    desk.world.write(lambda tx: workspaces.delete_workspace(tx, owner, desk.world.one))
    desk.world.write(lambda tx: workspaces.purge_workspace(tx, owner, desk.world.one))
    assert [desk.count(name) for name in ("connections", "oauth_states", "consumers")] == [0, 0, 0]
