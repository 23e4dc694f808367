"""Groups: one workspace per customer of a project's publisher, made when it is first used.

A group has no members of its own. Whoever may act in the project may act in its groups, with the same tier; see
`core.access.bind_to_project`. Beside them there are the administrators of the organization, as everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from msgspec import structs

from trunkline.core.access import Permission, Project, bind_to_project, check_ref, require_project, scope
from trunkline.core.workspaces.errors import TooManyGroupsError
from trunkline.core.workspaces.first_use import called, require_maker, require_own
from trunkline.core.workspaces.queries import (
    BY_ID,
    GROUP_OF,
    MAKE_GROUP,
    OLDEST_BY_PAGE,
    OWNER_OF_GROUPS,
)
from trunkline.core.workspaces.specs import WORKSPACE, WorkspaceRow
from trunkline.core.workspaces.tables import workspaces
from trunkline.core.workspaces.telling import journal
from trunkline.infra.db import Tx, UniqueError, lists
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.clock import read_stamp, stamp
from trunkline.kit.filters import Compare, Op, both
from trunkline.kit.pages import ListQuery, Page

PAGES_MAX: Final = 100  # groups that the pages of a project make …
PAGES_WITHIN: Final = timedelta(minutes=1)  # … in this time: anybody can take a page's key, and groups stay
_HANDLE_PREFIX: Final = "grp-"  # the id follows: nobody can take the handle before the group is there


def ensure_group(tx: Tx, actor: Actor, project_id: str, ref: str, name: str | None = None) -> WorkspaceRow:
    """The group that a project's publisher calls `ref`, made now if this is its first use.

    Two first uses at once end as one group: the loser of the race is run again and finds it.

    Args:
        tx: the transaction.
        actor: an actor of the project, or one who may become it.
        project_id: 32 hex digits.
        ref: 1-255 characters, compared as they are.
        name: what people call it; a new group without one is named like its ref, another is renamed.

    Raises:
        NotFoundError: the project is absent, deleted, itself a group, or the caller holds no tier there.
        ForbiddenError: the caller may neither connect nor install in the project's groups.
        OtherFrontEndError: the caller is a page of another group.
        InvalidRequestError: the ref or the name is malformed.
        TooManyGroupsError: it would be a new one, and the project's pages have just made too many.
    """
    check_ref("groupRef", ref)
    wanted = called("groupName", name)
    project = require_maker(tx, actor, project_id)
    require_own(ref, actor.group_ref, "group")
    found = _group(tx, project, ref)
    if found is None:
        return _make(tx, project, ref, wanted or ref)
    if wanted in {None, found.name}:
        return found
    after = structs.replace(found, name=wanted, updated_at=tx.now)
    tx.update(workspaces, BY_ID, {"id": found.id}, name=wanted, updated_at=tx.now)
    journal(tx, actor, "updated", after, changed=("name",))
    return after


def find_group(tx: Tx, actor: Actor, project_id: str, ref: str) -> WorkspaceRow | None:
    """The live group that a project's publisher calls `ref`; None where the caller sees none.

    Raises:
        NotFoundError: the project is absent, deleted, itself a group, or the caller holds no tier there.
    """
    actor.require(Permission.WORKSPACES_READ)
    return _group(tx, require_project(tx, actor, project_id, Tier.VIEWER), ref)


def list_groups(tx: Tx, actor: Actor, project_id: str, query: ListQuery) -> Page[WorkspaceRow]:
    """The groups of a project that the caller reaches.

    Raises:
        NotFoundError: the project is absent, deleted, itself a group, or the caller holds no tier there.
        InvalidRequestError: an unknown field or operator, or a bad place.
    """
    actor.require(Permission.WORKSPACES_READ)
    bound = bind_to_project(tx, actor, project_id)
    owned = Compare("owner_workspace_id", Op.EQ, project_id)
    where = both(owned, query.where)
    return lists.list_rows(tx, WORKSPACE, replace(query, where=where), scope(bound, tx.specs))


def groups_by_id(tx: Tx, actor: Actor, group_ids: Iterable[str]) -> dict[str, WorkspaceRow]:
    """Those of these workspaces that the caller sees, by id, for rows that are in them; one statement."""
    found = lists.get_rows(tx, WORKSPACE, tuple(dict.fromkeys(group_ids)), scope(actor, tx.specs))
    return {row.id: row for row in found}


def _group(tx: Tx, project: Project, ref: str) -> WorkspaceRow | None:
    group_id = tx.value(GROUP_OF, project_id=project.id, ref=ref)
    if group_id is None:
        return None
    return lists.get_row(tx, WORKSPACE, group_id, scope(project.actor, tx.specs), deleted=False)


def _make(tx: Tx, project: Project, ref: str, name: str) -> WorkspaceRow:
    by_page = project.actor.front_end
    if by_page:
        _require_pace(tx, project.id)
    group_id = tx.new_id()
    row = WorkspaceRow(
        id=group_id,
        organization_id=project.organization_id,
        name=name,
        handle=f"{_HANDLE_PREFIX}{group_id}",
        owner_id=tx.value(OWNER_OF_GROUPS, project_id=project.id),
        default_service_user_id=None,
        created_at=tx.now,
        updated_at=tx.now,
        deleted_at=None,
        retention_tier=None,
        deletion_id=None,
        owner_workspace_id=project.id,
        external_ref=ref,
    )
    made = tx.run(
        MAKE_GROUP,
        id=row.id,
        organization_id=row.organization_id,
        name=name,
        handle=row.handle,
        owner_id=row.owner_id,
        now=tx.now,
        project_id=project.id,
        ref=ref,
        by_page=int(by_page),
    )
    if not made:
        raise UniqueError("somebody else has just made this group: try again")
    journal(tx, project.actor, "created", row)
    return row


def _require_pace(tx: Tx, project_id: str) -> None:
    """Refuse another group where the project's pages have made as many as they may."""
    now = read_stamp(tx.now)
    since = stamp(now - PAGES_WITHIN)
    oldest = tx.value(OLDEST_BY_PAGE, project_id=project_id, since=since, others=PAGES_MAX - 1)
    if oldest is not None:
        ends = read_stamp(oldest) + PAGES_WITHIN
        raise TooManyGroupsError(max(1, math.ceil((ends - now).total_seconds())))
