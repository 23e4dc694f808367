"""What is connected, and what a project has besides: secrets, connections, providers, destinations, keys."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from tests.conformance.owner import Maker, Owner
from trunkline.core import access, connections, integrations, providers, uploads, webhooks, workspaces
from trunkline.core.proxy.tables import proxied_requests
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor
from trunkline.kit.secret import Secret

PROJECT_KEYS: dict[str, str] = {}  # of projects, by id: they are addressed by their own text

PEM = """-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA5gyf83+49j1dDeI002Es
gnr4REBTmfVQ4Z6xK+Y9BvxbrysRgZ9PG0+/2nAlQh1nyYR6PNsgGh3j9BcipDar
WxNKSiRyiz42nOg8d0PHrWC9txNog7SMEMRQjSvHRHLfpKoJgOwn8WZbXu9icK8D
5lB722XaLfPoEIJK1VNpdxTcl/RN+VkkzuevPRV9Z4AqjmATAOevqYG1iBeQRH7l
xrr4jl2ZZ/tEa9/mu/slzFLqjOeJ6roV4CWAtJC1DbIBzMyaxVz5tkL5aKdWb7+w
x3Je44fWwI2D9hIPX/4fHCuwd6BvwSxrOjyvxDQDdp4oQdMrJaDxJbwzSsWJ1/lK
IQIDAQAB
-----END PUBLIC KEY-----
"""  # of an RSA key whose private half nobody has

WITH_TOKEN = {"type": "bearer", "mode": "shared", "apiBaseUri": "https://api.example.com"}
WITH_LOGIN = {
    "type": "oauth2",
    "mode": "shared",
    "authUri": "https://login.example.com/authorize",
    "tokenUri": "https://login.example.com/token",
    "clientId": "a-client",
}


def _secret(held: Owner, tx: Tx, actor: Actor) -> str:
    request = connections.CreateSecret(
        workspace_id=held.workspace_id, name=held.name("secret"), value=Secret("a value to be kept")
    )
    return connections.create_secret(tx, actor, held.instance.platform.services.vault, request).id


def connectable(held: Owner, auth_config: dict[str, Any] = WITH_TOKEN) -> str:
    """A draft whose connections take a token that nobody can be asked about."""

    def work(tx: Tx) -> str:
        request = integrations.CreateIntegration(
            workspace_id=held.workspace_id,
            slug=held.name("integration"),
            name="connectable",
            auth_config=auth_config,
        )
        return integrations.create_integration(tx, held.actor(tx), request).id

    return str(held.write(work))


def connection(held: Owner, *, deleted: bool) -> str:
    """A connection with a token, made by the flow that makes them all."""
    services = held.instance.platform.services
    env = connections.FlowServices(
        held.instance.database, services.vault, services.egress, services.public_url, held.instance.clock
    )
    request = connections.Connect(
        integration_id=connectable(held),
        workspace_id=held.workspace_id,
        credentials={"token": Secret("a-token-of-no-value")},
        name=held.name("connection"),
    )
    actor = held.instance.database.read_now(held.actor)
    made = asyncio.run(connections.connect(env, actor, request)).id
    if deleted:
        held.write(lambda tx: connections.disconnect_connection(tx, held.actor(tx), made))
    return made


def _proxied_request(held: Owner, tx: Tx, _actor: Actor) -> str:
    row_id = tx.new_id()
    tx.insert(
        proxied_requests,
        id=row_id,
        organization_id=held.organization_id,
        workspace_id=held.workspace_id,
        user_id=held.owner_id,
        method="GET",
        host="api.example.com",
        path=f"/{held.name('request')}",
        status=200,
        attempts=1,
        response_bytes=2,
        duration_ms=3,
        created_at=tx.now,
    )
    return row_id


def _provider(held: Owner, tx: Tx, actor: Actor) -> str:
    return _defined(held, tx, actor).id


def _defined(held: Owner, tx: Tx, actor: Actor) -> providers.ProviderRow:
    request = providers.CreateProvider(
        organization_id=held.organization_id,
        name=held.name("provider"),
        auth=providers.ProviderAuth(scheme="basic"),
    )
    return providers.create_provider(tx, actor, request)


def provider_name(held: Owner) -> str:
    """The name of a fresh provider: a workspace has one app for each."""
    return str(held.write(lambda tx: _defined(held, tx, held.actor(tx)).name))


def _provider_app(held: Owner, tx: Tx, actor: Actor) -> str:
    request = providers.CreateProviderApp(
        workspace_id=held.workspace_id,
        provider=_defined(held, tx, actor).name,
        client_id="client",
        client_secret=Secret("a secret to be kept"),
    )
    vault = held.instance.platform.services.vault
    return providers.create_provider_app(tx, actor, vault, request).id


def _destination(held: Owner, tx: Tx, actor: Actor) -> str:
    request = webhooks.CreateDestination(
        workspace_id=held.workspace_id,
        name=held.name("destination"),
        type="webhook",
        metadata={"url": "https://hooks.example.com/in"},
    )
    services = held.instance.platform.services
    return webhooks.create_destination(tx, actor, services.vault, services.egress.policy, request).id


def _topic(held: Owner, tx: Tx, actor: Actor) -> str:
    return webhooks.create_topic(tx, actor, held.workspace_id, held.name("topic")).id


def _topic_route(held: Owner, tx: Tx, actor: Actor) -> str:
    topic_id = _topic(held, tx, actor)
    return webhooks.create_topic_route(tx, actor, held.workspace_id, "connection.created", topic_id).id


def _destination_route(held: Owner, tx: Tx, actor: Actor) -> str:
    ends = _topic(held, tx, actor), _destination(held, tx, actor)
    return webhooks.create_destination_route(tx, actor, held.workspace_id, *ends).id


def _project_key(held: Owner, tx: Tx, actor: Actor) -> str:
    request = access.CreateProjectKey(workspace_id=held.workspace_id, label=held.name("key"))
    issued = access.create_project_key(tx, actor, request, pepper=held.instance.platform.services.pepper)
    PROJECT_KEYS[issued.row.id] = issued.secret.reveal()
    return issued.row.id


def _upload(held: Owner, tx: Tx, actor: Actor) -> str:
    place = uploads.give_place(tx, actor, pepper=held.instance.platform.services.pepper)
    uploads.keep_upload(tx, actor, place, b"PK")
    return place.id


def _consumer(held: Owner, tx: Tx, actor: Actor) -> str:
    bound = access.bind_to_project(tx, actor, held.workspace_id)
    return workspaces.ensure_consumer(tx, bound, held.workspace_id, held.name("consumer")).id


def _jwt_key(held: Owner, tx: Tx, actor: Actor) -> str:
    request = access.CreateJwtKey(workspace_id=held.workspace_id, label=held.name("key"), public_key_pem=PEM)
    return access.create_jwt_key(tx, actor, request).id


MAKERS: Mapping[str, Maker] = {
    "secret": _secret,
    "provider": _provider,
    "provider_app": _provider_app,
    "proxied_request": _proxied_request,
    "destination": _destination,
    "topic": _topic,
    "topic_route": _topic_route,
    "destination_route": _destination_route,
    "project_key": _project_key,
    "jwt_key": _jwt_key,
    "consumer": _consumer,
    "upload": _upload,
}


__all__ = [
    "MAKERS",
    "PEM",
    "PROJECT_KEYS",
    "WITH_LOGIN",
    "WITH_TOKEN",
    "connectable",
    "connection",
    "provider_name",
]
