"""Events: what happened."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from trunkline.core import events as core
from trunkline.dialects.platform.lists import ListPage, ListParameters, list_page, list_query
from trunkline.dialects.platform.wire_base import Json, Wire, path_id, spell_id, spell_time
from trunkline.kit.ids import format_id
from trunkline.web import Call, Route

_Time = Annotated[str, Meta(description="A time with its offset, itself included (RFC 3339).")]


class EventWire(Wire, frozen=True, kw_only=True):
    """What happened to what; `parentId` is the event it follows from."""

    id: str
    type: Annotated[str, Meta(examples=["integration.published"])]
    subject_id: str
    user_id: Annotated[str | None, Meta(description="Who did it; null for the system.")]
    workspace_id: str | None
    parent_id: str | None
    data: Annotated[Json | None, Meta(description="Null once the subject was purged.")]
    created_at: str


def spell(row: core.EventRow) -> EventWire:
    """An event in this dialect."""
    return EventWire(
        id=format_id("event", row.id),
        type=row.type,
        subject_id=format_id(row.subject_kind, row.subject_id),
        user_id=spell_id("user", row.user_id),
        workspace_id=spell_id("workspace", row.workspace_id),
        parent_id=spell_id("event", row.parent_id),
        data=row.data,
        created_at=spell_time(row.created_at),
    )


class EventParameters(ListParameters, frozen=True, kw_only=True):
    """Parameters of the list."""

    type: str | UnsetType = UNSET
    subject_id: str | UnsetType = UNSET
    user_id: str | UnsetType = UNSET
    workspace_id: str | UnsetType = UNSET
    parent_id: str | UnsetType = UNSET
    created_at_after: _Time | UnsetType = UNSET
    created_at_before: _Time | UnsetType = UNSET


def list_events(call: Call) -> ListPage[EventWire]:
    """GET /api/events."""
    page = core.list_events(call.tx, call.actor, list_query(call, core.EVENT))
    return list_page(call, core.EVENT, page, spell)


def get_event(call: Call) -> EventWire:
    """GET /api/events/{id}."""
    return spell(core.get_event(call.tx, call.actor, path_id(call, "event")))


ROUTES = [
    Route(
        method="GET",
        path="/api/events",
        handler=list_events,
        operation_id="listEvents",
        summary="List what happened in the caller's workspaces, newest first.",
        permission="events:read",
        query=EventParameters,
        returns=ListPage[EventWire],
        tags=("Events",),
    ),
    Route(
        method="GET",
        path="/api/events/{id}",
        handler=get_event,
        operation_id="getEvent",
        summary="Get an event.",
        permission="events:read",
        returns=EventWire,
        inline=True,
        path_parameters={"id": "The event's id, e.g. `evt_0197…`."},
        tags=("Events",),
    ),
]
