from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.asgi import Response, acall
from tests.browser import Browser
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
        self.browser = Browser(lambda path, headers: self.ask("GET", path, **headers))
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

    def begin(self, **more: Any) -> str:
        """The page that leads to the provider's."""
        body = {"integrationId": self.integration_id, "workspaceId": self.instance.workspace_id, **more}
        begun = self.ask("POST", "/api/connections/authorize", body)
        assert begun.status == 200, begun.body
        url: str = begun.json["authorizationUrl"]
        return url

    def another_browser(self) -> Browser:
        return Browser(self.browser.ask)

    def authorize(self, **more: Any) -> str:
        """The path and query that the provider sends the browser back with."""
        return self.consent(self.browser.sent_on(self.begin(**more)))

    def consent(self, url: str) -> str:
        """The same, from the provider's page on."""
        target = urlsplit(url)
        assert parse_qs(target.query)["code_challenge_method"] == ["S256"]
        consented = self.client.simulated.request("GET", f"{target.path}?{target.query}")
        assert consented.status == 303, consented.body
        back = urlsplit(consented.headers["location"])
        return f"{back.path}?{back.query}"


@pytest.fixture
def desk(database_url: str, tmp_path: Path, simulated: Simulated) -> Iterator[Desk]:
    instance = Instance(database_url, tmp_path, egress_allow=(simulated.host_port,))
    redirect = f"{instance.platform.services.public_url}/api/oauth/callback"
    yield Desk(instance, simulated.client(redirect))
    instance.platform.close()


def test_an_account_is_connected_used_tested_and_disconnected(desk: Desk) -> None:
    page = desk.browser.get(desk.authorize(name="Ada"))
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
    back = desk.browser.get(desk.authorize(returnTo=own))
    assert back.status == 302
    assert back.headers["location"].startswith(f"{own}&connectionId=con_")
    body = {"integrationId": desk.integration_id, "workspaceId": desk.instance.workspace_id}
    other = {**body, "returnTo": "https://evil.example.com/"}
    refused = desk.ask("POST", "/api/connections/authorize", other)
    assert (refused.status, refused.json["error"]["details"][0]["path"]) == (400, "returnTo")


def test_a_state_is_good_once_and_a_made_up_one_never(desk: Desk) -> None:
    back = desk.authorize()
    assert desk.browser.get(back).status == 200
    calls = desk.client.token_calls("authorization_code")
    for query in (urlsplit(back).query, "state=made-up&code=x", "code=x", ""):
        page = desk.browser.get(f"/api/oauth/callback?{query}")
        assert (page.status, b"Not connected" in page.body) == (400, True)
    assert desk.client.token_calls("authorization_code") == calls == {"issued": 1}


def test_what_the_provider_says_is_shown_as_text(desk: Desk) -> None:
    state = parse_qs(urlsplit(desk.authorize()).query)["state"][0]
    said = "error=access_denied&error_description=%3Cscript%3Ealert(1)%3C/script%3E"
    page = desk.browser.get(f"/api/oauth/callback?state={state}&{said}")
    assert (page.status, b"<script>" in page.body) == (200, False)
    assert desk.ask("GET", "/api/connections").json["data"] == []


def test_a_program_hands_out_a_page_that_leads_to_the_providers(desk: Desk) -> None:
    url = desk.begin()
    public_url = desk.instance.platform.services.public_url
    assert url.startswith(f"{public_url}/api/oauth/start?state=")
    answer = desk.browser.get(url)
    assert (answer.status, answer.body) == (302, b"")
    assert answer.headers["location"].startswith(f"{desk.client.simulated.url}/oauth/authorize?")
    assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == ("no-store", "no-referrer")
    # A window that loses its opener here could not tell it how the authorization ended.
    assert "cross-origin-opener-policy" not in answer.headers
    value = answer.headers["set-cookie"].removeprefix("trunkline-oauth=")[:43]
    assert answer.headers["set-cookie"] == (
        f"trunkline-oauth={value}; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax"
    )
    again = desk.browser.get(f"{url}&utm_source=mail")
    assert (again.headers["location"], again.headers["set-cookie"]) == (
        answer.headers["location"], answer.headers["set-cookie"],
    )  # fmt: skip


def test_it_is_the_first_browsers_from_then_on(desk: Desk) -> None:
    url = desk.begin()
    theirs = desk.another_browser()
    back = desk.consent(desk.browser.sent_on(url))
    for page in (theirs.get(url), theirs.get(back)):
        assert (page.status, b"another browser" in page.body) == (400, True)
    assert desk.client.token_calls("authorization_code") == {}
    # Whoever came back elsewhere has used it up.
    assert desk.browser.get(back).status == 400
    assert desk.browser.get(desk.authorize()).status == 200


def test_nobody_comes_back_from_where_nobody_went(desk: Desk) -> None:
    state = desk.begin().partition("state=")[2]
    page = desk.browser.get(f"/api/oauth/callback?state={state}&code=stolen")
    assert (page.status, b"Not connected" in page.body) == (400, True)
    assert desk.client.token_calls("authorization_code") == {}


@pytest.mark.parametrize("query", ["", "?state=", "?state=made-up", "?state=%FF%00"])
def test_a_page_that_leads_nowhere_says_so(desk: Desk, query: str) -> None:
    page = desk.browser.get(f"/api/oauth/start{query}")
    assert (page.status, page.headers["content-type"]) == (400, "text/html; charset=utf-8")
    assert b"<h1>Not connected</h1>" in page.body


def test_authorizations_of_one_browser_do_not_disturb_each_other(desk: Desk) -> None:
    first, second = desk.begin(name="One"), desk.begin(name="Two")
    backs = [desk.consent(desk.browser.sent_on(url)) for url in (first, second)]
    assert [desk.browser.get(back).status for back in reversed(backs)] == [200, 200]
    assert {row["name"] for row in desk.ask("GET", "/api/connections").json["data"]} == {"One", "Two"}
