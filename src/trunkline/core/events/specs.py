"""How events are read, and by whom."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from msgspec import Raw, Struct

from trunkline.core.access import ActorScope
from trunkline.infra.db import Field, FieldKind, ListSpec, Mode, Relation, Specs
from trunkline.kit.actor import Tier
from trunkline.kit.ids import PREFIXES

SUBJECT_KINDS = tuple(PREFIXES)


class EventRow(Struct, frozen=True):
    """What happened to what.

    Attributes:
        seq: place in the order events became visible; None for the moment until it is known.
        user_id: who did it; None for the system.
        parent_id: the event this one follows from.
        data: None once the subject was purged.
    """

    id: str
    seq: int | None
    organization_id: str
    workspace_id: str | None
    type: str
    subject_kind: str
    subject_id: str
    user_id: str | None
    parent_id: str | None
    data: Raw | None
    created_at: str


@dataclass(frozen=True, slots=True)
class Happenings:
    """Events of the caller's workspaces; an organization's own are for those who administer it.

    A key that is narrowed to some objects sees what happened to those.
    """

    def visible(self, scope: ActorScope, alias: str, mode: Mode) -> str:  # noqa: ARG002  # same in both
        """Any tier in the workspace."""
        return self.at_least(scope, alias, Tier.VIEWER)

    def insider(self, scope: ActorScope, alias: str) -> str:
        """Whoever sees the event."""
        return self.at_least(scope, alias, Tier.VIEWER)

    def at_least(self, scope: ActorScope, alias: str, tier: Tier) -> str:
        """That tier in the workspace; administering the organization counts for events without one, too."""
        return scope.narrowed(alias, scope.in_workspace(alias, tier), "subject_id")


EVENT = ListSpec(
    entity="event",
    table="events",
    row=EventRow,
    rule=Happenings(),
    joins="LEFT JOIN event_payloads {a}d ON {a}d.event_id = {a}.id",
    columns={"data": "{a}d.data"},
    fields={
        "id": Field(kind=FieldKind.ID, id_kinds=("event",)),
        "organization_id": Field(kind=FieldKind.ID, id_kinds=("organization",)),
        "workspace_id": Field(kind=FieldKind.ID, id_kinds=("workspace",), nullable=True),
        "type": Field(kind=FieldKind.TEXT),
        "subject_kind": Field(kind=FieldKind.CHOICE, choices=SUBJECT_KINDS),
        "subject_id": Field(kind=FieldKind.ID, id_kinds=SUBJECT_KINDS),
        "user_id": Field(kind=FieldKind.ID, id_kinds=("user",), nullable=True),
        "parent_id": Field(kind=FieldKind.ID, id_kinds=("event",), nullable=True),
        "data": Field(kind=FieldKind.JSON, nullable=True, sortable=False),
        "created_at": Field(kind=FieldKind.TIME),
    },
    relations={
        "workspace": Relation(target="workspace", local="workspace_id", remote="id"),
        "parent": Relation(target="event", local="parent_id", remote="id"),
        "children": Relation(target="event", local="id", remote="parent_id", many=True),
    },
)

SPECS: Specs = MappingProxyType({EVENT.entity: EVENT})
