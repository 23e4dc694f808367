"""Tags: an organization's own labels.

Source: informer-gestal reference A3 row 23.
"""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import UNSET, Meta, UnsetType, field

from trunkline.core import access
from trunkline.core import integrations as core
from trunkline.dialects.informer.hal import Collection, Links, Resource, curies, link
from trunkline.dialects.informer.lists import ListParameters, collection, list_query
from trunkline.dialects.informer.wire_base import AnyCall, Body, Wire, path_id, present, spell_time
from trunkline.kit.errors import ErrorKind
from trunkline.kit.filters import Compare, Op
from trunkline.kit.ids import format_uuid
from trunkline.web import Call, Reply, Route

SORT: Final = {"name": "name", "color": "color", "createdAt": "created_at", "updatedAt": "updated_at"}
_PATH: Final = "/api/tags"


class TagWire(Resource, frozen=True, kw_only=True):
    """A label."""

    id: str
    name: str
    color: str | UnsetType = UNSET
    created_at: str
    updated_at: str


class EmbeddedTags(Wire, frozen=True, kw_only=True):
    """The tags of a page."""

    tags: list[TagWire] = field(name="inf:tag")


class TagParameters(ListParameters, frozen=True, kw_only=True):
    """Parameters of the list."""

    name: Annotated[str, Meta(description="The whole name.")] | UnsetType = UNSET


class TagBody(Body, frozen=True, kw_only=True):
    """A new tag; its name is unique in the organization."""

    name: str
    color: Annotated[str | None, Meta(description="Whatever clients draw it in.")] = None


class TagChanges(Body, frozen=True, kw_only=True):
    """Changes to a tag; what is left out stays as it is."""

    name: str | UnsetType = UNSET
    color: str | UnsetType | None = UNSET


def list_tags(call: Call) -> Collection[EmbeddedTags]:
    """GET /api/tags."""
    asked: TagParameters = call.query
    where = None if asked.name is UNSET else Compare("name", Op.EQ, asked.name, "name")
    page = core.list_tags(call.tx, call.actor, list_query(asked, SORT, where=where))
    return collection(call, _PATH, page, EmbeddedTags(tags=[spell_tag(call, row) for row in page.rows]))


def get_tag(call: Call) -> TagWire:
    """GET /api/tags/{id}."""
    return spell_tag(call, core.get_tag(call.tx, call.actor, path_id(call, "tag")), curies(call))


def create_tag(call: Call) -> Reply:
    """POST /api/tags."""
    body: TagBody = call.body
    tenant = access.acting_organization(call.tx, call.actor)
    request = core.CreateTag(organization_id=tenant, name=body.name, color=body.color or None)
    row = core.create_tag(call.tx, call.actor, request)
    return Reply(
        body=spell_tag(call, row, curies(call)), headers={"location": f"{call.mount}{path_of_tag(row.id)}"}
    )


def update_tag(call: Call) -> TagWire:
    """PUT /api/tags/{id}."""
    body: TagChanges = call.body
    color = body.color if body.color is UNSET else body.color or None
    request = core.UpdateTag(id=path_id(call, "tag"), name=body.name, color=color)
    return spell_tag(call, core.update_tag(call.tx, call.actor, request), curies(call))


def delete_tag(call: Call) -> None:
    """DELETE /api/tags/{id}."""
    core.delete_tag(call.tx, call.actor, path_id(call, "tag"))


def path_of_tag(tag_id: str) -> str:
    """Where a tag is, below the mount."""
    return f"{_PATH}/{format_uuid(tag_id)}"


def spell_tag(call: AnyCall, row: core.TagRow, links: Links | None = None) -> TagWire:
    """A tag in this dialect."""
    return TagWire(
        links={"self": link(call, path_of_tag(row.id)), **(links or {})},
        id=format_uuid(row.id),
        name=row.name,
        color=present(row.color),
        created_at=spell_time(row.created_at),
        updated_at=spell_time(row.updated_at),
    )


_TAG: Final = {"id": "The tag's id."}
_TAGS = ("Tags",)

ROUTES = [
    Route(
        method="GET",
        path=_PATH,
        handler=list_tags,
        operation_id="listTags",
        summary="List the tags of the caller's organizations.",
        permission="tags:read",
        query=TagParameters,
        returns=Collection[EmbeddedTags],
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path=_PATH,
        handler=create_tag,
        operation_id="createTag",
        summary="Make a tag.",
        permission="tags:write",
        body=TagBody,
        returns=TagWire,
        status=201,
        errors=(ErrorKind.NOT_FOUND, ErrorKind.CONFLICT),
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path=f"{_PATH}/{{id}}",
        handler=get_tag,
        operation_id="getTag",
        summary="Get a tag.",
        permission="tags:read",
        returns=TagWire,
        inline=True,
        path_parameters=_TAG,
        tags=_TAGS,
    ),
    Route(
        method="PUT",
        path=f"{_PATH}/{{id}}",
        handler=update_tag,
        operation_id="updateTag",
        summary="Rename or recolor a tag, wherever it is assigned.",
        permission="tags:write",
        body=TagChanges,
        returns=TagWire,
        errors=(ErrorKind.CONFLICT,),
        resource=get_tag,
        path_parameters=_TAG,
        tags=_TAGS,
    ),
    Route(
        method="DELETE",
        path=f"{_PATH}/{{id}}",
        handler=delete_tag,
        operation_id="deleteTag",
        summary="Delete a tag, and take it off everything it is assigned to.",
        permission="tags:write",
        status=204,
        resource=get_tag,
        path_parameters=_TAG,
        tags=_TAGS,
    ),
]
