"""Who belongs to an organization, and who owns and administers it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from msgspec import structs

from trunkline.core.access.authorize import require_organization, require_owner
from trunkline.core.access.cascades import revoke_grants_to, revoke_keys_of
from trunkline.core.access.errors import HomeOrganizationError, OrganizationOwnerError
from trunkline.core.access.permissions import Permission
from trunkline.core.access.queries import BY_ID, BY_USER, MEMBERSHIPS_LEFT, OWNS, TEAMS_LEFT
from trunkline.core.access.scope import scope
from trunkline.core.access.specs import (
    ORGANIZATION_MEMBER,
    ORGANIZATION_ROLES,
    USER,
    OrganizationMemberRow,
)
from trunkline.core.access.tables import organization_members, team_members, workspace_members
from trunkline.core.journal import Change, record
from trunkline.infra.db import Tx, lists
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import InvalidRequestError, NotFoundError
from trunkline.kit.filters import All, Compare, Op, both
from trunkline.kit.pages import ListQuery, Page


@dataclass(frozen=True, slots=True, kw_only=True)
class SetOrganizationRole:
    """The request to take a user into an organization, or to change the role (owner, admin, author, member)."""

    organization_id: str
    user_id: str
    role: str


def list_organization_members(
    tx: Tx, actor: Actor, organization_id: str, query: ListQuery
) -> Page[OrganizationMemberRow]:
    """The members of one organization of the caller's.

    Raises:
        NotFoundError: the organization is absent or not the caller's.
        InvalidRequestError: an unknown field or operator, or a bad place.
    """
    actor.require(Permission.MEMBERS_READ)
    require_organization(tx, actor, organization_id, Tier.VIEWER)
    there = Compare("organization_id", Op.EQ, organization_id)
    where = both(there, query.where)
    return lists.list_rows(tx, ORGANIZATION_MEMBER, replace(query, where=where), scope(actor, tx.specs))


def set_organization_role(tx: Tx, actor: Actor, request: SetOrganizationRole) -> OrganizationMemberRow:
    """Take a user the caller sees into an organization, or change the user's role there.

    Raises:
        NotFoundError: the organization is not the caller's, or the user shares none with the caller.
        ForbiddenError: the caller does not administer the organization, or is no owner where ownership is
            given or taken.
        OrganizationOwnerError: the user is the owner the organization names.
        InvalidRequestError: there is no such role.
    """
    actor.require(Permission.MEMBERS_WRITE)
    require_organization(tx, actor, request.organization_id, Tier.ADMIN)
    if request.role not in ORGANIZATION_ROLES:
        raise InvalidRequestError.at("role", f"must be one of {', '.join(ORGANIZATION_ROLES)}")
    if lists.get_row(tx, USER, request.user_id, scope(actor, tx.specs)) is None:
        raise NotFoundError("user")
    before = _find(tx, actor, request.organization_id, request.user_id)
    if before is None:
        if request.role == "owner":
            require_owner(tx, actor, request.organization_id)
        add_membership(tx, actor, request.organization_id, request.user_id, request.role)
    elif before.role != request.role:
        _change_role(tx, actor, before, request.role)
    return _member(tx, actor, request.organization_id, request.user_id)


def remove_organization_member(tx: Tx, actor: Actor, organization_id: str, user_id: str) -> None:
    """Take a user out of an organization, and with it out of its workspaces and teams.

    What was granted to the user there is revoked, and so are the user's keys of that organization. A no-op
    when the user is no member.

    Raises:
        NotFoundError: the organization is absent or not the caller's.
        ForbiddenError: the caller does not administer it, or is no owner where the user is one.
        OrganizationOwnerError: the user is the owner the organization names.
        HomeOrganizationError: the organization manages the user.
    """
    actor.require(Permission.MEMBERS_WRITE)
    require_organization(tx, actor, organization_id, Tier.ADMIN)
    row = _find(tx, actor, organization_id, user_id)
    if row is None:
        return
    _require_spared(tx, actor, row)
    user = lists.get_row(tx, USER, user_id, scope(actor, tx.specs))
    if user is not None and user.organization_id == organization_id:
        raise HomeOrganizationError("the organization manages this user: deactivate the user instead")
    event_id = _journal(tx, actor, "deleted", organization_id, user_id)
    _leave(tx, actor, organization_id, user_id, event_id)
    tx.delete(organization_members, BY_ID, id=row.id)


def add_membership(
    tx: Tx, actor: Actor, organization_id: str, user_id: str, role: str, *, parent_id: str | None = None
) -> None:
    """Make a user a member without asking whether the caller may: for what makes users and organizations."""
    tx.insert(
        organization_members,
        id=tx.new_id(),
        organization_id=organization_id,
        user_id=user_id,
        role=role,
        created_at=tx.now,
    )
    _journal(tx, actor, "created", organization_id, user_id, role=role, parent_id=parent_id)


def _change_role(tx: Tx, actor: Actor, row: OrganizationMemberRow, role: str) -> None:
    if role == "owner":
        require_owner(tx, actor, row.organization_id)
    _require_spared(tx, actor, row)
    after = structs.replace(row, role=role)
    tx.update(organization_members, BY_ID, {"id": row.id}, role=role)
    _journal(tx, actor, "updated", after.organization_id, after.user_id, changed=("role",), role=role)


def _require_spared(tx: Tx, actor: Actor, row: OrganizationMemberRow) -> None:
    """Refuse to take the role from an owner: only owners may, and never from the one who is named."""
    if row.role != "owner":
        return
    require_owner(tx, actor, row.organization_id)
    if tx.value(OWNS, organization_id=row.organization_id, user_id=row.user_id):
        raise OrganizationOwnerError("the user owns the organization: hand it over first")


def _leave(tx: Tx, actor: Actor, organization_id: str, user_id: str, event_id: str) -> None:
    gone = {"organization_id": organization_id, "user_id": user_id}
    for member_id, workspace_id in tx.fetch(MEMBERSHIPS_LEFT, gone):
        change = Change(
            type="workspace_member.deleted",
            subject_kind="workspace_member",
            subject_id=member_id,
            organization_id=organization_id,
            workspace_id=workspace_id,
            data={"userId": user_id},
            parent_id=event_id,
        )
        record(tx, actor, change)
    for (team_id,) in tx.fetch(TEAMS_LEFT, gone):
        change = Change(
            type="team.member_removed",
            subject_kind="team",
            subject_id=team_id,
            organization_id=organization_id,
            data={"userId": user_id},
            parent_id=event_id,
        )
        record(tx, actor, change)
    tx.delete(workspace_members, BY_USER, **gone)
    tx.delete(team_members, BY_USER, **gone)
    revoke_grants_to(tx, actor, user_id, organization_id, parent_id=event_id)
    revoke_keys_of(tx, actor, user_id, organization_id, parent_id=event_id)


def _member(tx: Tx, actor: Actor, organization_id: str, user_id: str) -> OrganizationMemberRow:
    row = _find(tx, actor, organization_id, user_id)
    if row is None:
        raise NotFoundError("organization member")
    return row


def _find(tx: Tx, actor: Actor, organization_id: str, user_id: str) -> OrganizationMemberRow | None:
    both = (Compare("organization_id", Op.EQ, organization_id), Compare("user_id", Op.EQ, user_id))
    query = ListQuery(where=All(both), limit=1, count=False)
    rows = lists.list_rows(tx, ORGANIZATION_MEMBER, query, scope(actor, tx.specs)).rows
    return rows[0] if rows else None


def _journal(
    tx: Tx,
    actor: Actor,
    verb: str,
    organization_id: str,
    user_id: str,
    *,
    changed: tuple[str, ...] = (),
    role: str | None = None,
    parent_id: str | None = None,
) -> str:
    change = Change(
        type=f"organization_member.{verb}",
        subject_kind="user",
        subject_id=user_id,
        organization_id=organization_id,
        changed=changed,
        data={} if role is None else {"role": role},
        parent_id=parent_id,
    )
    return record(tx, actor, change)
