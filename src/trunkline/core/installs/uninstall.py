"""Taking installs away and bringing them back: everything an install brought goes and returns with it.

A deletion stamps every row it takes with one id; restore revives exactly those rows, so what people had
deleted before stays deleted.
"""

from __future__ import annotations

from typing import Any

from trunkline.core.access import (
    NO_TOMBSTONE,
    DeletedError,
    NotDeletedError,
    Permission,
    Tombstone,
    require_tier,
    tombstone,
)
from trunkline.core.connections import WorkspaceDeletedError
from trunkline.core.entities import (
    end_loans,
    purge_namespace,
    revive,
    revive_loans,
    suspend_loans,
    tombstone_namespace,
)
from trunkline.core.installs.errors import DuplicateInstallError
from trunkline.core.installs.queries import (
    BY_DELETION,
    BY_ID,
    CHILDREN,
    DUPLICATE,
    EXPIRED_INSTALLS,
    LIVE_BY_ID,
    LIVE_CHILDREN,
    LIVE_OF_INSTALL,
    LIVE_OF_NAMESPACE,
    LIVE_OF_SOLUTION,
    LIVE_WORKSPACE,
    OF_INSTALL,
    OF_NAMESPACE,
    OF_SOLUTION,
    REFRESH_HEALTH,
    SOLUTION_OF,
    STATE_OF,
    TAKEN_BY,
)
from trunkline.core.installs.reads import visible_install
from trunkline.core.installs.specs import InstallRow
from trunkline.core.installs.tables import (
    install_configs,
    install_keys,
    installs,
    members,
    solution_members,
    solutions,
)
from trunkline.core.integrations import is_namespace_pinned
from trunkline.core.journal import Change, empty_payloads, record
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import ConflictError


def uninstall(tx: Tx, actor: Actor, install_id: str) -> None:
    """Tombstone an install with its members, clones, solution and child installs; a no-op when deleted.

    Raises:
        NotFoundError: absent or outside the caller's scope.
        ForbiddenError: the caller is no editor of the workspace.

    Source: seed 000, DELETE /api/integration-installs/{id}.
    """
    actor.require(Permission.INSTALLS_WRITE)
    row = visible_install(tx, actor, install_id)
    require_tier(tx, actor, row, Tier.EDITOR, "install")
    if row.deleted_at is not None:
        return
    stamp = tombstone(tx, row.organization_id)
    event_id = _journal(tx, actor, "deleted", row, data={"deletionId": stamp.deletion_id})
    _tombstone_all(tx, actor, row, stamp, event_id)


def _tombstone_all(tx: Tx, actor: Actor, row: InstallRow, stamp: Tombstone, event_id: str) -> None:
    columns = stamp.columns()
    for child_id in tx.column(LIVE_CHILDREN, install_id=row.id):
        child = visible_install(tx, actor, child_id)
        _journal(tx, actor, "deleted", child, data={"deletionId": stamp.deletion_id}, parent_id=event_id)
        _tombstone_all(tx, actor, child, stamp, event_id)
    tombstone_namespace(tx, row.id, stamp)
    suspend_loans(tx, row.id, stamp.deletion_id)
    tx.update(members, LIVE_OF_INSTALL, {"install_id": row.id}, **columns)
    tx.update(solution_members, LIVE_OF_SOLUTION, {"solution_id": row.solution_id}, **columns)
    tx.update(solution_members, LIVE_OF_NAMESPACE, {"namespace": row.id}, **columns)
    tx.update(solutions, LIVE_BY_ID, {"id": row.solution_id}, **columns)
    tx.update(installs, BY_ID, {"id": row.id}, **columns)


def restore_install(tx: Tx, actor: Actor, install_id: str) -> InstallRow:
    """Bring back exactly what one uninstall took; a no-op when the install is live.

    Raises:
        NotFoundError: absent or outside the caller's scope.
        ForbiddenError: the caller is no editor of the workspace.
        ConflictError: its workspace or its parent is deleted, or the same install was made again meanwhile.

    Source: seed 000, POST /api/integration-installs/{id}/restore.
    """
    actor.require(Permission.INSTALLS_WRITE)
    row = visible_install(tx, actor, install_id)
    require_tier(tx, actor, row, Tier.EDITOR, "install")
    if row.deleted_at is None or row.deletion_id is None:
        return row
    _check_restorable(tx, row)
    taken = [found[0] for found in tx.fetch(TAKEN_BY, {"deletion_id": row.deletion_id})]
    revive(tx, row.deletion_id)
    revive_loans(tx, row.deletion_id)
    for table in (installs, members, solutions, solution_members):
        changed = {"updated_at": tx.now} if table is installs else {}
        tx.update(table, BY_DELETION, {"deletion_id": row.deletion_id}, **NO_TOMBSTONE, **changed)
    # What they authenticate with may have ended meanwhile.
    tx.run_many(REFRESH_HEALTH, [{"id": taken_id} for taken_id in taken])
    _journal(tx, actor, "restored", row, data={"deletionId": row.deletion_id})
    return visible_install(tx, actor, row.id)


def _check_restorable(tx: Tx, row: InstallRow) -> None:
    if tx.value(LIVE_WORKSPACE, id=row.workspace_id) is None:
        raise WorkspaceDeletedError("the install's workspace is deleted: restore that first")
    if row.parent_install_id is not None:
        deleted_at, _ = tx.fetch(STATE_OF, {"id": row.parent_install_id})[0]
        if deleted_at is not None:
            raise DeletedError("its parent install is deleted; restore that one, which brings this back")
    for taken_id, integration_id, workspace_id, distinct_key in tx.fetch(
        TAKEN_BY, {"deletion_id": row.deletion_id}
    ):
        place = {"integration_id": integration_id, "workspace_id": workspace_id}
        if tx.value(DUPLICATE, **place, distinct_key=distinct_key, id=taken_id):
            raise DuplicateInstallError("the same install was made again meanwhile; uninstall that one first")


def purge_install(tx: Tx, actor: Actor, install_id: str) -> None:
    """Remove a deleted install for good: members, clones with their versions, solution, child installs.

    Raises:
        NotFoundError: absent or outside the caller's scope.
        ForbiddenError: the caller is no admin of the workspace.
        ConflictError: it is live, or a version published from this workspace pins one of its clones.

    Source: seed 000, DELETE /api/integration-installs/{id}/purge.
    """
    actor.require(Permission.INSTALLS_WRITE)
    row = visible_install(tx, actor, install_id)
    require_tier(tx, actor, row, Tier.ADMIN, "install")
    if row.deleted_at is None:
        raise NotDeletedError("uninstall it before purging it")
    _purge(tx, actor, row)


def _purge(tx: Tx, actor: Actor, row: InstallRow) -> None:
    for child_id in tx.column(CHILDREN, install_id=row.id):
        _purge(tx, actor, visible_install(tx, actor, child_id))
    if is_namespace_pinned(tx, row.id):
        raise ConflictError("a published version pins a clone of this install", code="pinned")
    _journal(tx, actor, "purged", row)
    tx.delete(solution_members, OF_SOLUTION, solution_id=row.solution_id)
    tx.delete(solution_members, OF_NAMESPACE, namespace=row.id)
    end_loans(tx, row.id)
    tx.delete(install_keys, OF_INSTALL, install_id=row.id)
    tx.delete(install_configs, OF_INSTALL, install_id=row.id)
    tx.delete(members, OF_INSTALL, install_id=row.id)
    tx.delete(installs, BY_ID, id=row.id)
    if row.solution_id is not None and not tx.value(SOLUTION_OF, solution_id=row.solution_id):
        tx.delete(solutions, BY_ID, id=row.solution_id)
    purge_namespace(tx, row.id)
    empty_payloads(tx, [row.id])


def expired_installs(tx: Tx, limit: int) -> list[str]:
    """Ids of deleted installs whose retention is over, the longest overdue first; for the retention job."""
    return tx.column(EXPIRED_INSTALLS, now=tx.now, limit=limit)


def _journal(
    tx: Tx,
    actor: Actor,
    verb: str,
    row: InstallRow,
    *,
    data: dict[str, Any] | None = None,
    parent_id: str | None = None,
) -> str:
    change = Change(
        type=f"integration_install.{verb}",
        subject_kind="install",
        subject_id=row.id,
        organization_id=row.organization_id,
        workspace_id=row.workspace_id,
        data=data or {},
        parent_id=parent_id,
    )
    return record(tx, actor, change)
