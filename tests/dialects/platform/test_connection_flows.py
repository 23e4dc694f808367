from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.asgi import Response, acall
from tests.instance import Instance
from tests.simulated import Simulated, SimulatedClient, serving


@pytest.fixture(scope="session")
def simulated() -> Iterator[Simulated]:
    with serving() as one:
        yield one


class Desk:
    """An instance and an integration of the simulator, connected by its consent page."""

    def __init__(self, instance: Instance, client: SimulatedClient) -> None:
        self.instance = instance
        self.client = client
        base = client.simulated.url
        self.integration_id = self.ask(
            "POST",
            "/api/integrations",
            {
                "workspaceId": instance.workspace_id,
                "slug": "crm",
                "name": "CRM",
                "authConfig": {
                    "type": "oauth2",
                    "clientId": client.id,
                    "scope": "crm.read",
                    "authUri": f"{base}/oauth/authorize",
                    "tokenUri": f"{base}/oauth/token",
                    "revocationUri": f"{base}/oauth/revoke",
                    "apiBaseUri": f"{base}/crm",
                    "health": {"path": "/health"},
                    "account": {"path": "/whoami", "id": "/id", "email": "/email", "name": "/displayName"},
                },
            },
        ).json["id"]
        path = f"/api/integrations/{self.integration_id}/credentials"
        assert self.ask("PUT", path, {"clientSecret": client.secret}).json == {
            "clientSecret": True,
            "apiKey": False,
        }

    def ask(self, method: str, path: str, body: Any = b"", **headers: str) -> Response:
        async def run() -> Response:
            sent = {"authorization": f"Bearer {self.instance.token}", **headers}
            try:
                return await acall(self.instance.app, method, path, sent, body)
            finally:
                await self.instance.platform.services.egress.close()

        return asyncio.run(run())

    def authorize(self, **more: Any) -> str:
        """The query that the provider sends the browser back with."""
        body = {"integrationId": self.integration_id, "workspaceId": self.instance.workspace_id, **more}
        begun = self.ask("POST", "/api/connections/authorize", body)
        assert begun.status == 200, begun.body
        target = urlsplit(begun.json["authorizationUrl"])
        assert parse_qs(target.query)["code_challenge_method"] == ["S256"]
        consented = self.client.simulated.request("GET", f"{target.path}?{target.query}")
        assert consented.status == 303, consented.body
        return urlsplit(consented.headers["location"]).query


@pytest.fixture
def desk(database_url: str, tmp_path: Path, simulated: Simulated) -> Iterator[Desk]:
    instance = Instance(database_url, tmp_path, egress_allow=(simulated.host_port,))
    redirect = f"{instance.platform.services.public_url}/api/oauth/callback"
    yield Desk(instance, simulated.client(redirect))
    instance.platform.close()


def test_an_account_is_connected_used_tested_and_disconnected(desk: Desk) -> None:
    page = desk.ask("GET", f"/api/oauth/callback?{desk.authorize(name='Ada')}")
    assert (page.status, b"The account is connected" in page.body) == (200, True)
    assert page.headers["referrer-policy"] == "no-referrer"
    [found] = desk.ask("GET", "/api/connections").json["data"]
    assert (found["status"], found["reason"], found["name"]) == ("ok", None, "Ada")
    assert (found["scopes"], found["mode"], found["origins"]) == (
        ["crm.read"], "per_user", [desk.client.simulated.url],
    )  # fmt: skip
    assert found["account"]["email"]
    connection = f"/api/connections/{found['id']}"
    assert desk.ask("POST", f"{connection}/test").json["verdict"] == "good"
    assert desk.ask("GET", f"{connection}/proxy/companies?limit=1").status == 200
    gone = desk.ask("DELETE", connection).json
    assert (gone["status"], gone["reason"]) == ("disconnected", "disconnected")
    assert desk.ask("GET", f"{connection}/proxy/companies").status in (404, 409)


def test_the_browser_goes_on_where_its_organization_lets_it(desk: Desk) -> None:
    own = f"{desk.instance.platform.services.public_url}/done?a=1"
    back = desk.ask("GET", f"/api/oauth/callback?{desk.authorize(returnTo=own)}")
    assert back.status == 302
    assert back.headers["location"].startswith(f"{own}&connectionId=con_")
    body = {"integrationId": desk.integration_id, "workspaceId": desk.instance.workspace_id}
    other = {**body, "returnTo": "https://evil.example.com/"}
    refused = desk.ask("POST", "/api/connections/authorize", other)
    assert (refused.status, refused.json["error"]["details"][0]["path"]) == (400, "returnTo")


def test_a_state_is_good_once_and_a_made_up_one_never(desk: Desk) -> None:
    query = desk.authorize()
    assert desk.ask("GET", f"/api/oauth/callback?{query}").status == 200
    calls = desk.client.token_calls("authorization_code")
    for again in (query, "state=made-up&code=x", "code=x", ""):
        page = desk.ask("GET", f"/api/oauth/callback?{again}")
        assert (page.status, b"Not connected" in page.body) == (400, True)
    assert desk.client.token_calls("authorization_code") == calls == {"issued": 1}


def test_what_the_provider_says_is_shown_as_text(desk: Desk) -> None:
    state = parse_qs(desk.authorize())["state"][0]
    said = "error=access_denied&error_description=%3Cscript%3Ealert(1)%3C/script%3E"
    page = desk.ask("GET", f"/api/oauth/callback?state={state}&{said}")
    assert (page.status, b"<script>" in page.body) == (200, False)
    assert desk.ask("GET", "/api/connections").json["data"] == []
