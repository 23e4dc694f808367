"""Workspaces: made by those who administer the organization, looked after by their admins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from msgspec import UNSET, UnsetType, structs

from trunkline.core.access import (
    NO_TOMBSTONE,
    DeletedError,
    NotDeletedError,
    Permission,
    acts_in_workspace,
    admit_workspace_member,
    forget_workspace,
    require_fellow,
    require_organization,
    require_workspace,
    scope,
    tombstone,
)
from trunkline.core.journal import empty_payloads
from trunkline.core.workspaces.errors import GroupsLeftError, HandleTakenError
from trunkline.core.workspaces.group_cascade import (
    Group,
    check_restorable,
    delete_groups,
    groups_of,
    restore_groups,
)
from trunkline.core.workspaces.queries import (
    BY_DEFAULT_WORKSPACE,
    BY_ID,
    CONSUMERS_IN_WORKSPACE,
    EXPIRED_WORKSPACES,
    GROUP_BEYOND,
    IN_WORKSPACE,
    WORKSPACE_HANDLE_TAKEN,
)
from trunkline.core.workspaces.specs import WORKSPACE, WorkspaceRow
from trunkline.core.workspaces.tables import consumers, organizations, workspaces
from trunkline.core.workspaces.telling import journal
from trunkline.infra.db import Tx, lists
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import InvalidRequestError, NotFoundError
from trunkline.kit.pages import ListQuery, Page
from trunkline.kit.text import check_handle, check_name

GROUPS_AT_ONCE = 200  # groups purged together with their project: nobody else writes for as long as it takes


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateWorkspace:
    """The request to make a workspace; `owner_id` is the caller unless given."""

    organization_id: str
    name: str
    handle: str
    owner_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateWorkspace:
    """The request to change a workspace; what is UNSET stays as it is."""

    id: str
    name: str | UnsetType = UNSET
    handle: str | UnsetType = UNSET
    default_service_user_id: str | UnsetType | None = UNSET


def list_workspaces(tx: Tx, actor: Actor, query: ListQuery) -> Page[WorkspaceRow]:
    """The workspaces the caller holds a tier in.

    Raises:
        InvalidRequestError: an unknown field or operator, or a bad place.
    """
    actor.require(Permission.WORKSPACES_READ)
    return lists.list_rows(tx, WORKSPACE, query, scope(actor, tx.specs))


def get_workspace(tx: Tx, actor: Actor, workspace_id: str) -> WorkspaceRow:
    """One workspace; a deleted one is given to its admins.

    Raises:
        NotFoundError: absent, or the caller holds no tier there.
    """
    actor.require(Permission.WORKSPACES_READ)
    return _visible(tx, actor, workspace_id)


def create_workspace(tx: Tx, actor: Actor, request: CreateWorkspace) -> WorkspaceRow:
    """Make a workspace whose owner is its first admin.

    Raises:
        NotFoundError: the organization is absent or not the caller's, or the owner does not belong to it.
        ForbiddenError: the caller does not administer the organization.
        InvalidRequestError: the name or handle is malformed.
        HandleTakenError: a workspace has this handle, deleted ones included.
    """
    actor.require(Permission.WORKSPACES_WRITE)
    require_organization(tx, actor, request.organization_id, Tier.ADMIN)
    owner_id = request.owner_id or actor.user_id
    require_fellow(tx, request.organization_id, owner_id)
    row = WorkspaceRow(
        id=tx.new_id(),
        organization_id=request.organization_id,
        name=check_name("name", request.name),
        handle=_free_handle(tx, request.handle),
        owner_id=owner_id,
        default_service_user_id=None,
        created_at=tx.now,
        updated_at=tx.now,
        deleted_at=None,
        retention_tier=None,
        deletion_id=None,
    )
    tx.insert(workspaces, **structs.asdict(row))
    event_id = journal(tx, actor, "created", row)
    admit_workspace_member(
        tx,
        actor,
        organization_id=row.organization_id,
        workspace_id=row.id,
        user_id=owner_id,
        tier=Tier.ADMIN,
        parent_id=event_id,
    )
    return row


def update_workspace(tx: Tx, actor: Actor, request: UpdateWorkspace) -> WorkspaceRow:
    """Change a workspace's name, handle or the user headless runs act as.

    Raises:
        NotFoundError: absent, or the caller holds no tier there.
        ForbiddenError: the caller is no admin there.
        DeletedError: it is deleted.
        InvalidRequestError: a member is malformed, or the service user holds no tier there.
        HandleTakenError: another workspace has this handle.
    """
    actor.require(Permission.WORKSPACES_WRITE)
    before = _administered(tx, actor, request.id)
    if before.deleted_at is not None:
        raise DeletedError("the workspace is deleted: restore it first")
    changes: dict[str, Any] = {}
    if request.name is not UNSET and request.name != before.name:
        changes["name"] = check_name("name", request.name)
    if request.handle is not UNSET and request.handle != before.handle:
        changes["handle"] = _free_handle(tx, request.handle)
    service_user_id = request.default_service_user_id
    if service_user_id is not UNSET and service_user_id != before.default_service_user_id:
        changes["default_service_user_id"] = _service_user(tx, before, service_user_id)
    if not changes:
        return before
    after = structs.replace(before, **changes, updated_at=tx.now)
    tx.update(workspaces, BY_ID, {"id": before.id}, **changes, updated_at=tx.now)
    journal(tx, actor, "updated", after, changed=tuple(changes))
    return after


def delete_workspace(tx: Tx, actor: Actor, workspace_id: str) -> None:
    """Tombstone a workspace; a no-op when it is deleted already.

    What is in it goes with it, and so do its groups: capabilities above react to `workspace.deleted`. Keys bound
    to it stop working until it is restored.

    Raises:
        NotFoundError: absent, or the caller holds no tier there.
        ForbiddenError: the caller is no admin there.
    """
    actor.require(Permission.WORKSPACES_WRITE)
    row = _administered(tx, actor, workspace_id)
    if row.deleted_at is not None:
        return
    stamp = tombstone(tx, row.organization_id)
    tx.update(workspaces, BY_ID, {"id": row.id}, **stamp.columns())
    event_id = journal(tx, actor, "deleted", row, data={"deletionId": stamp.deletion_id})
    delete_groups(tx, actor, row.id, stamp, parent_id=event_id)


def restore_workspace(tx: Tx, actor: Actor, workspace_id: str) -> WorkspaceRow:
    """Bring a deleted workspace back with all its deletion took; a no-op when it is live.

    Raises:
        NotFoundError: absent, or the caller holds no tier there.
        ForbiddenError: the caller is no admin there.
        DeletedError: it is a group of a project that is deleted.
        GroupExistsError: it is a group whose ref another one has by now.
    """
    actor.require(Permission.WORKSPACES_WRITE)
    row = _administered(tx, actor, workspace_id)
    if row.deleted_at is None or row.deletion_id is None:
        return row
    check_restorable(tx, row)
    after = structs.replace(row, deleted_at=None, retention_tier=None, deletion_id=None)
    tx.update(workspaces, BY_ID, {"id": row.id}, **NO_TOMBSTONE)
    event_id = journal(tx, actor, "restored", after, data={"deletionId": row.deletion_id})
    restore_groups(tx, actor, row.id, row.deletion_id, parent_id=event_id)
    return after


def purge_workspace(tx: Tx, actor: Actor, workspace_id: str) -> None:
    """Remove a deleted workspace for good, with its members, grants and keys, and its groups before it.

    `workspace.purging` is recorded first, so that capabilities above remove what they have in it.

    Raises:
        NotFoundError: absent, or the caller holds no tier there.
        ForbiddenError: the caller is no admin there.
        NotDeletedError: it is live.
        GroupsLeftError: it has more groups than are purged in one go. The system is not held to that: retention
            takes groups one by one, and before their project.
    """
    actor.require(Permission.WORKSPACES_WRITE)
    row = _administered(tx, actor, workspace_id)
    if row.deleted_at is None:
        raise NotDeletedError("the workspace is live: delete it before purging it")
    if not actor.is_system and tx.value(GROUP_BEYOND, project_id=row.id, bound=GROUPS_AT_ONCE) is not None:
        raise GroupsLeftError(
            f"the project has more than {GROUPS_AT_ONCE} groups: purge groups first, or wait for its retention to end"
        )
    for group in groups_of(tx, row.id):
        _purge(tx, actor, group)
    _purge(tx, actor, row)


def _purge(tx: Tx, actor: Actor, row: WorkspaceRow | Group) -> None:
    event_id = journal(tx, actor, "purging", row)
    forget_workspace(tx, row.id)
    gone = tx.column(CONSUMERS_IN_WORKSPACE, workspace_id=row.id)
    tx.delete(consumers, IN_WORKSPACE, workspace_id=row.id)
    tx.update(organizations, BY_DEFAULT_WORKSPACE, {"workspace_id": row.id}, default_workspace_id=None)
    tx.delete(workspaces, BY_ID, id=row.id)
    empty_payloads(tx, [row.id, *gone])
    journal(tx, actor, "purged", row, parent_id=event_id)


def expired_workspaces(tx: Tx, limit: int) -> list[str]:
    """Ids of deleted workspaces whose retention is over, the longest overdue first; for the retention job."""
    return [str(workspace_id) for workspace_id in tx.column(EXPIRED_WORKSPACES, now=tx.now, limit=limit)]


def _visible(tx: Tx, actor: Actor, workspace_id: str) -> WorkspaceRow:
    row = lists.get_row(tx, WORKSPACE, workspace_id, scope(actor, tx.specs))
    if row is None:
        raise NotFoundError("workspace")
    return row


def _administered(tx: Tx, actor: Actor, workspace_id: str) -> WorkspaceRow:
    row = _visible(tx, actor, workspace_id)
    require_workspace(tx, actor, row.id, Tier.ADMIN, deleted=True)
    return row


def _free_handle(tx: Tx, handle: str) -> str:
    check_handle("handle", handle)
    if tx.value(WORKSPACE_HANDLE_TAKEN, handle=handle):
        raise HandleTakenError(handle)
    return handle


def _service_user(tx: Tx, row: WorkspaceRow, user_id: str | None) -> str | None:
    there = {"organization_id": row.organization_id, "workspace_id": row.id}
    if user_id is not None and not acts_in_workspace(tx, **there, user_id=user_id):
        raise InvalidRequestError.at("defaultServiceUserId", "must be an active member of this workspace")
    return user_id
