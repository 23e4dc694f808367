"""The platform dialect's ids, filters and a succeeding request to each of its operations."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from random import Random
from typing import Any

from msgspec import structs

from tests.conformance.holdings import DEFINITIONS, Holdings
from tests.conformance.operations import Operation
from tests.conformance.platform_examples import succeeding
from tests.conformance.platform_queries import bad_queries, camel
from tests.conformance.platform_requests import Asker, Values
from tests.conformance.vocabulary import Ask, Example, Pages, Place, Put, Vocabulary
from trunkline.bootstrap import SPECS
from trunkline.core import access, entities
from trunkline.infra.db import Database, ListSpec
from trunkline.kit.ids import PREFIXES, format_id
from trunkline.kit.pages import LIMIT_MAX

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
    "connections": "connection",
    "proxied-requests": "proxied_request",
    "providers": "provider",
    "provider-apps": "provider_app",
    "integrations": "integration",
    "integration-versions": "version",
    "integration-installs": "install",
    "integration-members": "member",
    "install-keys": "install_key",
    "solutions": "solution",
    "solution-members": "solution_member",
    "events": "event",
    **{kind.plural: kind.name for kind in entities.KINDS.values()},
}
SPEC_OF_LIST = {
    **{f"/api/{segment}": kind for segment, kind in COLLECTIONS.items()},
    **{f"/api/{kind.plural}": "entity" for kind in entities.KINDS.values()},
    **{f"/api/{kind.plural}/{{id}}/versions": "entity_version" for kind in entities.KINDS.values()},
    "/api/organization-members": "organization_member",
    "/api/teams/{id}/members": "team_member",
    "/api/workspaces/{id}/activations": "install",
}
MEMBERS: dict[str, tuple[str, ...]] = {
    "organization_id": ("organization",),
    "organizationId": ("organization",),
    "workspace_id": ("workspace",),
    "workspaceId": ("workspace",),
    "consumer_id": ("consumer",),
    "user_id": ("user",),
    "userId": ("user",),
    "owner_id": ("user",),
    "ownerId": ("user",),
    "created_by": ("user",),
    "installed_by": ("user",),
    "published_by": ("user",),
    "added_by": ("user",),
    "defaultServiceUserId": ("user",),
    "defaultWorkspaceId": ("workspace",),
    "integration_id": ("integration",),
    "integrationId": ("integration",),
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
    "connectionId": ("connection",),
    "connection_id": ("connection",),
    "createPermission.subjectId": ("user", "team", "organization"),
    "listEvents.subject_id": tuple(kind for kind in PREFIXES if not kind.endswith("_version")),
    "parent_id": ("event",),
}
PLAIN = frozenset(
    [
        "accessExpiresAt",
        "apiKey",
        "apiKeyName",
        "apiKeyPrefix",
        "authorizationUrl",
        "baseUrl",
        "changelog",
        "clientId",
        "clientSecret",
        "createProvider.id",
        "updateProvider.id",
        "created_at_after",
        "created_at_before",
        "default",
        "defaultScopes",
        "description",
        "error",
        "displayName",
        "prompt",
        "email",
        "expiresAt",
        "handle",
        "iconUrl",
        "name",
        "operations",
        "origins",
        "ownerEmail",
        "ownerName",
        "method",
        "password",
        "path",
        "provider",
        "publisher",
        "reason",
        "request_id",
        "returnTo",
        "revocationUrl",
        "scopeSeparator",
        "scopes",
        "selectedMemberSlugs",
        "slug",
        "tokenUrl",
        "type",
        "username",
        "value",
        "version",
    ]
)
FREE = frozenset(
    {
        "credentials",
        "parameters",
        "fields",
        "settings",
        "definition",
        "manifest",
        "variablesSchema",
        "authConfig",
        "variables",
        "metadata",
        "authorizeParams",
    }
)


def example(operation: Operation, held: Holdings) -> Example:
    return succeeding(operation, held, VOCABULARY)


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
    elif path.endswith("/activations"):
        held.make("install")
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
    if segments[-1] == "activations":
        return ("install",)
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


def malformed_ids(known: str, kind: str) -> list[str]:
    """What is nearly the id of something that is there."""
    hex_id = known.rpartition("_")[2]
    others = [f"{prefix}_{hex_id}" for other, prefix in PREFIXES.items() if other != kind]
    case = [known.upper(), known[:-32].upper() + hex_id, known[:-32] + hex_id.upper()]
    near = [
        known[:-1],
        known + "0",
        f" {known}",
        f"{known} ",
        f"{known}\n",
        f"{known}\x00",
        hex_id,
        f"_{hex_id}",
    ]
    far = ["x", "0", "null", "undefined", "*", "..", "%", "\u00e9", "\U0001f4a9", "' OR 1=1 --", "x" * 5_000]
    return [*others, *case, *near, *far, f"{known}/", f"{known}%2f", f"{{{hex_id}}}"]


def page_shape(answer: Any) -> None:
    assert list(answer) == ["data", "pageInfo"]
    info = ["total", "hasNextPage", "hasPreviousPage", "startCursor", "endCursor"]
    assert list(answer["pageInfo"]) == info


PAGES = Pages(
    shape=page_shape,
    rows=lambda answer: list(answer["data"]),
    total=lambda answer: int(answer["pageInfo"]["total"]),
    has_next=lambda answer: bool(answer["pageInfo"]["hasNextPage"]),
    has_previous=lambda answer: bool(answer["pageInfo"]["hasPreviousPage"]),
    behind=lambda answer: {"after": answer["pageInfo"]["endCursor"]},
    before=lambda answer, _count: {"before": answer["pageInfo"]["startCursor"]},
    cursors=lambda answer: [answer["pageInfo"][name] for name in ("startCursor", "endCursor")],
    size=LIMIT_MAX,
)

_DRAFT = "a draft may refer to what is not there yet; publishing resolves it in its own workspace"
_PUBLISHED = "who publishes an integration gives its installs keys, and nobody else learns of them"
_NARROWED = "a key may be narrowed to what is not there, and reaches nothing then"

VOCABULARY = Vocabulary(
    credential=lambda token: {"authorization": f"Bearer {token}"},
    spell=format_id,
    pages=PAGES,
    malformed=malformed_ids,
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
        "createInstallKey path id": _PUBLISHED,
        "listInstallKeys path id": _PUBLISHED,
        "createKey body scopes.entityIds[]": _NARROWED,
        "createToken body scopes.entityIds[]": _NARROWED,
    },
    browsing={"authorizeConnection": frozenset({"oauth_states", "vault_keys"})},
    for_oneself=dict.fromkeys(
        ("createKey", "createToken"), frozenset({"access_keys", "audit_entries", "events", "event_payloads"})
    ),
)
