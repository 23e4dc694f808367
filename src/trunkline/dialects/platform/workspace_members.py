"""Who holds which role in a workspace."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from trunkline.core import access as core
from trunkline.dialects.platform.lists import ListPage, ListParameters, list_page, list_query
from trunkline.dialects.platform.vocabulary import TierName
from trunkline.dialects.platform.wire_base import DONE, Body, Success, Wire, member_id, path_id, spell_time
from trunkline.kit.errors import ErrorKind
from trunkline.kit.ids import format_id
from trunkline.web import Call, Route


class WorkspaceMemberWire(Wire, frozen=True, kw_only=True):
    """A user's role in a workspace; `userRole` is the one in its organization."""

    id: str
    workspace_id: str
    user_id: str
    role: TierName
    created_at: str
    user_name: str
    user_email: str
    user_role: str | None


def spell(row: core.WorkspaceMemberRow) -> WorkspaceMemberWire:
    """A membership in this dialect."""
    return WorkspaceMemberWire(
        id=format_id("workspace_member", row.id),
        workspace_id=format_id("workspace", row.workspace_id),
        user_id=format_id("user", row.user_id),
        role=row.role,  # type: ignore[arg-type]  # the database allows nothing else
        created_at=spell_time(row.created_at),
        user_name=row.user_name,
        user_email=row.user_email,
        user_role=row.user_role,
    )


class WorkspaceMemberParameters(ListParameters, frozen=True, kw_only=True):
    """Parameters of the list."""

    workspace_id: Annotated[str, Meta(description="Whose members.")]
    user_id: str | UnsetType = UNSET
    role: TierName | UnsetType = UNSET


class AddWorkspaceMemberBody(Body, frozen=True, kw_only=True):
    """A role for a user of the workspace's organization."""

    workspace_id: str
    user_id: str
    role: TierName = "viewer"


class ChangeWorkspaceRoleBody(Body, frozen=True, kw_only=True):
    """The role the member is to have."""

    role: TierName


def list_workspace_members(call: Call) -> ListPage[WorkspaceMemberWire]:
    """GET /api/workspace-members."""
    workspace_id = member_id("workspace", call.query.workspace_id, "workspace_id")
    query = list_query(call, core.WORKSPACE_MEMBER, elsewhere=frozenset({"workspace_id"}))
    page = core.list_workspace_members(call.tx, call.actor, workspace_id, query)
    return list_page(call, core.WORKSPACE_MEMBER, page, spell)


def get_workspace_member(call: Call) -> WorkspaceMemberWire:
    """GET /api/workspace-members/{id}."""
    return spell(core.get_workspace_member(call.tx, call.actor, path_id(call, "workspace_member")))


def add_workspace_member(call: Call) -> WorkspaceMemberWire:
    """POST /api/workspace-members."""
    body: AddWorkspaceMemberBody = call.body
    request = core.AddWorkspaceMember(
        workspace_id=member_id("workspace", body.workspace_id, "workspaceId"),
        user_id=member_id("user", body.user_id, "userId"),
        role=body.role,
    )
    return spell(core.add_workspace_member(call.tx, call.actor, request))


def change_workspace_role(call: Call) -> WorkspaceMemberWire:
    """PATCH /api/workspace-members/{id}."""
    request = core.ChangeWorkspaceRole(id=path_id(call, "workspace_member"), role=call.body.role)
    return spell(core.change_workspace_role(call.tx, call.actor, request))


def remove_workspace_member(call: Call) -> Success:
    """DELETE /api/workspace-members/{id}."""
    core.remove_workspace_member(call.tx, call.actor, path_id(call, "workspace_member"))
    return DONE


_ID = {"id": "The membership's id, e.g. `wspmem_0197…`."}
_TAGS = ("Workspace members",)

ROUTES = [
    Route(
        method="GET",
        path="/api/workspace-members",
        handler=list_workspace_members,
        operation_id="listWorkspaceMembers",
        summary="List the members of a workspace.",
        permission="members:read",
        query=WorkspaceMemberParameters,
        returns=ListPage[WorkspaceMemberWire],
        errors=(ErrorKind.NOT_FOUND,),
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path="/api/workspace-members",
        handler=add_workspace_member,
        operation_id="addWorkspaceMember",
        summary="Give a user of the organization a role in a workspace.",
        permission="members:write",
        body=AddWorkspaceMemberBody,
        returns=WorkspaceMemberWire,
        status=201,
        errors=(ErrorKind.NOT_FOUND, ErrorKind.CONFLICT),
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path="/api/workspace-members/{id}",
        handler=get_workspace_member,
        operation_id="getWorkspaceMember",
        summary="Get a workspace member.",
        permission="members:read",
        returns=WorkspaceMemberWire,
        inline=True,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="PATCH",
        path="/api/workspace-members/{id}",
        handler=change_workspace_role,
        operation_id="changeWorkspaceRole",
        summary="Change a member's role.",
        permission="members:write",
        body=ChangeWorkspaceRoleBody,
        returns=WorkspaceMemberWire,
        resource=get_workspace_member,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="DELETE",
        path="/api/workspace-members/{id}",
        handler=remove_workspace_member,
        operation_id="removeWorkspaceMember",
        summary="Take a user's role in a workspace away.",
        permission="members:write",
        returns=Success,
        resource=get_workspace_member,
        path_parameters=_ID,
        tags=_TAGS,
    ),
]
