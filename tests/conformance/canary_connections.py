"""Where secrets are entered on the way to other services: clients, grants, keys, passwords, and what comes back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from tests.conformance.canaries import Plant, World
from tests.simulated import Simulated, serving
from trunkline.core import access, connections
from trunkline.core.connections import Callback, Connect, ConnectionRow, FlowServices, StartAuthorization
from trunkline.core.connections.flows.revoking import revoke_due
from trunkline.core.connections.sealed import CONNECTION_CREDENTIAL, STATE_VERIFIER
from trunkline.infra.db import Tx
from trunkline.infra.http import Egress, EgressPolicy
from trunkline.infra.vault.store import DatabaseKeyStore
from trunkline.kit.actor import Actor
from trunkline.kit.errors import TrunklineError
from trunkline.kit.ids import parse_id
from trunkline.kit.secret import Secret

PUBLIC_URL = "https://hub.example"
CALLBACK = f"{PUBLIC_URL}/api/oauth/callback"
ACCOUNT = {"path": "/whoami", "id": "/id", "email": "/email", "name": "/displayName"}
Answer = TypeVar("Answer")


class Connecting:
    """A world with a service to connect to."""

    def __init__(self, world: World, simulated: Simulated) -> None:
        self.world = world
        self.simulated = simulated
        host, _, port = simulated.host_port.rpartition(":")
        self.egress = Egress(EgressPolicy(allowed=frozenset({(host, int(port))})))
        platform = world.instance.platform
        self.vault = platform.services.vault
        self.env = FlowServices(
            platform.database, self.vault, self.egress, PUBLIC_URL, platform.database.catalog.clock
        )
        self.actor: Actor = platform.database.read_now(lambda tx: access.act_as(tx, world.instance.user_id))
        self.workspace_id = parse_id("workspace", world.instance.workspace_id) or ""
        self._runner = asyncio.Runner()

    def close(self) -> None:
        self._runner.run(self.egress.close())
        self._runner.close()

    def run(self, coroutine: Coroutine[Any, Any, Answer]) -> Answer | None:
        """What it gives, or None where it is refused; written down either way."""
        try:
            answer = self._runner.run(coroutine)
        except TrunklineError as error:
            self.world.heard("a flow that is refused", repr((error, error.message, error.details)).encode())
            return None
        if not isinstance(answer, str):
            self.world.heard("a flow that succeeds", repr(answer).encode())
        return answer

    def integration(self, slug: str, **config: Any) -> str:
        """An integration with the service."""
        body = {
            "workspaceId": self.world.instance.workspace_id,
            "slug": slug,
            "name": slug,
            "manifest": {"members": []},
            "authConfig": {"apiBaseUri": f"{self.simulated.url}/crm", "mode": "shared", **config},
        }
        made = self.world.ask("POST", "/api/integrations", body, status=201)
        return parse_id("integration", made.json["id"]) or ""

    def authorizing(self, slug: str, client_id: str, **config: Any) -> str:
        """An integration that is connected by authorization."""
        url = self.simulated.url
        endpoints = {
            "authUri": f"{url}/oauth/authorize",
            "tokenUri": f"{url}/oauth/token",
            "revocationUri": f"{url}/oauth/revoke",
        }
        return self.integration(slug, type="oauth2", clientId=client_id, **{**endpoints, **config})

    def secrets(self, integration_id: str, **given: Secret | None) -> None:
        self.env.database.write_now(
            lambda tx: connections.set_integration_secrets(
                tx, self.actor, self.vault, integration_id, **given
            )
        )

    def connect(self, integration_id: str, **credentials: str) -> ConnectionRow | None:
        given = {name: Secret(value) for name, value in credentials.items()}
        request = Connect(integration_id=integration_id, workspace_id=self.workspace_id, credentials=given)
        return self.run(connections.connect(self.env, self.actor, request))

    def start(self, integration_id: str, name: str) -> str | None:
        """The page to send the browser to; its state and verifier are secrets."""
        request = StartAuthorization(
            integration_id=integration_id,
            workspace_id=self.workspace_id,
            binding=self.world.canary(f"browser session, {name}", plain=True),
        )
        url = self.run(connections.start_authorization(self.env, self.actor, request))
        if url is not None:
            (state,) = parse_qs(urlsplit(url).query)["state"]
            self.world.keep(f"state, {name}", state)
            self.world.keep(f"verifier, {name}", self._newest(STATE_VERIFIER, "created_at"))
        return url

    def consent(self, url: str) -> Mapping[str, str]:
        """What comes back with the browser."""
        parts = urlsplit(url)
        answer = self.simulated.request("GET", f"{parts.path}?{parts.query}")
        said = parse_qs(urlsplit(answer.headers["location"]).query)
        return {name: value for name, (value,) in said.items()}

    def keep_tokens(self, connection_id: str, name: str) -> None:
        """Take note of what a connection holds."""
        for kind, token in json.loads(self._credential(connection_id)).items():
            if isinstance(token, str):
                self.world.keep(f"{kind} token, {name}", token)

    def _credential(self, connection_id: str) -> str:
        def work(tx: Tx) -> str:
            sql = "SELECT organization_id, generation, credential FROM connections WHERE id = :id"
            ((tenant, generation, sealed),) = tx.fetch(sql, {"id": connection_id})
            place = CONNECTION_CREDENTIAL.place(connection_id, generation)
            return self.vault.open(DatabaseKeyStore(tx), tenant, place, sealed).reveal()

        return self.env.database.read_now(work)

    def _newest(self, column: Any, order: str) -> str:
        def work(tx: Tx) -> str:
            sql = f"SELECT id, organization_id, {column.column} FROM {column.table} ORDER BY {order} DESC, id LIMIT 1"
            ((row_id, tenant, sealed),) = tx.fetch(sql, {})
            return self.vault.open(DatabaseKeyStore(tx), tenant, column.place(row_id), sealed).reveal()

        return self.env.database.read_now(work)


@contextmanager
def connecting(world: World) -> Iterator[Connecting]:
    with serving() as simulated:
        made = Connecting(world, simulated)
        try:
            yield made
        finally:
            made.close()


def grants(world: World) -> None:
    """From the page of the provider to the end of the connection, with every token there is on the way."""
    with connecting(world) as there:
        secret = world.canary("client secret of an integration", plain=True)
        client = there.simulated.client(CALLBACK, clientSecret=secret)
        integration = there.authorizing("granted", client.id, account=ACCOUNT, health={"path": "/health"})
        there.secrets(integration, client_secret=Secret(world.canary("client secret, replaced")))
        there.secrets(integration, client_secret=Secret(secret))
        url = there.start(integration, "granted")
        assert url is not None
        said = there.consent(url)
        world.keep("code, granted", said["code"])
        session = world.secrets["browser session, granted"]
        wrong = world.canary("browser session, another", plain=True)
        assert (
            there.run(finish(there, {**said, "state": world.canary("made-up state", plain=True)}, session))
            is None
        )
        done = there.run(finish(there, said, session))
        assert done is not None
        assert done.connection_id is not None, done
        there.keep_tokens(done.connection_id, "granted")
        assert there.run(finish(there, said, session)) is None
        assert (
            there.run(connections.authorized(there.env, there.actor, done.connection_id, refused=1))
            is not None
        )
        there.keep_tokens(done.connection_id, "refreshed")
        there.run(connections.probe(there.env, there.actor, done.connection_id))
        client.faults("server-error")
        there.run(connections.authorized(there.env, there.actor, done.connection_id, refused=2))
        client.faults()
        there.run(connections.disconnect(there.env, there.actor, done.connection_id))
        there.run(revoke_due(there.env))
        again = there.start(integration, "in another browser")
        assert again is not None
        said = there.consent(again)
        world.keep("code, in another browser", said["code"])
        assert there.run(finish(there, said, wrong)) is None


def grants_of_servers_that_echo(world: World) -> None:
    """A token endpoint that says back whatever it was sent, in an answer and in an error."""
    with connecting(world) as there:
        secret = world.canary("client secret shown to an echo", plain=True)
        client = there.simulated.client(CALLBACK, clientSecret=secret)
        integration = there.authorizing("echoed", client.id, tokenUri=f"{there.simulated.url}/echo")
        there.secrets(
            integration,
            client_secret=Secret(secret),
            api_key=Secret(world.canary("API key of an integration")),
        )
        url = there.start(integration, "echoed")
        assert url is not None
        said = there.consent(url)
        world.keep("code, echoed", said["code"])
        there.run(finish(there, said, world.secrets["browser session, echoed"]))


def credentials(world: World) -> None:
    """Keys, passwords and tokens that owners bring: good ones, bad ones, and nobody to ask."""
    with connecting(world) as there:
        for kind, members in (
            ("api_key", {"apiKey": ""}),
            ("basic", {"username": "grace", "password": ""}),
            ("bearer", {"token": ""}),
        ):
            name = next(name for name, value in members.items() if not value)
            integration = there.integration(
                kind.replace("_", "-"), type=kind, account=ACCOUNT, health={"path": "/health"}
            )
            good = world.canary(f"good {kind} credential", plain=True)
            there.simulated.admin(
                "POST",
                "/simulator/credentials",
                {"kind": kind, "secret": good, "username": members.get("username", "")},
            )
            made = there.connect(integration, **{**members, name: good})
            assert made is not None, kind
            there.run(connections.authorized(there.env, there.actor, made.id))
            wrong = world.canary(f"wrong {kind} credential", plain=True)
            assert there.connect(integration, **{**members, name: wrong}) is None
            unsendable = world.canary(f"unsendable {kind} credential") + "\r\nX-Injected: 1"
            assert there.connect(integration, **{**members, name: unsendable}) is None or kind == "basic"
            extra = {"nonsense": world.canary(f"unknown member beside {kind}")}
            assert there.connect(integration, **{**members, name: good, **extra}) is None
            nowhere = there.integration(
                f"{kind.replace('_', '-')}-nowhere",
                type=kind,
                apiBaseUri="http://127.0.0.1:9",
                health={"path": "/"},
            )
            assert there.connect(nowhere, **{**members, name: world.canary(f"{kind} nobody tries")}) is None
            echo = there.integration(
                f"{kind.replace('_', '-')}-echo", type=kind, apiBaseUri=there.simulated.url,
                health={"path": "/echo", "status": 204},
            )  # fmt: skip
            there.connect(echo, **{**members, name: world.canary(f"{kind} shown to an echo", plain=True)})


async def finish(there: Connecting, said: Mapping[str, str], binding: str) -> connections.Finished:
    callback = Callback(**said, binding=binding)
    return await connections.finish_authorization(there.env, callback)


PLANTS: tuple[Plant, ...] = (grants, grants_of_servers_that_echo, credentials)
