"""Which entities a solution holds."""

from __future__ import annotations

from typing import Annotated, Self

from msgspec import UNSET, Meta, UnsetType

from trunkline.core import installs as core
from trunkline.dialects.platform.lists import ListPage, TrashParameters, list_page, list_query
from trunkline.dialects.platform.solutions import chosen_entity
from trunkline.dialects.platform.vocabulary import RetentionTier
from trunkline.dialects.platform.wire_base import (
    DONE,
    Body,
    Success,
    Wire,
    member_id,
    path_id,
    spell_optional_time,
    spell_time,
)
from trunkline.kit.errors import ErrorKind
from trunkline.kit.ids import format_id
from trunkline.web import Call, Route


class SolutionMemberWire(Wire, frozen=True, kw_only=True):
    """An entity's place in a solution."""

    id: str
    solution_id: str
    entity_id: str
    added_by: str
    deleted_at: str | None
    retention_tier: RetentionTier | None
    added_at: str

    @classmethod
    def of(cls, row: core.SolutionMemberRow) -> Self:
        """A solution's member in this dialect."""
        return cls(
            id=format_id("solution_member", row.id),
            solution_id=format_id("solution", row.solution_id),
            entity_id=format_id(row.entity_kind, row.entity_id),
            added_by=format_id("user", row.added_by),
            deleted_at=spell_optional_time(row.deleted_at),
            retention_tier=row.retention_tier,  # type: ignore[arg-type]  # the database allows nothing else
            added_at=spell_time(row.added_at),
        )


class SolutionMembersWire(Wire, frozen=True, kw_only=True):
    """The places of the entities asked for, in their order, each once."""

    members: list[SolutionMemberWire]


class SolutionMemberParameters(TrashParameters, frozen=True, kw_only=True):
    """Parameters of the list."""

    solution_id: str | UnsetType = UNSET
    entity_id: str | UnsetType = UNSET
    workspace_id: str | UnsetType = UNSET
    added_by: str | UnsetType = UNSET
    retention_tier: RetentionTier | UnsetType = UNSET


class AddSolutionMemberBody(Body, frozen=True, kw_only=True):
    """An entity of the solution's own workspace."""

    solution_id: str
    entity_id: str


class AddSolutionMembersBody(Body, frozen=True, kw_only=True):
    """Entities of the solution's own workspace."""

    solution_id: str
    entity_ids: Annotated[list[str], Meta(max_length=core.MAX_ADDED)]


def list_solution_members(call: Call) -> ListPage[SolutionMemberWire]:
    """GET /api/solution-members."""
    page = core.list_solution_members(call.tx, call.actor, list_query(call, core.SOLUTION_MEMBER))
    return list_page(call, core.SOLUTION_MEMBER, page, SolutionMemberWire.of)


def get_solution_member(call: Call) -> SolutionMemberWire:
    """GET /api/solution-members/{id}."""
    member = core.get_solution_member(call.tx, call.actor, path_id(call, "solution_member"))
    return SolutionMemberWire.of(member)


def add_solution_member(call: Call) -> SolutionMemberWire:
    """POST /api/solution-members."""
    body: AddSolutionMemberBody = call.body
    return _added(call, body.solution_id, [chosen_entity(body.entity_id, "entityId")])[0]


def add_solution_members(call: Call) -> SolutionMembersWire:
    """POST /api/solution-members/bulk."""
    body: AddSolutionMembersBody = call.body
    entities = [chosen_entity(text, f"entityIds[{i}]") for i, text in enumerate(body.entity_ids)]
    return SolutionMembersWire(members=_added(call, body.solution_id, entities))


def _added(call: Call, solution: str, entities: list[core.ChosenEntity]) -> list[SolutionMemberWire]:
    solution_id = member_id("solution", solution, "solutionId")
    request = core.AddSolutionMembers(solution_id=solution_id, entities=entities)
    return [SolutionMemberWire.of(row) for row in core.add_solution_members(call.tx, call.actor, request)]


def remove_solution_member(call: Call) -> Success:
    """DELETE /api/solution-members/{id}."""
    core.remove_solution_member(call.tx, call.actor, path_id(call, "solution_member"))
    return DONE


_ID = {"id": "The solution member's id, e.g. `solmem_0197…`."}
_TAGS = ("Solution members",)

ROUTES = [
    Route(
        method="GET",
        path="/api/solution-members",
        handler=list_solution_members,
        operation_id="listSolutionMembers",
        summary="List the members of solutions in the caller's workspaces.",
        permission="solutions:read",
        query=SolutionMemberParameters,
        returns=ListPage[SolutionMemberWire],
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path="/api/solution-members",
        handler=add_solution_member,
        operation_id="addSolutionMember",
        summary="Put an entity into a solution; one that is in it stays where it is.",
        permission="solutions:write",
        body=AddSolutionMemberBody,
        returns=SolutionMemberWire,
        status=201,
        errors=(ErrorKind.NOT_FOUND, ErrorKind.CONFLICT),
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path="/api/solution-members/bulk",
        handler=add_solution_members,
        operation_id="addSolutionMembers",
        summary="Put many entities into a solution, all or none.",
        permission="solutions:write",
        body=AddSolutionMembersBody,
        returns=SolutionMembersWire,
        status=201,
        errors=(ErrorKind.NOT_FOUND, ErrorKind.CONFLICT),
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path="/api/solution-members/{id}",
        handler=get_solution_member,
        operation_id="getSolutionMember",
        summary="Get a solution member.",
        permission="solutions:read",
        returns=SolutionMemberWire,
        inline=True,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="DELETE",
        path="/api/solution-members/{id}",
        handler=remove_solution_member,
        operation_id="removeSolutionMember",
        summary="Take an entity out of a solution; the entity stays.",
        permission="solutions:write",
        returns=Success,
        resource=get_solution_member,
        path_parameters=_ID,
        tags=_TAGS,
    ),
]
