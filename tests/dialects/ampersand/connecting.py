"""A desk with a simulated service to connect to: providers, projects' keys, pages, and windows to consent in."""

from __future__ import annotations

import asyncio
import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from joserfc import jws
from joserfc.jwk import RSAKey

from tests.asgi import Headers, Response, acall
from tests.dialects.ampersand import contract
from tests.dialects.ampersand.desk import Desk
from tests.instance import START, Instance
from tests.simulated import Simulated
from trunkline.core import connections
from trunkline.core.connections.flows.revoking import revoke_due
from trunkline.kit.ids import parse_id

PUBLIC_URL = "https://hub.example"
CALLBACK = f"{PUBLIC_URL}/callbacks/v1/oauth"
KEY = "demo-api-key"
BEARER = "demo-bearer-token"
WHO = {"groupRef": "org_1", "groupName": "Org One", "consumerRef": "user_1", "consumerName": "Ada"}
_PRIVATE = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PRIVATE_PEM = _PRIVATE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
PUBLIC_PEM = _PRIVATE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@dataclass(frozen=True)
class Outcome:
    """The page a window ends on, as a browser reads it."""

    status: int
    headers: Mapping[str, str]
    text: str
    message: Any
    target: str


class Online(Desk):
    """All its requests share an event loop, as those of a server do."""

    def __init__(self, instance: Instance, simulated: Simulated) -> None:
        super().__init__(instance)
        self.simulated = simulated
        self.client = simulated.client(CALLBACK)
        self._runner = asyncio.Runner()

    def bare(self, method: str, path: str, body: Any = b"", headers: Headers = ()) -> Response:
        answer = self.raw(method, path, body, headers)
        self.checked += contract.check(
            method, path, answer.status, answer.body, answer.headers.get("content-type")
        )
        return answer

    def raw(self, method: str, path: str, body: Any = b"", headers: Headers = ()) -> Response:
        """What the vendor's document does not know."""
        return self._runner.run(acall(self.instance.app, method, path, headers, body))

    def close(self) -> None:
        self.settle()
        self._runner.run(self.instance.platform.services.egress.close())
        self._runner.close()

    def settle(self) -> None:
        """Have it written down what was used."""
        self._runner.run(connections.in_flight(self.instance.database).settle(self.instance.database))

    # What there is to connect to

    def provider(self, name: str = "sim-crm", *, base: str = "", **auth: Any) -> str:
        """A provider of the organization's own: the simulated service, by OAuth unless told otherwise."""
        url = self.simulated.url
        oauth = {
            "scheme": "oauth2",
            "authorizationUrl": f"{url}/oauth/authorize",
            "tokenUrl": f"{url}/oauth/token",
            "revocationUrl": f"{url}/oauth/revoke",
            "defaultScopes": ["crm.read"],
        }
        body: dict[str, Any] = {
            "organizationId": self.instance.organization_id,
            "name": name,
            "displayName": name,
            "baseUrl": base or f"{url}/crm",
            "auth": auth if "scheme" in auth else {**oauth, **auth},
            "account": {"path": "/whoami", "id": "/id", "email": "/email"},
        }
        if auth.get("scheme") == "none" or base:
            del body["account"]
        if base:
            body["substitutions"] = [{"name": one} for one in re.findall(r"\{(\w+)\}", base)]
        self.instance.ok("POST", "/api/providers", body)
        return name

    def app(self, provider: str) -> str:
        """The id of the project's app for a provider."""
        body = {"provider": provider, "clientId": self.client.id, "clientSecret": self.client.secret}
        return str(self.ok("POST", self.path("/provider-apps"), body)["id"])

    def by_code(self, name: str = "sim-crm", **auth: Any) -> str:
        """A provider that is connected by its consent page, with the project's app."""
        self.app(self.provider(name, **auth))
        return name

    # Who asks

    def project_key(self, *scopes: str) -> str:
        body = {"label": "server", "scopes": list(scopes)}
        return str(self.ok("POST", self.path("/api-keys"), body)["key"])

    def page(self, group_ref: str = "org_1", consumer_ref: str = "user_1") -> str:
        """A token that the publisher's server has signed for one of its pages."""
        body = {"label": "pages", "algorithm": "RS256", "publicKeyPem": PUBLIC_PEM}
        kid = self.ok("POST", self.path("/jwt-keys"), body)["kid"]
        now = int(START.timestamp())
        claims = {"iat": now, "exp": now + 600, "groupRef": group_ref, "consumerRef": consumer_ref}
        header = {"alg": "RS256", "kid": kid}
        return jws.serialize_compact(header, json.dumps(claims), RSAKey.import_key(PRIVATE_PEM))

    def as_page(self, token: str, method: str, path: str, body: Any = b"") -> Response:
        return self.bare(method, path, body, {"authorization": f"Bearer {token}"})

    # Connecting

    def generate(self, provider: str, *, key: str | None = None, **members: Any) -> Any:
        body = {"provider": provider, **WHO, **members}
        answer = self.send("POST", self.path("/connections:generate"), body, key=key)
        assert answer.status == 201, (answer.status, answer.body)
        return answer.json

    def window(self, provider: str, *, headers: Headers = (), **members: Any) -> str:
        """The URL to open."""
        body = {
            "projectIdOrName": "main",
            "provider": provider,
            **WHO,
            "enableCSRFProtection": False,
            **members,
        }
        answer = self.send("POST", "/v1/oauth-connect", body, headers=headers)
        assert (answer.status, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8"), (
            answer.body
        )
        return answer.body.decode()

    def consent(self, url: str) -> str:
        """The path and query that the provider sends the window back with."""
        parts = urlsplit(url)
        assert url.startswith(f"{self.simulated.url}/oauth/authorize?")
        answer = self.simulated.request("GET", f"{parts.path}?{parts.query}")
        assert answer.headers["location"].startswith(f"{CALLBACK}?")
        return answer.headers["location"].removeprefix(PUBLIC_URL)

    def ended(self, path: str) -> Outcome:
        """The page of the callback."""
        answer = self.raw("GET", path)
        text = answer.body.decode()
        found = re.search(r'data-message="([^"]*)" data-target="([^"]*)"', text)
        assert found, text
        message = json.loads(html.unescape(found[1]))
        return Outcome(answer.status, answer.headers, text, message, html.unescape(found[2]))

    def connected(self, provider: str, **members: Any) -> str:
        """The id of what is connected by a window."""
        outcome = self.ended(self.consent(self.window(provider, **members)))
        assert outcome.message["eventType"] == "AUTHORIZATION_SUCCEEDED", outcome.message
        return str(outcome.message["data"]["connection"])

    def connection(self, connection_id: str, query: str = "", **more: Any) -> Any:
        return self.ok("GET", self.path(f"/connections/{connection_id}{query}"), **more)

    def revoke(self) -> None:
        """One round of the background job that tells providers."""
        services = self.instance.platform.services
        env = connections.FlowServices(self.instance.database, services.vault, services.egress, PUBLIC_URL)
        self._runner.run(revoke_due(env))

    def proxied(self, connection_id: str, path: str = "whoami") -> Response:
        """A request that the platform passes on."""
        found = parse_id("connection", connection_id)
        headers = {"authorization": f"Bearer {self.instance.token}"}
        return self.raw("GET", f"/platform/api/connections/con_{found}/proxy/{path}", b"", headers)

    def happened(self, connection_id: str) -> list[str]:
        """What is on record of a connection."""
        sql = "SELECT action FROM audit_entries WHERE subject_id = :id ORDER BY id"
        found = parse_id("connection", connection_id)
        events = self.instance.database.read_now(lambda tx: tx.column(sql, id=found))
        return [event.removeprefix("connection.") for event in events]


__all__ = ["KEY", "PUBLIC_URL", "WHO", "Online", "Outcome"]
