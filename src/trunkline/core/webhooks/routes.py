"""Routes: which events go to which topic, and which topics go to which destination."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import structs

from trunkline.core.access import Permission, require_tier, require_workspace, scope
from trunkline.core.journal import Change, empty_payloads, record
from trunkline.core.webhooks.errors import RouteExistsError
from trunkline.core.webhooks.events import EVENT_TYPES
from trunkline.core.webhooks.queries import BY_ID, DESTINATION_ROUTED, TOPIC_ROUTED
from trunkline.core.webhooks.reads import visible_destination
from trunkline.core.webhooks.specs import (
    DESTINATION_ROUTE,
    TOPIC,
    TOPIC_ROUTE,
    DestinationRouteRow,
    TopicRouteRow,
    TopicRow,
)
from trunkline.core.webhooks.tables import destination_routes, topic_routes
from trunkline.infra.db import Tx, lists
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import InvalidRequestError, NotFoundError
from trunkline.kit.ids import format_id
from trunkline.kit.pages import ListQuery, Page


def list_topic_routes(tx: Tx, actor: Actor, query: ListQuery) -> Page[TopicRouteRow]:
    """The routes from events to topics in the caller's workspaces.

    Raises:
        InvalidRequestError: an unknown field or operator, or a bad place.
    """
    actor.require(Permission.WEBHOOKS_READ)
    return lists.list_rows(tx, TOPIC_ROUTE, query, scope(actor, tx.specs))


def create_topic_route(
    tx: Tx, actor: Actor, workspace_id: str, event_type: str, topic_id: str
) -> TopicRouteRow:
    """Send events of a type to a topic of the workspace.

    Raises:
        NotFoundError: the workspace or the topic is absent or foreign.
        ForbiddenError: the caller is no admin there.
        InvalidRequestError: there are no such events.
        RouteExistsError: they go there already.
    """
    actor.require(Permission.WEBHOOKS_WRITE)
    organization_id = require_workspace(tx, actor, workspace_id, Tier.ADMIN)
    if event_type not in EVENT_TYPES:
        raise InvalidRequestError.at("eventType", f"must be one of {', '.join(EVENT_TYPES)}")
    topic = topic_in(tx, actor, workspace_id, topic_id)
    if tx.value(TOPIC_ROUTED, topic_id=topic.id, event_type=event_type):
        raise RouteExistsError(f"{event_type} goes to the topic {topic.name} already")
    row = TopicRouteRow(
        id=tx.new_id(),
        organization_id=organization_id,
        workspace_id=workspace_id,
        event_type=event_type,
        topic_id=topic.id,
        created_at=tx.now,
    )
    tx.insert(topic_routes, **structs.asdict(row))
    _journal(tx, actor, "topic_route.created", row, _told(row))
    return row


def delete_topic_route(tx: Tx, actor: Actor, workspace_id: str, route_id: str) -> None:
    """Send events of a type to a topic no longer.

    Raises:
        NotFoundError: absent, elsewhere, or outside the caller's scope.
        ForbiddenError: the caller is no admin there.
    """
    actor.require(Permission.WEBHOOKS_WRITE)
    row = lists.get_row(tx, TOPIC_ROUTE, route_id, scope(actor, tx.specs))
    if row is None or row.workspace_id != workspace_id:
        raise NotFoundError("route")
    require_tier(tx, actor, row, Tier.ADMIN, "route")
    end_topic_route(tx, actor, row)


def list_destination_routes(tx: Tx, actor: Actor, query: ListQuery) -> Page[DestinationRouteRow]:
    """The routes from topics to destinations in the caller's workspaces.

    Raises:
        InvalidRequestError: an unknown field or operator, or a bad place.
    """
    actor.require(Permission.WEBHOOKS_READ)
    return lists.list_rows(tx, DESTINATION_ROUTE, query, scope(actor, tx.specs))


def create_destination_route(
    tx: Tx, actor: Actor, workspace_id: str, topic_id: str, destination_id: str
) -> DestinationRouteRow:
    """Send what goes to a topic of the workspace to one of its destinations.

    Raises:
        NotFoundError: the workspace, the topic or the destination is absent or foreign.
        ForbiddenError: the caller is no admin there.
        RouteExistsError: it goes there already.
    """
    actor.require(Permission.WEBHOOKS_WRITE)
    organization_id = require_workspace(tx, actor, workspace_id, Tier.ADMIN)
    topic = topic_in(tx, actor, workspace_id, topic_id)
    destination = visible_destination(tx, actor, destination_id)
    if destination.workspace_id != workspace_id:
        raise NotFoundError("destination")
    if tx.value(DESTINATION_ROUTED, topic_id=topic.id, destination_id=destination.id):
        raise RouteExistsError(f"the topic {topic.name} goes to {destination.name} already")
    row = DestinationRouteRow(
        id=tx.new_id(),
        organization_id=organization_id,
        workspace_id=workspace_id,
        topic_id=topic.id,
        destination_id=destination.id,
        created_at=tx.now,
    )
    tx.insert(destination_routes, **structs.asdict(row))
    _journal(tx, actor, "destination_route.created", row, _told(row))
    return row


def delete_destination_route(tx: Tx, actor: Actor, workspace_id: str, route_id: str) -> None:
    """Send what goes to a topic to a destination no longer.

    Raises:
        NotFoundError: absent, elsewhere, or outside the caller's scope.
        ForbiddenError: the caller is no admin there.
    """
    actor.require(Permission.WEBHOOKS_WRITE)
    row = lists.get_row(tx, DESTINATION_ROUTE, route_id, scope(actor, tx.specs))
    if row is None or row.workspace_id != workspace_id:
        raise NotFoundError("route")
    require_tier(tx, actor, row, Tier.ADMIN, "route")
    end_destination_route(tx, actor, row)


def end_topic_route(tx: Tx, actor: Actor, row: TopicRouteRow, *, parent_id: str | None = None) -> None:
    """Remove a route from events to a topic; `parent_id` is the event that took it along."""
    _journal(tx, actor, "topic_route.deleted", row, _told(row), parent_id)
    tx.delete(topic_routes, BY_ID, id=row.id)
    empty_payloads(tx, [row.id])


def end_destination_route(
    tx: Tx, actor: Actor, row: DestinationRouteRow, *, parent_id: str | None = None
) -> None:
    """Remove a route from a topic to a destination; `parent_id` is the event that took it along."""
    _journal(tx, actor, "destination_route.deleted", row, _told(row), parent_id)
    tx.delete(destination_routes, BY_ID, id=row.id)
    empty_payloads(tx, [row.id])


def topic_in(tx: Tx, actor: Actor, workspace_id: str, topic_id: str) -> TopicRow:
    """A topic of a workspace, whatever the key's scope.

    Raises:
        NotFoundError: absent, elsewhere, or outside the caller's scope.
    """
    row = lists.get_row(tx, TOPIC, topic_id, scope(actor, tx.specs))
    if row is None or row.workspace_id != workspace_id:
        raise NotFoundError("topic")
    return row


def _told(row: TopicRouteRow | DestinationRouteRow) -> dict[str, Any]:
    if isinstance(row, TopicRouteRow):
        return {"eventType": row.event_type, "topicId": format_id("topic", row.topic_id)}
    return {
        "topicId": format_id("topic", row.topic_id),
        "destinationId": format_id("destination", row.destination_id),
    }


def _journal(
    tx: Tx,
    actor: Actor,
    event: str,
    row: TopicRouteRow | DestinationRouteRow,
    data: Mapping[str, Any],
    parent_id: str | None = None,
) -> None:
    change = Change(
        type=event,
        subject_kind=event.partition(".")[0],
        subject_id=row.id,
        organization_id=row.organization_id,
        workspace_id=row.workspace_id,
        data=data,
        parent_id=parent_id,
    )
    record(tx, actor, change)
