"""A request to each operation of the informer dialect that succeeds for the owner of some holdings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.asgi import File, call
from tests.conformance.holdings import MAKERS, Holdings
from tests.conformance.operations import Operation
from tests.conformance.upstream import upstream
from tests.conformance.vocabulary import Example, Vocabulary
from tests.core.integrations.pictures import png
from trunkline.core import access, connections, integrations
from trunkline.core.connections.configuration import configuration_of
from trunkline.core.connections.credential import Credential
from trunkline.core.connections.saving import Given, Wanted, save_connection
from trunkline.core.connections.sources import connectable
from trunkline.infra.db import Tx
from trunkline.infra.vault.passwords import hash_password
from trunkline.kit.actor import Actor
from trunkline.kit.ids import format_uuid
from trunkline.kit.secret import Secret

PASSWORD = "a password of no use"
OAUTH = {
    "type": "oauth2",
    "authUri": f"http://{upstream()}/authorize",
    "tokenUri": f"http://{upstream()}/token",
    "apiBaseUri": f"http://{upstream()}",
    "clientId": "client",
}


def spelled(held: Holdings, kind: str, *, fresh: bool = False) -> str:
    return format_uuid(held.make(kind) if fresh else held.held(kind))


# Things that take more than one object; where a path names two, the maker gives both. -----------------------


def with_auth(
    held: Holdings, tx: Tx, actor: Actor, auth_config: Mapping[str, Any], driver: str = "custom"
) -> str:
    """A fresh integration that connects in this way."""
    name = held.name("integration")
    request = integrations.CreateIntegration(
        workspace_id=held.workspace_id, slug=name, name=name, auth_config=auth_config, driver=driver
    )
    return integrations.create_integration(tx, actor, request).id


def _connectable(held: Holdings, tx: Tx, actor: Actor) -> str:
    return with_auth(held, tx, actor, {"type": "bearer"})


def _connected(driver: str) -> Callable[..., str]:
    """An integration with a connection of the owner's."""

    def make(held: Holdings, tx: Tx, actor: Actor) -> str:
        config = {"type": "bearer", "apiBaseUri": f"http://{upstream()}"}
        integration_id = with_auth(held, tx, actor, config, driver)
        configuration = configuration_of(tx, connectable(tx, actor, integration_id, held.workspace_id), {})
        credential = Credential(given={"token": Secret("a token of no use")})
        given = Given(credential=credential, asked_at=tx.now)
        vault = held.instance.platform.services.vault
        save_connection(tx, actor, vault, configuration, Wanted(workspace_id=held.workspace_id), given)
        return integration_id

    return make


def _authorizable(held: Holdings, tx: Tx, actor: Actor) -> str:
    integration_id = with_auth(held, tx, actor, OAUTH)
    vault, secret = held.instance.platform.services.vault, Secret("a secret of no use")
    connections.set_integration_secrets(tx, actor, vault, integration_id, client_secret=secret)
    return integration_id


def _drawn(held: Holdings, tx: Tx, actor: Actor) -> str:
    integration_id = MAKERS["integration"](held, tx, actor)
    integrations.set_icon(tx, actor, integration_id, integrations.check_icon(png()))
    return integration_id


def _tagged(held: Holdings, tx: Tx, actor: Actor) -> str:
    integration_id, tag_id = MAKERS["integration"](held, tx, actor), MAKERS["tag"](held, tx, actor)
    integrations.assign_tag(tx, actor, integration_id, tag_id)
    return f"{integration_id} {tag_id}"


def _shared(held: Holdings, tx: Tx, actor: Actor) -> str:
    integration_id, user_id = MAKERS["integration"](held, tx, actor), MAKERS["user"](held, tx, actor)
    request = access.CreateGrant(
        entity_kind="integration",
        entity_id=integration_id,
        subject_kind="user",
        subject_id=user_id,
        tier="viewer",
    )
    access.create_grant(tx, actor, request)
    return f"{integration_id} {user_id}"


def _api_token(held: Holdings, tx: Tx, actor: Actor) -> str:
    request = access.CreateApiToken(name=held.name("token"))
    pepper = held.instance.platform.services.pepper
    return access.create_api_token(tx, actor, request, pepper=pepper).row.id


MAKERS |= {
    "connectable integration": _connectable,
    "connected integration": _connected("custom"),
    "connected drive": _connected("google-drive"),
    "authorizable integration": _authorizable,
    "drawn integration": _drawn,
    "tagged integration": _tagged,
    "shared integration": _shared,
    "api token": _api_token,
}


def login(held: Holdings) -> dict[str, str]:
    """The user name of a fresh user, and the handle of their organization."""
    name, hashed = held.name("login"), hash_password(Secret(PASSWORD))

    def work(tx: Tx) -> str:
        actor = held.actor(tx)
        request = access.CreateUser(
            organization_id=held.organization_id, email=f"{name}@example.com", name=name, username=name
        )
        access.set_password(tx, actor, access.create_user(tx, actor, request).id, hashed)
        return str(tx.value("SELECT handle FROM organizations WHERE id = :id", id=held.organization_id))

    return {"username": name, "handle": held.write(work)}


def session(held: Holdings) -> Mapping[str, str]:
    pepper = held.instance.platform.services.pepper
    issued = held.write(lambda tx: access.open_session(tx, held.owner_id, pepper=pepper))
    return {"authorization": f"Bearer {issued.secret.reveal()}"}


def authorization(held: Holdings) -> Example:
    """What a provider's page sends the browser back with."""
    started = call(
        held.instance.app,
        "GET",
        f"/informer/api/integrations/{spelled(held, 'authorizable integration', fresh=True)}/connect",
        session(held),
    )
    assert started.status == 302, started.body
    (state,) = parse_qs(urlsplit(started.headers["location"]).query)["state"]
    cookie = started.headers["set-cookie"].partition(";")[0]
    return Example(query={"state": state, "code": "a code"}, headers={"cookie": cookie})


# By operation ---------------------------------------------------------------------------------------------

BODIES: dict[str, Callable[[Holdings], dict[str, Any]]] = {
    "createIntegration": lambda held: {"name": held.name("integration"), "type": "custom"},
    "updateIntegration": lambda held: {"name": held.name("renamed")},
    "connect": lambda _held: {"token": "a token of no use"},
    "sendRequest": lambda _held: {"url": "/things"},
    "previewDirectories": lambda _held: {"folderId": "root"},
    "setOwner": lambda held: {"userId": spelled(held, "user", fresh=True)},
    "setShare": lambda _held: {"accessLevel": 2},
    "createTag": lambda held: {"name": held.name("tag")},
    "updateTag": lambda held: {"name": held.name("renamed")},
    "createToken": lambda held: {"name": held.name("token")},
}


# Kinds of what a path names, by its parameters.
KINDS: dict[str, str] = {
    "getIcon": "drawn integration",
    "removeIcon": "drawn integration",
    "getAccount": "connected integration",
    "getConnection": "connected integration",
    "disconnect": "connected integration",
    "connect": "connectable integration",
    "startAuthorization": "authorizable integration",
    "sendRequest": "connected integration",
    "previewDirectories": "connected drive",
    "getShare": "shared integration",
    "removeShare": "shared integration",
    "getIntegrationTag": "tagged integration",
    "unassignTag": "tagged integration",
    "getToken": "api token",
    "revokeToken": "api token",
}
WORDS = {"getDriver": {"type": "custom"}, "getRelation": {"rel": "integration"}}


def succeeding(operation: Operation, held: Holdings, words: Vocabulary) -> Example:
    """Fresh objects where the operation changes them, held ones where it looks."""
    name = operation.route.operation_id
    if name == "finishAuthorization":
        return authorization(held)
    if name in ("logIn", "logInToDomain"):
        known = login(held)
        body = {"username": f"{known['handle']}/{known['username']}", "password": PASSWORD}
        if name == "logIn":
            return Example(body=body)
        return Example(path={"domain": known["handle"]}, body={**body, "username": known["username"]})
    query = {"name": held.name("integration")} if name == "mintIntegrationId" else {}
    file = File(png()) if operation.route.upload else None
    headers = session(held) if name == "logOut" else None
    return Example(_path(operation, held, words), query, _body(operation, held), file, headers)


def _path(operation: Operation, held: Holdings, words: Vocabulary) -> dict[str, str]:
    route = operation.route
    if route.operation_id in WORDS:
        return WORDS[route.operation_id]
    if route.operation_id in KINDS:
        kind = KINDS[route.operation_id]
        found = held.make(kind) if route.writes else held.held(kind)
        return dict(zip(route.parameters, map(format_uuid, found.split()), strict=True))
    kinds = {name: words.kind_of_path_parameter(operation, name) for name in route.parameters}
    return {name: spelled(held, kind, fresh=route.writes) for name, kind in kinds.items()}


def _body(operation: Operation, held: Holdings) -> dict[str, Any] | None:
    if operation.route.body is None:
        return None
    if operation.route.operation_id not in BODIES:
        pytest.fail(f"{operation}: add the body of a succeeding request to {__name__}.BODIES")
    return BODIES[operation.route.operation_id](held)


__all__ = ["succeeding"]
