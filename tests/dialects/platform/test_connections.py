from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.asgi import Response
from tests.browser import Browser
from tests.databases import Databases
from tests.dialects.platform.people import NOW, filtered, person, refusal, refused_at
from tests.instance import Instance
from tests.simulated import Simulated, SimulatedClient, serving
from trunkline import bootstrap
from trunkline.infra.db import Tx
from trunkline.infra.db.schema import metadata
from trunkline.infra.jobs import JobContext
from trunkline.kit.actor import system_actor

PUBLIC_URL = "https://hub.example"
CALLBACK = f"{PUBLIC_URL}/api/oauth/callback"
ACCOUNT = {"path": "/whoami", "id": "/id", "email": "/email", "name": "/displayName"}
KEY = "demo-api-key"


@pytest.fixture(scope="module")
def simulated() -> Iterator[Simulated]:
    with serving() as served:
        yield served


@pytest.fixture(params=["sqlite", "postgresql"])
def instance(
    request: pytest.FixtureRequest, databases: Databases, tmp_path: Path, simulated: Simulated
) -> Iterator[Instance]:
    """An instance that may reach the simulated service."""
    url = databases.sqlite() if request.param == "sqlite" else databases.postgresql()
    made = Instance(url, tmp_path, public_url=PUBLIC_URL, egress_allow=(simulated.host_port,))
    yield made
    made.close()
    databases.give_back(url)


@pytest.fixture
def client(simulated: Simulated) -> SimulatedClient:
    return simulated.client(CALLBACK)


def by_key(instance: Instance, simulated: Simulated) -> str:
    """An integration that is connected by pasting a key."""
    config = {"type": "api_key", "mode": "shared", "apiBaseUri": f"{simulated.url}/crm", "account": ACCOUNT}
    return str(instance.integration("crm", [], authConfig=config)["id"])


def by_page(instance: Instance, simulated: Simulated, client: SimulatedClient) -> str:
    """An integration that is connected by the provider's page."""
    config = {
        "type": "oauth2",
        "mode": "shared",
        "apiBaseUri": f"{simulated.url}/crm",
        "authUri": f"{simulated.url}/oauth/authorize",
        "tokenUri": f"{simulated.url}/oauth/token",
        "revocationUri": f"{simulated.url}/oauth/revoke",
        "clientId": client.id,
        "scope": "crm.read",
        "account": ACCOUNT,
    }
    made = str(instance.integration("crm", [], authConfig=config)["id"])
    instance.ok("PUT", f"/api/integrations/{made}/credentials", {"clientSecret": client.secret})
    return made


def wanted(instance: Instance, integration: str, **more: Any) -> dict[str, Any]:
    return {"integrationId": integration, "workspaceId": instance.workspace_id, **more}


def pasted(instance: Instance, integration: str, key: str = KEY, **more: Any) -> Any:
    body = wanted(instance, integration, credentials={"apiKey": key}, **more)
    return instance.ok("POST", "/api/connections", body)


def consent(simulated: Simulated, url: str) -> str:
    """Where the provider sends the browser back to."""
    parts = urlsplit(url)
    answer = simulated.request("GET", f"{parts.path}?{parts.query}")
    assert answer.headers["location"].startswith(CALLBACK)
    return answer.headers["location"]


def browser_of(instance: Instance) -> Browser:
    return Browser(lambda path, headers: instance.api("GET", path, token="", headers=headers))


def authorize(instance: Instance, simulated: Simulated, integration: str, **more: Any) -> Response:
    body = wanted(instance, integration, **more)
    url = instance.ok("POST", "/api/connections/authorize", body)["authorizationUrl"]
    browser = browser_of(instance)
    return browser.get(consent(simulated, browser.sent_on(url)))


def authorized(instance: Instance, simulated: Simulated, integration: str) -> Any:
    assert authorize(instance, simulated, integration).status == 200
    (row,) = instance.ok("GET", "/api/connections")["data"]
    return row


def run(instance: Instance, kind: str) -> None:
    context = JobContext(instance.database, {}, system_actor("a test"), instance.clock)
    bootstrap.handlers(instance.platform.services)[kind](context)


def test_a_pasted_credential_is_tested_and_never_shown(instance: Instance, simulated: Simulated) -> None:
    integration = by_key(instance, simulated)
    body = wanted(instance, integration, credentials={"apiKey": KEY}, metadata={"team": "sales"})
    answer = instance.api("POST", "/api/connections", body)
    made = answer.json
    assert answer.status == 201
    assert made == {
        "id": made["id"],
        "workspaceId": instance.workspace_id,
        "integrationId": integration,
        "provider": None,
        "userId": None,
        "mode": "shared",
        "scheme": "api_key",
        "grantType": None,
        "status": "ok",
        "reason": None,
        "name": "Ada Marsh",
        "hint": "…-key",
        "metadata": {"team": "sales"},
        "account": {"id": "user-ada", "email": "ada@crm.example", "displayName": "Ada Marsh"},
        "scopes": [],
        "origins": [simulated.url],
        "parameters": {},
        "refreshable": False,
        "accessExpiresAt": None,
        "refreshExpiresAt": None,
        "lastAuthorizedAt": NOW,
        "lastUsedAt": None,
        "revocation": None,
        "createdBy": f"usr_{instance.user_id}",
        "createdAt": NOW,
        "updatedAt": NOW,
        "deletedAt": None,
        "retentionTier": None,
    }
    assert made["id"].startswith("con_")
    assert instance.ok("GET", f"/api/connections/{made['id']}") == made
    assert [row["id"] for row in instance.ok("GET", "/api/connections")["data"]] == [made["id"]]
    assert KEY not in everything(instance)


def everything(instance: Instance) -> str:
    """Every row of every table."""

    def read(tx: Tx) -> str:
        names = [table.name for table in metadata.sorted_tables]
        return repr([tx.fetch(f"SELECT * FROM {name}", {}) for name in names])

    return instance.database.read_now(read)


def of_provider(instance: Instance, simulated: Simulated, **auth: Any) -> str:
    """The name of a provider of the organization's own."""
    body = {
        "organizationId": instance.organization_id,
        "name": "sim-crm",
        "displayName": "Sim CRM",
        "baseUrl": f"{simulated.url}/crm",
        "auth": auth,
        "account": {"path": "/whoami", "id": "/id", "email": "/email", "name": "/displayName"},
    }
    return str(instance.ok("POST", "/api/providers", body)["name"])


def test_a_provider_itself_is_connected_without_an_integration(
    instance: Instance, simulated: Simulated
) -> None:
    provider = of_provider(instance, simulated, scheme="api_key")
    body = {"workspaceId": instance.workspace_id, "provider": provider, "credentials": {"apiKey": KEY}}
    made = instance.ok("POST", "/api/connections", body)
    assert (made["provider"], made["integrationId"], made["scheme"]) == (provider, None, "api_key")
    assert instance.ok("GET", f"/api/connections/{made['id']}") == made
    assert [row["id"] for row in instance.ok("GET", f"/api/connections?provider={provider}")["data"]] == [
        made["id"]
    ]
    assert instance.api("GET", f"/api/connections/{made['id']}/proxy/whoami").status == 200
    again = instance.ok("POST", f"/api/connections/{made['id']}/reconnect", {"credentials": {"apiKey": KEY}})
    assert (again["id"], again["provider"]) == (made["id"], provider)
    integration = by_key(instance, simulated)
    for wrong in ({"integrationId": integration}, {"provider": None}, {"provider": "no-such-provider"}):
        assert refused_at(instance.api("POST", "/api/connections", {**body, **wrong})) == (400, ["provider"])
        assert refused_at(
            instance.api(
                "POST",
                "/api/connections/authorize",
                {"workspaceId": instance.workspace_id, "provider": provider, **wrong},
            )
        ) == (400, ["provider"])


def test_a_provider_is_authorized_with_the_workspaces_app(
    instance: Instance, simulated: Simulated, client: SimulatedClient
) -> None:
    url = simulated.url
    provider = of_provider(
        instance,
        simulated,
        scheme="oauth2",
        authorizationUrl=f"{url}/oauth/authorize",
        tokenUrl=f"{url}/oauth/token",
        defaultScopes=["crm.read"],
    )
    app = {"workspaceId": instance.workspace_id, "provider": provider, "clientId": client.id}
    instance.ok("POST", "/api/provider-apps", {**app, "clientSecret": client.secret})
    body = {"workspaceId": instance.workspace_id, "provider": provider}
    back = instance.ok("POST", "/api/connections/authorize", {**body, "returnTo": f"{PUBLIC_URL}/done"})
    browser = browser_of(instance)
    answer = browser.get(consent(simulated, browser.sent_on(back["authorizationUrl"])))
    (row,) = instance.ok("GET", "/api/connections")["data"]
    assert answer.headers["location"] == f"{PUBLIC_URL}/done?connectionId={row['id']}"
    assert (row["provider"], row["integrationId"], row["mode"]) == (provider, None, "per_user")


def test_an_access_token_granted_elsewhere_says_when_it_ends(
    instance: Instance, simulated: Simulated, client: SimulatedClient
) -> None:
    tokens = client.connect()
    credentials = {"accessToken": tokens["access_token"], "refreshToken": tokens["refresh_token"]}
    body = wanted(instance, by_page(instance, simulated, client), credentials=credentials)
    made = instance.ok("POST", "/api/connections", {**body, "accessExpiresAt": "2026-03-01T13:02:00+01:00"})
    assert made["accessExpiresAt"] == "2026-03-01T12:02:00.000Z"
    wrong = instance.api("POST", "/api/connections", {**body, "accessExpiresAt": "soon"})
    assert refused_at(wrong) == (400, ["accessExpiresAt"])


def test_a_refused_credential_is_a_400_and_nothing(instance: Instance, simulated: Simulated) -> None:
    integration = by_key(instance, simulated)
    body = wanted(instance, integration, credentials={"apiKey": "wrong"})
    assert refusal(instance.api("POST", "/api/connections", body)) == (400, "credential_refused")
    missing = instance.api("POST", "/api/connections", wanted(instance, integration))
    assert refused_at(missing) == (400, ["credentials.apiKey"])
    for unknown in ({"workspaceId": f"wsp_{'0' * 32}"}, {"integrationId": f"int_{'0' * 32}"}):
        assert instance.api("POST", "/api/connections", {**body, **unknown}).status == 404
    assert instance.count("SELECT count(*) FROM connections") == 0


def test_connecting_by_the_providers_page(
    instance: Instance, simulated: Simulated, client: SimulatedClient
) -> None:
    page = authorize(instance, simulated, by_page(instance, simulated, client))
    assert page.status == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert not re.search(rb"(?:src|href)=|<script", page.body)
    (row,) = instance.ok("GET", "/api/connections")["data"]
    assert (row["status"], row["scheme"], row["grantType"]) == ("ok", "oauth2", "authorization_code")
    assert (row["accessExpiresAt"], row["scopes"]) == ("2026-03-01T12:05:00.000Z", ["crm.read"])
    assert row["refreshable"] is True


def test_the_browser_returns_where_it_may(
    instance: Instance, simulated: Simulated, client: SimulatedClient
) -> None:
    integration = by_page(instance, simulated, client)
    back = authorize(instance, simulated, integration, returnTo=f"{PUBLIC_URL}/done?from=crm")
    (row,) = instance.ok("GET", "/api/connections")["data"]
    assert back.status == 302
    assert back.headers["location"] == f"{PUBLIC_URL}/done?from=crm&connectionId={row['id']}"
    assert back.headers["referrer-policy"] == "no-referrer"
    body = wanted(instance, integration, returnTo="https://evil.example/")
    assert refused_at(instance.api("POST", "/api/connections/authorize", body)) == (400, ["returnTo"])


def test_a_refusal_at_the_provider_is_told_to_whoever_asked(
    instance: Instance, simulated: Simulated, client: SimulatedClient
) -> None:
    integration = by_page(instance, simulated, client)

    def refused(**more: Any) -> Response:
        body = wanted(instance, integration, **more)
        url = instance.ok("POST", "/api/connections/authorize", body)["authorizationUrl"]
        browser = browser_of(instance)
        (state,) = parse_qs(urlsplit(browser.sent_on(url)).query)["state"]
        said = f"state={state}&error=access_denied&error_description=%3Cb%3Eno%3C%2Fb%3E"
        return browser.get(f"/api/oauth/callback?{said}")

    page = refused()
    assert b"&lt;b&gt;no&lt;/b&gt;" in page.body
    assert b"<b>" not in page.body
    told = parse_qs(urlsplit(refused(returnTo=f"{PUBLIC_URL}/done").headers["location"]).query)
    assert told == {"error": ["access_denied"], "message": ["the provider refused: <b>no</b>"]}
    assert instance.count("SELECT count(*) FROM connections") == 0


@pytest.mark.parametrize("query", ["", "state=", "state=x&code=y", "state=%FF%00&code=y", "code=y&unknown=1"])
def test_a_callback_nobody_started_is_a_400(instance: Instance, query: str) -> None:
    answer = instance.api("GET", f"/api/oauth/callback?{query}", token="")
    assert answer.status == 400
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


def test_a_connection_is_used_through_the_proxy_and_refreshed_on_the_way(
    instance: Instance, simulated: Simulated, client: SimulatedClient
) -> None:
    row = authorized(instance, simulated, by_page(instance, simulated, client))
    there = f"/api/connections/{row['id']}/proxy/whoami"
    assert instance.ok("GET", there)["id"] == "user-ada"
    simulated.admin("POST", "/simulator/expire", {"clientId": client.id})
    assert instance.ok("GET", there)["id"] == "user-ada"
    assert client.token_calls() == {"issued": 1}


def test_the_background_job_keeps_grants_alive(
    instance: Instance, simulated: Simulated, client: SimulatedClient
) -> None:
    authorized(instance, simulated, by_page(instance, simulated, client))
    run(instance, "connections.refresh_due")
    assert client.token_calls() == {}
    instance.clock.advance(timedelta(days=7))
    run(instance, "connections.refresh_due")
    assert client.token_calls() == {"issued": 1}
    assert instance.count("SELECT generation FROM connections") == 2


def test_the_background_job_forgets_what_nobody_finished(
    instance: Instance, simulated: Simulated, client: SimulatedClient
) -> None:
    integration = by_page(instance, simulated, client)
    instance.ok("POST", "/api/connections/authorize", wanted(instance, integration))
    run(instance, "connections.forget")
    assert instance.count("SELECT count(*) FROM oauth_states") == 1
    instance.clock.advance(timedelta(minutes=10))
    run(instance, "connections.forget")
    assert instance.count("SELECT count(*) FROM oauth_states") == 0


def test_disconnecting_revokes_and_connecting_again_keeps_the_install(
    instance: Instance, simulated: Simulated, client: SimulatedClient
) -> None:
    integration = by_page(instance, simulated, client)
    instance.publish(integration, "1.0.0")
    row = authorized(instance, simulated, integration)
    there = f"/api/connections/{row['id']}"
    install = instance.install(integration, authStateId=row["id"])
    assert install["authStateId"] == row["id"]
    key = {"idempotency-key": "once"}
    ended = instance.api("DELETE", there, headers=key).json
    assert (ended["status"], ended["reason"], ended["revocation"]) == (
        "disconnected",
        "disconnected",
        "queued",
    )
    assert instance.api("DELETE", there, headers=key).json == ended
    assert instance.ok("GET", "/api/connections")["data"] == []
    (trashed,) = instance.ok("GET", "/api/connections?include_deleted=only")["data"]
    assert trashed["id"] == row["id"]
    again = {"workspaceId": instance.workspace_id, "authStateId": row["id"]}
    assert instance.api("POST", f"/api/integrations/{integration}/install", again).status == 404
    run(instance, "connections.revoke")
    assert instance.ok("GET", there)["revocation"] == "done"
    assert refusal(instance.api("DELETE", f"{there}/purge")) == (409, "in_use")
    assert authorize(instance, simulated, integration, connectionId=row["id"]).status == 200
    revived = instance.ok("GET", there)
    assert (revived["status"], revived["revocation"], revived["deletedAt"]) == ("ok", None, None)
    path = filtered("/api/integration-installs", authState={"status": {"eq": "ok"}})
    assert [one["id"] for one in instance.ok("GET", path)["data"]] == [install["id"]]


def test_a_connection_that_was_revoked_says_whom_to_ask(
    instance: Instance, simulated: Simulated, client: SimulatedClient
) -> None:
    row = authorized(instance, simulated, by_page(instance, simulated, client))
    simulated.admin("POST", "/simulator/withdraw", {"clientId": client.id})
    answer = instance.api("GET", f"/api/connections/{row['id']}/proxy/whoami")
    assert refusal(answer) == (409, "connection_needs_reauth")
    assert "Ada Marsh must be connected again" in answer.json["error"]["message"]
    (listed,) = instance.ok("GET", "/api/connections?status=needs_reauth&reason=revoked")["data"]
    assert listed["id"] == row["id"]
    (event,) = instance.ok("GET", "/api/events?type=connection.needs_reauth")["data"]
    assert event["data"] == {"name": "Ada Marsh", "reason": "revoked"}


def test_testing_reconnecting_renaming_and_confirming(instance: Instance, simulated: Simulated) -> None:
    integration = by_key(instance, simulated)
    made = pasted(instance, integration)
    there = f"/api/connections/{made['id']}"
    probed = instance.ok("POST", f"{there}/test")
    assert (probed["verdict"], probed["upstreamStatus"]) == ("good", 200)
    assert probed["connection"]["id"] == made["id"]
    again = instance.ok("POST", f"{there}/reconnect", {"credentials": {"apiKey": KEY}})
    assert (again["id"], again["status"]) == (made["id"], "ok")
    assert instance.ok("PATCH", there, {"name": "Sales"})["name"] == "Sales"
    elsewhere = "https://elsewhere.example"
    agreed = {"origins": [elsewhere]}
    assert refusal(instance.api("POST", f"{there}/confirm-origins", agreed)) == (409, "nothing_to_confirm")
    changed = {"authConfig": {"type": "api_key", "mode": "shared", "apiBaseUri": elsewhere}}
    instance.ok("PATCH", f"/api/integrations/{integration}", changed)
    told = [{"path": "origins[0]", "message": elsewhere}]
    suspended = instance.api("GET", f"{there}/proxy/whoami")
    assert refusal(suspended) == (409, "connection_suspended")
    assert suspended.json["error"]["details"] == told
    assert instance.api("POST", f"{there}/confirm-origins").status == 400
    assert instance.api("POST", f"{there}/confirm-origins", {}).status == 400
    blind = instance.api("POST", f"{there}/confirm-origins", {"origins": [simulated.url]})
    assert refusal(blind) == (409, "origins_differ")
    assert blind.json["error"]["details"] == told
    confirmed = instance.ok("POST", f"{there}/confirm-origins", agreed)
    assert (confirmed["status"], confirmed["origins"]) == ("ok", [elsewhere])


def test_a_test_that_fails_leaves_a_pasted_credential_to_its_owner_until_one_succeeds(
    instance: Instance, simulated: Simulated
) -> None:
    key = "key-to-be-removed"
    simulated.admin("POST", "/simulator/credentials", {"kind": "api_key", "secret": key})
    made = pasted(instance, by_key(instance, simulated), key)
    simulated.admin("POST", "/simulator/credentials/remove", {"kind": "api_key", "name": key})
    probed = instance.ok("POST", f"/api/connections/{made['id']}/test")
    assert (probed["verdict"], probed["upstreamStatus"]) == ("refused", 401)
    refused = probed["connection"]
    assert (refused["status"], refused["reason"]) == ("needs_reauth", "credential_refused")
    simulated.admin("POST", "/simulator/credentials", {"kind": "api_key", "secret": key})
    probed = instance.ok("POST", f"/api/connections/{made['id']}/test")
    assert (probed["verdict"], probed["connection"]["status"], probed["connection"]["reason"]) == (
        "good",
        "ok",
        None,
    )


def test_an_integrations_secrets_are_told_but_not_shown(instance: Instance, simulated: Simulated) -> None:
    integration = by_key(instance, simulated)
    there = f"/api/integrations/{integration}/credentials"
    assert instance.ok("GET", there) == {"clientSecret": False, "apiKey": False}
    assert instance.ok("PUT", there, {"apiKey": KEY}) == {"clientSecret": False, "apiKey": True}
    assert instance.ok("POST", "/api/connections", wanted(instance, integration))["status"] == "ok"
    assert instance.ok("PUT", there, {"apiKey": None}) == {"clientSecret": False, "apiKey": False}
    assert instance.ok("PUT", there, {}) == {"clientSecret": False, "apiKey": False}


def test_who_may_do_what(instance: Instance, simulated: Simulated) -> None:
    made = pasted(instance, by_key(instance, simulated))
    there = f"/api/connections/{made['id']}"
    viewer, stranger = person(instance, "vera", "viewer"), instance.tenant("rival")
    assert instance.ok("GET", there, token=viewer.token) == made
    for method, path, body in (
        ("PATCH", there, {"name": "x"}),
        ("DELETE", there, b""),
        ("POST", f"{there}/test", b""),
        ("POST", f"{there}/reconnect", {"credentials": {"apiKey": KEY}}),
        ("POST", f"{there}/confirm-origins", {"origins": []}),
    ):
        assert instance.api(method, path, body, token=viewer.token).status == 403, path
        assert stranger.api(method, path, body).status == 404, path
    assert instance.ok("GET", there) == made
