"""Teams: users of one organization to whom grants can be given together."""

from __future__ import annotations

from dataclasses import dataclass, replace

from msgspec import structs

from trunkline.core.access.authorize import require_fellow, require_organization
from trunkline.core.access.cascades import revoke_grants_to
from trunkline.core.access.errors import AlreadyMemberError, TeamNameTakenError
from trunkline.core.access.permissions import Permission
from trunkline.core.access.queries import BY_ID, BY_TEAM, BY_TEAM_USER, IN_TEAM, TEAM_NAME_TAKEN, TEAM_ROLE
from trunkline.core.access.scope import scope
from trunkline.core.access.specs import TEAM, TEAM_MEMBER, TEAM_ROLES, TeamMemberRow, TeamRow
from trunkline.core.access.tables import team_members, teams
from trunkline.core.journal import Change, record
from trunkline.infra.db import Tx, lists
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import InvalidRequestError, NotFoundError
from trunkline.kit.filters import Compare, Op, both
from trunkline.kit.pages import ListQuery, Page
from trunkline.kit.text import check_name


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTeam:
    """The request to make a team."""

    organization_id: str
    name: str


def list_teams(tx: Tx, actor: Actor, query: ListQuery) -> Page[TeamRow]:
    """Teams of the caller's organizations.

    Raises:
        InvalidRequestError: an unknown field or operator, or a bad place.
    """
    actor.require(Permission.TEAMS_READ)
    return lists.list_rows(tx, TEAM, query, scope(actor, tx.specs))


def get_team(tx: Tx, actor: Actor, team_id: str) -> TeamRow:
    """One team.

    Raises:
        NotFoundError: absent, or of an organization that is not the caller's.
    """
    actor.require(Permission.TEAMS_READ)
    return _visible(tx, actor, team_id)


def list_team_members(tx: Tx, actor: Actor, team_id: str, query: ListQuery) -> Page[TeamMemberRow]:
    """The members of one team.

    Raises:
        NotFoundError: the team is absent or not the caller's to see.
        InvalidRequestError: an unknown field or operator, or a bad place.
    """
    actor.require(Permission.TEAMS_READ)
    _visible(tx, actor, team_id)
    of_team = Compare("team_id", Op.EQ, team_id)
    where = both(of_team, query.where)
    return lists.list_rows(tx, TEAM_MEMBER, replace(query, where=where), scope(actor, tx.specs))


def create_team(tx: Tx, actor: Actor, request: CreateTeam) -> TeamRow:
    """Make an empty team in an organization the caller administers.

    Raises:
        NotFoundError: the organization is absent or not the caller's.
        ForbiddenError: the caller does not administer it.
        InvalidRequestError: the name is malformed.
        TeamNameTakenError: the organization has a team of this name.
    """
    actor.require(Permission.TEAMS_WRITE)
    require_organization(tx, actor, request.organization_id, Tier.ADMIN)
    check_name("name", request.name)
    if tx.value(TEAM_NAME_TAKEN, organization_id=request.organization_id, name=request.name):
        raise TeamNameTakenError("the organization has a team of this name")
    row = TeamRow(
        id=tx.new_id(),
        organization_id=request.organization_id,
        name=request.name,
        created_at=tx.now,
        updated_at=tx.now,
    )
    tx.insert(teams, **structs.asdict(row))
    _journal(tx, actor, "created", row)
    return row


def delete_team(tx: Tx, actor: Actor, team_id: str) -> None:
    """Remove a team and revoke what was granted to it.

    Raises:
        NotFoundError: absent, or of an organization that is not the caller's.
        ForbiddenError: the caller does not administer the organization.
    """
    actor.require(Permission.TEAMS_WRITE)
    row = _administered(tx, actor, team_id)
    event_id = _journal(tx, actor, "deleted", row)
    revoke_grants_to(tx, actor, row.id, None, parent_id=event_id)
    tx.delete(team_members, BY_TEAM, team_id=row.id)
    tx.delete(teams, BY_ID, id=row.id)


def add_team_member(tx: Tx, actor: Actor, team_id: str, user_id: str, role: str = "member") -> None:
    """Put a user of the team's organization into the team, in one of `TEAM_ROLES`.

    Raises:
        NotFoundError: the team is absent or not the caller's to see, or the user does not belong to its
            organization.
        ForbiddenError: the caller does not administer the organization.
        InvalidRequestError: there is no such role.
        AlreadyMemberError: the user is in the team.
    """
    actor.require(Permission.TEAMS_WRITE)
    row = _administered(tx, actor, team_id)
    _check_role(role)
    require_fellow(tx, row.organization_id, user_id)
    if tx.value(IN_TEAM, team_id=row.id, user_id=user_id):
        raise AlreadyMemberError("the user is in the team already")
    tx.insert(
        team_members,
        id=tx.new_id(),
        organization_id=row.organization_id,
        team_id=row.id,
        user_id=user_id,
        role=role,
        created_at=tx.now,
    )
    _journal(tx, actor, "member_added", row, user_id, role=role)


def set_team_role(tx: Tx, actor: Actor, team_id: str, user_id: str, role: str) -> None:
    """Change the role of a user in a team; a no-op when it is the one held.

    Raises:
        NotFoundError: the team is absent or not the caller's to see, or the user is not in it.
        ForbiddenError: the caller does not administer the organization.
        InvalidRequestError: there is no such role.
    """
    actor.require(Permission.TEAMS_WRITE)
    row = _administered(tx, actor, team_id)
    _check_role(role)
    there = {"team_id": row.id, "user_id": user_id}
    held = tx.value(TEAM_ROLE, **there)
    if held is None:
        raise NotFoundError("team member")
    if held != role:
        tx.update(team_members, BY_TEAM_USER, there, role=role)
        _journal(tx, actor, "member_updated", row, user_id, role=role)


def remove_team_member(tx: Tx, actor: Actor, team_id: str, user_id: str) -> None:
    """Take a user out of a team; a no-op when the user is not in it.

    Raises:
        NotFoundError: the team is absent or not the caller's to see.
        ForbiddenError: the caller does not administer the organization.
    """
    actor.require(Permission.TEAMS_WRITE)
    row = _administered(tx, actor, team_id)
    if tx.delete(team_members, BY_TEAM_USER, team_id=row.id, user_id=user_id):
        _journal(tx, actor, "member_removed", row, user_id)


def _visible(tx: Tx, actor: Actor, team_id: str) -> TeamRow:
    row = lists.get_row(tx, TEAM, team_id, scope(actor, tx.specs))
    if row is None:
        raise NotFoundError("team")
    return row


def _administered(tx: Tx, actor: Actor, team_id: str) -> TeamRow:
    row = _visible(tx, actor, team_id)
    require_organization(tx, actor, row.organization_id, Tier.ADMIN)
    return row


def _check_role(role: str) -> None:
    if role not in TEAM_ROLES:
        raise InvalidRequestError.at("role", f"must be one of {', '.join(TEAM_ROLES)}")


def _journal(
    tx: Tx, actor: Actor, verb: str, row: TeamRow, user_id: str | None = None, *, role: str | None = None
) -> str:
    told = {"userId": user_id, "role": role}
    change = Change(
        type=f"team.{verb}",
        subject_kind="team",
        subject_id=row.id,
        organization_id=row.organization_id,
        changed=("role",) if verb == "member_updated" else (),
        data={name: value for name, value in told.items() if value is not None},
    )
    return record(tx, actor, change)
