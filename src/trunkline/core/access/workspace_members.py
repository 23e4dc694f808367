"""Who holds which role in a workspace; owners and admins of the organization need none."""

from __future__ import annotations

from dataclasses import dataclass, replace

from msgspec import structs

from trunkline.core.access.authorize import require_fellow, require_workspace
from trunkline.core.access.errors import AlreadyMemberError
from trunkline.core.access.permissions import Permission
from trunkline.core.access.queries import BY_ID, IN_WORKSPACE
from trunkline.core.access.scope import scope
from trunkline.core.access.specs import WORKSPACE_MEMBER, WorkspaceMemberRow
from trunkline.core.access.tables import workspace_members
from trunkline.core.access.tiers import tier_named
from trunkline.core.journal import Change, record
from trunkline.infra.db import Tx, lists
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import NotFoundError
from trunkline.kit.filters import Compare, Op, both
from trunkline.kit.pages import ListQuery, Page


@dataclass(frozen=True, slots=True, kw_only=True)
class AddWorkspaceMember:
    """The request to give a user of the organization a role (viewer, editor, admin) in a workspace."""

    workspace_id: str
    user_id: str
    role: str = "viewer"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeWorkspaceRole:
    """The request to change a member's role."""

    id: str
    role: str


def list_workspace_members(
    tx: Tx, actor: Actor, workspace_id: str, query: ListQuery
) -> Page[WorkspaceMemberRow]:
    """The members of one workspace.

    Raises:
        NotFoundError: the workspace is absent or not the caller's.
        InvalidRequestError: an unknown field or operator, or a bad place.
    """
    actor.require(Permission.MEMBERS_READ)
    require_workspace(tx, actor, workspace_id, Tier.VIEWER)
    there = Compare("workspace_id", Op.EQ, workspace_id)
    where = both(there, query.where)
    return lists.list_rows(tx, WORKSPACE_MEMBER, replace(query, where=where), scope(actor, tx.specs))


def get_workspace_member(tx: Tx, actor: Actor, member_id: str) -> WorkspaceMemberRow:
    """One membership.

    Raises:
        NotFoundError: absent, or of a workspace that is deleted or not the caller's.
    """
    actor.require(Permission.MEMBERS_READ)
    return _member(tx, actor, member_id, Tier.VIEWER)


def add_workspace_member(tx: Tx, actor: Actor, request: AddWorkspaceMember) -> WorkspaceMemberRow:
    """Give a user of the workspace's organization a role in it.

    Raises:
        NotFoundError: the workspace is absent or not the caller's, or the user belongs elsewhere.
        ForbiddenError: the caller is no admin there.
        InvalidRequestError: there is no such role.
        AlreadyMemberError: the user holds a role there.
    """
    actor.require(Permission.MEMBERS_WRITE)
    organization_id = require_workspace(tx, actor, request.workspace_id, Tier.ADMIN)
    tier = tier_named("role", request.role)
    require_fellow(tx, organization_id, request.user_id)
    if tx.value(IN_WORKSPACE, workspace_id=request.workspace_id, user_id=request.user_id):
        raise AlreadyMemberError("the user is a member of this workspace already")
    member_id = admit_workspace_member(
        tx,
        actor,
        organization_id=organization_id,
        workspace_id=request.workspace_id,
        user_id=request.user_id,
        tier=tier,
    )
    return _member(tx, actor, member_id, Tier.VIEWER)


def admit_workspace_member(
    tx: Tx,
    actor: Actor,
    *,
    organization_id: str,
    workspace_id: str,
    user_id: str,
    tier: Tier,
    parent_id: str | None = None,
) -> str:
    """Give a user a role without asking whether the caller may: for the making of workspaces.

    Returns:
        The membership's id (32 hex digits).
    """
    member_id = tx.new_id()
    tx.insert(
        workspace_members,
        id=member_id,
        organization_id=organization_id,
        workspace_id=workspace_id,
        user_id=user_id,
        tier=int(tier),
        created_at=tx.now,
    )
    change = Change(
        type="workspace_member.created",
        subject_kind="workspace_member",
        subject_id=member_id,
        organization_id=organization_id,
        workspace_id=workspace_id,
        data={"userId": user_id, "role": tier.name.lower()},
        parent_id=parent_id,
    )
    record(tx, actor, change)
    return member_id


def change_workspace_role(tx: Tx, actor: Actor, request: ChangeWorkspaceRole) -> WorkspaceMemberRow:
    """Change a member's role; a no-op when it is the one held.

    Raises:
        NotFoundError: absent, or of a workspace that is deleted or not the caller's.
        ForbiddenError: the caller is no admin there.
        InvalidRequestError: there is no such role.
    """
    actor.require(Permission.MEMBERS_WRITE)
    row = _member(tx, actor, request.id, Tier.ADMIN)
    tier = tier_named("role", request.role)
    if request.role == row.role:
        return row
    after = structs.replace(row, role=request.role)
    tx.update(workspace_members, BY_ID, {"id": row.id}, tier=int(tier))
    _journal(tx, actor, "updated", after, ("role",))
    return after


def remove_workspace_member(tx: Tx, actor: Actor, member_id: str) -> None:
    """Take a user's role in a workspace away; keys the user bound to it keep working only for what is left.

    Raises:
        NotFoundError: absent, or of a workspace that is deleted or not the caller's.
        ForbiddenError: the caller is no admin there.
    """
    actor.require(Permission.MEMBERS_WRITE)
    row = _member(tx, actor, member_id, Tier.ADMIN)
    tx.delete(workspace_members, BY_ID, id=row.id)
    _journal(tx, actor, "deleted", row)


def _member(tx: Tx, actor: Actor, member_id: str, tier: Tier) -> WorkspaceMemberRow:
    row = lists.get_row(tx, WORKSPACE_MEMBER, member_id, scope(actor, tx.specs))
    if row is None:
        raise NotFoundError("workspace member")
    require_workspace(tx, actor, row.workspace_id, tier)
    return row


def _journal(tx: Tx, actor: Actor, verb: str, row: WorkspaceMemberRow, changed: tuple[str, ...] = ()) -> None:
    change = Change(
        type=f"workspace_member.{verb}",
        subject_kind="workspace_member",
        subject_id=row.id,
        organization_id=row.organization_id,
        workspace_id=row.workspace_id,
        changed=changed,
        data={"userId": row.user_id, "role": row.role},
    )
    record(tx, actor, change)
