"""Schemas, functions, agents, workflows and triggers: the same operations for every kind."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Self

from msgspec import UNSET, Meta, UnsetType

from trunkline.core import entities as core
from trunkline.dialects.platform.lists import ListPage, ListParameters, TrashParameters, list_page, list_query
from trunkline.dialects.platform.vocabulary import RetentionTier
from trunkline.dialects.platform.wire_base import (
    DONE,
    Body,
    Json,
    Success,
    Wire,
    given,
    member_id,
    path_id,
    spell_optional_time,
    spell_time,
)
from trunkline.kit.errors import ErrorKind
from trunkline.kit.ids import format_id
from trunkline.web import Call, Route


class EntityWire(Wire, frozen=True, kw_only=True):
    """A named definition. One that is only referenced reads as the version the install pins."""

    id: str
    workspace_id: str
    slug: str
    name: str
    description: str | None
    definition: Json
    version_id: str
    created_by: str
    deleted_at: str | None
    retention_tier: RetentionTier | None
    created_at: str
    updated_at: str

    @classmethod
    def of(cls, row: core.EntityRow) -> Self:
        """An entity in this dialect."""
        return cls(
            id=format_id(row.kind, row.id),
            workspace_id=format_id("workspace", row.workspace_id),
            slug=row.slug,
            name=row.name,
            description=row.description,
            definition=row.definition,
            version_id=format_id(f"{row.kind}_version", row.version_id),
            created_by=format_id("user", row.created_by),
            deleted_at=spell_optional_time(row.deleted_at),
            retention_tier=row.retention_tier,  # type: ignore[arg-type]  # the database allows nothing else
            created_at=spell_time(row.created_at),
            updated_at=spell_time(row.updated_at),
        )


class EntityVersionWire(Wire, frozen=True, kw_only=True):
    """What an entity held at one time; never changes."""

    id: str
    entity_id: str
    number: int
    name: str
    description: str | None
    definition: Json
    created_by: str
    created_at: str


class EntityParameters(TrashParameters, frozen=True, kw_only=True):
    """Parameters of the list."""

    workspace_id: str | UnsetType = UNSET
    slug: str | UnsetType = UNSET
    name: Annotated[str, Meta(description="Part of the name, in any case.")] | UnsetType = UNSET
    created_by: str | UnsetType = UNSET
    retention_tier: RetentionTier | UnsetType = UNSET


class CreateEntityBody(Body, frozen=True, kw_only=True):
    """A new entity; references to others are their ids, anywhere in the definition."""

    workspace_id: str
    slug: str
    name: str
    description: str | None = None
    definition: dict[str, Any]


class UpdateEntityBody(Body, frozen=True, kw_only=True):
    """Changes to an entity; what is left out stays as it is."""

    name: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    definition: dict[str, Any] | UnsetType = UNSET


def _list(kind: core.Kind, call: Call) -> ListPage[EntityWire]:
    page = core.list_entities(call.tx, call.actor, kind.name, list_query(call, core.ENTITY))
    return list_page(call, core.ENTITY, page, EntityWire.of)


def _get(kind: core.Kind, call: Call) -> EntityWire:
    return EntityWire.of(core.get_entity(call.tx, call.actor, kind.name, path_id(call, kind.name)))


def _create(kind: core.Kind, call: Call) -> EntityWire:
    body: CreateEntityBody = call.body
    request = core.CreateEntity(
        kind=kind.name,
        workspace_id=member_id("workspace", body.workspace_id, "workspaceId"),
        slug=body.slug,
        name=body.name,
        description=body.description,
        definition=body.definition,
    )
    return EntityWire.of(core.create_entity(call.tx, call.actor, request))


def _update(kind: core.Kind, call: Call) -> EntityWire:
    request = core.UpdateEntity(kind=kind.name, id=path_id(call, kind.name), **given(call.body))
    return EntityWire.of(core.update_entity(call.tx, call.actor, request))


def _delete(kind: core.Kind, call: Call) -> Success:
    core.delete_entity(call.tx, call.actor, kind.name, path_id(call, kind.name))
    return DONE


def _restore(kind: core.Kind, call: Call) -> EntityWire:
    return EntityWire.of(core.restore_entity(call.tx, call.actor, kind.name, path_id(call, kind.name)))


def _purge(kind: core.Kind, call: Call) -> Success:
    core.purge_entity(call.tx, call.actor, kind.name, path_id(call, kind.name))
    return DONE


def _list_versions(kind: core.Kind, call: Call) -> ListPage[EntityVersionWire]:
    page = core.list_entity_versions(
        call.tx, call.actor, kind.name, path_id(call, kind.name), list_query(call, core.ENTITY_VERSION)
    )
    return list_page(call, core.ENTITY_VERSION, page, partial(_spell_version, kind))


def _get_version(kind: core.Kind, call: Call) -> EntityVersionWire:
    version_id = path_id(call, kind.version_kind, "version_id")
    entity_id = path_id(call, kind.name)
    return _spell_version(
        kind, core.get_entity_version(call.tx, call.actor, kind.name, entity_id, version_id)
    )


def _spell_version(kind: core.Kind, row: core.EntityVersionRow) -> EntityVersionWire:
    return EntityVersionWire(
        id=format_id(kind.version_kind, row.id),
        entity_id=format_id(kind.name, row.entity_id),
        number=row.number,
        name=row.name,
        description=row.description,
        definition=row.definition,
        created_by=format_id("user", row.created_by),
        created_at=spell_time(row.created_at),
    )


def _routes(kind: core.Kind) -> list[Route]:
    return [*_collection_routes(kind), *_object_routes(kind), *_trash_routes(kind), *_version_routes(kind)]


def _collection_routes(kind: core.Kind) -> list[Route]:
    plural = kind.plural.capitalize()
    route = partial(Route, path=f"/api/{kind.plural}", tags=(plural,))
    return [
        route(
            method="GET",
            handler=partial(_list, kind),
            operation_id=f"list{plural}",
            summary=f"List {kind.plural} of the caller's workspaces, and those their installs reference.",
            permission="entities:read",
            query=EntityParameters,
            returns=ListPage[EntityWire],
        ),
        route(
            method="POST",
            handler=partial(_create, kind),
            operation_id=f"create{kind.name.capitalize()}",
            summary=f"Create a {kind.name}.",
            permission="entities:write",
            body=CreateEntityBody,
            returns=EntityWire,
            status=201,
            errors=(ErrorKind.NOT_FOUND, ErrorKind.CONFLICT),
        ),
    ]


def _of_one(kind: core.Kind, suffix: str = "") -> Callable[..., Route]:
    """What routes of one entity share."""
    return partial(
        Route,
        path=f"/api/{kind.plural}/{{id}}{suffix}",
        tags=(kind.plural.capitalize(),),
        path_parameters={"id": f"The {kind.name}'s id."},
    )


def _object_routes(kind: core.Kind) -> list[Route]:
    title, one = kind.name.capitalize(), _of_one(kind)
    get = partial(_get, kind)
    write = partial(one, permission="entities:write", resource=get)
    return [
        one(
            method="GET",
            handler=get,
            operation_id=f"get{title}",
            summary=f"Get a {kind.name}.",
            permission="entities:read",
            returns=EntityWire,
            inline=True,
        ),
        write(
            method="PATCH",
            handler=partial(_update, kind),
            operation_id=f"update{title}",
            summary=f"Edit a {kind.name}, keeping what it held as a version; editing a clone detaches it.",
            body=UpdateEntityBody,
            returns=EntityWire,
            errors=(ErrorKind.CONFLICT,),
        ),
        write(
            method="DELETE",
            handler=partial(_delete, kind),
            operation_id=f"delete{title}",
            summary=f"Delete a {kind.name}, restorably, unless its install needs it.",
            returns=Success,
            errors=(ErrorKind.CONFLICT,),
        ),
    ]


def _trash_routes(kind: core.Kind) -> list[Route]:
    title, get = kind.name.capitalize(), partial(_get, kind)
    shared = {"permission": "entities:write", "resource": get, "errors": (ErrorKind.CONFLICT,)}
    return [
        _of_one(kind, "/purge")(
            method="DELETE",
            handler=partial(_purge, kind),
            operation_id=f"purge{title}",
            summary=f"Remove a deleted {kind.name} and its versions for good.",
            returns=Success,
            **shared,
        ),
        _of_one(kind, "/restore")(
            method="POST",
            handler=partial(_restore, kind),
            operation_id=f"restore{title}",
            summary=f"Bring a deleted {kind.name} back.",
            returns=EntityWire,
            **shared,
        ),
    ]


def _version_routes(kind: core.Kind) -> list[Route]:
    title = kind.name.capitalize()
    return [
        _of_one(kind, "/versions")(
            method="GET",
            handler=partial(_list_versions, kind),
            operation_id=f"list{title}Versions",
            summary=f"List what a {kind.name} held over time.",
            permission="entities:read",
            query=ListParameters,
            returns=ListPage[EntityVersionWire],
            errors=(ErrorKind.NOT_FOUND,),
        ),
        _of_one(kind, "/versions/{version_id}")(
            method="GET",
            handler=partial(_get_version, kind),
            operation_id=f"get{title}Version",
            summary=f"Get one version of a {kind.name}.",
            permission="entities:read",
            returns=EntityVersionWire,
            inline=True,
        ),
    ]


ROUTES = [route for kind in core.KINDS.values() for route in _routes(kind)]
