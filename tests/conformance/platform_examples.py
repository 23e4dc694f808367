"""A request to each operation of the platform dialect that succeeds for the owner of some holdings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec import structs

from tests.conformance.holdings import (
    DEFINITIONS,
    WITH_LOGIN,
    WITH_TOKEN,
    Holdings,
    connectable,
    provider_name,
    publish,
)
from tests.conformance.operations import Operation
from tests.conformance.vocabulary import Example, Vocabulary
from trunkline.core import access, connections, entities, installs, integrations
from trunkline.infra.db import Tx
from trunkline.kit.ids import format_id

KINDS = tuple(entities.KINDS)


def spelled(held: Holdings, kind: str, *, fresh: bool = False, deleted: bool = False) -> str:
    return format_id(kind, held.make(kind, deleted=deleted) if fresh else held.held(kind, deleted=deleted))


# Bodies ------------------------------------------------------------------------------------------------


def _create_entity(kind: str) -> Callable[[Holdings], dict[str, Any]]:
    def body(held: Holdings) -> dict[str, Any]:
        name = held.name(kind)
        return {**_here(held), "slug": name, "name": name, "definition": DEFINITIONS[kind]}

    return body


def _here(held: Holdings) -> dict[str, Any]:
    return {"workspaceId": spelled(held, "workspace")}


def _there(held: Holdings) -> dict[str, Any]:
    return {"organizationId": spelled(held, "organization")}


def _renamed(held: Holdings) -> dict[str, Any]:
    return {"name": held.name("renamed")}


def _create_user(held: Holdings) -> dict[str, Any]:
    name = held.name("user")
    return {**_there(held), "email": f"{name}@example.com", "name": name}


MOVED = (
    "https://api.example.org"  # where an integration goes that its connections' owners have yet to agree to
)
OAUTH = {
    "scheme": "oauth2",
    "authorizationUrl": "https://example.com/authorize",
    "tokenUrl": "https://example.com/token",
}

BODIES: dict[str, Callable[[Holdings], dict[str, Any]]] = {
    **{f"create{kind.capitalize()}": _create_entity(kind) for kind in KINDS},
    **{f"update{kind.capitalize()}": _renamed for kind in KINDS},
    "createIntegration": lambda held: {**_here(held), "slug": held.name("integration"), "name": "new"},
    "updateIntegration": _renamed,
    "publishIntegration": lambda _held: {"version": "1.0.0"},
    "installIntegration": _here,
    "activateIntegration": lambda _held: {"variables": {}},
    "rotateInstallKey": lambda _held: {"overlapSeconds": 60},
    "createKey": lambda held: {"name": held.name("key")},
    "createConnection": lambda held: {
        **_here(held),
        "integrationId": format_id("integration", connectable(held)),
        "credentials": {"token": "a-token-of-no-value"},
        "name": held.name("connection"),
    },
    "authorizeConnection": lambda held: {
        **_here(held),
        "integrationId": format_id("integration", connectable(held, WITH_LOGIN)),
    },
    "updateConnection": _renamed,
    "confirmConnectionOrigins": lambda _held: {"origins": [MOVED]},
    "reconnectConnection": lambda _held: {"credentials": {"token": "another-token-of-no-value"}},
    "setIntegrationCredentials": lambda _held: {"apiKey": "a key of no value"},
    "createToken": _here,
    "detachIntegrationMember": lambda _held: {"detached": True},
    "setOrganizationRole": lambda held: {
        **_there(held),
        "userId": spelled(held, "user", fresh=True),
        "role": "admin",
    },
    "createOrganization": lambda held: {"name": held.name("organization"), "handle": held.handle()},
    "updateOrganization": _renamed,
    "createPermission": lambda held: {
        "entityId": spelled(held, "integration", fresh=True),
        "subjectId": spelled(held, "user"),
        "tier": "viewer",
    },
    "updatePermission": lambda _held: {"tier": "editor"},
    "createProvider": lambda held: {**_there(held), "name": held.name("provider"), "auth": OAUTH},
    "updateProvider": lambda held: {"displayName": held.name("renamed")},
    "createProviderApp": lambda held: {
        **_here(held),
        "provider": provider_name(held),
        "clientId": "client",
        "clientSecret": "not to be told",
    },
    "updateProviderApp": _renamed,
    "createSecret": lambda held: {**_here(held), "name": held.name("secret"), "value": "not to be told"},
    "updateSecret": _renamed,
    "createSolution": lambda held: {**_here(held), "name": held.name("solution")},
    "updateSolution": _renamed,
    "addSolutionMember": lambda held: {
        "solutionId": spelled(held, "solution"),
        "entityId": spelled(held, "function", fresh=True),
    },
    "addSolutionMembers": lambda held: {
        "solutionId": spelled(held, "solution"),
        "entityIds": [spelled(held, "function", fresh=True), spelled(held, "agent", fresh=True)],
    },
    "createTeam": lambda held: {**_there(held), "name": held.name("team")},
    "setTeamRole": lambda _held: {"role": "designer"},
    "setUserPassword": lambda _held: {"password": "a password of no use"},
    "addTeamMember": lambda held: {"userId": spelled(held, "user", fresh=True)},
    "createUser": _create_user,
    "updateUser": _renamed,
    "createWorkspace": lambda held: {**_there(held), "name": held.name("workspace"), "handle": held.handle()},
    "updateWorkspace": _renamed,
    "addWorkspaceMember": lambda held: {**_here(held), "userId": spelled(held, "user", fresh=True)},
    "changeWorkspaceRole": lambda _held: {"role": "editor"},
}


# Paths of operations that need more than a fresh object of their kind -------------------------------------


def _installable(held: Holdings) -> dict[str, str]:
    def work(tx: Tx) -> str:
        actor = held.actor(tx)
        version = integrations.get_version(tx, actor, held_version)
        return version.integration_id

    held_version = held.make("version")
    return {"id": format_id("integration", held.write(work))}


def _activatable(held: Holdings) -> dict[str, str]:
    return {"id": spelled(held, "workspace"), "integration_id": _installable(held)["id"]}


def _activated(held: Holdings) -> dict[str, str]:
    install_id = held.make("install")
    row = held.write(lambda tx: installs.get_install(tx, held.actor(tx), install_id))
    return {
        "id": spelled(held, "workspace"),
        "integration_id": format_id("integration", row.integration_id),
    }


def _upgradable(held: Holdings) -> dict[str, str]:
    install_id = held.make("install")

    def work(tx: Tx) -> None:
        actor = held.actor(tx)
        integration_id = installs.get_install(tx, actor, install_id).integration_id
        function = integrations.preview_members(tx, actor, integration_id)[0].entity_id
        change = entities.UpdateEntity(kind="function", id=function, definition={"steps": [2]})
        entities.update_entity(tx, actor, change)
        publish(tx, actor, integration_id, "1.1.0")

    held.write(work)
    return {"id": format_id("install", install_id)}


def _team_member(held: Holdings) -> dict[str, str]:
    team_id, user_id = held.make("team"), held.make("user")
    held.write(lambda tx: access.add_team_member(tx, held.actor(tx), team_id, user_id))
    return {"id": format_id("team", team_id), "user_id": format_id("user", user_id)}


def _guest(held: Holdings) -> dict[str, str]:
    """A member whom another organization manages: nobody leaves the own one."""
    elsewhere = held.make("organization")

    def work(tx: Tx) -> str:
        owner = str(tx.value("SELECT owner_id FROM organizations WHERE id = :id", id=elsewhere))
        access.add_membership(tx, held.actor(tx), held.organization_id, owner, "member")
        return owner

    user_id = held.write(work)
    return {"organization_id": spelled(held, "organization"), "user_id": format_id("user", user_id)}


def _suspended(held: Holdings) -> dict[str, str]:
    """A connection whose integration now names another server."""
    connection_id = held.make("connection")

    def work(tx: Tx) -> None:
        actor = held.actor(tx)
        row = connections.get_connection(tx, actor, connection_id)
        moved = WITH_TOKEN | {"apiBaseUri": MOVED}
        assert row.integration_id is not None
        change = integrations.UpdateIntegration(id=row.integration_id, auth_config=moved)
        integrations.update_integration(tx, actor, change)

    held.write(work)
    return {"id": format_id("connection", connection_id)}


PATHS: dict[str, Callable[[Holdings], dict[str, str]]] = {
    "confirmConnectionOrigins": _suspended,
    "installIntegration": _installable,
    "activateIntegration": _activatable,
    "deactivateIntegration": _activated,
    "upgradeIntegrationInstall": _upgradable,
    "removeTeamMember": _team_member,
    "setTeamRole": _team_member,
    "removeOrganizationMember": _guest,
    # A fresh organization is somebody else's.
    "updateOrganization": lambda held: {"id": spelled(held, "organization")},
}


def succeeding(operation: Operation, held: Holdings, words: Vocabulary) -> Example:
    """Fresh objects where the operation changes them, held ones where it looks."""
    route = operation.route
    body = None
    if route.body is not None:
        if route.operation_id not in BODIES:
            pytest.fail(f"{operation}: add the body of a succeeding request to {__name__}.BODIES")
        body = BODIES[route.operation_id](held)
    return Example(_path(operation, held, words), _query(operation, held, words), body)


def _path(operation: Operation, held: Holdings, words: Vocabulary) -> dict[str, str]:
    route = operation.route
    if route.operation_id in PATHS:
        return PATHS[route.operation_id](held)
    deleted = route.path.endswith(("/purge", "/restore"))
    kinds = {name: words.kind_of_path_parameter(operation, name) for name in route.parameters}
    return {name: spelled(held, kind, fresh=route.writes, deleted=deleted) for name, kind in kinds.items()}


def _query(operation: Operation, held: Holdings, words: Vocabulary) -> dict[str, str]:
    if operation.route.query is None:
        return {}
    required = [field.encode_name for field in structs.fields(operation.route.query) if field.required]
    return {name: spelled(held, words.members[name][0]) for name in required}


__all__ = ["succeeding"]
