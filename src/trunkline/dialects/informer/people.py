"""Users and teams, to look at: they are made and changed in the platform's own API or on the command line.

Served below the mount only, because at the root these paths are the platform's.

Source: informer-gestal reference A1 (identity).
"""

from __future__ import annotations

from typing import Final

from msgspec import field

from trunkline.core import access as core
from trunkline.dialects.informer.hal import Collection, Links, Resource, curies, mounted, segment
from trunkline.dialects.informer.lists import ListParameters, collection, list_query
from trunkline.dialects.informer.references import principal
from trunkline.dialects.informer.wire_base import Json, Wire, path_id, spell_time
from trunkline.kit.ids import format_uuid
from trunkline.web import Call, Route

USER_SORT: Final = {
    "username": "username",
    "displayName": "name",
    "email": "email",
    "active": "active",
    "createdAt": "created_at",
    "updatedAt": "updated_at",
}
TEAM_SORT: Final = {"name": "name", "createdAt": "created_at", "updatedAt": "updated_at"}
MEMBER_SORT: Final = {"role": "role", "createdAt": "created_at"}


class UserWire(Resource, frozen=True, kw_only=True):
    """A user; `username` is what other objects name them by, `fields` what `${user.…}` can stand for."""

    id: str
    username: str
    display_name: str
    email: str
    active: bool
    fields: Json
    created_at: str
    updated_at: str


class TeamWire(Resource, frozen=True, kw_only=True):
    """A team; other objects name it by `team:` and its id."""

    id: str
    name: str
    created_at: str
    updated_at: str


class TeamMemberWire(Resource, frozen=True, kw_only=True):
    """A user in a team."""

    team_id: str
    user_id: str
    role: str
    display_name: str
    email: str
    created_at: str


class EmbeddedUsers(Wire, frozen=True, kw_only=True):
    """The users of a page."""

    users: list[UserWire] = field(name="inf:user")


class EmbeddedTeams(Wire, frozen=True, kw_only=True):
    """The teams of a page."""

    teams: list[TeamWire] = field(name="inf:team")


class EmbeddedTeamMembers(Wire, frozen=True, kw_only=True):
    """The members of a page."""

    members: list[TeamMemberWire] = field(name="inf:team-member")


def user_links(username: str) -> Links:
    """The link of a user."""
    return {"self": mounted(f"/api/users/{segment(username)}")}


def team_links(team_id: str) -> Links:
    """The links of a team."""
    path = f"/api/teams/{format_uuid(team_id)}"
    return {"self": mounted(path), "inf:team-members": mounted(f"{path}/members")}


def spell_user(row: core.UserRow, links: Links | None = None) -> UserWire:
    """A user in this dialect."""
    return UserWire(
        links={**user_links(row.username), **(links or {})},
        id=format_uuid(row.id),
        username=row.username,
        display_name=row.name,
        email=row.email,
        active=row.active,
        fields=row.fields,
        created_at=spell_time(row.created_at),
        updated_at=spell_time(row.updated_at),
    )


def spell_team(row: core.TeamRow, links: Links | None = None) -> TeamWire:
    """A team in this dialect."""
    return TeamWire(
        links={**team_links(row.id), **(links or {})},
        id=format_uuid(row.id),
        name=row.name,
        created_at=spell_time(row.created_at),
        updated_at=spell_time(row.updated_at),
    )


def _spell_member(row: core.TeamMemberRow) -> TeamMemberWire:
    return TeamMemberWire(
        links={"inf:user": mounted(f"/api/users/{format_uuid(row.user_id)}")},
        team_id=format_uuid(row.team_id),
        user_id=format_uuid(row.user_id),
        role=row.role,
        display_name=row.user_name,
        email=row.user_email,
        created_at=spell_time(row.created_at),
    )


def list_users(call: Call) -> Collection[EmbeddedUsers]:
    """GET /api/users."""
    page = core.list_users(call.tx, call.actor, list_query(call.query, USER_SORT, default="username"))
    return collection(call, "/api/users", page, EmbeddedUsers(users=[spell_user(row) for row in page.rows]))


def get_user(call: Call) -> UserWire:
    """GET /api/users/{id}."""
    named = principal(call, f"user:{call.path['id']}")
    return spell_user(core.get_user(call.tx, call.actor, named.id), curies(call))


def get_current_user(call: Call) -> UserWire:
    """GET /api/me."""
    return spell_user(core.get_user(call.tx, call.actor, call.actor.user_id), curies(call))


def list_teams(call: Call) -> Collection[EmbeddedTeams]:
    """GET /api/teams."""
    page = core.list_teams(call.tx, call.actor, list_query(call.query, TEAM_SORT))
    return collection(call, "/api/teams", page, EmbeddedTeams(teams=[spell_team(row) for row in page.rows]))


def get_team(call: Call) -> TeamWire:
    """GET /api/teams/{id}."""
    return spell_team(core.get_team(call.tx, call.actor, path_id(call, "team")), curies(call))


def list_team_members(call: Call) -> Collection[EmbeddedTeamMembers]:
    """GET /api/teams/{id}/members."""
    team_id = path_id(call, "team")
    query = list_query(call.query, MEMBER_SORT, default="createdAt")
    page = core.list_team_members(call.tx, call.actor, team_id, query)
    members = EmbeddedTeamMembers(members=[_spell_member(row) for row in page.rows])
    return collection(call, f"/api/teams/{format_uuid(team_id)}/members", page, members)


_TAGS = ("Users and teams",)
_USER = {"id": "The user's name, e.g. `alice`, or id."}
_TEAM = {"id": "The team's id."}

ROUTES = [
    Route(
        method="GET",
        path="/api/me",
        handler=get_current_user,
        operation_id="getCurrentUser",
        summary="Get the user the request is made as.",
        permission="users:read",
        returns=UserWire,
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path="/api/users",
        handler=list_users,
        operation_id="listUsers",
        summary="List the users of the caller's organizations.",
        permission="users:read",
        query=ListParameters,
        returns=Collection[EmbeddedUsers],
        mount_only=True,
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path="/api/users/{id}",
        handler=get_user,
        operation_id="getUser",
        summary="Get a user.",
        permission="users:read",
        returns=UserWire,
        mount_only=True,
        path_parameters=_USER,
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path="/api/teams",
        handler=list_teams,
        operation_id="listTeams",
        summary="List the teams of the caller's organizations.",
        permission="teams:read",
        query=ListParameters,
        returns=Collection[EmbeddedTeams],
        mount_only=True,
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
        mount_only=True,
        path_parameters=_TEAM,
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path="/api/teams/{id}/members",
        handler=list_team_members,
        operation_id="listTeamMembers",
        summary="List the users in a team.",
        permission="teams:read",
        query=ListParameters,
        returns=Collection[EmbeddedTeamMembers],
        mount_only=True,
        path_parameters=_TEAM,
        tags=_TAGS,
    ),
]
