"""Finding the organization, the workspace and the user a command is about, by what people call them."""

from __future__ import annotations

import re
import unicodedata

from trunkline.cli.failures import CommandError
from trunkline.core.access import UserRow, get_user, list_users
from trunkline.core.workspaces import (
    OrganizationRow,
    WorkspaceRow,
    get_organization,
    get_workspace,
    list_organizations,
    list_workspaces,
)
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor
from trunkline.kit.filters import All, AnyOf, Compare, Op, OrderKey
from trunkline.kit.ids import parse_id
from trunkline.kit.pages import ListQuery

SHOWN = 10  # names listed in a hint
HANDLE_MAX = 63  # characters
_OLDEST_FIRST = (OrderKey("created_at"),)
_UNFIT = re.compile(r"[^a-z0-9]+")


def find_organization(tx: Tx, actor: Actor, wanted: str | None) -> OrganizationRow:
    """The organization with this handle or id; without either, the only one there is.

    Raises:
        CommandError: there is none, or several to choose from.
        NotFoundError: no organization has this id.
    """
    if wanted is not None:
        organization_id = parse_id("organization", wanted)
        if organization_id is not None:
            return get_organization(tx, actor, organization_id)
        query = ListQuery(where=Compare("handle", Op.EQ, wanted), limit=1)
        found = list_organizations(tx, actor, query).rows
        if found:
            return found[0]
    page = list_organizations(tx, actor, ListQuery(order=_OLDEST_FIRST, limit=SHOWN))
    if wanted is None and len(page.rows) == 1:
        return page.rows[0]
    if not page.rows:
        raise CommandError("no_organization", "there is no organization yet", "make one: trunkline init")
    names = ", ".join(row.handle for row in page.rows) + (", …" if page.has_next else "")
    if wanted is None:
        hint = f"--organization, one of {names}"
        raise CommandError("organization_needed", "which organization? there are several", hint)
    raise CommandError("organization_not_found", f"there is no organization {wanted}", f"there are {names}")


def find_workspace(tx: Tx, actor: Actor, wanted: str | None) -> WorkspaceRow:
    """The workspace with this handle or id; without either, the only one there is.

    Raises:
        CommandError: there is none, or several to choose from.
        NotFoundError: no workspace has this id.
    """
    if wanted is not None:
        workspace_id = parse_id("workspace", wanted)
        if workspace_id is not None:
            return get_workspace(tx, actor, workspace_id)
        found = list_workspaces(tx, actor, ListQuery(where=Compare("handle", Op.EQ, wanted), limit=1)).rows
        if found:
            return found[0]
    page = list_workspaces(tx, actor, ListQuery(order=_OLDEST_FIRST, limit=SHOWN))
    if wanted is None and len(page.rows) == 1:
        return page.rows[0]
    if not page.rows:
        raise CommandError("no_workspace", "there is no workspace yet", "make the first with: trunkline init")
    names = ", ".join(row.handle for row in page.rows) + (", …" if page.has_next else "")
    if wanted is None:
        raise CommandError(
            "workspace_needed", "which workspace? there are several", f"--workspace, one of {names}"
        )
    raise CommandError("workspace_not_found", f"there is no workspace {wanted}", f"there are {names}")


def first_workspace(tx: Tx, actor: Actor) -> WorkspaceRow:
    """The oldest live workspace.

    Raises:
        CommandError: there is none.
    """
    found = list_workspaces(tx, actor, ListQuery(order=_OLDEST_FIRST, limit=1, count=False)).rows
    if not found:
        raise CommandError("no_workspace", "there is no workspace", "make the first with: trunkline init")
    return found[0]


def find_user(tx: Tx, actor: Actor, wanted: str | None) -> UserRow:
    """The active user with this e-mail address, user name or id; without either, the only operator.

    Raises:
        CommandError: there is none, or several to choose from.
        NotFoundError: no user has this id.
    """
    if wanted is not None and (user_id := parse_id("user", wanted)) is not None:
        return get_user(tx, actor, user_id)
    called = (wanted or "").lower()
    named = AnyOf((Compare("email", Op.EQ, called), Compare("username", Op.EQ, called)))
    where = All(
        (named if wanted else Compare("operator", Op.EQ, value=True), Compare("active", Op.EQ, value=True))
    )
    found = list_users(tx, actor, ListQuery(where=where, order=_OLDEST_FIRST, limit=SHOWN)).rows
    if len(found) == 1:
        return found[0]
    if not found:
        if wanted is None:
            raise CommandError("no_user", "there is no user yet", "make the first with: trunkline init")
        raise CommandError("user_not_found", f"no active user has the address or name {wanted}")
    names = ", ".join(f"{row.email} (usr_{row.id})" for row in found)
    raise CommandError("user_needed", "which user? there are several", f"--user, one of {names}")


def handle_of(name: str) -> str:
    """A name as a handle or slug: lower-case ASCII letters, digits and hyphens.

    Raises:
        CommandError: nothing of it is left.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    handle = _UNFIT.sub("-", plain).strip("-")[:HANDLE_MAX].strip("-")
    if not handle:
        raise CommandError("invalid_name", f"{name!r} has no letter a-z or digit to make a short name of")
    return handle
