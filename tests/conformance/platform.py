"""The platform dialect's ids, filters and a succeeding request to each of its operations."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from random import Random
from typing import Any

import pytest
from msgspec import structs

from tests.conformance.holdings import DEFINITIONS, Holdings, publish
from tests.conformance.operations import Operation
from tests.conformance.platform_queries import bad_queries, camel
from tests.conformance.platform_requests import Asker, Values
from tests.conformance.vocabulary import Ask, Example, Place, Put, Vocabulary
from trunkline.bootstrap import SPECS
from trunkline.core import access, entities, installs, integrations
from trunkline.infra.db import Database, ListSpec, Tx
from trunkline.kit.ids import PREFIXES, format_id

KINDS = tuple(entities.KINDS)
SHAREABLE = ("integration", *KINDS)

COLLECTIONS = {
    "organizations": "organization",
    "workspaces": "workspace",
    "workspace-members": "workspace_member",
    "users": "user",
    "teams": "team",
    "permissions": "grant",
    "keys": "key",
    "secrets": "secret",
    "integrations": "integration",
    "integration-versions": "version",
    "integration-installs": "install",
    "integration-members": "member",
    "solutions": "solution",
    "solution-members": "solution_member",
    "events": "event",
    **{kind.plural: kind.name for kind in entities.KINDS.values()},
}
SPEC_OF_LIST = {
    **{f"/api/{segment}": kind for segment, kind in COLLECTIONS.items()},
    **{f"/api/{kind.plural}": "entity" for kind in entities.KINDS.values()},
    **{f"/api/{kind.plural}/{{id}}/versions": "entity_version" for kind in entities.KINDS.values()},
    "/api/secrets": "connection",
    "/api/organization-members": "organization_member",
    "/api/teams/{id}/members": "team_member",
}
MEMBERS: dict[str, tuple[str, ...]] = {
    "organization_id": ("organization",),
    "organizationId": ("organization",),
    "workspace_id": ("workspace",),
    "workspaceId": ("workspace",),
    "user_id": ("user",),
    "userId": ("user",),
    "owner_id": ("user",),
    "ownerId": ("user",),
    "created_by": ("user",),
    "installed_by": ("user",),
    "published_by": ("user",),
    "added_by": ("user",),
    "defaultServiceUserId": ("user",),
    "integration_id": ("integration",),
    "integration_version_id": ("version",),
    "integrationVersionId": ("version",),
    "authStateId": ("secret", "connection"),
    "parent_install_id": ("install",),
    "parentInstallId": ("install",),
    "solution_id": ("solution",),
    "solutionId": ("solution",),
    "member_entity_id": KINDS,
    "entity_id": KINDS,
    "entityId": KINDS,
    "entityIds": KINDS,
    "createKey.entityIds": SHAREABLE,
    "createToken.entityIds": SHAREABLE,
    "listPermissions.entity_id": SHAREABLE,
    "listPermissions.subject_id": ("user", "team", "organization"),
    "createPermission.entityId": SHAREABLE,
    "createPermission.subjectId": ("user", "team", "organization"),
    "listEvents.subject_id": tuple(kind for kind in PREFIXES if not kind.endswith("_version")),
    "parent_id": ("event",),
}
PLAIN = frozenset(
    [
        "changelog",
        "created_at_after",
        "created_at_before",
        "description",
        "email",
        "expiresAt",
        "handle",
        "iconUrl",
        "name",
        "operations",
        "ownerEmail",
        "ownerName",
        "publisher",
        "selectedMemberSlugs",
        "slug",
        "type",
        "value",
        "version",
    ]
)
FREE = frozenset({"definition", "manifest", "variablesSchema", "authConfig", "variables", "metadata"})


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


BODIES: dict[str, Callable[[Holdings], dict[str, Any]]] = {
    **{f"create{kind.capitalize()}": _create_entity(kind) for kind in KINDS},
    **{f"update{kind.capitalize()}": _renamed for kind in KINDS},
    "createIntegration": lambda held: {**_here(held), "slug": held.name("integration"), "name": "new"},
    "updateIntegration": _renamed,
    "publishIntegration": lambda _held: {"version": "1.0.0"},
    "installIntegration": _here,
    "createKey": lambda held: {"name": held.name("key")},
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


PATHS: dict[str, Callable[[Holdings], dict[str, str]]] = {
    "installIntegration": _installable,
    "upgradeIntegrationInstall": _upgradable,
    "removeTeamMember": _team_member,
    "removeOrganizationMember": _guest,
    # A fresh organization is somebody else's.
    "updateOrganization": lambda held: {"id": spelled(held, "organization")},
}


def example(operation: Operation, held: Holdings) -> Example:
    route = operation.route
    body = None
    if route.body is not None:
        if route.operation_id not in BODIES:
            pytest.fail(f"{operation}: add the body of a succeeding request to {__name__}.BODIES")
        body = BODIES[route.operation_id](held)
    return Example(_path(operation, held), _query(operation, held), body)


def _path(operation: Operation, held: Holdings) -> dict[str, str]:
    route = operation.route
    if route.operation_id in PATHS:
        return PATHS[route.operation_id](held)
    deleted = route.path.endswith(("/purge", "/restore"))
    kinds = {name: VOCABULARY.kind_of_path_parameter(operation, name) for name in route.parameters}
    return {name: spelled(held, kind, fresh=route.writes, deleted=deleted) for name, kind in kinds.items()}


def _query(operation: Operation, held: Holdings) -> dict[str, str]:
    if operation.route.query is None:
        return {}
    required = [field.encode_name for field in structs.fields(operation.route.query) if field.required]
    return {name: spelled(held, MEMBERS[name][0]) for name in required}


# Where ids stand inside other values ------------------------------------------------------------------------


def _in_body(member: str, wrap: Callable[[str], Any]) -> Put:
    return lambda example, text: example.with_body({member: wrap(text)})


def body_places(operation: Operation) -> list[Place]:
    body = operation.route.body
    members = () if body is None else body.__struct_encode_fields__
    found = []
    if "definition" in members:
        kind = VOCABULARY.collections[operation.route.path.split("/")[2]]
        put = _in_body("definition", partial(referring, kind))
        found.append(Place("body definition", KINDS, put))
    if "manifest" in members:
        found += [
            Place("body manifest.members[]", (kind,), _in_body("manifest", partial(declaring, kind)))
            for kind in KINDS
        ]
    if "variablesSchema" in members:
        put = _in_body("variablesSchema", lambda text: {"$ref": text})
        found.append(Place("body variablesSchema", ("schema",), put))
    return found


def referring(kind: str, text: str) -> dict[str, Any]:
    """A definition with a reference."""
    return {**DEFINITIONS[kind], **({"$ref": text} if kind == "schema" else {"uses": [text]})}


def declaring(kind: str, text: str) -> dict[str, Any]:
    """A manifest with a member."""
    return {"members": [{"slug": "other", "entityId": text, "kind": kind}]}


def list_places(operation: Operation) -> list[Place]:
    spec = SPECS[SPEC_OF_LIST[operation.route.path]]
    found = [_filtering(field.id_kinds, (name,)) for name, field in spec.fields.items() if field.id_kinds]
    for name, relation in spec.relations.items():
        target = SPECS[relation.target]
        quantifiers = ("some", "every", "none") if relation.many else ("",)
        found += [
            # Of what may be of many kinds, the first: the prefix is gone before anything is looked for.
            _filtering(field.id_kinds[:1], (name, *filter(None, [quantifier]), field_name))
            for quantifier in quantifiers
            for field_name, field in target.fields.items()
            if field.id_kinds
        ]
    kinds = _own_kinds(operation, spec)
    if kinds:
        found += [Place(f"query {name}", kinds, _in_query(name)) for name in ("ids", "after", "before")]
    return found


def orders(operation: Operation) -> list[Mapping[str, str]]:
    fields = SPECS[SPEC_OF_LIST[operation.route.path]].fields
    sortable = [(camel(name), field) for name, field in fields.items() if field.sortable]
    found: list[list[dict[str, str]]] = [[{name: way}] for name, _ in sortable for way in ("asc", "desc")]
    found += [
        [{name: way}, {sortable[0][0]: "desc"}]
        for name, field in sortable[1:]
        if field.nullable
        for way in ("asc_nulls_first", "desc_nulls_last")
    ]
    return [{}, *({"orderBy": json.dumps(keys)} for keys in found)]


def add_row(operation: Operation, held: Holdings) -> None:
    path = operation.route.path
    if path == "/api/organizations":
        elsewhere = held.make("organization")
        held.write(lambda tx: access.add_membership(tx, held.actor(tx), elsewhere, held.owner_id, "member"))
    elif path == "/api/organization-members":
        held.make("user")
    elif path == "/api/teams/{id}/members":
        team_id, user_id = held.held("team"), held.make("user")
        held.write(lambda tx: access.add_team_member(tx, held.actor(tx), team_id, user_id))
    elif path.endswith("/versions"):
        _edit(held, COLLECTIONS[path.split("/")[2]])
    else:
        held.make(COLLECTIONS[path.split("/")[2]])


def _edit(held: Holdings, kind: str) -> None:
    definition = {**DEFINITIONS[kind], "title": held.name("edited")}
    change = entities.UpdateEntity(kind=kind, id=held.held(kind), definition=definition)
    held.write(lambda tx: entities.update_entity(tx, held.actor(tx), change))


def _own_kinds(operation: Operation, spec: ListSpec[Any]) -> tuple[str, ...]:
    """Kinds of what is listed; none where rows have no id of their own to print."""
    if "id" not in spec.fields:
        return ()
    segments = operation.route.path.split("/")
    if segments[-1] == "versions":
        return (f"{COLLECTIONS[segments[2]]}_version",)
    return (COLLECTIONS[segments[2]],)


def _in_query(name: str) -> Put:
    return lambda example, text: example.with_query(**{name: text})


def _filtering(kinds: tuple[str, ...], path: tuple[str, ...]) -> Place:
    def put(example: Example, text: str) -> Example:
        condition: Any = text
        for name in reversed(path):
            condition = {camel(name): condition}
        return example.with_query(filter=json.dumps(condition))

    return Place(f"filter {'.'.join(path)}", kinds, put)


def asker(random: Random, database: Database) -> Ask:
    made = Asker(random, Values(database, SPECS), SPECS)

    def ask(operation: Operation, places: Sequence[Mapping[str, str]]) -> dict[str, str]:
        return made.query(SPECS[SPEC_OF_LIST[operation.route.path]], operation.parameters, places)

    return ask


def wrong_queries(operation: Operation) -> Iterator[tuple[str, str]]:
    spec = SPECS[SPEC_OF_LIST[operation.route.path]]
    yield from bad_queries(spec, SPECS, operation.parameters)
    for field in structs.fields(operation.route.query) if operation.route.query else ():
        name = field.encode_name
        if name in MEMBERS or f"{operation.route.operation_id}.{name}" in MEMBERS:
            for text in ("x", "", "0" * 32, "NULL", f"nope_{'0' * 32}", "%27%20OR%201=1"):
                yield f"{name} is no id", f"{name}={text}"
        if name.endswith(("_after", "_before")):
            yield from ((f"{name} is no time", f"{name}={text}") for text in ("", "x", "2026-01-01T00:00:00"))


_DRAFT = "a draft may refer to what is not there yet; publishing resolves it in its own workspace"
_NARROWED = "a key may be narrowed to what is not there, and reaches nothing then"

VOCABULARY = Vocabulary(
    credential=lambda token: {"authorization": f"Bearer {token}"},
    spell=format_id,
    example=example,
    body_places=body_places,
    list_places=list_places,
    orders=orders,
    add_row=add_row,
    asker=asker,
    bad_queries=wrong_queries,
    collections=COLLECTIONS,
    members=MEMBERS,
    plain=PLAIN,
    free=FREE,
    accepts_unknown={
        **{
            f"{verb}{kind.capitalize()} body definition": _DRAFT
            for verb in ("create", "update")
            for kind in KINDS
        },
        **{f"{verb}Integration body manifest.members[]": _DRAFT for verb in ("create", "update")},
        **{f"{verb}Integration body variablesSchema": _DRAFT for verb in ("create", "update")},
        "createPermission body subjectId": "sharing reaches other tenants and does not tell whether they exist",
        "removeOrganizationMember path user_id": "taking out whoever is not in repeats what was done",
        "removeTeamMember path user_id": "taking out whoever is not in repeats what was done",
        "createKey body scopes.entityIds[]": _NARROWED,
        "createToken body scopes.entityIds[]": _NARROWED,
    },
    for_oneself=dict.fromkeys(
        ("createKey", "createToken"), frozenset({"access_keys", "audit_entries", "events", "event_payloads"})
    ),
)
