"""Reactions that make what is in a workspace share its fate; capabilities above name their tables."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Table

from trunkline.core.access import NO_TOMBSTONE
from trunkline.core.journal import Change
from trunkline.core.workspaces.queries import BY_DELETION, IN_WORKSPACE, LIVE_IN_WORKSPACE, STAMP_OF
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor

Reaction = Callable[[Tx, Actor, Change, str], None]


def tombstone_with_workspace(*tables: Table) -> Reaction:
    """Reaction to `workspace.deleted`: the live rows of these tables get the workspace's tombstone."""

    def react(tx: Tx, _actor: Actor, change: Change, _event_id: str) -> None:
        deleted_at, tier, deletion_id, purge_after = tx.fetch(STAMP_OF, {"id": change.subject_id})[0]
        for table in tables:
            tx.update(
                table,
                LIVE_IN_WORKSPACE,
                {"workspace_id": change.subject_id},
                deleted_at=deleted_at,
                retention_tier=tier,
                deletion_id=deletion_id,
                purge_after=purge_after,
            )

    return react


def revive_with_workspace(*tables: Table) -> Reaction:
    """Reaction to `workspace.restored`: exactly the rows that deletion took come back."""

    def react(tx: Tx, _actor: Actor, change: Change, _event_id: str) -> None:
        for table in tables:
            tx.update(table, BY_DELETION, {"deletion_id": change.data["deletionId"]}, **NO_TOMBSTONE)

    return react


def remove_with_workspace(*tables: Table) -> Reaction:
    """Reaction to `workspace.purging`: every row of these tables goes, in the order given."""

    def react(tx: Tx, _actor: Actor, change: Change, _event_id: str) -> None:
        for table in tables:
            tx.delete(table, IN_WORKSPACE, workspace_id=change.subject_id)

    return react
