"""How audit entries are read, and by whom."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from msgspec import Raw, Struct

from trunkline.core.access import ActorScope
from trunkline.infra.db import Field, FieldKind, ListSpec, Mode, Relation, Specs
from trunkline.kit.actor import Tier
from trunkline.kit.ids import PREFIXES

SUBJECT_KINDS = tuple(PREFIXES)


class AuditRow(Struct, frozen=True):
    """Who did what to what, and how; never changed and never removed.

    Attributes:
        actor_user_id: empty where the system acted, for the `reason` given.
        changed: names of the changed members.
    """

    id: str
    organization_id: str | None
    workspace_id: str | None
    action: str
    subject_kind: str
    subject_id: str
    actor_user_id: str
    actor_key_id: str | None
    reason: str | None
    request_id: str | None
    changed: Raw
    created_at: str


@dataclass(frozen=True, slots=True)
class Administered:
    """Rows with `organization_id`: seen by those who administer it, through no key bound to a workspace.

    A key that is narrowed to some objects sees what was done to those.
    """

    def visible(self, scope: ActorScope, alias: str, mode: Mode) -> str:  # noqa: ARG002  # same in both
        """An owner or admin of the organization."""
        return scope.narrowed(alias, scope.administered(alias), "subject_id")

    def insider(self, scope: ActorScope, alias: str) -> str:
        """Whoever sees the entry."""
        return self.visible(scope, alias, Mode.GET)

    def at_least(self, scope: ActorScope, alias: str, tier: Tier) -> str:  # noqa: ARG002  # all or nothing
        """Whoever sees the entry."""
        return self.visible(scope, alias, Mode.GET)


AUDIT_ENTRY = ListSpec(
    entity="audit_entry",
    table="audit_entries",
    row=AuditRow,
    rule=Administered(),
    fields={
        "workspace_id": Field(kind=FieldKind.ID, id_kinds=("workspace",), nullable=True),
        "organization_id": Field(kind=FieldKind.ID, id_kinds=("organization",), nullable=True),
        "action": Field(kind=FieldKind.TEXT),
        "subject_kind": Field(kind=FieldKind.CHOICE, choices=SUBJECT_KINDS),
        "subject_id": Field(kind=FieldKind.ID, id_kinds=SUBJECT_KINDS),
        "actor_user_id": Field(kind=FieldKind.ID, id_kinds=("user",)),
        "actor_key_id": Field(kind=FieldKind.ID, id_kinds=("key",), nullable=True),
        "reason": Field(kind=FieldKind.TEXT, nullable=True),
        "request_id": Field(kind=FieldKind.TEXT, nullable=True),
        "created_at": Field(kind=FieldKind.TIME),
    },
    relations={"workspace": Relation(target="workspace", local="workspace_id", remote="id")},
)

SPECS: Specs = MappingProxyType({AUDIT_ENTRY.entity: AUDIT_ENTRY})
