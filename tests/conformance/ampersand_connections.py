"""Connections of the ampersand dialect, in groups: nothing of them is asked of anybody outside."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.conformance.ampersand_parts import Part
from tests.conformance.holdings import Holdings
from tests.conformance.vocabulary import Example
from trunkline.core import access, connections, providers, workspaces
from trunkline.infra.db import Tx
from trunkline.kit.ids import format_uuid
from trunkline.kit.secret import Secret

TOKEN = {"scheme": "bearer"}
LOGIN = {
    "scheme": "oauth2",
    "authorization_url": "https://login.example.com/authorize",
    "token_url": "https://login.example.com/token",
}
OWN = {
    "scheme": "custom",
    "custom": providers.CustomAuth(
        inputs=[providers.CustomInput(name="key")],
        headers=[providers.CustomPart(name="X-Key", value="{key}")],
    ),
}


def _provider(held: Holdings, auth: dict[str, Any]) -> str:
    """A provider that knows no request to ask about a credential with, and the project's app for it."""
    name = held.name("provider")

    def work(tx: Tx) -> None:
        actor = held.actor(tx)
        request = providers.CreateProvider(
            organization_id=held.organization_id,
            name=name,
            auth=providers.ProviderAuth(**auth),
            base_url="https://api.example.com",
        )
        providers.create_provider(tx, actor, request)
        if auth is LOGIN:
            app = providers.CreateProviderApp(
                workspace_id=held.workspace_id,
                provider=name,
                client_id="client",
                client_secret=Secret("a secret to be kept"),
            )
            providers.create_provider_app(tx, actor, held.instance.platform.services.vault, app)

    held.write(work)
    return name


def connected(held: Holdings, auth: dict[str, Any] = TOKEN) -> str:
    """The id of a connection in a group; one that is authorized by a page waits for it."""
    services = held.instance.platform.services
    env = connections.FlowServices(
        held.instance.database, services.vault, services.egress, services.public_url, held.instance.clock
    )
    provider = _provider(held, auth)

    def place(tx: Tx) -> tuple[Any, str, str]:
        actor = access.bind_to_project(tx, held.actor(tx), held.workspace_id)
        group = workspaces.ensure_group(tx, actor, held.workspace_id, held.name("group"))
        consumer = workspaces.ensure_consumer(tx, actor, held.workspace_id, held.name("consumer"))
        return actor, group.id, consumer.id

    actor, group_id, consumer_id = held.write(place)
    request = connections.Connect(
        provider=provider,
        workspace_id=group_id,
        consumer_id=consumer_id,
        credentials={"token": Secret("a-token-of-no-value")} if auth is TOKEN else {},
    )
    return asyncio.run(connections.connect(env, actor, request)).id


def _there(held: Holdings) -> dict[str, str]:
    return {"project": format_uuid(held.workspace_id)}


def _on(held: Holdings, auth: dict[str, Any] = TOKEN, **members: Any) -> Example:
    path = {**_there(held), "connection": format_uuid(connected(held, auth))}
    return Example(path, **members)


def _whose(held: Holdings, auth: dict[str, Any]) -> dict[str, Any]:
    return {
        "provider": _provider(held, auth),
        "groupRef": held.name("group"),
        "groupName": "A customer",
        "consumerRef": held.name("consumer"),
    }


def _in_project(held: Holdings, auth: dict[str, Any]) -> dict[str, Any]:
    return {"projectIdOrName": format_uuid(held.workspace_id), **_whose(held, auth)}


def _update(held: Holdings) -> Example:
    changes = {"apiKey": "another-token-of-no-value", "providerWorkspaceRef": held.name("account")}
    return _on(held, body={"updateMask": ["apiKey", "providerWorkspaceRef"], "connection": changes})


PART = Part(
    kinds={
        "connection": ("connection",),
        "connections": ("connection",),
        "projectId": ("workspace",),
        "projectIdOrName": ("workspace",),
        "providerAppId": ("provider_app",),
    },
    plain=frozenset(
        {
            "apiKey",
            "clientId",
            "clientSecret",
            "consumerName",
            "consumerRef",
            "displayName",
            "expiresAt",
            "groupName",
            "groupRef",
            "issuedAt",
            "password",
            "provider",
            "providerWorkspaceRef",
            "sessionId",
            "token",
            "username",
        }
    ),
    free=frozenset({"callbackParams", "customAuth", "providerMetadata"}),
    bodies={
        "generateConnection": lambda held: {**_whose(held, TOKEN), "apiKey": "a-token-of-no-value"},
        "oauthConnect": lambda held: _in_project(held, LOGIN),
        "customAuthConnect": lambda held: {**_in_project(held, OWN), "customAuth": {"key": "of-no-value"}},
    },
    wholes={
        "getConnection": _on,
        "updateConnection": _update,
        "deleteConnection": _on,
        "oauthUpdate": lambda held: _on(held, LOGIN),
    },
    browsing={"oauthUpdate": frozenset({"oauth_states", "vault_keys"})},
)
