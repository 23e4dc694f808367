"""Teams: users of one organization to whom permissions can be given together."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal, Self

from msgspec import UNSET, Meta, UnsetType

from trunkline.core import access as core
from trunkline.dialects.platform.lists import ListPage, ListParameters, list_page, list_query
from trunkline.dialects.platform.wire_base import DONE, Body, Success, Wire, member_id, path_id, spell_time
from trunkline.infra.db import Field, FieldKind
from trunkline.kit.errors import ErrorKind
from trunkline.kit.ids import format_id
from trunkline.web import Call, Route

TeamRole = Literal["admin", "publisher", "dataWizard", "designer", "memberPlus", "member"]

# Rows without an id of their own to print: no id can be given for one, so only cursors name a place.
_MEMBER = replace(core.TEAM_MEMBER, fields={**core.TEAM_MEMBER.fields, "id": Field(kind=FieldKind.ID)})


class TeamWire(Wire, frozen=True, kw_only=True):
    """A team."""

    id: str
    organization_id: str
    name: str
    created_at: str
    updated_at: str

    @classmethod
    def of(cls, row: core.TeamRow) -> Self:
        """A team in this dialect."""
        return cls(
            id=format_id("team", row.id),
            organization_id=format_id("organization", row.organization_id),
            name=row.name,
            created_at=spell_time(row.created_at),
            updated_at=spell_time(row.updated_at),
        )


class TeamMemberWire(Wire, frozen=True, kw_only=True):
    """A user in a team."""

    team_id: str
    user_id: str
    role: TeamRole
    created_at: str
    user_name: str
    user_email: str

    @classmethod
    def of(cls, row: core.TeamMemberRow) -> Self:
        """A team's member in this dialect."""
        return cls(
            team_id=format_id("team", row.team_id),
            user_id=format_id("user", row.user_id),
            role=row.role,  # type: ignore[arg-type]  # the database allows nothing else
            created_at=spell_time(row.created_at),
            user_name=row.user_name,
            user_email=row.user_email,
        )


class TeamParameters(ListParameters, frozen=True, kw_only=True):
    """Parameters of the list."""

    organization_id: str | UnsetType = UNSET
    name: Annotated[str, Meta(description="Part of the name, in any case.")] | UnsetType = UNSET


class TeamMemberParameters(ListParameters, frozen=True, kw_only=True):
    """Parameters of the list."""

    user_id: str | UnsetType = UNSET
    role: TeamRole | UnsetType = UNSET


class CreateTeamBody(Body, frozen=True, kw_only=True):
    """A new, empty team; its name is unique in the organization."""

    organization_id: str
    name: str


class AddTeamMemberBody(Body, frozen=True, kw_only=True):
    """A user of the team's organization."""

    user_id: str
    role: TeamRole = "member"


class SetTeamRoleBody(Body, frozen=True, kw_only=True):
    """The role a user is to have in the team."""

    role: TeamRole


def list_teams(call: Call) -> ListPage[TeamWire]:
    """GET /api/teams."""
    page = core.list_teams(call.tx, call.actor, list_query(call, core.TEAM))
    return list_page(call, core.TEAM, page, TeamWire.of)


def get_team(call: Call) -> TeamWire:
    """GET /api/teams/{id}."""
    return TeamWire.of(core.get_team(call.tx, call.actor, path_id(call, "team")))


def create_team(call: Call) -> TeamWire:
    """POST /api/teams."""
    body: CreateTeamBody = call.body
    request = core.CreateTeam(
        organization_id=member_id("organization", body.organization_id, "organizationId"), name=body.name
    )
    return TeamWire.of(core.create_team(call.tx, call.actor, request))


def delete_team(call: Call) -> Success:
    """DELETE /api/teams/{id}."""
    core.delete_team(call.tx, call.actor, path_id(call, "team"))
    return DONE


def list_team_members(call: Call) -> ListPage[TeamMemberWire]:
    """GET /api/teams/{id}/members."""
    query = list_query(call, _MEMBER)
    page = core.list_team_members(call.tx, call.actor, path_id(call, "team"), query)
    return list_page(call, _MEMBER, page, TeamMemberWire.of)


def add_team_member(call: Call) -> Success:
    """POST /api/teams/{id}/members."""
    user_id = member_id("user", call.body.user_id, "userId")
    core.add_team_member(call.tx, call.actor, path_id(call, "team"), user_id, call.body.role)
    return DONE


def set_team_role(call: Call) -> Success:
    """PATCH /api/teams/{id}/members/{user_id}."""
    team_id, user_id = path_id(call, "team"), path_id(call, "user", "user_id")
    core.set_team_role(call.tx, call.actor, team_id, user_id, call.body.role)
    return DONE


def remove_team_member(call: Call) -> Success:
    """DELETE /api/teams/{id}/members/{user_id}."""
    team_id, user_id = path_id(call, "team"), path_id(call, "user", "user_id")
    core.remove_team_member(call.tx, call.actor, team_id, user_id)
    return DONE


_ID = {"id": "The team's id, e.g. `tem_0197…`."}
_TAGS = ("Teams",)

ROUTES = [
    Route(
        method="GET",
        path="/api/teams",
        handler=list_teams,
        operation_id="listTeams",
        summary="List the teams of the caller's organizations.",
        permission="teams:read",
        query=TeamParameters,
        returns=ListPage[TeamWire],
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path="/api/teams",
        handler=create_team,
        operation_id="createTeam",
        summary="Make an empty team in an organization the caller administers.",
        permission="teams:write",
        body=CreateTeamBody,
        returns=TeamWire,
        status=201,
        errors=(ErrorKind.NOT_FOUND, ErrorKind.CONFLICT),
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path="/api/teams/{id}",
        handler=get_team,
        operation_id="getTeam",
        summary="Get a team.",
        permission="teams:read",
        returns=TeamWire,
        inline=True,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="DELETE",
        path="/api/teams/{id}",
        handler=delete_team,
        operation_id="deleteTeam",
        summary="Remove a team for good and revoke what was granted to it.",
        permission="teams:write",
        returns=Success,
        resource=get_team,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path="/api/teams/{id}/members",
        handler=list_team_members,
        operation_id="listTeamMembers",
        summary="List the users in a team.",
        permission="teams:read",
        query=TeamMemberParameters,
        returns=ListPage[TeamMemberWire],
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path="/api/teams/{id}/members",
        handler=add_team_member,
        operation_id="addTeamMember",
        summary="Put a user of the organization into a team.",
        permission="teams:write",
        body=AddTeamMemberBody,
        returns=Success,
        status=201,
        errors=(ErrorKind.CONFLICT,),
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="PATCH",
        path="/api/teams/{id}/members/{user_id}",
        handler=set_team_role,
        operation_id="setTeamRole",
        summary="Change a user's role in a team.",
        permission="teams:write",
        body=SetTeamRoleBody,
        returns=Success,
        path_parameters={**_ID, "user_id": "The user's id, e.g. `usr_0197…`."},
        tags=_TAGS,
    ),
    Route(
        method="DELETE",
        path="/api/teams/{id}/members/{user_id}",
        handler=remove_team_member,
        operation_id="removeTeamMember",
        summary="Take a user out of a team.",
        permission="teams:write",
        returns=Success,
        path_parameters={**_ID, "user_id": "The user's id, e.g. `usr_0197…`."},
        tags=_TAGS,
    ),
]
