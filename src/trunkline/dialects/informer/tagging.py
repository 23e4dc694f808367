"""Tagging: which of an organization's tags an integration has.

Source: informer-gestal reference A3 row 22.
"""

from __future__ import annotations

from typing import Final

from msgspec import field

from trunkline.core import integrations as core
from trunkline.dialects.informer.hal import Collection, Links, Resource, curies, link, template
from trunkline.dialects.informer.integrations import ID, path_of
from trunkline.dialects.informer.lists import whole
from trunkline.dialects.informer.references import find
from trunkline.dialects.informer.tags import TagWire, path_of_tag
from trunkline.dialects.informer.wire_base import AnyCall, Wire, path_id, present, spell_time
from trunkline.kit.errors import ErrorKind
from trunkline.kit.ids import format_uuid
from trunkline.web import Call, Route


class EmbeddedTag(Wire, frozen=True, kw_only=True):
    """The tag that was assigned."""

    tag: TagWire = field(name="inf:tag")


class TagEntityWire(Resource, frozen=True, kw_only=True):
    """A tag on an integration."""

    id: str
    tag_id: str
    integration_id: str
    embedded: EmbeddedTag = field(name="_embedded")


class EmbeddedTagEntities(Wire, frozen=True, kw_only=True):
    """The tags of an integration."""

    entities: list[TagEntityWire] = field(name="inf:tag-entity")


def list_integration_tags(call: Call) -> Collection[EmbeddedTagEntities]:
    """GET /api/integrations/{id}/tags."""
    row = find(call)
    found = core.list_integration_tags(call.tx, call.actor, row.id)
    path = f"{path_of(row)}/tags"
    shown = EmbeddedTagEntities(entities=[_spell_entity(call, row, one) for one in found])
    relations: Links = {"inf:tag-entity": template(call, f"{path}/{{tagId}}")}
    return whole(call, path, shown, len(found), relations)


def get_integration_tag(call: Call) -> TagEntityWire:
    """GET /api/integrations/{id}/tags/{tagId}."""
    row = find(call)
    found = core.get_integration_tag(call.tx, call.actor, row.id, path_id(call, "tag", "tag_id"))
    return _spell_entity(call, row, found, curies(call))


def assign_tag(call: Call) -> TagEntityWire:
    """PUT /api/integrations/{id}/tags/{tagId}."""
    row = find(call)
    found = core.assign_tag(call.tx, call.actor, row.id, path_id(call, "tag", "tag_id"))
    return _spell_entity(call, row, found, curies(call))


def unassign_tag(call: Call) -> None:
    """DELETE /api/integrations/{id}/tags/{tagId}."""
    core.unassign_tag(call.tx, call.actor, find(call).id, path_id(call, "tag", "tag_id"))


def _spell_entity(
    call: AnyCall, integration: core.IntegrationRow, row: core.IntegrationTagRow, links: Links | None = None
) -> TagEntityWire:
    path = path_of(integration)
    own: Links = {
        "self": link(call, f"{path}/tags/{format_uuid(row.tag_id)}"),
        "inf:integration": link(call, path),
    }
    tag = TagWire(
        links={"self": link(call, path_of_tag(row.tag_id))},
        id=format_uuid(row.tag_id),
        name=row.tag_name,
        color=present(row.tag_color),
        created_at=spell_time(row.tag_created_at),
        updated_at=spell_time(row.tag_updated_at),
    )
    return TagEntityWire(
        links={**own, **(links or {})},
        id=format_uuid(row.id),
        tag_id=format_uuid(row.tag_id),
        integration_id=format_uuid(row.integration_id),
        embedded=EmbeddedTag(tag=tag),
    )


_OF: Final = "/api/integrations/{id}/tags"
_ONE_OF: Final = "/api/integrations/{id}/tags/{tag_id}"
_BOTH: Final = {**ID, "tag_id": "The tag's id."}
_TAGS = ("Tags",)

ROUTES = [
    Route(
        method="GET",
        path=_OF,
        handler=list_integration_tags,
        operation_id="listIntegrationTags",
        summary="List the tags of an integration.",
        permission="integrations:read",
        returns=Collection[EmbeddedTagEntities],
        path_parameters=ID,
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path=_ONE_OF,
        handler=get_integration_tag,
        operation_id="getIntegrationTag",
        summary="Get a tag of an integration.",
        permission="integrations:read",
        returns=TagEntityWire,
        path_parameters=_BOTH,
        tags=_TAGS,
    ),
    Route(
        method="PUT",
        path=_ONE_OF,
        handler=assign_tag,
        operation_id="assignTag",
        summary="Put a tag on an integration.",
        permission="integrations:write",
        returns=TagEntityWire,
        errors=(ErrorKind.CONFLICT,),
        path_parameters=_BOTH,
        tags=_TAGS,
    ),
    Route(
        method="DELETE",
        path=_ONE_OF,
        handler=unassign_tag,
        operation_id="unassignTag",
        summary="Take a tag off an integration.",
        permission="integrations:write",
        status=204,
        path_parameters=_BOTH,
        tags=_TAGS,
    ),
]
