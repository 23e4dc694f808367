"""What happens to a project's groups when it happens to the project."""

from __future__ import annotations

from msgspec import Struct

from trunkline.core.access import NO_TOMBSTONE, DeletedError, Tombstone
from trunkline.core.workspaces.errors import GroupExistsError
from trunkline.core.workspaces.queries import (
    DELETED_GROUPS,
    GROUP_OF,
    GROUPS_OF,
    IS_LIVE,
    LIVE_GROUPS,
    LIVE_GROUPS_OF,
    OF_DELETION,
)
from trunkline.core.workspaces.specs import WorkspaceRow
from trunkline.core.workspaces.tables import workspaces
from trunkline.core.workspaces.telling import journal
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor


class Group(Struct, frozen=True):
    """A group as far as its record names it."""

    id: str
    organization_id: str


def delete_groups(tx: Tx, actor: Actor, project_id: str, stamp: Tombstone, *, parent_id: str) -> None:
    """Give a project's live groups the project's tombstone, with all that is in them."""
    groups = tx.all(Group, LIVE_GROUPS_OF, project_id=project_id)
    tx.update(workspaces, LIVE_GROUPS, {"project_id": project_id}, **stamp.columns())
    for group in groups:
        data = {"deletionId": stamp.deletion_id}
        journal(tx, actor, "deleted", group, data=data, parent_id=parent_id)


def restore_groups(tx: Tx, actor: Actor, project_id: str, deletion_id: str, *, parent_id: str) -> None:
    """Bring back the groups that a project's deletion took.

    What is in them has come back with what is in the project: it bears the same deletion's id.
    """
    taken = {"project_id": project_id, "deletion_id": deletion_id}
    groups = tx.all(Group, DELETED_GROUPS, **taken)
    tx.update(workspaces, OF_DELETION, taken, **NO_TOMBSTONE)
    for group in groups:
        journal(tx, actor, "revived", group, data={"deletionId": deletion_id}, parent_id=parent_id)


def groups_of(tx: Tx, project_id: str) -> list[Group]:
    """Every group of a project, deleted ones included."""
    return tx.all(Group, GROUPS_OF, project_id=project_id)


def check_restorable(tx: Tx, row: WorkspaceRow) -> None:
    """Refuse to bring a group back without its project, or beside another one of its name.

    Raises:
        DeletedError: its project is deleted.
        GroupExistsError: the project has a live group of this ref.
    """
    if row.owner_workspace_id is None:
        return
    if tx.value(IS_LIVE, id=row.owner_workspace_id) is None:
        raise DeletedError("the project whose group this is, is deleted: restore the project")
    if tx.value(GROUP_OF, project_id=row.owner_workspace_id, ref=row.external_ref) is not None:
        raise GroupExistsError("the project has another group of this ref by now")
