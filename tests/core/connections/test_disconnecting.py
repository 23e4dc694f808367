"""Ending connections: at once here, as soon as it can be at the provider, and honestly told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tests.core.access.world import SYSTEM
from tests.core.connections.answering import Answering
from tests.core.connections.desk import CALLBACK, Desk, oauth2
from tests.core.connections.offering import define, group
from trunkline.core import access, connections, integrations, workspaces
from trunkline.core.connections import (
    ConnectionRow,
    ConnectionSuspendedError,
    CredentialDestroyedError,
    InvalidStateError,
)
from trunkline.core.connections.tables import connection_revocations
from trunkline.infra.db import Tx
from trunkline.kit.actor import system_actor
from trunkline.kit.errors import ForbiddenError, NotFoundError


def disconnect(desk: Desk, connection_id: str, user: str = "editor") -> ConnectionRow:
    return desk.run(connections.disconnect(desk.env, desk.actor(user), connection_id))


def queued(desk: Desk) -> list[tuple[str, int, str | None, bool]]:
    sql = "SELECT state, attempts, last_error, credential IS NULL FROM connection_revocations ORDER BY id"
    return [(s, n, e, bool(gone)) for s, n, e, gone in desk.world.read(lambda tx: tx.fetch(sql, {}))]


def test_a_disconnected_connection_holds_nothing_and_is_revoked(desk: Desk) -> None:
    row = desk.authorize(desk.integration())
    token = desk.token(row.id)
    ended = disconnect(desk, row.id)
    assert (ended.status, ended.reason, ended.revocation) == ("disconnected", "disconnected", "queued")
    assert ended.deleted_at is not None
    assert desk.columns(row.id, "credential", "due_at", "lease_owner") == (None, None, None)
    with pytest.raises(NotFoundError):
        desk.use(row.id)
    assert desk.works(token) == 200
    assert desk.revoke() == 1
    assert desk.works(token) == 401
    assert desk.get(row.id).revocation == "done"
    assert None not in desk.families()
    assert queued(desk) == [("done", 1, None, True)]
    assert desk.happened(row.id) == ["created", "disconnected", "revocation_finished"]
    assert disconnect(desk, row.id).deleted_at == ended.deleted_at
    assert desk.happened(row.id)[-1] == "revocation_finished"


def test_the_job_that_revokes_holds_ids_and_nothing_else(desk: Desk) -> None:
    row = desk.authorize(desk.integration())
    disconnect(desk, row.id)
    found = desk.world.read(
        lambda tx: tx.fetch("SELECT kind, payload FROM jobs WHERE kind LIKE :k", {"k": "conn%"})
    )
    assert found == [("connections.revoke", f'{{"organizationId":"{desk.world.acme}"}}')]


def test_a_revocation_is_tried_for_hours_and_given_up_honestly(desk: Desk) -> None:
    row = desk.authorize(desk.integration())
    disconnect(desk, row.id)
    desk.client.faults("server-error", on=["revoke"])
    for number in range(1, 8):
        assert desk.revoke() == 1
        assert queued(desk) == [("queued", number, "status 503", False)]
        assert desk.revoke() == 0
        desk.later(hours=13)
    desk.revoke()
    assert queued(desk) == [("failed", 8, "status 503", True)]
    assert desk.get(row.id).revocation == "failed"


def test_a_revocation_that_failed_for_a_while_succeeds(desk: Desk) -> None:
    row = desk.authorize(desk.integration())
    disconnect(desk, row.id)
    desk.client.faults("server-error", "slow", on=["revoke"], times=1)
    desk.revoke()
    desk.later(minutes=2)
    desk.revoke()
    assert desk.get(row.id).revocation == "done"
    assert None not in desk.families()


def test_where_nobody_can_be_asked_it_says_so(desk: Desk) -> None:
    bare = desk.authorize(desk.integration(oauth2(desk.simulated, desk.client, revocationUri=None)))
    assert disconnect(desk, bare.id).revocation == "unsupported"
    config = {"type": "bearer", "apiBaseUri": f"{desk.simulated.url}/crm", "mode": "shared"}
    key = desk.connect(desk.integration(config, secret=False), credentials={"token": "demo-bearer-token"})
    assert disconnect(desk, key.id).revocation == "unsupported"
    assert queued(desk) == []


def test_a_revocation_endpoint_named_afterwards_is_not_shown_the_token(desk: Desk) -> None:
    integration = desk.integration()
    row = desk.authorize(integration)
    desk.edit(integration, revocationUri="https://evil.example/revoke")
    assert disconnect(desk, row.id).revocation == "unsupported"


BROUGHT = {"accessToken": "brought-along"}


def of_a_client(desk: Desk, **more: object) -> str:
    """An integration with a client and its secret, nobody to ask about a credential."""
    return desk.integration(oauth2(desk.simulated, desk.client, account=None, health=None, **more))


def of_an_app(desk: Desk, **more: object) -> str:
    """An integration that uses the provider app."""
    config = {"provider": define(desk, account=False), "mode": "shared", **more}
    return desk.integration(config, secret=False)


@pytest.mark.parametrize("make", [of_a_client, of_an_app])
def test_a_clients_secret_is_not_sent_to_a_revocation_endpoint_it_was_not_given_for(
    desk: Desk, answering: Answering, make: Callable[..., str]
) -> None:
    """The owner of the token has consented to the endpoint; whoever gave the secret has not."""
    integration = make(desk)
    desk.edit(integration, revocationUri=f"{answering.url}/revoke")
    row = desk.connect(integration, credentials=BROUGHT)
    assert disconnect(desk, row.id).revocation == "queued"
    assert desk.revoke() == 1
    client_id = desk.client.id if make is of_a_client else ""
    hint = {"token": "brought-along", "token_type_hint": "access_token"}
    assert answering.asked == [{**hint, "client_id": client_id}]


@pytest.mark.parametrize("make", [of_a_client, of_an_app])
def test_what_is_queued_already_is_asked_about_again_before_a_secret_is_sent(
    desk: Desk, answering: Answering, make: Callable[..., str]
) -> None:
    """As an earlier release queued it: with the secret, for whatever the integration named."""
    row = desk.connect(make(desk), credentials=BROUGHT)
    disconnect(desk, row.id)
    url = f"{answering.url}/revoke"
    desk.world.write(lambda tx: tx.update(connection_revocations, "TRUE", {}, url=url))
    assert desk.revoke() == 1
    assert [form["token"] for form in answering.asked] == ["brought-along"]
    assert not any("client_secret" in form for form in answering.asked)


def test_a_purged_groups_connections_are_revoked_as_the_provider_app(own_desk: Desk) -> None:
    desk = own_desk
    provider = define(desk)
    place = group(desk)
    row = desk.authorize(None, "owner", provider=provider, workspace_id=place)
    assert desk.works(desk.token(row.id, "owner")) == 200
    desk.world.write(lambda tx: workspaces.delete_workspace(tx, SYSTEM, place))
    desk.world.write(lambda tx: workspaces.purge_workspace(tx, SYSTEM, place))
    assert desk.count("connections") == 0
    assert desk.revoke() == 1
    assert queued(desk) == [("done", 1, None, True)]
    assert None not in desk.families()


def test_a_refresh_that_comes_back_after_the_end_stores_nothing_and_is_revoked(desk: Desk) -> None:
    row = desk.authorize(desk.integration())
    desk.later(seconds=301)
    desk.client.faults("answer-held", on=["token"], times=1)

    async def ended_meanwhile() -> None:
        editor = desk.actor("editor")
        asking = asyncio.create_task(connections.authorized(desk.env, editor, row.id))
        await asyncio.to_thread(desk.simulated.admin, "GET", "/simulator/held?atLeast=1")
        await connections.disconnect(desk.env, editor, row.id)
        await asyncio.to_thread(desk.simulated.admin, "POST", "/simulator/release")
        with pytest.raises((CredentialDestroyedError, NotFoundError)):
            await asking

    desk.run(ended_meanwhile())
    assert desk.columns(row.id, "credential", "status") == (None, "disconnected")
    assert [state for state, *_ in queued(desk)] == ["queued", "queued"]
    while desk.revoke():
        desk.later(hours=13)
    assert None not in desk.families()


def test_a_disconnected_connection_can_be_connected_again_and_the_old_grant_is_left_alone(desk: Desk) -> None:
    """To many providers both are one grant, and revoking the old token would end the new one."""
    integration = desk.integration()
    row = desk.authorize(integration, name="Our CRM")
    disconnect(desk, row.id)
    again = desk.authorize(integration, connection_id=row.id)
    assert (again.id, again.name, again.status, again.deleted_at) == (row.id, "Our CRM", "ok", None)
    assert (again.revocation, again.retention_tier) == (None, None)
    assert queued(desk) == [("failed", 0, "connected again before it was revoked", True)]
    assert desk.revoke() == 0
    assert desk.works(desk.token(row.id)) == 200


def test_an_unfinished_authorization_does_not_revive_it(desk: Desk) -> None:
    integration = desk.integration()
    row = desk.authorize(integration)
    said = desk.consent(desk.start(integration, connection_id=row.id))
    disconnect(desk, row.id)
    with pytest.raises(InvalidStateError):
        desk.finish(said)
    assert desk.get(row.id).status == "disconnected"


def test_who_may_disconnect(desk: Desk) -> None:
    shared = desk.authorize(desk.integration())
    own = desk.authorize(desk.integration(oauth2(desk.simulated, desk.client, mode="per_user")), "viewer")
    with pytest.raises(ForbiddenError):
        disconnect(desk, shared.id, "viewer")
    for user in ("editor", "other", "stranger"):
        with pytest.raises(NotFoundError):
            disconnect(desk, own.id, user)
    assert disconnect(desk, own.id, "admin").status == "disconnected"
    assert disconnect(desk, shared.id, "editor").status == "disconnected"


def test_a_publisher_ends_all_connections_wherever_they_are(desk: Desk) -> None:
    integration = desk.integration()
    desk.publish(integration)
    here = [desk.authorize(integration).id for _ in range(3)]
    there = desk.finish(desk.consent(desk.start(integration, "stranger", workspace_id=desk.world.far)))
    untouched = desk.authorize(desk.integration())
    with pytest.raises(ForbiddenError):
        desk.run(connections.disconnect_all(desk.env, desk.actor("editor"), integration))
    assert desk.run(connections.disconnect_all(desk.env, desk.actor("admin"), integration)) == 4
    assert desk.run(connections.disconnect_all(desk.env, desk.actor("admin"), integration)) == 0
    for connection_id in (*here, str(there.connection_id)):
        assert desk.status(connection_id) == ("disconnected", "ended_by_publisher")
    actor = "SELECT actor_user_id FROM audit_entries WHERE subject_id = :id AND action = 'connection.disconnected'"
    assert desk.world.read(lambda tx: tx.value(actor, id=there.connection_id)) == ""
    assert desk.world.read(lambda tx: tx.value(actor, id=here[0])) == desk.world.users["admin"]
    assert desk.status(untouched.id) == ("ok", None)
    assert desk.revoke() == 4
    assert desk.families().count(None) == 1


def test_a_purged_integration_takes_its_connections_secrets_and_authorizations(own_desk: Desk) -> None:
    desk = own_desk
    integration = desk.integration()
    row, gone = desk.authorize(integration), desk.authorize(integration)
    disconnect(desk, gone.id)
    desk.start(integration)
    owner = desk.actor("owner")

    def purge(tx: Tx) -> None:
        integrations.delete_integration(tx, owner, integration)
        integrations.purge_integration(tx, owner, integration)

    assert desk.works(desk.token(row.id)) == 200
    desk.world.write(purge)
    after = desk.get(row.id)
    assert (after.status, after.reason, after.integration_id) == ("disconnected", "integration_removed", None)
    assert desk.get(gone.id).integration_id is None
    for table in ("oauth_states", "integration_secrets"):
        assert desk.count(table) == 0
    assert desk.revoke() == 2
    assert [state for state, *_ in queued(desk)] == ["done", "done"]
    assert None not in desk.families()


def test_a_deleted_integrations_connections_go_on_working(own_desk: Desk) -> None:
    desk = own_desk
    integration = desk.integration()
    row = desk.authorize(integration)
    owner = desk.actor("owner")
    desk.world.write(lambda tx: integrations.delete_integration(tx, owner, integration))
    desk.later(seconds=301)
    assert desk.works(desk.token(row.id)) == 200
    with pytest.raises(NotFoundError):
        desk.start(integration)


def test_a_purged_workspace_leaves_no_credential_and_has_its_grants_revoked(own_desk: Desk) -> None:
    desk = own_desk
    integration = desk.integration()
    desk.publish(integration)
    desk.authorize(integration)
    elsewhere = desk.finish(desk.consent(desk.start(integration, "stranger", workspace_id=desk.world.far)))
    desk.start(integration)
    desk.world.write(lambda tx: workspaces.delete_workspace(tx, SYSTEM, desk.world.one))
    assert desk.revoke() == 0
    desk.world.write(lambda tx: workspaces.purge_workspace(tx, SYSTEM, desk.world.one))
    sql = "SELECT workspace_id, status FROM connections"
    assert desk.world.read(lambda tx: tx.fetch(sql, {})) == [(desk.world.far, "disconnected")]
    assert desk.get(str(elsewhere.connection_id), "stranger").reason == "integration_removed"
    for table in ("oauth_states", "integration_secrets"):
        assert desk.count(table) == 0
    assert desk.revoke() == 2
    assert None not in desk.families()
    assert [gone for *_, gone in queued(desk)] == [True, True]


def test_a_deleted_workspace_suspends_and_gives_back(own_desk: Desk) -> None:
    desk = own_desk
    row = desk.authorize(desk.integration())
    desk.world.write(lambda tx: workspaces.delete_workspace(tx, SYSTEM, desk.world.one))
    with pytest.raises(NotFoundError):
        desk.use(row.id, None)
    desk.later(days=8)
    assert desk.tend() <= 1
    desk.world.write(lambda tx: workspaces.restore_workspace(tx, SYSTEM, desk.world.one))
    assert desk.works(desk.token(row.id)) == 200


def test_an_inactive_users_own_connections_rest_until_they_are_back(own_desk: Desk) -> None:
    desk = own_desk
    integration = desk.integration(oauth2(desk.simulated, desk.client, mode="per_user"))
    own, shared = desk.authorize(integration, "viewer"), desk.authorize(integration, mode="shared")
    lost = desk.authorize(integration, "viewer")
    desk.put(lost.id, status="needs_reauth", reason="revoked")

    def active(value: bool) -> None:
        owner = desk.actor("owner")
        request = access.UpdateUser(id=desk.world.users["viewer"], active=value)
        desk.world.write(lambda tx: access.update_user(tx, owner, request))

    active(False)
    with pytest.raises(ConnectionSuspendedError, match="not active"):
        desk.use(own.id, None)
    assert desk.use(shared.id, "editor").generation == 1
    assert desk.status(lost.id) == ("needs_reauth", "revoked")
    active(True)
    assert desk.use(own.id, "viewer").generation == 1
    assert desk.status(own.id) == ("ok", None)
    assert desk.happened(own.id) == ["created", "suspended", "resumed"]
    assert desk.status(lost.id) == ("needs_reauth", "revoked")


def test_whoever_leaves_the_organization_leaves_no_grant_behind(own_desk: Desk) -> None:
    desk = own_desk
    integration = desk.integration(oauth2(desk.simulated, desk.client, mode="per_user"))
    row = desk.authorize(integration, "viewer")
    guest = system_actor("a test")

    def join_and_leave(tx: Tx) -> None:
        # Home members are deactivated instead, so the viewer becomes a guest first.
        sql = "UPDATE users SET organization_id = :rival WHERE id = :id"
        tx.run(sql, rival=desk.world.rival, id=desk.world.users["viewer"])
        access.remove_organization_member(tx, guest, desk.world.acme, desk.world.users["viewer"])

    desk.world.write(join_and_leave)
    assert desk.status(row.id) == ("disconnected", "membership_ended")
    assert desk.revoke() == 1
    assert None not in desk.families()


def test_purging_is_for_what_is_disconnected(desk: Desk) -> None:
    row = desk.authorize(desk.integration())
    admin = desk.actor("admin")
    with pytest.raises(access.NotDeletedError):
        desk.world.write(lambda tx: connections.purge_connection(tx, admin, row.id))
    disconnect(desk, row.id)
    editor = desk.actor("editor")
    with pytest.raises(ForbiddenError):
        desk.world.write(lambda tx: connections.purge_connection(tx, editor, row.id))
    desk.world.write(lambda tx: connections.purge_connection(tx, admin, row.id))
    with pytest.raises(NotFoundError):
        desk.get(row.id)
    assert desk.revoke() == 1
    assert queued(desk) == [("done", 1, None, True)]


def test_retention_finds_the_overdue(desk: Desk) -> None:
    row = desk.authorize(desk.integration())
    disconnect(desk, row.id)
    assert desk.world.read(lambda tx: connections.expired_connections(tx, 10)) == []
    desk.later(days=30)
    assert desk.world.read(lambda tx: connections.expired_connections(tx, 10)) == [row.id]
    assert desk.world.read(lambda tx: connections.expired_secrets(tx, 10)) == []


def test_a_public_clients_token_is_revoked_without_a_secret(desk: Desk) -> None:
    public = desk.simulated.client(CALLBACK, public=True)
    row = desk.authorize(desk.integration(oauth2(desk.simulated, public), secret=False))
    disconnect(desk, row.id)
    desk.revoke()
    assert desk.get(row.id).revocation == "done"
