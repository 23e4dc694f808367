"""A plain HTTP client that follows seed 004 line by line against a running server.

Tenant, site and activation are made on the command line, as an operator would; everything else is HTTP.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.cli.command import Running, trunkline
from tests.dialects.gestal.test_seeds import IDS, SHOWN, shape
from tests.e2e.http_client import send

PASSWORD = "correct horse battery staple"
ACCESS_KEY = re.compile(r"ak_[0-9A-Za-z]{32}")
INTEGRATION = {"name": "Acme Plus", "url": "https://acme.example/plus", "description": "Notifications."}

pytestmark = pytest.mark.e2e


class Client:
    """Of one server."""

    def __init__(self, url: str) -> None:
        self._url = url

    def __call__(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        answer = send(self._url, method, path, body, headers)
        return answer.status, answer.json


def basic(username: str, password: str = "") -> Mapping[str, str]:
    return {"authorization": f"Basic {b64encode(f'{username}:{password}'.encode()).decode()}"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> tuple[str | Path, ...]:
    """A fresh instance: an integrator with a password, and a tenant with a site."""
    where = ("--data-dir", tmp_path_factory.mktemp("gestal") / "data", "--json")
    assert trunkline("init", *where).exit == 0
    address = trunkline("user", "list", *where).json[0]["email"]
    done = trunkline("user", "password", address, "--password-stdin", *where, stdin=f"{PASSWORD}\n".encode())
    assert done.exit == 0, done.err
    made = trunkline(
        "tenant", "create", "Tenant", "--handle", "tenant", "--owner", "o@tenant.example", *where
    )
    assert made.exit == 0, made.err
    assert trunkline("site", "create", "Site 1", "--tenant", "tenant", *where).exit == 0
    return where


@pytest.fixture
def server(home: tuple[str | Path, ...]) -> Iterator[Running]:
    with Running("serve", "--port", "0", *home[:2]) as running:
        yield running


@pytest.mark.parametrize("mount", ["", "/gestal"])
def test_the_document_can_be_followed_line_by_line(
    server: Running, home: tuple[str | Path, ...], mount: str
) -> None:
    ask = Client(server.url)
    address = trunkline("user", "list", *home).json[0]["email"]

    # "you must authenticate": an integrator, for a day.
    status, answer = ask("POST", f"{mount}/auth", headers=basic(address, PASSWORD))
    assert status == 200, answer
    bearer = {"authorization": f"Bearer {answer['token']}"}
    status, integration = ask("POST", f"{mount}/integrations", INTEGRATION, bearer)
    assert status == 201, integration
    integration_id = integration["cloud_id"]
    # Who publishes it lets other tenants have it.
    status, _ = ask(
        "PATCH", f"/platform/api/integrations/{integration_id}", {"visibility": "unlisted"}, bearer
    )
    assert status == 200

    # "No installations? It basically means no tenants have activated your integration on their sites yet."
    installations, ping, current = SHOWN
    path = f"{mount}{IDS.sub(integration_id, installations['path'])}?{urlencode(installations['query'])}"
    status, answer = ask(installations["method"], path, headers=bearer)
    assert (status, answer["data"], answer["meta"]["total"]) == (200, [], 0)

    activated = trunkline("activation", "on", integration_id, "--site", "site-1", *home)
    assert activated.exit == 0, activated.err
    status, answer = ask(installations["method"], path, headers=bearer)
    assert (status, shape(answer)) == (installations["status"], shape(installations["answer"]))
    assert answer["meta"] == installations["answer"]["meta"]
    (installation,) = answer["data"]
    assert installation["cloud_id"] == activated.json["id"]
    assert (installation["tenant"]["name"], installation["site"]["name"]) == ("Tenant", "Site 1")

    # "please create an access key into an integration installation first".
    keys = f"{mount}/integrations/installations/{installation['cloud_id']}/accesskeys"
    status, issued = ask("POST", keys, headers=bearer)
    assert status == 201
    assert ACCESS_KEY.fullmatch(issued["access_key"])
    access_key = basic(issued["access_key"])

    # "providing your access-key as basic auth username value (leave password value empty)".
    status, answer = ask(ping["method"], mount + ping["path"], headers=access_key)
    assert (status, answer) == (204, None)
    assert ask("GET", f"{mount}/ping", headers=basic("ak_" + "0" * 32))[0] == 401
    status, answer = ask(current["method"], mount + current["path"], headers=access_key)
    assert (status, shape(answer)) == (current["status"], shape(current["answer"]))
    assert {name: answer[name] for name in INTEGRATION} == INTEGRATION
    assert answer["cloud_id"] == installation["cloud_id"]
    assert answer["site"] == installation["site"]
    status, answer = ask("GET", f"{mount}/integrations", headers=access_key)
    assert (status, answer["status"]) == (403, 403)

    # Another process switches it off and on again; this one has heard nothing of it.
    assert trunkline("activation", "off", integration_id, "--site", "site-1", *home).exit == 0
    assert ask("GET", f"{mount}/ping", headers=access_key)[0] == 401
    again = trunkline("activation", "on", integration_id, "--site", "site-1", *home)
    assert again.json["id"] == installation["cloud_id"]
    assert ask("GET", f"{mount}/ping", headers=access_key)[0] == 204

    # What was noted of the key's use is written at the latest when the server ends.
    assert server.stop().exit == 0
    (key,) = trunkline("install-key", "list", installation["cloud_id"], *home).json
    assert key["lastActiveAt"] > issued["created_at"]
    assert key["hint"] == f"ak_{'x' * 28}{issued['access_key'][-4:]}"
