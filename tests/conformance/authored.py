"""What is authored and installed, and by whom: people, entities, integrations, installs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.conformance.owner import Maker, Owner
from trunkline.core import access, entities, installs, integrations, workspaces
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor
from trunkline.kit.ids import format_id

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


def _organization(held: Owner, tx: Tx, _actor: Actor) -> str:
    operator = access.act_as(tx, held.instance.user_id)
    handle = held.handle()
    request = workspaces.CreateOrganization(
        name=handle, handle=handle, owner_email=f"{handle}@example.com", owner_name=handle
    )
    return workspaces.create_organization(tx, operator, request).id


def _workspace(held: Owner, tx: Tx, actor: Actor) -> str:
    request = workspaces.CreateWorkspace(
        organization_id=held.organization_id, name=held.name("workspace"), handle=held.handle()
    )
    return workspaces.create_workspace(tx, actor, request).id


def _user(held: Owner, tx: Tx, actor: Actor) -> str:
    name = held.name("user")
    request = access.CreateUser(organization_id=held.organization_id, email=f"{name}@example.com", name=name)
    return access.create_user(tx, actor, request).id


def _workspace_member(held: Owner, tx: Tx, actor: Actor) -> str:
    request = access.AddWorkspaceMember(workspace_id=held.workspace_id, user_id=_user(held, tx, actor))
    return access.add_workspace_member(tx, actor, request).id


def _team(held: Owner, tx: Tx, actor: Actor) -> str:
    request = access.CreateTeam(organization_id=held.organization_id, name=held.name("team"))
    return access.create_team(tx, actor, request).id


def entity(held: Owner, tx: Tx, actor: Actor, kind: str, definition: dict[str, Any]) -> str:
    name = held.name(kind)
    request = entities.CreateEntity(
        kind=kind, workspace_id=held.workspace_id, slug=name, name=name, definition=definition
    )
    return entities.create_entity(tx, actor, request).id


def _entity(kind: str) -> Maker:
    def make(held: Owner, tx: Tx, actor: Actor) -> str:
        return entity(held, tx, actor, kind, DEFINITIONS[kind])

    return make


def _entity_version(kind: str) -> Maker:
    def make(held: Owner, tx: Tx, actor: Actor) -> str:
        return entities.get_entity(tx, actor, kind, _entity(kind)(held, tx, actor)).version_id

    return make


def _integration(held: Owner, tx: Tx, actor: Actor) -> str:
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


def draft(held: Owner, tx: Tx, members: list[dict[str, Any]]) -> str:
    """A private integration with these members."""
    name = held.name("integration")
    request = integrations.CreateIntegration(
        workspace_id=held.workspace_id, slug=name, name=name, manifest={"members": members}
    )
    return integrations.create_integration(tx, held.actor(tx), request).id


def publish(tx: Tx, actor: Actor, integration_id: str, version: str = "1.0.0") -> str:
    request = integrations.PublishIntegration(integration_id=integration_id, version=version)
    return integrations.publish_version(tx, actor, request).id


def offer(held: Owner) -> str:
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


def _version(held: Owner, tx: Tx, actor: Actor) -> str:
    return publish(tx, actor, _integration(held, tx, actor))


def install(tx: Tx, actor: Actor, integration_id: str, workspace_id: str) -> str:
    request = installs.InstallIntegration(integration_id=integration_id, workspace_id=workspace_id)
    return installs.install_integration(tx, actor, request).id


def _install(held: Owner, tx: Tx, actor: Actor) -> str:
    integration_id = _integration(held, tx, actor)
    publish(tx, actor, integration_id)
    return install(tx, actor, integration_id, held.workspace_id)


def _install_key(held: Owner, tx: Tx, actor: Actor) -> str:
    pepper = held.instance.platform.services.pepper
    issued = installs.create_install_key(tx, actor, _install(held, tx, actor), pepper=pepper)
    ACCESS_KEYS[issued.row.id] = issued.secret.reveal()
    return issued.row.id


def _member(held: Owner, tx: Tx, actor: Actor) -> str:
    states, _config = installs.list_members(tx, actor, _install(held, tx, actor))
    return states[0].id


def _solution(held: Owner, tx: Tx, actor: Actor) -> str:
    request = installs.CreateSolution(workspace_id=held.workspace_id, name=held.name("solution"))
    return installs.create_solution(tx, actor, request).id


def _solution_member(held: Owner, tx: Tx, actor: Actor) -> str:
    chosen = installs.ChosenEntity(_entity("function")(held, tx, actor), "function", "entityId")
    request = installs.AddSolutionMembers(solution_id=_solution(held, tx, actor), entities=[chosen])
    return installs.add_solution_members(tx, actor, request)[0].id


def _tag(held: Owner, tx: Tx, actor: Actor) -> str:
    request = integrations.CreateTag(organization_id=held.organization_id, name=held.name("tag"))
    return integrations.create_tag(tx, actor, request).id


def _key(held: Owner, tx: Tx, actor: Actor) -> str:
    request = access.CreateKey(name=held.name("key"), workspace_id=held.workspace_id)
    pepper = held.instance.platform.services.pepper
    return access.create_key(tx, actor, request, pepper=pepper).row.id


def _grant(held: Owner, tx: Tx, actor: Actor) -> str:
    request = access.CreateGrant(
        entity_kind="integration",
        entity_id=_integration(held, tx, actor),
        subject_kind="user",
        subject_id=_user(held, tx, actor),
        tier="viewer",
    )
    return access.create_grant(tx, actor, request).id


def _event(held: Owner, tx: Tx, actor: Actor) -> str:
    """What is told of a fresh solution."""
    sql = "SELECT id FROM events WHERE subject_id = :subject_id"
    return str(tx.value(sql, subject_id=_solution(held, tx, actor)))


MAKERS: Mapping[str, Maker] = {
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
    "tag": _tag,
    "key": _key,
    "grant": _grant,
    "event": _event,
    **{kind: _entity(kind) for kind in entities.KINDS},
    **{f"{kind}_version": _entity_version(kind) for kind in entities.KINDS},
}


__all__ = ["ACCESS_KEYS", "DEFINITIONS", "MAKERS", "draft", "entity", "install", "offer", "publish"]
