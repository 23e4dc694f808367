"""Solutions: named groups of entities in a workspace, made by people, or by an install for what it brought.

A solution that an install made lives and dies with the install: it can be renamed and its members chosen,
but only uninstalling takes it away and only restoring the install brings it back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from msgspec import UNSET, UnsetType, structs

from trunkline.core.access import (
    NO_TOMBSTONE,
    DeletedError,
    NotDeletedError,
    Permission,
    require_tier,
    require_workspace,
    scope,
    tombstone,
)
from trunkline.core.connections import WorkspaceDeletedError
from trunkline.core.installs.queries import (
    BY_DELETION,
    BY_ID,
    EXPIRED_SOLUTIONS,
    FOLLOW_DELETED_ENTITIES,
    LIVE_OF_SOLUTION,
    LIVE_WORKSPACE,
    MEMBERS_OF_SOLUTION,
    OF_SOLUTION,
    SOLUTION_OF,
)
from trunkline.core.installs.specs import SOLUTION, SolutionRow
from trunkline.core.installs.tables import solution_members, solutions
from trunkline.core.journal import Change, empty_payloads, record
from trunkline.infra.db import Tx, lists
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import ConflictError, NotFoundError
from trunkline.kit.filters import Compare, Op, Quantifier, Related, both
from trunkline.kit.pages import ListQuery, Page
from trunkline.kit.text import check_name, check_text

OWNED_BY_INSTALL = "owned_by_install"  # stable code: what is asked for is the install's to decide


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateSolution:
    """The request to make an empty solution."""

    workspace_id: str
    name: str
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateSolution:
    """The request to rename or describe a solution; what is UNSET stays as it is."""

    id: str
    name: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET


def list_solutions(
    tx: Tx, actor: Actor, query: ListQuery, *, member_entity_id: str | None = None
) -> Page[SolutionRow]:
    """Solutions in the caller's workspaces; with `member_entity_id`, those that hold the entity.

    Raises:
        InvalidRequestError: an unknown field or operator, or a bad place.
    """
    actor.require(Permission.SOLUTIONS_READ)
    if member_entity_id is not None:
        holds = Compare("entity_id", Op.EQ, member_entity_id)
        query = replace(query, where=both(Related("members", Quantifier.SOME, holds), query.where))
    return lists.list_rows(tx, SOLUTION, query, scope(actor, tx.specs))


def get_solution(tx: Tx, actor: Actor, solution_id: str) -> SolutionRow:
    """One solution; deleted ones for those who may restore them.

    Raises:
        NotFoundError: absent or outside the caller's scope.
    """
    actor.require(Permission.SOLUTIONS_READ)
    return visible_solution(tx, actor, solution_id)


def visible_solution(tx: Tx, actor: Actor, solution_id: str) -> SolutionRow:
    """One solution for use by another verb, whatever the key's scope.

    Raises:
        NotFoundError: absent or outside the caller's scope.
    """
    row = lists.get_row(tx, SOLUTION, solution_id, scope(actor, tx.specs))
    if row is None:
        raise NotFoundError("solution")
    return row


def create_solution(tx: Tx, actor: Actor, request: CreateSolution) -> SolutionRow:
    """Make an empty solution; names need not be unique.

    Raises:
        NotFoundError: the workspace is absent or foreign.
        ForbiddenError: the caller is no editor there.
        InvalidRequestError: the name or description is malformed.
    """
    actor.require(Permission.SOLUTIONS_WRITE)
    organization_id = require_workspace(tx, actor, request.workspace_id, Tier.EDITOR)
    row = SolutionRow(
        id=tx.new_id(),
        organization_id=organization_id,
        workspace_id=request.workspace_id,
        name=check_name("name", request.name),
        description=check_text("description", request.description),
        created_by=actor.user_id,
        created_at=tx.now,
        updated_at=tx.now,
        deleted_at=None,
        retention_tier=None,
        deletion_id=None,
    )
    tx.insert(solutions, **structs.asdict(row))
    _journal(tx, actor, "created", row)
    return row


def update_solution(tx: Tx, actor: Actor, request: UpdateSolution) -> SolutionRow:
    """Rename or describe a solution, an install's own included; a no-op when nothing differs.

    Raises:
        NotFoundError: absent or outside the caller's scope.
        ForbiddenError: the caller is no editor of the workspace.
        DeletedError: it is deleted.
        InvalidRequestError: the name or description is malformed.
    """
    actor.require(Permission.SOLUTIONS_WRITE)
    before = _own(tx, actor, request.id, Tier.EDITOR)
    if before.deleted_at is not None:
        raise DeletedError("the solution is deleted: restore it first")
    changes: dict[str, Any] = {}
    if request.name is not UNSET and request.name != before.name:
        changes["name"] = check_name("name", request.name)
    if request.description is not UNSET and request.description != before.description:
        changes["description"] = check_text("description", request.description)
    if not changes:
        return before
    after = structs.replace(before, **changes, updated_at=tx.now)
    tx.update(solutions, BY_ID, {"id": before.id}, **changes, updated_at=tx.now)
    _journal(tx, actor, "updated", after, changed=tuple(changes))
    return after


def delete_solution(tx: Tx, actor: Actor, solution_id: str) -> None:
    """Tombstone a solution with its members; the entities stay. A no-op when it is deleted already.

    Raises:
        NotFoundError: absent or outside the caller's scope.
        ForbiddenError: the caller is no editor of the workspace.
        ConflictError: an install made it.
    """
    actor.require(Permission.SOLUTIONS_WRITE)
    row = _own(tx, actor, solution_id, Tier.EDITOR)
    if row.deleted_at is not None:
        return
    _require_own_fate(tx, row, "an install made this solution: uninstall that, which takes it away")
    stamp = tombstone(tx, row.organization_id)
    tx.update(solution_members, LIVE_OF_SOLUTION, {"solution_id": row.id}, **stamp.columns())
    tx.update(solutions, BY_ID, {"id": row.id}, **stamp.columns())
    _journal(tx, actor, "deleted", row, data={"deletionId": stamp.deletion_id})


def restore_solution(tx: Tx, actor: Actor, solution_id: str) -> SolutionRow:
    """Bring a solution back with exactly the members its deletion took; a no-op when it is live.

    A member whose entity was deleted meanwhile stays away until the entity is restored.

    Raises:
        NotFoundError: absent or outside the caller's scope.
        ForbiddenError: the caller is no editor of the workspace.
        ConflictError: an install made it, or its workspace is deleted.
    """
    actor.require(Permission.SOLUTIONS_WRITE)
    row = _own(tx, actor, solution_id, Tier.EDITOR)
    if row.deleted_at is None:
        return row
    _require_own_fate(tx, row, "an install made this solution: restore that, which brings it back")
    if tx.value(LIVE_WORKSPACE, id=row.workspace_id) is None:
        raise WorkspaceDeletedError("the solution's workspace is deleted: restore that first")
    deletion = {"deletion_id": row.deletion_id}
    tx.run(FOLLOW_DELETED_ENTITIES, **deletion)
    tx.update(solution_members, BY_DELETION, deletion, **NO_TOMBSTONE)
    tx.update(solutions, BY_ID, {"id": row.id}, **NO_TOMBSTONE)
    after = structs.replace(row, deleted_at=None, retention_tier=None, deletion_id=None)
    _journal(tx, actor, "restored", after, data={"deletionId": row.deletion_id})
    return after


def purge_solution(tx: Tx, actor: Actor, solution_id: str) -> None:
    """Remove a deleted solution and its members for good; the entities stay.

    Raises:
        NotFoundError: absent or outside the caller's scope.
        ForbiddenError: the caller is no admin of the workspace.
        NotDeletedError: it is live.
        ConflictError: an install made it.
    """
    actor.require(Permission.SOLUTIONS_WRITE)
    row = _own(tx, actor, solution_id, Tier.ADMIN)
    if row.deleted_at is None:
        raise NotDeletedError("the solution is live: delete it before purging it")
    _require_own_fate(tx, row, "an install made this solution: purge that, which removes it")
    _journal(tx, actor, "purged", row)
    gone = tx.column(MEMBERS_OF_SOLUTION, solution_id=row.id)
    tx.delete(solution_members, OF_SOLUTION, solution_id=row.id)
    tx.delete(solutions, BY_ID, id=row.id)
    empty_payloads(tx, [row.id, *gone])


def expired_solutions(tx: Tx, limit: int) -> list[str]:
    """Ids of deleted solutions whose retention is over, the longest overdue first; for the retention job.

    An install's own goes when the install is purged.
    """
    return [str(solution_id) for solution_id in tx.column(EXPIRED_SOLUTIONS, now=tx.now, limit=limit)]


def _own(tx: Tx, actor: Actor, solution_id: str, tier: Tier) -> SolutionRow:
    row = visible_solution(tx, actor, solution_id)
    require_tier(tx, actor, row, tier, "solution")
    return row


def _require_own_fate(tx: Tx, row: SolutionRow, refusal: str) -> None:
    if tx.value(SOLUTION_OF, solution_id=row.id):
        raise ConflictError(refusal, code=OWNED_BY_INSTALL)


def _journal(
    tx: Tx,
    actor: Actor,
    verb: str,
    row: SolutionRow,
    *,
    changed: tuple[str, ...] = (),
    data: dict[str, Any] | None = None,
) -> None:
    change = Change(
        type=f"solution.{verb}",
        subject_kind="solution",
        subject_id=row.id,
        organization_id=row.organization_id,
        workspace_id=row.workspace_id,
        changed=changed,
        data=data or {},
    )
    record(tx, actor, change)
