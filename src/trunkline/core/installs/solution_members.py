"""Which entities a solution holds: adding and taking away; the entities themselves do not change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec import structs

from trunkline.core.access import (
    DeletedError,
    NotDeletedError,
    Permission,
    require_tier,
    scope,
    tombstone,
)
from trunkline.core.entities import ENTITY, EntityRow
from trunkline.core.installs.queries import BY_ID, EXPIRED_SOLUTION_MEMBERS, HELD_BY_SOLUTION
from trunkline.core.installs.solutions import visible_solution
from trunkline.core.installs.specs import SOLUTION_MEMBER, SolutionMemberRow, SolutionRow
from trunkline.core.installs.tables import solution_members
from trunkline.core.journal import Change, empty_payloads, record
from trunkline.infra.db import Tx, lists
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import InvalidRequestError, NotFoundError
from trunkline.kit.ids import format_id
from trunkline.kit.pages import ListQuery, Page

MAX_ADDED = 500  # entities of one request


@dataclass(frozen=True, slots=True)
class ChosenEntity:
    """An entity as the caller named it: of any kind when `kind` is None; `path` is where it was written."""

    id: str
    kind: str | None
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddSolutionMembers:
    """The request to put entities into a solution."""

    solution_id: str
    entities: Sequence[ChosenEntity]


def list_solution_members(tx: Tx, actor: Actor, query: ListQuery) -> Page[SolutionMemberRow]:
    """Members of every solution in the caller's workspaces.

    Raises:
        InvalidRequestError: an unknown field or operator, or a bad place.
    """
    actor.require(Permission.SOLUTIONS_READ)
    return lists.list_rows(tx, SOLUTION_MEMBER, query, scope(actor, tx.specs))


def get_solution_member(tx: Tx, actor: Actor, member_id: str) -> SolutionMemberRow:
    """One entity's place in a solution.

    Raises:
        NotFoundError: absent or outside the caller's scope.
    """
    actor.require(Permission.SOLUTIONS_READ)
    return _visible(tx, actor, member_id)


def add_solution_members(tx: Tx, actor: Actor, request: AddSolutionMembers) -> list[SolutionMemberRow]:
    """Put entities of the solution's own workspace into it; all or none.

    Returns:
        Their places in the order asked for, each entity once; the existing place of one that is in it.

    Raises:
        NotFoundError: the solution or an entity is absent, deleted or outside the caller's scope.
        ForbiddenError: the caller is no editor of the workspace.
        DeletedError: the solution is deleted.
        InvalidRequestError: too many entities, or one that lives in another workspace.
    """
    actor.require(Permission.SOLUTIONS_WRITE)
    solution = visible_solution(tx, actor, request.solution_id)
    require_tier(tx, actor, solution, Tier.EDITOR, "solution")
    if solution.deleted_at is not None:
        raise DeletedError("the solution is deleted: restore it first")
    if len(request.entities) > MAX_ADDED:
        raise InvalidRequestError.at("entityIds", f"more than {MAX_ADDED} items")
    chosen = _chosen(tx, actor, solution, request.entities)
    held = {
        row.entity_id: row
        for row in (
            SolutionMemberRow(*columns)
            for columns in tx.fetch_for(HELD_BY_SOLUTION, chosen, solution_id=solution.id)
        )
    }
    for entity_id, entity in chosen.items():
        if entity_id not in held:
            held[entity_id] = _add(tx, actor, solution, entity)
    return [held[entity_id] for entity_id in chosen]


def remove_solution_member(tx: Tx, actor: Actor, member_id: str) -> None:
    """Take an entity out of a solution; a no-op when it is out already.

    Raises:
        NotFoundError: absent or outside the caller's scope.
        ForbiddenError: the caller is no editor of the workspace.
    """
    actor.require(Permission.SOLUTIONS_WRITE)
    row = _visible(tx, actor, member_id)
    require_tier(tx, actor, row, Tier.EDITOR, "solution")
    if row.deleted_at is not None:
        return
    stamp = tombstone(tx, row.organization_id)
    tx.update(solution_members, BY_ID, {"id": row.id}, **stamp.columns())
    _journal(tx, actor, "deleted", row)


def purge_solution_member(tx: Tx, actor: Actor, member_id: str) -> None:
    """Remove the place of an entity that was taken out of a solution for good.

    Raises:
        NotFoundError: absent or outside the caller's scope.
        ForbiddenError: the caller is no admin of the workspace.
        NotDeletedError: the entity is in the solution.
    """
    actor.require(Permission.SOLUTIONS_WRITE)
    row = _visible(tx, actor, member_id)
    require_tier(tx, actor, row, Tier.ADMIN, "solution")
    if row.deleted_at is None:
        raise NotDeletedError("the entity is in the solution: take it out before purging its place")
    tx.delete(solution_members, BY_ID, id=row.id)
    empty_payloads(tx, [row.id])
    _journal(tx, actor, "purged", row, told=False)


def expired_solution_members(tx: Tx, limit: int) -> list[str]:
    """Ids of places that entities were taken out of too long ago; for the retention job.

    Places that a deleted solution or entity brings back when it is restored go with that.
    """
    return [str(member_id) for member_id in tx.column(EXPIRED_SOLUTION_MEMBERS, now=tx.now, limit=limit)]


def _chosen(
    tx: Tx, actor: Actor, solution: SolutionRow, asked: Sequence[ChosenEntity]
) -> dict[str, EntityRow]:
    """The entities by id, in the order asked for."""
    ids = list(dict.fromkeys(entity.id for entity in asked))
    rows = lists.get_rows(tx, ENTITY, ids, scope(actor, tx.specs), deleted=False)
    found = {row.id: row for row in rows}
    for entity in asked:
        row = found.get(entity.id)
        if row is None or entity.kind not in {None, row.kind}:
            raise NotFoundError(entity.kind or "entity")
        if row.workspace_id != solution.workspace_id:
            raise InvalidRequestError.at(entity.path, "lives in another workspace than the solution")
    return {entity_id: found[entity_id] for entity_id in ids}


def _add(tx: Tx, actor: Actor, solution: SolutionRow, entity: EntityRow) -> SolutionMemberRow:
    row = SolutionMemberRow(
        id=tx.new_id(),
        organization_id=solution.organization_id,
        workspace_id=solution.workspace_id,
        solution_id=solution.id,
        entity_id=entity.id,
        entity_kind=entity.kind,
        added_by=actor.user_id,
        added_at=tx.now,
        deleted_at=None,
        retention_tier=None,
        deletion_id=None,
    )
    tx.insert(solution_members, **structs.asdict(row))
    _journal(tx, actor, "created", row)
    return row


def _visible(tx: Tx, actor: Actor, member_id: str) -> SolutionMemberRow:
    row = lists.get_row(tx, SOLUTION_MEMBER, member_id, scope(actor, tx.specs))
    if row is None:
        raise NotFoundError("solution member")
    return row


def _journal(tx: Tx, actor: Actor, verb: str, row: SolutionMemberRow, *, told: bool = True) -> None:
    data = {
        "solutionId": format_id("solution", row.solution_id),
        "entityId": format_id(row.entity_kind, row.entity_id),
    }
    change = Change(
        type=f"solution_member.{verb}",
        subject_kind="solution_member",
        subject_id=row.id,
        organization_id=row.organization_id,
        workspace_id=row.workspace_id,
        data=data if told else {},
    )
    record(tx, actor, change)
