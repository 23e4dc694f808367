"""A resource of the platform dialect as small as one can be, over the real core."""

from __future__ import annotations

from dataclasses import replace

from msgspec import UNSET, UnsetType

from trunkline.core import access
from trunkline.dialects.platform import DIALECT
from trunkline.dialects.platform.lists import ListPage, TrashParameters, list_page, list_query
from trunkline.dialects.platform.wire_base import Body, Wire, member_id, path_id, spell_time
from trunkline.kit.errors import ErrorKind
from trunkline.kit.ids import format_id
from trunkline.web import Call, Route


class TeamWire(Wire, frozen=True, kw_only=True):
    """A team."""

    id: str
    organization_id: str
    name: str
    created_at: str


class TeamParameters(TrashParameters, frozen=True, kw_only=True):
    """Parameters of the list."""

    organization_id: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    created_at_after: str | UnsetType = UNSET
    created_at_before: str | UnsetType = UNSET


class CreateTeamBody(Body, frozen=True, kw_only=True):
    """A new team."""

    organization_id: str
    name: str


def spell(row: access.TeamRow) -> TeamWire:
    return TeamWire(
        id=format_id("team", row.id),
        organization_id=format_id("organization", row.organization_id),
        name=row.name,
        created_at=spell_time(row.created_at),
    )


def list_teams(call: Call) -> ListPage[TeamWire]:
    page = access.list_teams(call.tx, call.actor, list_query(call, access.TEAM))
    return list_page(call, access.TEAM, page, spell)


def get_team(call: Call) -> TeamWire:
    return spell(access.get_team(call.tx, call.actor, path_id(call, "team")))


def create_team(call: Call) -> TeamWire:
    organization_id = member_id("organization", call.body.organization_id, "organizationId")
    request = access.CreateTeam(organization_id=organization_id, name=call.body.name)
    return spell(access.create_team(call.tx, call.actor, request))


ROUTES = (
    Route(
        method="GET",
        path="/api/test-teams",
        handler=list_teams,
        operation_id="listTestTeams",
        summary="List teams",
        permission="teams:read",
        query=TeamParameters,
        returns=ListPage[TeamWire],
    ),
    Route(
        method="POST",
        path="/api/test-teams",
        handler=create_team,
        operation_id="createTestTeam",
        summary="Create a team",
        permission="teams:write",
        body=CreateTeamBody,
        returns=TeamWire,
        status=201,
        errors=(ErrorKind.NOT_FOUND, ErrorKind.CONFLICT),
    ),
    Route(
        method="GET",
        path="/api/test-teams/{id}",
        handler=get_team,
        operation_id="getTestTeam",
        summary="Get a team",
        permission="teams:read",
        returns=TeamWire,
        inline=True,
    ),
)

FRAME = replace(DIALECT, routes=ROUTES)
