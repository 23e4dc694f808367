"""How changes of an integration are journalled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trunkline.core.access import Placed
from trunkline.core.journal import Change, record
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor


@dataclass(frozen=True, slots=True)
class Subject:
    """What a change is about, where no whole row is at hand; a `Placed`."""

    id: str
    organization_id: str
    workspace_id: str


def tell(
    tx: Tx,
    actor: Actor,
    verb: str,
    row: Placed,
    *,
    changed: tuple[str, ...] = (),
    data: Mapping[str, Any] | None = None,
    parent_id: str | None = None,
) -> str:
    """Record `integration.<verb>` and let what is above react; the event's id."""
    change = Change(
        type=f"integration.{verb}",
        subject_kind="integration",
        subject_id=row.id,
        organization_id=row.organization_id,
        workspace_id=row.workspace_id,
        changed=changed,
        data=data or {},
        parent_id=parent_id,
    )
    return record(tx, actor, change)
