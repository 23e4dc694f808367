"""Everything a tenant can own, made through the core, so that every dialect is asked about the same things.

A kind of object that a dialect takes ids of has its builder in `MAKERS`; without one its tests fail.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from copy import copy
from itertools import count
from typing import Any

import pytest

from tests.instance import Instance
from trunkline.core import (
    access,
    connections,
    entities,
    installs,
    integrations,
    providers,
    uploads,
    webhooks,
    workspaces,
)
from trunkline.core.proxy.tables import proxied_requests
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor
from trunkline.kit.ids import format_id
from trunkline.kit.secret import Secret

DEFINITIONS: dict[str, dict[str, Any]] = {
    "schema": {"type": "object", "title": "thing"},
    "function": {"steps": [1]},
    "agent": {"prompt": "hello"},
    "workflow": {"nodes": []},
    "trigger": {"eventType": "thing.happened", "targetId": "nothing"},
    "sync": {"objectName": "contact"},
    "action": {"objectName": "contact"},
    "subscription": {"objectName": "contact"},
}


ACCESS_KEYS: dict[str, str] = {}  # of installs, by id: they are shown once, and asked with more than once
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


class Holdings:
    """The objects of one owner in one workspace; ids are 32 hex digits.

    `held` gives the object every test may look at, `make` a fresh one to change.
    """

    def __init__(
        self,
        instance: Instance,
        organization_id: str,
        workspace_id: str,
        owner_id: str,
        *,
        prefix: str,
        numbers: Iterator[int] | None = None,
    ) -> None:
        self.instance = instance
        self.organization_id = organization_id
        self.workspace_id = workspace_id
        self.owner_id = owner_id
        self.prefix = prefix
        self.numbers = count(1) if numbers is None else numbers
        self._held: dict[tuple[str, bool], str] = {
            ("organization", False): organization_id,
            ("workspace", False): workspace_id,
        }
        self.write(self._settle)

    def on(self, instance: Instance) -> Holdings:
        """The same things in a copy of the instance, where they have the same ids."""
        other = copy(self)
        other.instance = instance
        other.numbers = count(10_000)
        other._held = dict(self._held)
        return other

    def _settle(self, tx: Tx) -> None:
        """Things that belong together: versions to what they are of, members to where they are."""
        actor = self.actor(tx)
        for kind in entities.KINDS:
            entity_id = self._held[kind, False] = MAKERS[kind](self, tx, actor)
            version = entities.get_entity(tx, actor, kind, entity_id).version_id
            self._held[f"{kind}_version", False] = version
        team_id = self._held["team", False] = _team(self, tx, actor)
        user_id = self._held["user", False] = _user(self, tx, actor)
        access.add_team_member(tx, actor, team_id, user_id)
        integration_id = self._held["integration", False] = _integration(self, tx, actor)
        self._held["version", False] = publish(tx, actor, integration_id)
        install_id = self._held["install", False] = install(tx, actor, integration_id, self.workspace_id)
        self._held["member", False] = installs.list_members(tx, actor, install_id)[0][0].id

    def name(self, what: str) -> str:
        """A name not used before; its number is all that differs."""
        return f"{what}-n{next(self.numbers)}"

    def handle(self) -> str:
        """The one kind of name that is unique in the instance."""
        return f"{self.prefix}-n{next(self.numbers)}"

    def held(self, kind: str, *, deleted: bool = False) -> str:
        if (kind, deleted) not in self._held:
            self._held[kind, deleted] = self.make(kind, deleted=deleted)
        return self._held[kind, deleted]

    def make(self, kind: str, *, deleted: bool = False) -> str:
        if kind == "connection":
            return _connection(self, deleted=deleted)
        maker = MAKERS.get(kind)
        if maker is None:
            pytest.fail(f"ids of kind {kind!r} are taken somewhere: add its builder to {__name__}.MAKERS")
        delete = DELETERS.get(kind)
        if deleted and delete is None:
            pytest.fail(f"{kind} can be restored or purged: add how it is deleted to {__name__}.DELETERS")

        def work(tx: Tx) -> str:
            actor = self.actor(tx)
            made = maker(self, tx, actor)
            if deleted and delete is not None:
                delete(tx, actor, made)
            return made

        return str(self.write(work))

    def write(self, work: Callable[[Tx], Any]) -> Any:
        return self.instance.database.write_now(work)

    def actor(self, tx: Tx) -> Actor:
        return access.act_as(tx, self.owner_id)


def _organization(held: Holdings, tx: Tx, _actor: Actor) -> str:
    operator = access.act_as(tx, held.instance.user_id)
    handle = held.handle()
    request = workspaces.CreateOrganization(
        name=handle, handle=handle, owner_email=f"{handle}@example.com", owner_name=handle
    )
    return workspaces.create_organization(tx, operator, request).id


def _workspace(held: Holdings, tx: Tx, actor: Actor) -> str:
    request = workspaces.CreateWorkspace(
        organization_id=held.organization_id, name=held.name("workspace"), handle=held.handle()
    )
    return workspaces.create_workspace(tx, actor, request).id


def _user(held: Holdings, tx: Tx, actor: Actor) -> str:
    name = held.name("user")
    request = access.CreateUser(organization_id=held.organization_id, email=f"{name}@example.com", name=name)
    return access.create_user(tx, actor, request).id


def _workspace_member(held: Holdings, tx: Tx, actor: Actor) -> str:
    request = access.AddWorkspaceMember(workspace_id=held.workspace_id, user_id=_user(held, tx, actor))
    return access.add_workspace_member(tx, actor, request).id


def _team(held: Holdings, tx: Tx, actor: Actor) -> str:
    request = access.CreateTeam(organization_id=held.organization_id, name=held.name("team"))
    return access.create_team(tx, actor, request).id


def entity(held: Holdings, tx: Tx, actor: Actor, kind: str, definition: dict[str, Any]) -> str:
    name = held.name(kind)
    request = entities.CreateEntity(
        kind=kind, workspace_id=held.workspace_id, slug=name, name=name, definition=definition
    )
    return entities.create_entity(tx, actor, request).id


def _entity(kind: str) -> Maker:
    def make(held: Holdings, tx: Tx, actor: Actor) -> str:
        return entity(held, tx, actor, kind, DEFINITIONS[kind])

    return make


def _entity_version(kind: str) -> Maker:
    def make(held: Holdings, tx: Tx, actor: Actor) -> str:
        return entities.get_entity(tx, actor, kind, _entity(kind)(held, tx, actor)).version_id

    return make


def _integration(held: Holdings, tx: Tx, actor: Actor) -> str:
    """A draft with a function that refers to a schema; nothing is published."""
    schema = format_id("schema", entity(held, tx, actor, "schema", {"type": "object"}))
    declared = {
        "slug": "run",
        "entityId": format_id("function", entity(held, tx, actor, "function", {"inputSchemaId": schema})),
        "kind": "function",
        "forkOnInstall": True,
        "defaultEnabled": True,
    }
    return draft(held, tx, [declared])


def draft(held: Holdings, tx: Tx, members: list[dict[str, Any]]) -> str:
    """A private integration with these members."""
    name = held.name("integration")
    request = integrations.CreateIntegration(
        workspace_id=held.workspace_id, slug=name, name=name, manifest={"members": members}
    )
    return integrations.create_integration(tx, held.actor(tx), request).id


def publish(tx: Tx, actor: Actor, integration_id: str, version: str = "1.0.0") -> str:
    request = integrations.PublishIntegration(integration_id=integration_id, version=version)
    return integrations.publish_version(tx, actor, request).id


def offer(held: Holdings) -> str:
    """An integration that everybody sees, with a member to clone and one to refer to."""

    def work(tx: Tx) -> str:
        actor = held.actor(tx)
        declared = [
            {
                "slug": kind,
                "kind": kind,
                "entityId": format_id(kind, entity(held, tx, actor, kind, {"title": "offered"})),
                "forkOnInstall": kind == "function",
                "defaultEnabled": True,
            }
            for kind in ("function", "schema")
        ]
        integration_id = draft(held, tx, declared)
        publish(tx, actor, integration_id)
        tx.run("UPDATE integrations SET visibility = 'public' WHERE id = :id", id=integration_id)
        return integration_id

    return str(held.write(work))


def _version(held: Holdings, tx: Tx, actor: Actor) -> str:
    return publish(tx, actor, _integration(held, tx, actor))


def install(tx: Tx, actor: Actor, integration_id: str, workspace_id: str) -> str:
    request = installs.InstallIntegration(integration_id=integration_id, workspace_id=workspace_id)
    return installs.install_integration(tx, actor, request).id


def _install(held: Holdings, tx: Tx, actor: Actor) -> str:
    integration_id = _integration(held, tx, actor)
    publish(tx, actor, integration_id)
    return install(tx, actor, integration_id, held.workspace_id)


def _install_key(held: Holdings, tx: Tx, actor: Actor) -> str:
    pepper = held.instance.platform.services.pepper
    issued = installs.create_install_key(tx, actor, _install(held, tx, actor), pepper=pepper)
    ACCESS_KEYS[issued.row.id] = issued.secret.reveal()
    return issued.row.id


def _member(held: Holdings, tx: Tx, actor: Actor) -> str:
    states, _config = installs.list_members(tx, actor, _install(held, tx, actor))
    return states[0].id


def _solution(held: Holdings, tx: Tx, actor: Actor) -> str:
    request = installs.CreateSolution(workspace_id=held.workspace_id, name=held.name("solution"))
    return installs.create_solution(tx, actor, request).id


def _solution_member(held: Holdings, tx: Tx, actor: Actor) -> str:
    chosen = installs.ChosenEntity(_entity("function")(held, tx, actor), "function", "entityId")
    request = installs.AddSolutionMembers(solution_id=_solution(held, tx, actor), entities=[chosen])
    return installs.add_solution_members(tx, actor, request)[0].id


def _secret(held: Holdings, tx: Tx, actor: Actor) -> str:
    request = connections.CreateSecret(
        workspace_id=held.workspace_id, name=held.name("secret"), value=Secret("a value to be kept")
    )
    return connections.create_secret(tx, actor, held.instance.platform.services.vault, request).id


WITH_TOKEN = {"type": "bearer", "mode": "shared", "apiBaseUri": "https://api.example.com"}
WITH_LOGIN = {
    "type": "oauth2",
    "mode": "shared",
    "authUri": "https://login.example.com/authorize",
    "tokenUri": "https://login.example.com/token",
    "clientId": "a-client",
}


def connectable(held: Holdings, auth_config: dict[str, Any] = WITH_TOKEN) -> str:
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


def _connection(held: Holdings, *, deleted: bool) -> str:
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


def _proxied_request(held: Holdings, tx: Tx, _actor: Actor) -> str:
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


def _provider(held: Holdings, tx: Tx, actor: Actor) -> str:
    return _defined(held, tx, actor).id


def _defined(held: Holdings, tx: Tx, actor: Actor) -> providers.ProviderRow:
    request = providers.CreateProvider(
        organization_id=held.organization_id,
        name=held.name("provider"),
        auth=providers.ProviderAuth(scheme="basic"),
    )
    return providers.create_provider(tx, actor, request)


def provider_name(held: Holdings) -> str:
    """The name of a fresh provider: a workspace has one app for each."""
    return str(held.write(lambda tx: _defined(held, tx, held.actor(tx)).name))


def _provider_app(held: Holdings, tx: Tx, actor: Actor) -> str:
    request = providers.CreateProviderApp(
        workspace_id=held.workspace_id,
        provider=_defined(held, tx, actor).name,
        client_id="client",
        client_secret=Secret("a secret to be kept"),
    )
    vault = held.instance.platform.services.vault
    return providers.create_provider_app(tx, actor, vault, request).id


def _destination(held: Holdings, tx: Tx, actor: Actor) -> str:
    request = webhooks.CreateDestination(
        workspace_id=held.workspace_id,
        name=held.name("destination"),
        type="webhook",
        metadata={"url": "https://hooks.example.com/in"},
    )
    services = held.instance.platform.services
    return webhooks.create_destination(tx, actor, services.vault, services.egress.policy, request).id


def _topic(held: Holdings, tx: Tx, actor: Actor) -> str:
    return webhooks.create_topic(tx, actor, held.workspace_id, held.name("topic")).id


def _topic_route(held: Holdings, tx: Tx, actor: Actor) -> str:
    topic_id = _topic(held, tx, actor)
    return webhooks.create_topic_route(tx, actor, held.workspace_id, "connection.created", topic_id).id


def _destination_route(held: Holdings, tx: Tx, actor: Actor) -> str:
    ends = _topic(held, tx, actor), _destination(held, tx, actor)
    return webhooks.create_destination_route(tx, actor, held.workspace_id, *ends).id


def _project_key(held: Holdings, tx: Tx, actor: Actor) -> str:
    request = access.CreateProjectKey(workspace_id=held.workspace_id, label=held.name("key"))
    issued = access.create_project_key(tx, actor, request, pepper=held.instance.platform.services.pepper)
    PROJECT_KEYS[issued.row.id] = issued.secret.reveal()
    return issued.row.id


def _upload(held: Holdings, tx: Tx, actor: Actor) -> str:
    place = uploads.give_place(tx, actor, pepper=held.instance.platform.services.pepper)
    uploads.keep_upload(tx, actor, place, b"PK")
    return place.id


def _consumer(held: Holdings, tx: Tx, actor: Actor) -> str:
    bound = access.bind_to_project(tx, actor, held.workspace_id)
    return workspaces.ensure_consumer(tx, bound, held.workspace_id, held.name("consumer")).id


def _jwt_key(held: Holdings, tx: Tx, actor: Actor) -> str:
    request = access.CreateJwtKey(workspace_id=held.workspace_id, label=held.name("key"), public_key_pem=PEM)
    return access.create_jwt_key(tx, actor, request).id


def _tag(held: Holdings, tx: Tx, actor: Actor) -> str:
    request = integrations.CreateTag(organization_id=held.organization_id, name=held.name("tag"))
    return integrations.create_tag(tx, actor, request).id


def _key(held: Holdings, tx: Tx, actor: Actor) -> str:
    request = access.CreateKey(name=held.name("key"), workspace_id=held.workspace_id)
    pepper = held.instance.platform.services.pepper
    return access.create_key(tx, actor, request, pepper=pepper).row.id


def _grant(held: Holdings, tx: Tx, actor: Actor) -> str:
    request = access.CreateGrant(
        entity_kind="integration",
        entity_id=_integration(held, tx, actor),
        subject_kind="user",
        subject_id=_user(held, tx, actor),
        tier="viewer",
    )
    return access.create_grant(tx, actor, request).id


def _event(held: Holdings, tx: Tx, actor: Actor) -> str:
    """What is told of a fresh solution."""
    sql = "SELECT id FROM events WHERE subject_id = :subject_id"
    return str(tx.value(sql, subject_id=_solution(held, tx, actor)))


Maker = Callable[..., str]

MAKERS: dict[str, Maker] = {
    "organization": _organization,
    "workspace": _workspace,
    "user": _user,
    "workspace_member": _workspace_member,
    "team": _team,
    "integration": _integration,
    "version": _version,
    "install": _install,
    "install_key": _install_key,
    "member": _member,
    "solution": _solution,
    "solution_member": _solution_member,
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
    "tag": _tag,
    "key": _key,
    "grant": _grant,
    "event": _event,
    **{kind: _entity(kind) for kind in entities.KINDS},
    **{f"{kind}_version": _entity_version(kind) for kind in entities.KINDS},
}


def made_kinds() -> list[str]:
    """Every kind there is a builder for; connections are made by a flow, which opens its own transactions."""
    return [*MAKERS, "connection"]


def deletable_kinds() -> list[str]:
    """Those of them that can be made deleted."""
    return [*DELETERS, "connection"]


def _deletes_entity(kind: str) -> Callable[[Tx, Actor, str], object]:
    return lambda tx, actor, row_id: entities.delete_entity(tx, actor, kind, row_id)


DELETERS: dict[str, Callable[[Tx, Actor, str], object]] = {
    "workspace": workspaces.delete_workspace,
    "integration": integrations.delete_integration,
    "install": installs.uninstall,
    "solution": installs.delete_solution,
    "solution_member": installs.remove_solution_member,
    "secret": connections.delete_secret,
    "provider_app": providers.delete_provider_app,
    "grant": access.revoke_grant,
    **{kind: _deletes_entity(kind) for kind in entities.KINDS},
}


__all__ = [
    "ACCESS_KEYS",
    "DEFINITIONS",
    "DELETERS",
    "MAKERS",
    "PEM",
    "PROJECT_KEYS",
    "Holdings",
    "draft",
    "entity",
    "install",
    "offer",
    "provider_name",
    "publish",
]
