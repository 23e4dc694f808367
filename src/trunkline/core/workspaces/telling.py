"""What is put on record of workspaces, whoever's verb it was."""

from __future__ import annotations

from typing import Any, Protocol

from trunkline.core.journal import Change, record
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor


class Told(Protocol):
    """A workspace, as far as its record names it."""

    @property
    def id(self) -> str:
        """32 hex digits."""
        ...

    @property
    def organization_id(self) -> str:
        """The tenant."""
        ...


def journal(
    tx: Tx,
    actor: Actor,
    verb: str,
    row: Told,
    *,
    changed: tuple[str, ...] = (),
    data: dict[str, Any] | None = None,
    parent_id: str | None = None,
) -> str:
    """Record `workspace.<verb>`; the event's id."""
    change = Change(
        type=f"workspace.{verb}",
        subject_kind="workspace",
        subject_id=row.id,
        organization_id=row.organization_id,
        workspace_id=row.id,
        changed=changed,
        data=data or {},
        parent_id=parent_id,
    )
    return record(tx, actor, change)
