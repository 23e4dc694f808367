"""Connecting to a certified authorization server of somebody else's: connect, use, refresh, revoke."""

from __future__ import annotations

import http.client
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.browser import Browser as OwnBrowser
from tests.databases import Databases
from tests.e2e.packages import installed
from tests.instance import Instance
from trunkline import bootstrap
from trunkline.core import connections
from trunkline.infra.jobs import JobContext
from trunkline.kit.actor import system_actor

VERSION = "9.13.3"
PUBLIC_URL = "https://hub.example"
CALLBACK = f"{PUBLIC_URL}/api/oauth/callback"
CLIENT_ID, CLIENT_SECRET = "trunkline", "a secret: of the+client & of nobody else"
SERVER = Path(__file__).parent / "oidc_provider" / "server.mjs"

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def modules() -> Path:
    """A directory with the package, kept from one run to the next."""
    return installed("oidc-provider", {"oidc-provider": VERSION})


@dataclass
class Browser:
    """Follows redirects and keeps cookies, as far as its own origin."""

    origin: str
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, url: str, headers: dict[str, str] | None = None) -> tuple[int, str | None, bytes]:
        """Status, where to go next, and the body."""
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=30)
        sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        try:
            connection.request("GET", f"{parts.path}?{parts.query}", headers={**sent, **(headers or {})})
            answer = connection.getresponse()
            body = answer.read()
            for line in answer.headers.get_all("set-cookie") or ():
                name, _, value = line.partition(";")[0].partition("=")
                self.cookies[name] = value
            return answer.status, answer.headers["location"], body
        finally:
            connection.close()

    def follow(self, url: str) -> str:
        """Where the other side sends the browser in the end."""
        for _ in range(10):
            status, location, body = self.get(url)
            assert status in {302, 303}, (status, body[:500])
            assert location is not None
            url = location if location.startswith("http") else f"{self.origin}{location}"
            if not url.startswith(self.origin):
                return url
        raise AssertionError("redirected ten times")


@pytest.fixture(params=["client_secret_basic", "client_secret_post"])
def provider(modules: Path, request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    """The other side's address, and how its client proves who it is."""
    options = {
        "modules": str(modules),
        "clientId": CLIENT_ID,
        "clientSecret": CLIENT_SECRET,
        "redirectUris": [CALLBACK],
        "tokenAuth": request.param,
        "account": "ada",
    }
    process = subprocess.Popen(
        ["node", str(SERVER), json.dumps(options)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    issuer = process.stdout.readline().strip()
    if not issuer:
        process.wait()
        process.stdout.close()
        pytest.skip("this Node cannot run oidc-provider")
    yield {"issuer": issuer, "basic": request.param == "client_secret_basic"}
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def instance(
    provider: dict[str, Any], databases: Databases, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Instance]:
    url = databases.sqlite() if request.param == "sqlite" else databases.postgresql()
    allowed = (urlsplit(provider["issuer"]).netloc,)
    made = Instance(url, tmp_path, public_url=PUBLIC_URL, egress_allow=allowed)
    yield made
    made.close()


def connectable(instance: Instance, provider: dict[str, Any]) -> str:
    issuer = provider["issuer"]
    config = {
        "type": "oauth2",
        "mode": "shared",
        "issuer": issuer,
        "authUri": f"{issuer}/auth",
        "tokenUri": f"{issuer}/token",
        "revocationUri": f"{issuer}/token/revocation",
        "apiBaseUri": issuer,
        "clientId": CLIENT_ID,
        "basicTokenAuth": provider["basic"],
        "scope": "openid offline_access email profile",
        "authorizeParams": {"prompt": "consent"},
        "account": {"path": "/me", "id": "/sub", "email": "/email", "name": "/name"},
    }
    integration: str = instance.integration("login", [], authConfig=config)["id"]
    present = instance.ok(
        "PUT", f"/api/integrations/{integration}/credentials", {"clientSecret": CLIENT_SECRET}
    )
    assert present == {"clientSecret": True, "apiKey": False}
    return integration


def browser_of(instance: Instance) -> OwnBrowser:
    """The same person's browser, as far as the instance sees it."""
    return OwnBrowser(lambda path, headers: instance.api("GET", path, token="", headers=headers))


def begun(instance: Instance, wanted: dict[str, Any]) -> str:
    """The page that leads to the other side."""
    url: str = instance.ok("POST", "/api/connections/authorize", wanted)["authorizationUrl"]
    return url


def test_connect_use_refresh_revoke(instance: Instance, provider: dict[str, Any]) -> None:
    integration = connectable(instance, provider)
    wanted = {"integrationId": integration, "workspaceId": instance.workspace_id}
    browser, own = Browser(provider["issuer"]), browser_of(instance)
    back = browser.follow(own.sent_on(begun(instance, wanted)))
    assert back.startswith(f"{CALLBACK}?")
    assert "iss=" in back
    page = own.get(back)
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert b"Connected" in page.body
    assert own.get(back).status == 400

    (row,) = instance.ok("GET", "/api/connections")["data"]
    assert (row["status"], row["reason"], row["name"]) == ("ok", None, "User ada")
    assert row["account"] == {"id": "ada", "email": "ada@login.example", "displayName": "User ada"}
    assert row["scopes"] == ["openid", "offline_access", "email", "profile"]
    there = f"/api/connections/{row['id']}"

    def me() -> Any:
        return instance.ok("GET", f"{there}/proxy/me")

    assert me()["sub"] == "ada"
    for refreshed in (2, 3):
        instance.clock.advance(timedelta(hours=1))
        assert me()["email"] == "ada@login.example"
        assert instance.count("SELECT generation FROM connections") == refreshed
    assert instance.ok("POST", f"{there}/test")["verdict"] == "good"

    ended = instance.ok("DELETE", there)
    assert (ended["status"], ended["revocation"]) == ("disconnected", "queued")
    assert instance.api("GET", f"{there}/proxy/me").status == 404
    revoke(instance)
    assert instance.ok("GET", there)["revocation"] == "done"
    again = browser.follow(own.sent_on(begun(instance, wanted)))
    assert own.get(again).status == 200


def test_what_was_revoked_is_refused_there(instance: Instance, provider: dict[str, Any]) -> None:
    """The test opens what is stored, to see what becomes of it on the other side."""
    integration = connectable(instance, provider)
    wanted = {"integrationId": integration, "workspaceId": instance.workspace_id}
    browser, own = Browser(provider["issuer"]), browser_of(instance)
    back = browser.follow(own.sent_on(begun(instance, wanted)))
    assert own.get(back).status == 200
    (row,) = instance.ok("GET", "/api/connections")["data"]
    there = f"/api/connections/{row['id']}"
    headers = {"Authorization": f"Bearer {access_token(instance, row['id'])}"}
    assert browser.get(f"{provider['issuer']}/me", headers)[0] == 200
    instance.ok("DELETE", there)
    revoke(instance)
    assert browser.get(f"{provider['issuer']}/me", headers)[0] == 401


def access_token(instance: Instance, connection_id: str) -> str:
    vault, hex_id = instance.platform.services.vault, connection_id.removeprefix("con_")
    stored = instance.database.read_now(lambda tx: connections.reveal(tx, vault, hex_id))
    return str(json.loads(stored.reveal())["access"])


def revoke(instance: Instance) -> None:
    """Run the job that tells providers."""
    run = bootstrap.handlers(instance.platform.services)["connections.revoke"]
    run(JobContext(instance.database, {}, system_actor("a test"), instance.clock))
