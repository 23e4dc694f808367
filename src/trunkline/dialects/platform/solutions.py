"""Solutions: named groups of entities in a workspace, made by people or by an install."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from trunkline.core import installs as core
from trunkline.core.entities import KINDS
from trunkline.dialects.platform.lists import ListPage, TrashParameters, list_page, list_query
from trunkline.dialects.platform.vocabulary import RetentionTier
from trunkline.dialects.platform.wire_base import (
    DONE,
    Body,
    Success,
    Wire,
    given,
    member_id,
    path_id,
    spell_optional_time,
    spell_time,
)
from trunkline.kit.errors import ErrorKind, InvalidRequestError
from trunkline.kit.ids import format_id, parse_any, parse_id
from trunkline.web import Call, Route


class SolutionWire(Wire, frozen=True, kw_only=True):
    """A named group of entities."""

    id: str
    workspace_id: str
    name: str
    description: str | None
    created_by: str
    deleted_at: str | None
    retention_tier: RetentionTier | None
    created_at: str
    updated_at: str


def spell(row: core.SolutionRow) -> SolutionWire:
    """A solution in this dialect."""
    return SolutionWire(
        id=format_id("solution", row.id),
        workspace_id=format_id("workspace", row.workspace_id),
        name=row.name,
        description=row.description,
        created_by=format_id("user", row.created_by),
        deleted_at=spell_optional_time(row.deleted_at),
        retention_tier=row.retention_tier,  # type: ignore[arg-type]  # the database allows nothing else
        created_at=spell_time(row.created_at),
        updated_at=spell_time(row.updated_at),
    )


def chosen_entity(text: str, path: str) -> core.ChosenEntity:
    """An entity of any kind as a caller named it at `path`; a UUID does not tell the kind.

    Raises:
        InvalidRequestError: no id of an entity.
    """
    kind, hex_id = parse_any(text) or (None, parse_id("schema", text))
    if hex_id is None or (kind is not None and kind not in KINDS):
        raise InvalidRequestError.at(path, f"not an id of kind {' or '.join(KINDS)}")
    return core.ChosenEntity(hex_id, kind, path)


class SolutionParameters(TrashParameters, frozen=True, kw_only=True):
    """Parameters of the list."""

    workspace_id: str | UnsetType = UNSET
    member_entity_id: Annotated[str, Meta(description="Holding this entity.")] | UnsetType = UNSET
    name: Annotated[str, Meta(description="Part of the name, in any case.")] | UnsetType = UNSET
    created_by: str | UnsetType = UNSET
    retention_tier: RetentionTier | UnsetType = UNSET


class CreateSolutionBody(Body, frozen=True, kw_only=True):
    """A new, empty solution."""

    workspace_id: str
    name: str
    description: str | None = None


class UpdateSolutionBody(Body, frozen=True, kw_only=True):
    """Changes to a solution; what is left out stays as it is."""

    name: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET


def list_solutions(call: Call) -> ListPage[SolutionWire]:
    """GET /api/solutions."""
    asked: SolutionParameters = call.query
    member_entity_id = (
        None
        if asked.member_entity_id is UNSET
        else chosen_entity(asked.member_entity_id, "member_entity_id").id
    )
    query = list_query(call, core.SOLUTION, elsewhere=frozenset({"member_entity_id"}))
    page = core.list_solutions(call.tx, call.actor, query, member_entity_id=member_entity_id)
    return list_page(call, core.SOLUTION, page, spell)


def get_solution(call: Call) -> SolutionWire:
    """GET /api/solutions/{id}."""
    return spell(core.get_solution(call.tx, call.actor, path_id(call, "solution")))


def create_solution(call: Call) -> SolutionWire:
    """POST /api/solutions."""
    body: CreateSolutionBody = call.body
    request = core.CreateSolution(
        workspace_id=member_id("workspace", body.workspace_id, "workspaceId"),
        name=body.name,
        description=body.description,
    )
    return spell(core.create_solution(call.tx, call.actor, request))


def update_solution(call: Call) -> SolutionWire:
    """PATCH /api/solutions/{id}."""
    request = core.UpdateSolution(id=path_id(call, "solution"), **given(call.body))
    return spell(core.update_solution(call.tx, call.actor, request))


def delete_solution(call: Call) -> Success:
    """DELETE /api/solutions/{id}."""
    core.delete_solution(call.tx, call.actor, path_id(call, "solution"))
    return DONE


def purge_solution(call: Call) -> Success:
    """DELETE /api/solutions/{id}/purge."""
    core.purge_solution(call.tx, call.actor, path_id(call, "solution"))
    return DONE


def restore_solution(call: Call) -> SolutionWire:
    """POST /api/solutions/{id}/restore."""
    return spell(core.restore_solution(call.tx, call.actor, path_id(call, "solution")))


_ID = {"id": "The solution's id, e.g. `sol_0197…`."}
_TAGS = ("Solutions",)

ROUTES = [
    Route(
        method="GET",
        path="/api/solutions",
        handler=list_solutions,
        operation_id="listSolutions",
        summary="List the solutions of the caller's workspaces.",
        permission="solutions:read",
        query=SolutionParameters,
        returns=ListPage[SolutionWire],
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path="/api/solutions",
        handler=create_solution,
        operation_id="createSolution",
        summary="Make an empty solution.",
        permission="solutions:write",
        body=CreateSolutionBody,
        returns=SolutionWire,
        status=201,
        errors=(ErrorKind.NOT_FOUND,),
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path="/api/solutions/{id}",
        handler=get_solution,
        operation_id="getSolution",
        summary="Get a solution.",
        permission="solutions:read",
        returns=SolutionWire,
        inline=True,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="PATCH",
        path="/api/solutions/{id}",
        handler=update_solution,
        operation_id="updateSolution",
        summary="Rename or describe a solution.",
        permission="solutions:write",
        body=UpdateSolutionBody,
        returns=SolutionWire,
        errors=(ErrorKind.CONFLICT,),
        resource=get_solution,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="DELETE",
        path="/api/solutions/{id}",
        handler=delete_solution,
        operation_id="deleteSolution",
        summary="Delete a solution, restorably; its entities stay. An install's own goes by uninstalling.",
        permission="solutions:write",
        returns=Success,
        errors=(ErrorKind.CONFLICT,),
        resource=get_solution,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="DELETE",
        path="/api/solutions/{id}/purge",
        handler=purge_solution,
        operation_id="purgeSolution",
        summary="Remove a deleted solution for good; its entities stay.",
        permission="solutions:write",
        returns=Success,
        errors=(ErrorKind.CONFLICT,),
        resource=get_solution,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path="/api/solutions/{id}/restore",
        handler=restore_solution,
        operation_id="restoreSolution",
        summary="Bring a deleted solution back with exactly the members its deletion took.",
        permission="solutions:write",
        returns=SolutionWire,
        errors=(ErrorKind.CONFLICT,),
        resource=get_solution,
        path_parameters=_ID,
        tags=_TAGS,
    ),
]
