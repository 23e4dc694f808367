"""Workspaces: the units of access in an organization."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from trunkline.core import workspaces as core
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
    spell_id,
    spell_optional_time,
    spell_time,
)
from trunkline.kit.errors import ErrorKind
from trunkline.kit.ids import format_id
from trunkline.web import Call, Route


class WorkspaceWire(Wire, frozen=True, kw_only=True):
    """A workspace; `defaultServiceUserId` is whom runs without a user act as."""

    id: str
    organization_id: str
    name: str
    handle: str
    owner_id: str
    default_service_user_id: str | None
    deleted_at: str | None
    retention_tier: RetentionTier | None
    created_at: str
    updated_at: str


def spell(row: core.WorkspaceRow) -> WorkspaceWire:
    """A workspace in this dialect."""
    return WorkspaceWire(
        id=format_id("workspace", row.id),
        organization_id=format_id("organization", row.organization_id),
        name=row.name,
        handle=row.handle,
        owner_id=format_id("user", row.owner_id),
        default_service_user_id=spell_id("user", row.default_service_user_id),
        deleted_at=spell_optional_time(row.deleted_at),
        retention_tier=row.retention_tier,  # type: ignore[arg-type]  # the database allows nothing else
        created_at=spell_time(row.created_at),
        updated_at=spell_time(row.updated_at),
    )


class WorkspaceParameters(TrashParameters, frozen=True, kw_only=True):
    """Parameters of the list."""

    organization_id: str | UnsetType = UNSET
    name: Annotated[str, Meta(description="Part of the name, in any case.")] | UnsetType = UNSET
    handle: str | UnsetType = UNSET
    owner_id: str | UnsetType = UNSET
    retention_tier: RetentionTier | UnsetType = UNSET


class CreateWorkspaceBody(Body, frozen=True, kw_only=True):
    """A new workspace; the caller becomes its owner and first admin."""

    organization_id: str
    name: str
    handle: Annotated[str, Meta(description="Unique in the instance.", examples=["acme-production"])]


class UpdateWorkspaceBody(Body, frozen=True, kw_only=True):
    """Changes to a workspace; what is left out stays as it is."""

    name: str | UnsetType = UNSET
    handle: str | UnsetType = UNSET
    default_service_user_id: str | UnsetType | None = UNSET


def list_workspaces(call: Call) -> ListPage[WorkspaceWire]:
    """GET /api/workspaces."""
    page = core.list_workspaces(call.tx, call.actor, list_query(call, core.WORKSPACE))
    return list_page(call, core.WORKSPACE, page, spell)


def get_workspace(call: Call) -> WorkspaceWire:
    """GET /api/workspaces/{id}."""
    return spell(core.get_workspace(call.tx, call.actor, path_id(call, "workspace")))


def create_workspace(call: Call) -> WorkspaceWire:
    """POST /api/workspaces."""
    body: CreateWorkspaceBody = call.body
    request = core.CreateWorkspace(
        organization_id=member_id("organization", body.organization_id, "organizationId"),
        name=body.name,
        handle=body.handle,
    )
    return spell(core.create_workspace(call.tx, call.actor, request))


def update_workspace(call: Call) -> WorkspaceWire:
    """PATCH /api/workspaces/{id}."""
    changes = given(call.body)
    service_user_id = changes.get("default_service_user_id")
    if service_user_id is not None:
        changes["default_service_user_id"] = member_id("user", service_user_id, "defaultServiceUserId")
    request = core.UpdateWorkspace(id=path_id(call, "workspace"), **changes)
    return spell(core.update_workspace(call.tx, call.actor, request))


def delete_workspace(call: Call) -> Success:
    """DELETE /api/workspaces/{id}."""
    core.delete_workspace(call.tx, call.actor, path_id(call, "workspace"))
    return DONE


def purge_workspace(call: Call) -> Success:
    """DELETE /api/workspaces/{id}/purge."""
    core.purge_workspace(call.tx, call.actor, path_id(call, "workspace"))
    return DONE


def restore_workspace(call: Call) -> WorkspaceWire:
    """POST /api/workspaces/{id}/restore."""
    return spell(core.restore_workspace(call.tx, call.actor, path_id(call, "workspace")))


_ID = {"id": "The workspace's id, e.g. `wsp_0197…`."}
_TAGS = ("Workspaces",)

ROUTES = [
    Route(
        method="GET",
        path="/api/workspaces",
        handler=list_workspaces,
        operation_id="listWorkspaces",
        summary="List the workspaces the caller has access to.",
        permission="workspaces:read",
        query=WorkspaceParameters,
        returns=ListPage[WorkspaceWire],
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path="/api/workspaces",
        handler=create_workspace,
        operation_id="createWorkspace",
        summary="Make a workspace in an organization the caller administers.",
        permission="workspaces:write",
        body=CreateWorkspaceBody,
        returns=WorkspaceWire,
        status=201,
        errors=(ErrorKind.NOT_FOUND, ErrorKind.CONFLICT),
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path="/api/workspaces/{id}",
        handler=get_workspace,
        operation_id="getWorkspace",
        summary="Get a workspace.",
        permission="workspaces:read",
        returns=WorkspaceWire,
        inline=True,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="PATCH",
        path="/api/workspaces/{id}",
        handler=update_workspace,
        operation_id="updateWorkspace",
        summary="Change a workspace's name, handle or service user.",
        permission="workspaces:write",
        body=UpdateWorkspaceBody,
        returns=WorkspaceWire,
        errors=(ErrorKind.CONFLICT,),
        resource=get_workspace,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="DELETE",
        path="/api/workspaces/{id}",
        handler=delete_workspace,
        operation_id="deleteWorkspace",
        summary="Delete a workspace with everything in it, restorably; keys bound to it stop working.",
        permission="workspaces:write",
        returns=Success,
        resource=get_workspace,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="DELETE",
        path="/api/workspaces/{id}/purge",
        handler=purge_workspace,
        operation_id="purgeWorkspace",
        summary="Remove a deleted workspace and everything in it for good.",
        permission="workspaces:write",
        returns=Success,
        errors=(ErrorKind.CONFLICT,),
        resource=get_workspace,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path="/api/workspaces/{id}/restore",
        handler=restore_workspace,
        operation_id="restoreWorkspace",
        summary="Bring a deleted workspace back with everything its deletion took.",
        permission="workspaces:write",
        returns=WorkspaceWire,
        resource=get_workspace,
        path_parameters=_ID,
        tags=_TAGS,
    ),
]
