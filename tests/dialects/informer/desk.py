"""Speaks this dialect to a whole instance, as its first user or as others of its organization."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.asgi import Headers, Response, acall, call
from tests.instance import Instance
from tests.simulated import Simulated
from trunkline.core import access, connections
from trunkline.infra.db import Tx
from trunkline.infra.vault.passwords import PasswordHash, hash_password
from trunkline.kit.ids import parse_id
from trunkline.kit.secret import Secret

PASSWORD = "correct horse battery"
HAL = "application/hal+json"
DRIVE = {
    "name": "Google Drive - Engineering",
    "type": "google-drive",
    "category": "storage",
    "description": "Integration with Google Drive for document sync",
    "mode": "per-user",
    "authType": "oauth2",
    "scope": "https://www.googleapis.com/auth/drive.readonly",
    "authUri": "https://accounts.google.com/o/oauth2/v2/auth",
    "tokenUri": "https://oauth2.googleapis.com/token",
    "revocationUri": "https://oauth2.googleapis.com/revoke",
    "apiBaseUri": "https://www.googleapis.com/drive/v3",
    "clientId": "123456789-abcdefg.apps.googleusercontent.com",
    "clientSecret": "GOCSPX-xyz123abc456",
    "imageUrl": "/images/google-drive.png",
}


@cache  # slow on purpose, and what it comes to is tested where it is made
def _hashed(text: str) -> PasswordHash:
    return hash_password(Secret(text))


class Desk:
    """`token` is an API token of the first user, who owns the organization."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.token = self.token_of(instance.user_id)

    def send(
        self, method: str, path: str, body: Any = b"", *, token: str | None = None, headers: Headers = ()
    ) -> Response:
        pairs = list(headers.items() if isinstance(headers, Mapping) else headers)
        pairs.append(("authorization", f"Bearer {token or self.token}"))
        return self.bare(method, path, body, pairs)

    def bare(self, method: str, path: str, body: Any = b"", headers: Headers = ()) -> Response:
        """Without a credential but what `headers` carry."""
        return call(self.instance.app, method, path, headers, body)

    def ok(self, method: str, path: str, body: Any = b"", **more: Any) -> Any:
        answer = self.send(method, path, body, **more)
        assert 200 <= answer.status < 300, (answer.status, answer.body)
        return answer.json if answer.body else None

    def made(self, **members: Any) -> Any:
        """A fresh integration."""
        return self.ok("POST", "/informer/api/integrations", {"name": "Things", "type": "custom", **members})

    def write(self, work: Any) -> Any:
        return self.instance.database.write_now(work)

    @property
    def organization_id(self) -> str:
        found = parse_id("organization", self.instance.organization_id)
        assert found is not None
        return found

    def user(self, name: str, role: str = "member", *, password: bool = False) -> str:
        """The id of a new user of the organization, without a role in any workspace."""

        def work(tx: Tx) -> str:
            actor = access.act_as(tx, self.instance.user_id)
            request = access.CreateUser(
                organization_id=self.organization_id,
                email=f"{name}@acme.example",
                name=name.capitalize(),
                username=name,
                role=role,
            )
            return access.create_user(tx, actor, request).id

        user_id: str = self.write(work)
        if password:
            self.give_password(user_id)
        return user_id

    def give_password(self, user_id: str, text: str = PASSWORD) -> None:
        hashed = _hashed(text)
        self.write(
            lambda tx: access.set_password(tx, access.act_as(tx, self.instance.user_id), user_id, hashed)
        )

    def team(self, name: str, *members: str) -> str:
        """The id of a new team of these users."""

        def work(tx: Tx) -> str:
            actor = access.act_as(tx, self.instance.user_id)
            request = access.CreateTeam(organization_id=self.organization_id, name=name)
            team_id = access.create_team(tx, actor, request).id
            for user_id in members:
                access.add_team_member(tx, actor, team_id, user_id)
            return team_id

        team_id: str = self.write(work)
        return team_id

    def token_of(self, user_id: str) -> str:
        """An API token of a user."""
        pepper = self.instance.platform.services.pepper

        def work(tx: Tx) -> str:
            request = access.CreateApiToken(name="test")
            actor = access.act_as(tx, user_id)
            return access.create_api_token(tx, actor, request, pepper=pepper).secret.reveal()

        token: str = self.write(work)
        return token

    def member(self, name: str, role: str = "member") -> str:
        """The API token of a new user of the organization."""
        return self.token_of(self.user(name, role))


class Online(Desk):
    """A desk with a simulated service to connect to; all its requests share an event loop."""

    def __init__(self, instance: Instance, simulated: Simulated) -> None:
        super().__init__(instance)
        self.simulated = simulated
        self.client = simulated.client(f"{instance.platform.services.public_url}/oauth2/callback")
        self._runner = asyncio.Runner()

    def bare(self, method: str, path: str, body: Any = b"", headers: Headers = ()) -> Response:
        return self._runner.run(acall(self.instance.app, method, path, headers, body))

    def close(self) -> None:
        async def end() -> None:
            await connections.in_flight(self.instance.database).settle(self.instance.database)
            await self.instance.platform.services.egress.close()

        self._runner.run(end())
        self._runner.close()

    def crm(self, **members: Any) -> str:
        """The path of a fresh integration with the simulated service, connected by its consent page."""
        body = {
            "name": "CRM",
            "type": "custom",
            "authType": "oauth2",
            "authUri": f"{self.simulated.url}/oauth/authorize",
            "tokenUri": f"{self.simulated.url}/oauth/token",
            "revocationUri": f"{self.simulated.url}/oauth/revoke",
            "apiBaseUri": f"{self.simulated.url}/crm",
            "scope": "crm.read crm.write",
            "clientId": self.client.id,
            "clientSecret": self.client.secret,
        }
        made = self.ok("POST", "/informer/api/integrations", {**body, **members})
        self.with_account(made)
        return f"/informer/api/integrations/{made['id']}"

    def echo(self, **members: Any) -> str:
        """The path of a fresh integration with what tells how it was asked, connected already."""
        body = {
            "name": "Echo",
            "type": "custom",
            "authType": "bearer",
            "apiBaseUri": f"{self.simulated.url}/echo",
        }
        made = self.ok("POST", "/informer/api/integrations", {**body, **members})
        path = f"/informer/api/integrations/{made['id']}"
        self.ok("POST", f"{path}/connect", {"token": "a-token-to-see"})
        return path

    def with_account(self, made: Any) -> None:
        """Say where the simulated service tells whose account it is, which only the platform's API can."""
        there = f"/platform/api/integrations/int_{made['id'].replace('-', '')}"
        config = self.ok("GET", there)["authConfig"]
        account = {"path": "/whoami", "id": "/id", "email": "/email", "name": "/displayName"}
        self.ok("PATCH", there, {"authConfig": {**config, "account": account}})

    def start(self, path: str, query: str = "", **more: Any) -> tuple[Response, str]:
        """The redirect to the provider's page, and the cookie that came with it."""
        answer = self.send("GET", f"{path}/connect{query}", **more)
        assert answer.status == 302, answer.body
        return answer, answer.headers["set-cookie"].partition(";")[0]

    def said(self, started: Response) -> dict[str, str]:
        """What the provider's page leads back with: the state and a code."""
        query = urlsplit(self.consent(started)).query
        return {name: value for name, (value,) in parse_qs(query).items() if name in ("code", "state")}

    def consent(self, started: Response) -> str:
        """The callback's path, as the provider's page leads to it."""
        answer = self.simulated.request("GET", started.headers["location"].removeprefix(self.simulated.url))
        assert answer.status == 303, answer.body
        location = urlsplit(answer.headers["location"])
        return f"{location.path}?{location.query}"

    def connect(self, path: str, **more: Any) -> None:
        """Go there and back again."""
        started, cookie = self.start(path, **more)
        answer = self.bare("GET", self.consent(started), headers={"cookie": cookie})
        assert answer.status == 200, answer.body


__all__ = ["DRIVE", "HAL", "PASSWORD", "Desk", "Online"]
