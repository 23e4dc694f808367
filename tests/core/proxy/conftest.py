from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.asgi import Response, acall
from tests.instance import Instance
from tests.simulated import Simulated, serving
from trunkline.core import access, connections
from trunkline.core.proxy import ProxiedRequestRow, list_requests
from trunkline.infra.db import Tx
from trunkline.kit.ids import format_id, parse_id
from trunkline.kit.pages import ListQuery
from trunkline.kit.secret import Secret


@pytest.fixture(scope="session")
def simulated() -> Iterator[Simulated]:
    with serving() as one:
        yield one


@dataclass
class Desk:
    """An instance with a connection to the simulator, and what goes through it."""

    instance: Instance
    simulated: Simulated

    def integration(self, **auth: Any) -> str:
        body = {
            "workspaceId": self.instance.workspace_id,
            "slug": f"echo-{len(auth)}-{id(auth)}",
            "name": "Echo",
            "authConfig": {"mode": "shared", "apiBaseUri": f"{self.simulated.url}/echo/base", **auth},
        }
        made = self.instance.api("POST", "/api/integrations", body)
        assert made.status == 201, made.body
        return str(made.json["id"])

    def connection(self, integration_id: str, user_id: str | None = None, **credentials: str) -> str:
        """A connection made by a user, in the first workspace."""
        platform = self.instance.platform
        found = parse_id("integration", integration_id)
        workspace_id = parse_id("workspace", self.instance.workspace_id)
        assert found is not None
        assert workspace_id is not None
        request = connections.Connect(
            integration_id=found,
            workspace_id=workspace_id,
            credentials={name: Secret(value) for name, value in credentials.items()},
        )
        env = connections.FlowServices(
            platform.database, platform.services.vault, platform.services.egress, "", self.instance.clock
        )
        user = user_id or self.instance.user_id
        actor = platform.database.read_now(lambda tx: access.act_as(tx, user))

        async def run() -> str:
            try:
                return (await connections.connect(env, actor, request)).id
            finally:
                await platform.services.egress.close()

        return format_id("connection", asyncio.run(run()))

    def send(
        self,
        method: str,
        connection_id: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: Any = b"",
        token: str | None = None,
    ) -> Response:
        """One request through the platform's route."""
        sent = {"authorization": f"Bearer {token or self.instance.token}", **(headers or {})}
        if isinstance(body, bytes) and body:
            sent["content-length"] = str(len(body))

        async def run() -> Response:
            services = self.instance.platform.services
            try:
                url = f"/api/connections/{connection_id}/proxy/{path}"
                return await acall(self.instance.app, method, url, sent, body)
            finally:
                await services.proxy.log.flush()
                await services.egress.close()

        return asyncio.run(run())

    def echoed(self, *args: Any, **more: Any) -> dict[str, Any]:
        """What the upstream received."""
        answer = self.send(*args, **more)
        assert answer.status == 200, answer.body
        found: dict[str, Any] = json.loads(answer.body)
        return found

    def log(self) -> list[ProxiedRequestRow]:
        """The log, newest first."""

        def work(tx: Tx) -> list[ProxiedRequestRow]:
            actor = access.act_as(tx, self.instance.user_id)
            return list(list_requests(tx, actor, ListQuery()).rows)

        return self.instance.database.read_now(work)


@pytest.fixture
def desk(database_url: str, tmp_path: Path, simulated: Simulated) -> Iterator[Desk]:
    instance = Instance(database_url, tmp_path, egress_allow=(simulated.host_port,))
    yield Desk(instance, simulated)
    instance.platform.close()
