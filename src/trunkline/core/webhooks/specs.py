"""How destinations, topics and routes are read. No row holds a secret: what is sealed is in no spec."""

from __future__ import annotations

from types import MappingProxyType

from msgspec import Raw, Struct

from trunkline.core.access import InWorkspace
from trunkline.core.webhooks.events import EVENT_TYPES
from trunkline.core.webhooks.types import TYPES
from trunkline.infra.db import Field, FieldKind, ListSpec, Specs
from trunkline.kit.filters import OrderKey

_WORKSPACE_ID = Field(kind=FieldKind.ID, id_kinds=("workspace",))
_TOPIC_ID = Field(kind=FieldKind.ID, id_kinds=("topic",))
_DESTINATION_ID = Field(kind=FieldKind.ID, id_kinds=("destination",))
_TEXT = Field(kind=FieldKind.TEXT)
_TIME = Field(kind=FieldKind.TIME)
_OLDEST_FIRST = (OrderKey("created_at"),)


class DestinationRow(Struct, frozen=True):
    """Somewhere messages go, without its headers and secrets.

    Attributes:
        metadata: JSON of where and how, by the members of its type.
        generation: how often headers or secrets were given; part of what they are sealed for.
    """

    id: str
    organization_id: str
    workspace_id: str
    name: str
    type: str
    metadata: Raw
    generation: int
    created_by: str
    created_at: str
    updated_at: str


class TopicRow(Struct, frozen=True):
    """A name that events are gathered under and destinations take them from."""

    id: str
    organization_id: str
    workspace_id: str
    name: str
    created_at: str
    updated_at: str


class TopicRouteRow(Struct, frozen=True):
    """Events of a type go to a topic."""

    id: str
    organization_id: str
    workspace_id: str
    event_type: str
    topic_id: str
    created_at: str


class DestinationRouteRow(Struct, frozen=True):
    """What goes to a topic goes to a destination."""

    id: str
    organization_id: str
    workspace_id: str
    topic_id: str
    destination_id: str
    created_at: str


DESTINATION = ListSpec(
    entity="destination",
    table="destinations",
    row=DestinationRow,
    rule=InWorkspace(),
    fields={
        "id": _DESTINATION_ID,
        "workspace_id": _WORKSPACE_ID,
        "name": _TEXT,
        "type": Field(kind=FieldKind.CHOICE, choices=tuple(TYPES)),
        "created_at": _TIME,
        "updated_at": _TIME,
    },
    order=_OLDEST_FIRST,
)
TOPIC = ListSpec(
    entity="topic",
    table="topics",
    row=TopicRow,
    rule=InWorkspace(),
    fields={
        "id": _TOPIC_ID,
        "workspace_id": _WORKSPACE_ID,
        "name": _TEXT,
        "created_at": _TIME,
        "updated_at": _TIME,
    },
    order=_OLDEST_FIRST,
)
TOPIC_ROUTE = ListSpec(
    entity="topic_route",
    table="topic_routes",
    row=TopicRouteRow,
    rule=InWorkspace(),
    fields={
        "id": Field(kind=FieldKind.ID, id_kinds=("topic_route",)),
        "workspace_id": _WORKSPACE_ID,
        "event_type": Field(kind=FieldKind.CHOICE, choices=EVENT_TYPES),
        "topic_id": _TOPIC_ID,
        "created_at": _TIME,
    },
    order=_OLDEST_FIRST,
)
DESTINATION_ROUTE = ListSpec(
    entity="destination_route",
    table="destination_routes",
    row=DestinationRouteRow,
    rule=InWorkspace(),
    fields={
        "id": Field(kind=FieldKind.ID, id_kinds=("destination_route",)),
        "workspace_id": _WORKSPACE_ID,
        "topic_id": _TOPIC_ID,
        "destination_id": _DESTINATION_ID,
        "created_at": _TIME,
    },
    order=_OLDEST_FIRST,
)

SPECS: Specs = MappingProxyType(
    {spec.entity: spec for spec in (DESTINATION, TOPIC, TOPIC_ROUTE, DESTINATION_ROUTE)}
)
