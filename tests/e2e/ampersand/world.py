"""Everything the vendor's library meets here: a server, a provider, a project with integrations, and a site."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.cli.command import Running, trunkline
from tests.dialects.ampersand import contract
from tests.e2e.ampersand.host import Host, bundle, hosting
from tests.e2e.http_client import Answer, send
from trunkline.kit.ids import format_uuid, parse_id

CLIENT, SECRET = "the-project", "the project's secret"
KEYED, CONSENTED, DIRECT, PASSING = "simulated", "simulated-oauth", "headless", "passing"

# Providers that are all the simulator: each wants something else.
CATALOG = {
    "simcrm": {
        "name": "simcrm",
        "displayName": "Sim CRM",
        "authType": "apiKey",
        "baseURL": "{url}/crm",
        "apiKeyOpts": {"attachmentType": "header", "header": {"name": "X-API-Key"}},
    },
    "simcloud": {
        "name": "simcloud",
        "displayName": "Sim Cloud",
        "authType": "oauth2",
        "baseURL": "{url}/crm",
        "oauth2Opts": {
            "grantType": "authorizationCode",
            "authURL": "{url}/oauth/authorize",
            "tokenURL": "{url}/oauth/token",
        },
    },
    "simbasic": {
        "name": "simbasic",
        "displayName": "Sim Basic",
        "authType": "basic",
        "baseURL": "{url}/crm",
    },
    "simmachine": {
        "name": "simmachine",
        "displayName": "Sim Machine",
        "authType": "oauth2",
        "baseURL": "{url}/crm",
        "oauth2Opts": {"grantType": "clientCredentials", "tokenURL": "{url}/oauth/token"},
    },
    "simplace": {
        "name": "simplace",
        "displayName": "Sim Place",
        "authType": "apiKey",
        "baseURL": "{url}/{{.workspace}}",
        "apiKeyOpts": {"attachmentType": "header", "header": {"name": "X-API-Key"}},
        "metadata": {"input": [{"name": "workspace", "displayName": "Workspace"}]},
    },
}

_OBJECTS = """\
    read:
      objects:
        - objectName: contacts
          destination: records
          schedule: "*/30 * * * *"
          backfill:
            defaultPeriod:
              days: 30
          requiredFields:
            - fieldName: id
            - fieldName: email
              mapToName: emailAddress
              mapToDisplayName: Email address
            - mapToName: phoneNumber
              mapToDisplayName: Phone number
              prompt: Which field holds the number to call?
          optionalFields:
            - fieldName: phone
            - fieldName: jobTitle
            - mapToName: nickname
              mapToDisplayName: Nickname
              prompt: What are people called?
        - objectName: companies
          mapToName: accounts
          mapToDisplayName: Accounts
          destination: records
          schedule: "0 * * * *"
          requiredFields:
            - fieldName: name
        - objectName: deal.items
          destination: records
          schedule: "0 6 * * *"
    write:
      objects:
        - objectName: contacts
        - objectName: deals
"""
MANIFEST = "specVersion: 1.0.0\nintegrations:\n" + "".join(
    f"  - name: {name}\n    displayName: {name} data\n    provider: {provider}\n{_OBJECTS}"
    for name, provider in ((KEYED, "simcrm"), (DIRECT, "simcrm"), (CONSENTED, "simcloud"))
)
MANIFEST += f"  - name: {PASSING}\n    provider: simcrm\n    proxy:\n      enabled: true\n"


@dataclass(frozen=True)
class World:
    """What the tests of a run share; each has groups of its own.

    Attributes:
        url: the server's origin.
        token: the first user's key.
        project: the project's handle, as pages name it.
        key: a key of the project that may do what pages may, and no more.
        api_key: what the provider takes.
        user: and whom, with a password.
    """

    url: str
    token: str
    project: str
    project_id: str
    key: str
    api_key: str
    user: tuple[str, str]
    simulator: str
    site: Host

    def send(self, method: str, path: str, body: Any = None) -> Answer:
        """A request to the vendor's API with the first user's key; the answer keeps to the vendor's document."""
        answer = send(self.url, method, path, body, {"x-api-key": self.token})
        contract.check(method, path, answer.status, answer.body, answer.content_type)
        return answer

    def ok(self, method: str, rest: str, body: Any = None) -> Any:
        """One that must succeed, below the project."""
        answer = self.send(method, f"/v1/projects/{self.project_id}{rest}", body)
        assert 200 <= answer.status < 300, (method, rest, answer)
        return answer.json

    def platform(self, path: str) -> Any:
        """What the platform's own API says."""
        answer = self.platform_answer(path)
        assert answer.status == 200, (path, answer)
        return answer.json

    def platform_answer(self, path: str) -> Answer:
        """The same, whatever it is."""
        return send(self.url, "GET", f"/platform{path}", headers={"authorization": f"Bearer {self.token}"})

    def withdraw(self) -> None:
        """Have the provider forget every consent to the project's client."""
        answer = send(self.simulator, "POST", "/simulator/withdraw", {"clientId": CLIENT})
        assert answer.status == 200, answer

    def page(self, show: str, **asked: Any) -> str:
        """The address of the site's page, which carries the project's key unless it is to ask for tokens."""
        key = {} if asked.pop("jwt", False) else {"apiKey": self.key}
        return self.site.page(show=show, project=self.project, **key, **asked)


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """Start it all; skips where Node is absent or its packages are not to be had."""
    where = ("--data-dir", str(folder / "data"))
    with Running("simulator", "--port", "0") as simulator:
        made = trunkline("init", "--json", *where)
        assert made.exit == 0, made.err
        catalog = folder / "catalog.json"
        catalog.write_text(json.dumps({"catalog": CATALOG}).replace("{url}", simulator.url))
        imported = trunkline("provider", "import", str(catalog), "--json", *where)
        assert imported.exit == 0, imported.err
        assert imported.json["created"] == sorted(CATALOG), imported.json
        allowed = ("--egress-allow", urlsplit(simulator.url).netloc)
        with (
            Running("serve", "--port", "0", "--log-level", "warning", *where, *allowed) as server,
            hosting(bundle(server.url, folder / "bundle")) as site,
        ):
            yield _furnished(server, simulator, site, made.json)


def _furnished(server: Running, simulator: Running, site: Host, made: dict[str, Any]) -> World:
    """With keys, a provider app, somewhere to deliver to, and integrations."""
    workspace = parse_id("workspace", made["workspaceId"])
    assert workspace is not None
    started = World(
        url=server.url,
        token=made["token"],
        project="main",
        project_id=format_uuid(workspace),
        key="",
        api_key=simulator.printed[-1]["apiKey"],
        user=(simulator.printed[-1]["username"], simulator.printed[-1]["password"]),
        simulator=simulator.url,
        site=site,
    )
    client = {
        "clientId": CLIENT,
        "clientSecret": SECRET,
        "name": "The project",
        "redirectUris": [f"{server.url}/callbacks/v1/oauth"],
    }
    assert send(simulator.url, "POST", "/simulator/clients", client).status == 201
    app = {"provider": "simcloud", "clientId": CLIENT, "clientSecret": SECRET, "scopes": ["crm.read"]}
    started.ok("POST", "/provider-apps", app)
    hook = {"name": "records", "type": "webhook", "metadata": {"url": "https://hooks.example/records"}}
    started.ok("POST", "/destinations", hook)
    pem = {"label": "the site's", "algorithm": "RS256", "publicKeyPem": site.public_pem}
    key = started.ok("POST", "/api-keys", {"label": "for pages", "scopes": ["frontend"]})["key"]
    site.kid = started.ok("POST", "/jwt-keys", pem)["kid"]
    deployed = started.ok("PUT", "/integrations:batch", {"sourceYaml": MANIFEST})
    assert {one["name"] for one in deployed} == {KEYED, DIRECT, CONSENTED, PASSING}
    return replace(started, key=key)
