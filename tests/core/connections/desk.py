"""Connections of the two tenants to a simulated service on a real socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from tests.core.access.world import World
from tests.core.connections.safe import Safe
from tests.simulated import Simulated, SimulatedClient
from trunkline.core import connections
from trunkline.core.connections import (
    Authorized,
    Callback,
    Connect,
    ConnectionRow,
    Finished,
    FlowServices,
    StartAuthorization,
    in_flight,
)
from trunkline.core.connections.flows.breaker import Breaker
from trunkline.core.connections.flows.revoking import revoke_due
from trunkline.core.connections.jobs import refresh_due
from trunkline.core.connections.tables import connections as rows
from trunkline.core.integrations.tables import integration_versions, integrations
from trunkline.infra.db import Tx, open_database
from trunkline.infra.http import Egress, EgressPolicy
from trunkline.infra.vault import Vault
from trunkline.kit.actor import Actor
from trunkline.kit.secret import Secret

Answer = TypeVar("Answer")

PUBLIC_URL = "https://hub.example"
CALLBACK = f"{PUBLIC_URL}/api/oauth/callback"
ACCOUNT = {"path": "/whoami", "id": "/id", "email": "/email", "name": "/displayName"}
HEALTH = {"path": "/health"}
LIFE = timedelta(seconds=300)  # of the simulator's access tokens


def egress_to(*simulated: Simulated) -> Egress:
    exceptions = [one.host_port.rpartition(":") for one in simulated]
    return Egress(EgressPolicy(allowed=frozenset((host, int(port)) for host, _, port in exceptions)))


def oauth2(simulated: Simulated, client: SimulatedClient | None, **more: Any) -> dict[str, Any]:
    """The connecting half of an integration with the simulated service."""
    config = {
        "type": "oauth2",
        "authUri": f"{simulated.url}/oauth/authorize",
        "tokenUri": f"{simulated.url}/oauth/token",
        "revocationUri": f"{simulated.url}/oauth/revoke",
        "apiBaseUri": f"{simulated.url}/crm",
        "scope": "crm.read crm.write",
        "account": ACCOUNT,
        "health": HEALTH,
        "mode": "shared",
    }
    if client is not None:
        config["clientId"] = client.id
    return {name: value for name, value in {**config, **more}.items() if value is not None}


class Desk:
    """Makes integrations and connections, and looks at what became of them."""

    def __init__(self, safe: Safe, simulated: Simulated, *others: Simulated) -> None:
        self.safe = safe
        self.world: World = safe.world
        self.vault: Vault = safe.vault
        self.simulated = simulated
        self.egress = egress_to(simulated, *others)
        self.env = FlowServices(self.world.db, safe.vault, self.egress, PUBLIC_URL, self.world.clock)
        self.client = simulated.client(CALLBACK)
        in_flight(self.world.db).breaker = Breaker()
        self._runner = asyncio.Runner()

    def run(self, coroutine: Coroutine[Any, Any, Answer]) -> Answer:
        return self._runner.run(coroutine)

    def close(self) -> None:
        async def end() -> None:
            await in_flight(self.world.db).settle(self.world.db)
            await self.egress.close()

        self._runner.run(end())
        self._runner.close()

    @contextmanager
    def beside(self) -> Iterator[FlowServices]:
        """What another process has: its own connections to the same database."""
        database = open_database(self.safe.url, self.world.db.catalog)
        try:
            yield FlowServices(database, self.vault, self.egress, PUBLIC_URL, self.world.clock)
        finally:
            database.close()

    def later(self, **step: float) -> None:
        self.world.clock.advance(timedelta(**step))

    # Integrations

    def integration(
        self, config: Mapping[str, Any] | None = None, *, secret: bool = True, workspace_id: str | None = None
    ) -> str:
        """An integration of workspace `one`, with the client's secret."""
        wanted = oauth2(self.simulated, self.client) if config is None else config
        made = self.world.item(workspace_id or self.world.one, name="Sim CRM", auth_config=json.dumps(wanted))
        if secret:
            self.secrets(made, client_secret=Secret(self.client.secret))
        return made

    def secrets(self, integration_id: str, user: str = "owner", **given: Secret | None) -> Any:
        actor = self.world.actor(user)
        return self.world.write(
            lambda tx: connections.set_integration_secrets(tx, actor, self.vault, integration_id, **given)
        )

    def edit(self, integration_id: str, **members: Any) -> None:
        """Change the connecting half; None takes a member out."""

        def work(tx: Tx) -> None:
            found = json.loads(
                tx.value("SELECT auth_config FROM integrations WHERE id = :id", id=integration_id)
            )
            after = {name: value for name, value in {**found, **members}.items() if value is not None}
            tx.update(integrations, "id = :id", {"id": integration_id}, auth_config=json.dumps(after))

        self.world.write(work)

    def publish(self, integration_id: str, **columns: Any) -> None:
        """Publish the draft as it is, to everybody."""

        def work(tx: Tx) -> None:
            sql = "SELECT organization_id, workspace_id, auth_config FROM integrations WHERE id = :id"
            organization_id, workspace_id, config = tx.fetch(sql, {"id": integration_id})[0]
            version_id = tx.new_id()
            tx.insert(
                integration_versions,
                id=version_id,
                organization_id=organization_id,
                workspace_id=workspace_id,
                integration_id=integration_id,
                version=version_id,
                manifest="{}",
                variables_schema="{}",
                auth_config=config,
                member_entity_versions="{}",
                content_hash="",
                published_by="",
                published_at=tx.now,
            )
            place = {"current_version": "1.0.0", "current_version_id": version_id, "visibility": "public"}
            tx.update(integrations, "id = :id", {"id": integration_id}, **{**place, **columns})

        self.world.write(work)

    # Flows

    def start(self, integration_id: str | None, user: str | Actor = "editor", **request: Any) -> str:
        """Begin an authorization; the provider's URL."""
        asked = StartAuthorization(
            **{"integration_id": integration_id, "workspace_id": self.world.one, **request}
        )
        return self.run(connections.start_authorization(self.env, self.actor(user), asked))

    def consent(self, url: str) -> dict[str, str]:
        """What the provider's redirect says once the owner has agreed."""
        parts = urlsplit(url)
        answer = self.simulated.request("GET", f"{parts.path}?{parts.query}")
        assert answer.status == 303, answer.body
        said = parse_qs(urlsplit(answer.headers["location"]).query, strict_parsing=True)
        return {name: value for name, (value,) in said.items()}

    def finish(self, said: Mapping[str, str], **more: Any) -> Finished:
        return self.run(connections.finish_authorization(self.env, Callback(**{**said, **more})))

    def authorize(
        self, integration_id: str | None, user: str | Actor = "editor", **request: Any
    ) -> ConnectionRow:
        """A connection, by the provider's page and back."""
        finished = self.finish(self.consent(self.start(integration_id, user, **request)))
        assert finished.error is None, finished
        assert finished.connection_id is not None
        return self.get(finished.connection_id)

    def connect(
        self, integration_id: str | None, user: str | Actor = "editor", **request: Any
    ) -> ConnectionRow:
        credentials = {name: Secret(value) for name, value in request.pop("credentials", {}).items()}
        asked = Connect(
            **{"integration_id": integration_id, "workspace_id": self.world.one, **request},
            credentials=credentials,
        )
        return self.run(connections.connect(self.env, self.actor(user), asked))

    def use(
        self, connection_id: str, user: str | Actor | None = "editor", refused: int | None = None
    ) -> Authorized:
        actor = None if user is None else self.actor(user)
        return self.run(connections.authorized(self.env, actor, connection_id, refused=refused))

    def token(
        self, connection_id: str, user: str | Actor | None = "editor", refused: int | None = None
    ) -> str:
        """The bearer token a request would carry."""
        ((name, value),) = self.use(connection_id, user, refused).headers
        assert name == "Authorization"
        return value.removeprefix("Bearer ")

    def works(self, token: str) -> int:
        """The status of an API request with this token."""
        return self.simulated.api("GET", "/crm/whoami", token).status

    def tend(self) -> int:
        """One round of the background job."""
        return self.run(refresh_due(self.env))

    def revoke(self) -> int:
        return self.run(revoke_due(self.env))

    # What became of it

    def actor(self, user: str | Actor) -> Actor:
        return user if isinstance(user, Actor) else self.world.actor(user)

    def get(self, connection_id: str, user: str = "owner") -> ConnectionRow:
        actor = self.world.actor(user)
        return self.world.read(lambda tx: connections.get_connection(tx, actor, connection_id))

    def columns(self, connection_id: str, *names: str) -> Any:
        sql = f"SELECT {', '.join(names)} FROM connections WHERE id = :id"
        found = self.world.read(lambda tx: tx.fetch(sql, {"id": connection_id}))[0]
        return found if len(names) > 1 else found[0]

    def put(self, connection_id: str, **columns: Any) -> None:
        self.world.write(lambda tx: tx.update(rows, "id = :id", {"id": connection_id}, **columns))

    def count(self, table: str) -> int:
        return int(self.world.read(lambda tx: tx.value(f"SELECT count(*) FROM {table}")))

    def status(self, connection_id: str) -> tuple[str, str | None]:
        status, reason = self.columns(connection_id, "status", "reason")
        return status, reason

    def happened(self, connection_id: str) -> list[str]:
        """The events of a connection, without their prefix, each of which has its audit entry."""
        sql = "SELECT type FROM events WHERE subject_id = :id ORDER BY id"
        audit = "SELECT action FROM audit_entries WHERE subject_id = :id ORDER BY id"
        events = self.world.read(lambda tx: tx.column(sql, id=connection_id))
        assert events == self.world.read(lambda tx: tx.column(audit, id=connection_id))
        return [event.removeprefix("connection.") for event in events]

    def refreshes(self) -> dict[str, int]:
        """How often the token endpoint was asked to refresh, by outcome."""
        return self.client.token_calls("refresh_token")

    def families(self) -> list[str | None]:
        """What became of every grant of the client: None is good."""
        found = self.simulated.admin("GET", f"/simulator/grants?clientId={self.client.id}")["data"]
        return [one["revoked"] for one in found]
