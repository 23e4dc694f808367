"""What the names in paths mean: a project by its id or its name.

Source: ampersand reference section 1.0 (`projectIdOrName`).
"""

from __future__ import annotations

import string
from dataclasses import replace
from typing import Final

from trunkline.core import access, workspaces
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor
from trunkline.kit.errors import NotFoundError
from trunkline.kit.filters import Compare, Op
from trunkline.kit.ids import parse_id
from trunkline.kit.pages import ListQuery
from trunkline.web import Call

_NAME_MAX: Final = 63  # characters; no workspace's handle is longer
_LOWER: Final = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def project(call: Call) -> workspaces.WorkspaceRow:
    """The project in the path.

    Raises:
        NotFoundError: absent, deleted, or outside the caller's reach.
    """
    return find_project(call.tx, call.actor, call.path["project"])


def project_actor(call: Call) -> Actor:
    """The caller, bound to the project in the path and over the groups that it owns.

    Raises:
        NotFoundError: absent, deleted, or outside the caller's reach.
    """
    return access.bind_to_project(call.tx, call.actor, project(call).id)


def folded(name: str) -> str:
    """A project's name as it is kept: in lower case, which is a matter of ASCII alone."""
    return name.translate(_LOWER)


def find_project(tx: Tx, actor: Actor, text: str) -> workspaces.WorkspaceRow:
    """The project with this id or name; a name counts in any case.

    Asks nothing of the key's scope: what is done in the project does.

    Raises:
        NotFoundError: absent, deleted, a group, or outside the caller's reach.
    """
    reader = replace(actor, operations=None)
    project_id = parse_id("workspace", text)
    try:
        if project_id is None and len(text) > _NAME_MAX:
            found = []
        elif project_id is None:
            query = ListQuery(where=Compare("handle", Op.EQ, folded(text)), count=False)
            found = workspaces.list_workspaces(tx, reader, query).rows
        else:
            found = [workspaces.get_workspace(tx, reader, project_id)]
    except NotFoundError:
        found = []
    # A group is a workspace, too, but never a project.
    if not found or found[0].deleted_at is not None or found[0].owner_workspace_id is not None:
        raise NotFoundError("project")
    return found[0]
