"""Projects: workspaces that publish integrations. A project's name is the workspace's handle.

Source: ampersand reference section 1.2.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, UnsetType

from trunkline.core import workspaces as core
from trunkline.dialects.ampersand.lists import ListParameters, list_page, list_query
from trunkline.dialects.ampersand.masks import masked
from trunkline.dialects.ampersand.references import folded, project
from trunkline.dialects.ampersand.wire_base import (
    Body,
    Query,
    Time,
    UpdateMask,
    Wire,
    member_id,
    sent,
    updated,
)
from trunkline.kit.errors import ErrorKind
from trunkline.kit.filters import Compare, Op
from trunkline.kit.ids import format_uuid
from trunkline.kit.text import check_handle, check_name
from trunkline.web import Call, Reply, Route

LOG_DAYS: Final = 30  # as long as the log of requests that were passed on is kept
MASKS: Final = ("appName", "name")
NO_GROUP: Final = Compare("owner_workspace_id", Op.EQ, None)

_AppName = Annotated[str, Meta(description="What the customers' pages call the application.")]
_Name = Annotated[
    str,
    Meta(description="Unique in the instance: letters, digits and hyphens, kept in lower case, 63 at most."),
]


class Switch(Wire, frozen=True, kw_only=True):
    """Something that is on or off."""

    value: bool


class Number(Wire, frozen=True, kw_only=True):
    """A limit."""

    value: int


class Entitlements(Wire, frozen=True, kw_only=True):
    """What the project may do: on a server of one's own, everything."""

    branding_removal: Switch
    log_retention_days: Number


ENTITLEMENTS: Final = Entitlements(
    branding_removal=Switch(value=True), log_retention_days=Number(value=LOG_DAYS)
)


class ProjectWire(Wire, frozen=True, kw_only=True):
    """A project; its id is that of the workspace."""

    id: str
    name: str
    app_name: str
    org_id: str
    create_time: Time
    update_time: Time | UnsetType = UNSET
    entitlements: Entitlements | UnsetType = UNSET


def spell(row: core.WorkspaceRow, *, entitlements: bool = False) -> ProjectWire:
    """A workspace as this dialect calls it."""
    return ProjectWire(
        id=format_uuid(row.id),
        name=row.handle,
        app_name=row.name,
        org_id=format_uuid(row.organization_id),
        create_time=row.created_at,
        update_time=updated(row.created_at, row.updated_at),
        entitlements=ENTITLEMENTS if entitlements else UNSET,
    )


class ProjectParameters(Query, frozen=True, kw_only=True):
    """Parameters of one project."""

    include_entitlements: bool = False


class CreateProjectBody(Body, frozen=True, kw_only=True):
    """A new project of an organization that the caller administers."""

    app_name: _AppName
    name: _Name
    org_id: str


class ProjectChanges(Body, frozen=True, kw_only=True):
    """What of a project may be changed."""

    app_name: _AppName | UnsetType = UNSET
    name: _Name | UnsetType = UNSET


class UpdateProjectBody(Body, frozen=True, kw_only=True):
    """Changes to a project. Masks: `appName`, `name`."""

    update_mask: UpdateMask
    project: ProjectChanges


def list_projects(call: Call) -> Reply:
    """GET /projects."""
    query = list_query(call, core.WORKSPACE, NO_GROUP)
    page = core.list_workspaces(call.tx, call.actor, query)
    return list_page(call, core.WORKSPACE, page, spell)


def create_project(call: Call) -> ProjectWire:
    """POST /projects."""
    body: CreateProjectBody = call.body
    request = core.CreateWorkspace(
        organization_id=member_id("organization", body.org_id, "orgId"),
        name=check_name("appName", body.app_name),
        handle=check_handle("name", folded(body.name)),
    )
    return spell(core.create_workspace(call.tx, call.actor, request))


def get_project(call: Call) -> ProjectWire:
    """GET /projects/{project}."""
    asked: ProjectParameters | None = call.query
    return spell(project(call), entitlements=asked is not None and asked.include_entitlements)


def update_project(call: Call) -> ProjectWire:
    """PATCH /projects/{project}."""
    body: UpdateProjectBody = call.body
    row = project(call)
    changes = masked(sent(body.project), body.update_mask, MASKS, "project")
    members: dict[str, Any] = {}
    if "appName" in changes:
        members["name"] = check_name("project.appName", changes["appName"])
    if "name" in changes:
        members["handle"] = check_handle("project.name", folded(changes["name"]))
    return spell(core.update_workspace(call.tx, call.actor, core.UpdateWorkspace(id=row.id, **members)))


_TAGS = ("Projects",)
PROJECT: Final = {"project": "The project's id, or its name in any case."}

ROUTES = [
    Route(
        method="GET",
        path="/v1/projects",
        handler=list_projects,
        operation_id="listProjects",
        summary="List the projects the caller may look into, the oldest first.",
        permission="workspaces:read",
        query=ListParameters,
        returns=list[ProjectWire],
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path="/v1/projects",
        handler=create_project,
        operation_id="createProject",
        summary="Make a project.",
        permission="workspaces:write",
        body=CreateProjectBody,
        returns=ProjectWire,
        status=201,
        errors=(ErrorKind.NOT_FOUND, ErrorKind.CONFLICT),
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path="/v1/projects/{project}",
        handler=get_project,
        operation_id="getProject",
        summary="Get a project.",
        permission="workspaces:read",
        query=ProjectParameters,
        returns=ProjectWire,
        inline=True,
        path_parameters=PROJECT,
        tags=_TAGS,
    ),
    Route(
        method="PATCH",
        path="/v1/projects/{project}",
        handler=update_project,
        operation_id="updateProject",
        summary="Change a project's names.",
        permission="workspaces:write",
        body=UpdateProjectBody,
        returns=ProjectWire,
        errors=(ErrorKind.CONFLICT,),
        also={422: "A path of the mask has no value."},
        resource=get_project,
        path_parameters=PROJECT,
        tags=_TAGS,
    ),
]
