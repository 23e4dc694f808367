"""The demo's data: a small CRM integration, installed in two workspaces, one of which was upgraded.

Everything is written in one transaction, so it is there whole or not at all, and only once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from trunkline.core.access import act_as
from trunkline.core.entities import CreateEntity, UpdateEntity, create_entity, update_entity
from trunkline.core.installs import InstallIntegration, install_integration, upgrade_install
from trunkline.core.integrations import (
    CreateIntegration,
    PublishIntegration,
    UpdateIntegration,
    create_integration,
    list_integrations,
    publish_version,
    update_integration,
)
from trunkline.core.workspaces import CreateWorkspace, WorkspaceRow, create_workspace
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor
from trunkline.kit.filters import All, Compare, Op
from trunkline.kit.ids import format_id
from trunkline.kit.pages import ListQuery

SLUG = "acme-crm"
CUSTOMERS = (("Northwind Berlin", "northwind-berlin"), ("Fabrikam Lisbon", "fabrikam-lisbon"))
_DRAFT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, slots=True)
class Example:
    """What was made: the integration, and the installs by the handle of their workspace."""

    integration_id: str
    installs: dict[str, str]


def find_example(tx: Tx, actor: Actor, workspace: WorkspaceRow) -> str | None:
    """The id of the example's integration, where it was made before."""
    where = All((Compare("workspace_id", Op.EQ, workspace.id), Compare("slug", Op.EQ, SLUG)))
    found = list_integrations(tx, actor, ListQuery(where=where, limit=1, count=False)).rows
    return found[0].id if found else None


def make_example(tx: Tx, workspace: WorkspaceRow) -> Example:
    """Author, publish, install, publish again, and upgrade one of two installs.

    Done as the workspace's owner.

    Raises:
        ConflictError: a slug or handle the example needs is taken.
    """
    actor = act_as(tx, workspace.owner_id)
    ids = _author(tx, actor, workspace)
    manifest = {"members": _members(ids), "defaults": {"memberPolicy": "auto_defaults"}}
    creation = CreateIntegration(
        workspace_id=workspace.id,
        slug=SLUG,
        name="Acme CRM",
        description="Keeps contacts in step with Acme CRM and qualifies new leads.",
        manifest=manifest,
        variables_schema=_VARIABLES,
    )
    integration = create_integration(tx, actor, creation)
    _publish(tx, actor, integration.id, "1.0.0", "First release.")
    installs = {
        handle: _install(tx, actor, workspace, integration.id, name, handle) for name, handle in CUSTOMERS
    }
    _change(tx, actor, workspace, integration.id, ids)
    _publish(tx, actor, integration.id, "1.1.0", "Contacts have a phone number; contacts can be merged.")
    upgrade_install(tx, actor, installs[CUSTOMERS[0][1]])
    return Example(integration.id, installs)


def _author(tx: Tx, actor: Actor, workspace: WorkspaceRow) -> dict[str, str]:
    """The entities of the first release; printed ids by slug."""
    ids: dict[str, str] = {}

    def add(kind: str, slug: str, name: str, definition: dict[str, Any]) -> None:
        request = CreateEntity(
            kind=kind, workspace_id=workspace.id, slug=slug, name=name, definition=definition
        )
        ids[slug] = format_id(kind, create_entity(tx, actor, request).id)

    add("schema", "contact", "Contact", _CONTACT)
    add("schema", "contact-query", "Contact query", _QUERY)
    add(
        "function",
        "create-contact",
        "Create a contact",
        _operation("POST", "/contacts", ids["contact"], ids["contact"]),
    )
    add(
        "function",
        "find-contacts",
        "Find contacts",
        _operation("GET", "/contacts", ids["contact-query"], ids["contact"]),
    )
    add("agent", "lead-qualifier", "Lead qualifier", _agent(ids))
    add("workflow", "lead-intake", "Lead intake", _workflow(ids))
    return ids


def _change(tx: Tx, actor: Actor, workspace: WorkspaceRow, integration_id: str, ids: dict[str, str]) -> None:
    """The second release: a schema changed, a function added."""
    properties = {**_CONTACT["properties"], "phone": {"type": "string"}}
    definition = {**_CONTACT, "properties": properties}
    update_entity(tx, actor, UpdateEntity(kind="schema", id=_hex(ids["contact"]), definition=definition))
    merge = CreateEntity(
        kind="function",
        workspace_id=workspace.id,
        slug="merge-contacts",
        name="Merge two contacts",
        definition=_operation("POST", "/contacts/merge", ids["contact-query"], ids["contact"]),
    )
    added = {**ids, merge.slug: format_id("function", create_entity(tx, actor, merge).id)}
    manifest = {"members": _members(added), "defaults": {"memberPolicy": "auto_defaults"}}
    update_integration(tx, actor, UpdateIntegration(id=integration_id, manifest=manifest))


def _install(
    tx: Tx, actor: Actor, workspace: WorkspaceRow, integration_id: str, name: str, handle: str
) -> str:
    organization_id = workspace.organization_id
    customer = create_workspace(
        tx, actor, CreateWorkspace(organization_id=organization_id, name=name, handle=handle)
    )
    request = InstallIntegration(
        integration_id=integration_id, workspace_id=customer.id, variables={"region": "eu"}
    )
    return install_integration(tx, actor, request).id


def _publish(tx: Tx, actor: Actor, integration_id: str, version: str, changelog: str) -> None:
    request = PublishIntegration(integration_id=integration_id, version=version, changelog=changelog)
    publish_version(tx, actor, request)


def _members(ids: dict[str, str]) -> list[dict[str, Any]]:
    kinds = {"fun": "function", "sch": "schema", "agt": "agent", "wfl": "workflow"}
    return [
        {
            "slug": slug,
            "entityId": entity_id,
            "kind": kinds[entity_id.partition("_")[0]],
            "required": slug == "contact",
            "defaultEnabled": True,
            "forkOnInstall": True,
        }
        for slug, entity_id in ids.items()
    ]


def _hex(printed: str) -> str:
    return printed.partition("_")[2]


def _operation(method: str, path: str, input_id: str, output_id: str) -> dict[str, Any]:
    return {
        "operation": {"method": method, "path": path},
        "inputSchemaId": input_id,
        "outputSchemaId": output_id,
    }


def _agent(ids: dict[str, str]) -> dict[str, Any]:
    return {
        "instructions": "Decide whether a new contact is worth a call, and say why in one sentence.",
        "tools": [ids["find-contacts"], ids["create-contact"]],
    }


def _workflow(ids: dict[str, str]) -> dict[str, Any]:
    return {
        "nodes": [
            {"id": "find", "run": ids["find-contacts"]},
            {"id": "create", "run": ids["create-contact"], "after": ["find"]},
            {"id": "qualify", "run": ids["lead-qualifier"], "after": ["create"]},
        ]
    }


_CONTACT: dict[str, Any] = {
    "$schema": _DRAFT,
    "type": "object",
    "properties": {
        "email": {"type": "string", "format": "email"},
        "name": {"type": "string"},
        "company": {"type": "string"},
    },
    "required": ["email"],
}
_QUERY: dict[str, Any] = {
    "$schema": _DRAFT,
    "type": "object",
    "properties": {"email": {"type": "string"}, "limit": {"type": "integer", "minimum": 1, "maximum": 100}},
}
_VARIABLES: dict[str, Any] = {
    "$schema": _DRAFT,
    "type": "object",
    "properties": {"region": {"type": "string", "enum": ["eu", "us"], "default": "eu"}},
}
