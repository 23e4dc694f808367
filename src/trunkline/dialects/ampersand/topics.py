"""Topics, which events go to them, and which destinations they go to.

Source: ampersand reference section 1.11.
"""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import UNSET, Meta, UnsetType

from trunkline.core import webhooks as core
from trunkline.dialects.ampersand.lists import ListParameters, list_page, list_query
from trunkline.dialects.ampersand.projects import PROJECT
from trunkline.dialects.ampersand.references import project
from trunkline.dialects.ampersand.wire_base import (
    Body,
    Time,
    Wire,
    member_id,
    parameter_id,
    path_id,
    updated,
)
from trunkline.kit.errors import ErrorKind
from trunkline.kit.filters import Compare, Op
from trunkline.kit.ids import format_uuid
from trunkline.web import Call, Reply, Route

_Name = Annotated[str, Meta(max_length=64, description="Unique in the project: letters, digits and dashes.")]
_EventType = Annotated[str, Meta(extra_json_schema={"enum": list(core.EVENT_TYPES)})]


class TopicWire(Wire, frozen=True, kw_only=True):
    """A name that events are gathered under."""

    id: str
    name: str
    project_id: str
    create_time: Time
    update_time: Time | UnsetType = UNSET


class EventRouteWire(Wire, frozen=True, kw_only=True):
    """Events of a type go to a topic."""

    id: str
    event_type: _EventType
    topic_id: str
    project_id: str
    create_time: Time


class DestinationRouteWire(Wire, frozen=True, kw_only=True):
    """What goes to a topic goes to a destination."""

    id: str
    topic_id: str
    destination_id: str
    project_id: str
    create_time: Time


class TopicBody(Body, frozen=True, kw_only=True):
    """A topic's name."""

    name: _Name


class EventRouteBody(Body, frozen=True, kw_only=True):
    """Which events go to which topic."""

    event_type: _EventType
    topic_id: str


class DestinationRouteBody(Body, frozen=True, kw_only=True):
    """Which topic goes to which destination."""

    topic_id: str
    destination_id: str


class EventRouteParameters(ListParameters, frozen=True, kw_only=True):
    """Parameters of the list."""

    topic_id: str | UnsetType = UNSET
    event_type: _EventType | UnsetType = UNSET


class DestinationRouteParameters(ListParameters, frozen=True, kw_only=True):
    """Parameters of the list."""

    topic_id: str | UnsetType = UNSET
    destination_id: str | UnsetType = UNSET


def spell(row: core.TopicRow) -> TopicWire:
    """A topic in this dialect."""
    return TopicWire(
        id=format_uuid(row.id),
        name=row.name,
        project_id=format_uuid(row.workspace_id),
        create_time=row.created_at,
        update_time=updated(row.created_at, row.updated_at),
    )


def spell_event_route(row: core.TopicRouteRow) -> EventRouteWire:
    """A route from events to a topic in this dialect."""
    return EventRouteWire(
        id=format_uuid(row.id),
        event_type=row.event_type,
        topic_id=format_uuid(row.topic_id),
        project_id=format_uuid(row.workspace_id),
        create_time=row.created_at,
    )


def spell_destination_route(row: core.DestinationRouteRow) -> DestinationRouteWire:
    """A route from a topic to a destination in this dialect."""
    return DestinationRouteWire(
        id=format_uuid(row.id),
        topic_id=format_uuid(row.topic_id),
        destination_id=format_uuid(row.destination_id),
        project_id=format_uuid(row.workspace_id),
        create_time=row.created_at,
    )


def list_topics(call: Call) -> Reply:
    """GET /projects/{project}/topics."""
    query = list_query(call, core.TOPIC, _in_project(call))
    return list_page(call, core.TOPIC, core.list_topics(call.tx, call.actor, query), spell)


def create_topic(call: Call) -> TopicWire:
    """POST /projects/{project}/topics."""
    body: TopicBody = call.body
    return spell(core.create_topic(call.tx, call.actor, project(call).id, body.name))


def update_topic(call: Call) -> TopicWire:
    """PATCH /projects/{project}/topics/{topic}."""
    body: TopicBody = call.body
    found = project(call)
    topic_id = path_id(call, "topic", "topic")
    return spell(core.rename_topic(call.tx, call.actor, found.id, topic_id, body.name))


def delete_topic(call: Call) -> None:
    """DELETE /projects/{project}/topics/{topic}."""
    found = project(call)
    core.delete_topic(call.tx, call.actor, found.id, path_id(call, "topic", "topic"))


def list_event_routes(call: Call) -> Reply:
    """GET /projects/{project}/notification-event-topic-routes."""
    asked: EventRouteParameters = call.query
    conditions = [_in_project(call)]
    if asked.topic_id is not UNSET:
        topic_id = parameter_id("topic", asked.topic_id, "topicId")
        conditions.append(Compare("topic_id", Op.EQ, topic_id, "topicId"))
    if asked.event_type is not UNSET:
        conditions.append(Compare("event_type", Op.EQ, asked.event_type, "eventType"))
    page = core.list_topic_routes(call.tx, call.actor, list_query(call, core.TOPIC_ROUTE, *conditions))
    return list_page(call, core.TOPIC_ROUTE, page, spell_event_route)


def create_event_route(call: Call) -> EventRouteWire:
    """POST /projects/{project}/notification-event-topic-routes."""
    body: EventRouteBody = call.body
    found = project(call)
    topic_id = member_id("topic", body.topic_id, "topicId")
    row = core.create_topic_route(call.tx, call.actor, found.id, body.event_type, topic_id)
    return spell_event_route(row)


def delete_event_route(call: Call) -> None:
    """DELETE /projects/{project}/notification-event-topic-routes/{topic_route}."""
    found = project(call)
    core.delete_topic_route(call.tx, call.actor, found.id, path_id(call, "topic_route", "topic_route"))


def list_destination_routes(call: Call) -> Reply:
    """GET /projects/{project}/topic-destination-routes."""
    asked: DestinationRouteParameters = call.query
    conditions = [_in_project(call)]
    if asked.topic_id is not UNSET:
        topic_id = parameter_id("topic", asked.topic_id, "topicId")
        conditions.append(Compare("topic_id", Op.EQ, topic_id, "topicId"))
    if asked.destination_id is not UNSET:
        destination_id = parameter_id("destination", asked.destination_id, "destinationId")
        conditions.append(Compare("destination_id", Op.EQ, destination_id, "destinationId"))
    page = core.list_destination_routes(
        call.tx, call.actor, list_query(call, core.DESTINATION_ROUTE, *conditions)
    )
    return list_page(call, core.DESTINATION_ROUTE, page, spell_destination_route)


def create_destination_route(call: Call) -> DestinationRouteWire:
    """POST /projects/{project}/topic-destination-routes."""
    body: DestinationRouteBody = call.body
    found = project(call)
    topic_id = member_id("topic", body.topic_id, "topicId")
    destination_id = member_id("destination", body.destination_id, "destinationId")
    row = core.create_destination_route(call.tx, call.actor, found.id, topic_id, destination_id)
    return spell_destination_route(row)


def delete_destination_route(call: Call) -> None:
    """DELETE /projects/{project}/topic-destination-routes/{destination_route}."""
    found = project(call)
    route_id = path_id(call, "destination_route", "destination_route")
    core.delete_destination_route(call.tx, call.actor, found.id, route_id)


def _in_project(call: Call) -> Compare:
    return Compare("workspace_id", Op.EQ, project(call).id)


_TAGS = ("Topics",)
_TOPIC: Final = {**PROJECT, "topic": "The topic's id."}
_ROUTE: Final = {
    **PROJECT,
    **dict.fromkeys(("topic_route", "destination_route"), "The route's id."),
}
_EVENT_ROUTES: Final = "/v1/projects/{project}/notification-event-topic-routes"
_DESTINATION_ROUTES: Final = "/v1/projects/{project}/topic-destination-routes"

ROUTES = [
    Route(
        method="GET",
        path="/v1/projects/{project}/topics",
        handler=list_topics,
        operation_id="listTopics",
        summary="List a project's topics, the oldest first.",
        permission="webhooks:read",
        query=ListParameters,
        returns=list[TopicWire],
        path_parameters=PROJECT,
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path="/v1/projects/{project}/topics",
        handler=create_topic,
        operation_id="createTopic",
        summary="Make a topic.",
        permission="webhooks:write",
        body=TopicBody,
        returns=TopicWire,
        status=201,
        errors=(ErrorKind.CONFLICT,),
        path_parameters=PROJECT,
        tags=_TAGS,
    ),
    Route(
        method="PATCH",
        path="/v1/projects/{project}/topics/{topic}",
        handler=update_topic,
        operation_id="updateTopic",
        summary="Rename a topic.",
        permission="webhooks:write",
        body=TopicBody,
        returns=TopicWire,
        errors=(ErrorKind.CONFLICT,),
        path_parameters=_TOPIC,
        tags=_TAGS,
    ),
    Route(
        method="DELETE",
        path="/v1/projects/{project}/topics/{topic}",
        handler=delete_topic,
        operation_id="deleteTopic",
        summary="Remove a topic for good, with the routes to and from it.",
        permission="webhooks:write",
        status=204,
        path_parameters=_TOPIC,
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path=_EVENT_ROUTES,
        handler=list_event_routes,
        operation_id="listEventTopicRoutes",
        summary="List which events go to which topics, the oldest route first.",
        permission="webhooks:read",
        query=EventRouteParameters,
        returns=list[EventRouteWire],
        path_parameters=PROJECT,
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path=_EVENT_ROUTES,
        handler=create_event_route,
        operation_id="createEventTopicRoute",
        summary="Send events of a type to a topic.",
        permission="webhooks:write",
        body=EventRouteBody,
        returns=EventRouteWire,
        status=201,
        errors=(ErrorKind.CONFLICT,),
        path_parameters=PROJECT,
        tags=_TAGS,
    ),
    Route(
        method="DELETE",
        path=f"{_EVENT_ROUTES}/{{topic_route}}",
        handler=delete_event_route,
        operation_id="deleteEventTopicRoute",
        summary="Send events of a type to a topic no longer.",
        permission="webhooks:write",
        status=204,
        path_parameters=_ROUTE,
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path=_DESTINATION_ROUTES,
        handler=list_destination_routes,
        operation_id="listTopicDestinationRoutes",
        summary="List which topics go to which destinations, the oldest route first.",
        permission="webhooks:read",
        query=DestinationRouteParameters,
        returns=list[DestinationRouteWire],
        path_parameters=PROJECT,
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path=_DESTINATION_ROUTES,
        handler=create_destination_route,
        operation_id="createTopicDestinationRoute",
        summary="Send what goes to a topic to a destination.",
        permission="webhooks:write",
        body=DestinationRouteBody,
        returns=DestinationRouteWire,
        status=201,
        errors=(ErrorKind.CONFLICT,),
        path_parameters=PROJECT,
        tags=_TAGS,
    ),
    Route(
        method="DELETE",
        path=f"{_DESTINATION_ROUTES}/{{destination_route}}",
        handler=delete_destination_route,
        operation_id="deleteTopicDestinationRoute",
        summary="Send what goes to a topic to a destination no longer.",
        permission="webhooks:write",
        status=204,
        path_parameters=_ROUTE,
        tags=_TAGS,
    ),
]
