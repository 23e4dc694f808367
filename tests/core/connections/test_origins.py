"""Whoever may edit an integration cannot have its users' credentials sent anywhere they did not agree to."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.core.connections.desk import Desk, oauth2
from tests.simulated import Simulated, serving
from trunkline.core import connections
from trunkline.core.connections import ConnectionRow, ConnectionSuspendedError, NeedsReauthError
from trunkline.core.connections.errors import NothingToConfirmError, OriginsDifferError
from trunkline.core.connections.standing import read_configuration, read_standing
from trunkline.infra.db import Tx
from trunkline.kit.errors import ForbiddenError, NotFoundError


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Simulated]:
    """A server of whoever wants other people's credentials."""
    with serving() as served:
        yield served


def named(desk: Desk, connection_id: str) -> list[str]:
    """Everybody the connection's integration names now."""

    def work(tx: Tx) -> list[str]:
        return list(read_configuration(tx, read_standing(tx, connection_id)).origins)

    return desk.world.read(work)


def confirm(
    desk: Desk, connection_id: str, user: str = "editor", origins: list[str] | None = None
) -> ConnectionRow:
    shown = named(desk, connection_id) if origins is None else origins
    return desk.run(connections.confirm_origins(desk.env, desk.actor(user), connection_id, shown))


MEMBERS = ["apiBaseUri", "tokenUri", "revocationUri", "authUri"]


@pytest.mark.parametrize("member", MEMBERS)
def test_naming_another_server_suspends_the_connection_and_sends_it_nothing(
    desk: Desk, elsewhere: Simulated, member: str
) -> None:
    integration = desk.integration()
    row = desk.authorize(integration)
    desk.later(seconds=301)  # it would have to be refreshed, too
    desk.edit(integration, **{member: f"{elsewhere.url}/take"})
    for _ in range(2):
        with pytest.raises(ConnectionSuspendedError):
            desk.use(row.id)
    assert desk.status(row.id) == ("suspended", "origin_changed")
    assert desk.happened(row.id) == ["created", "suspended"]
    told = "SELECT p.data FROM event_payloads p JOIN events e ON e.id = p.event_id WHERE e.type = :t AND e.subject_id = :id"
    data = json.loads(desk.world.read(lambda tx: tx.value(told, t="connection.suspended", id=row.id)))
    assert data == {"name": row.name, "reason": "origin_changed", "origins": [elsewhere.url]}
    assert desk.refreshes() == {}
    assert elsewhere.admin("GET", "/simulator/statistics")["tokenCalls"]["total"] == 0


def test_another_host_to_call_suspends_too(desk: Desk) -> None:
    integration = desk.integration()
    row = desk.authorize(integration)
    desk.edit(integration, allowedHosts=["files.example"])
    with pytest.raises(ConnectionSuspendedError, match="names https://files"):
        desk.use(row.id)


def test_fewer_servers_and_other_paths_change_nothing(desk: Desk) -> None:
    integration = desk.integration()
    row = desk.authorize(integration)
    desk.edit(integration, revocationUri=None, apiBaseUri=f"{desk.simulated.url}/crm/v2")
    assert desk.use(row.id).base_url == f"{desk.simulated.url}/crm/v2"
    assert desk.status(row.id) == ("ok", None)


def test_the_background_sends_nothing_either(desk: Desk, elsewhere: Simulated) -> None:
    integration = desk.integration()
    row = desk.authorize(integration)
    desk.edit(integration, tokenUri=f"{elsewhere.url}/oauth/token")
    desk.later(days=7)
    assert desk.tend() == 1
    assert desk.status(row.id) == ("suspended", "origin_changed")
    assert desk.tend() == 0


def test_the_owner_confirms_and_it_works_again(desk: Desk, elsewhere: Simulated) -> None:
    integration = desk.integration()
    row = desk.authorize(integration)
    desk.edit(integration, apiBaseUri=f"{elsewhere.url}/crm")
    with pytest.raises(ConnectionSuspendedError):
        desk.use(row.id)
    confirmed = confirm(desk, row.id)
    assert (confirmed.status, confirmed.reason) == ("ok", None)
    assert json.loads(bytes(confirmed.origins)) == sorted([desk.simulated.url, elsewhere.url])
    assert desk.use(row.id).base_url == f"{elsewhere.url}/crm"
    assert desk.happened(row.id) == ["created", "suspended", "origins_confirmed", "resumed"]
    with pytest.raises(NothingToConfirmError):
        confirm(desk, row.id)


def test_only_the_owner_confirms(desk: Desk) -> None:
    own = desk.integration(oauth2(desk.simulated, desk.client, mode="per_user"))
    row = desk.authorize(own, "viewer")
    desk.edit(own, allowedHosts=["files.example"])
    with pytest.raises(ConnectionSuspendedError):
        desk.use(row.id, "viewer")
    for user in ("admin", "boss", "owner"):
        with pytest.raises(ForbiddenError, match="another user's own"):
            confirm(desk, row.id, user)
    for user in ("editor", "stranger"):
        with pytest.raises(NotFoundError):
            confirm(desk, row.id, user)
    assert confirm(desk, row.id, "viewer").status == "ok"
    shared = desk.integration()
    other = desk.authorize(shared)
    desk.edit(shared, allowedHosts=["files.example"])
    with pytest.raises(ForbiddenError):
        confirm(desk, other.id, "viewer")


def test_consent_is_to_the_servers_it_names_and_to_no_others(desk: Desk) -> None:
    integration = desk.integration()
    row = desk.authorize(integration)
    desk.edit(integration, allowedHosts=["files.example"])
    for _ in range(2):  # whoever finds it suspended is told like whoever finds out
        with pytest.raises(ConnectionSuspendedError, match=r"names https://files\.example;") as suspended:
            desk.use(row.id)
        told = [problem.message for problem in suspended.value.details]
        assert told == [desk.simulated.url, "https://files.example"]
    desk.edit(integration, allowedHosts=["evil.example"])
    now = [desk.simulated.url, "https://evil.example"]
    for origins in (told, [], now[:1], [*now, "https://more.example"]):
        with pytest.raises(OriginsDifferError) as refused:
            confirm(desk, row.id, origins=origins)
        assert [problem.message for problem in refused.value.details] == now
        assert [problem.path for problem in refused.value.details] == ["origins[0]", "origins[1]"]
    assert desk.status(row.id) == ("suspended", "origin_changed")
    assert bytes(desk.get(row.id).origins).decode() == f'["{desk.simulated.url}"]'
    confirmed = confirm(desk, row.id, origins=now[::-1])
    assert (confirmed.status, json.loads(bytes(confirmed.origins))) == ("ok", now)


def test_undoing_the_change_is_confirmed_without_anything_new(desk: Desk) -> None:
    integration = desk.integration()
    row = desk.authorize(integration)
    desk.edit(integration, allowedHosts=["files.example"])
    with pytest.raises(ConnectionSuspendedError):
        desk.use(row.id)
    desk.edit(integration, allowedHosts=None)
    assert confirm(desk, row.id).status == "ok"


def test_a_draft_reaches_nobody_elsewhere_before_it_is_published(desk: Desk) -> None:
    integration = desk.integration()
    desk.publish(integration)
    finished = desk.finish(desk.consent(desk.start(integration, "stranger", workspace_id=desk.world.far)))
    assert finished.connection_id is not None
    desk.edit(integration, allowedHosts=["files.example"])
    assert desk.use(finished.connection_id, "stranger").generation == 1
    desk.publish(integration)
    with pytest.raises(ConnectionSuspendedError):
        desk.use(finished.connection_id, "stranger")


def test_more_scopes_leave_it_working_with_the_old_ones_and_say_so(desk: Desk) -> None:
    integration = desk.integration(oauth2(desk.simulated, desk.client, scope="crm.read"))
    row = desk.authorize(integration)
    assert row.reason is None
    desk.edit(integration, scope="crm.read crm.write")
    desk.later(seconds=301)
    assert desk.works(desk.token(row.id)) == 200
    assert desk.status(row.id) == ("ok", "missing_scope")
    again = desk.authorize(integration, connection_id=row.id)
    assert (again.reason, bytes(again.scopes)) == (None, b'["crm.read","crm.write"]')


def test_authenticating_in_another_way_takes_the_owner(desk: Desk) -> None:
    integration = desk.integration()
    row = desk.authorize(integration)
    desk.edit(integration, type="bearer")
    with pytest.raises(NeedsReauthError, match="another way"):
        desk.use(row.id)
    assert desk.status(row.id) == ("needs_reauth", "scheme_changed")


def test_a_credential_that_cannot_be_opened_is_left_to_its_owner(desk: Desk) -> None:
    integration = desk.integration()
    row, other = desk.authorize(integration), desk.authorize(integration)
    desk.put(row.id, credential=desk.columns(other.id, "credential"))
    with pytest.raises(NeedsReauthError, match="cannot be opened"):
        desk.use(row.id)
    assert desk.status(row.id) == ("needs_reauth", "credential_unreadable")
    assert desk.authorize(integration, connection_id=row.id).status == "ok"
