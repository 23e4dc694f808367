"""`trunkline user …`: users and their passwords, looked after by whoever runs the instance."""

from __future__ import annotations

from typing import Annotated, Literal

from cyclopts import App, Parameter
from msgspec import Struct
from rich.text import Text

from trunkline.cli.failures import Exit
from trunkline.cli.lookups import find_organization, find_user
from trunkline.cli.opening import opened
from trunkline.cli.options import NO_FLAGS, Common
from trunkline.cli.passwords import ask_password
from trunkline.cli.screen import table
from trunkline.core.access import (
    CreateUser,
    UpdateUser,
    UserRow,
    create_user,
    list_users,
    set_password,
    update_user,
)
from trunkline.infra.db import Tx
from trunkline.infra.vault.passwords import PasswordHash
from trunkline.kit.actor import Actor, system_actor
from trunkline.kit.filters import All, Compare, Node, Op, OrderKey
from trunkline.kit.ids import format_id
from trunkline.kit.pages import ListQuery, Position

OLDEST_FIRST = (OrderKey("created_at"),)

user_app = App(name="user", help="Users: add and list them, set their passwords, keep them out.")


class ShownUser(Struct, frozen=True, rename="camel"):
    """A user as commands show it."""

    id: str
    organization_id: str
    username: str
    email: str
    name: str
    operator: bool
    active: bool
    created_at: str


@user_app.command
def add(
    email: str,
    *,
    name: str | None = None,
    username: str | None = None,
    organization: str | None = None,
    role: Literal["owner", "admin", "author", "member"] = "member",
    operator: Annotated[bool, Parameter(negative="")] = False,
    password_stdin: Annotated[bool, Parameter(negative="")] = False,
    common: Common = NO_FLAGS,
) -> Exit:
    """Add a user to an organization.

    Without a password they have keys only; give them one with `trunkline user password`.

    **Examples**

        trunkline user add ada@acme.example

        trunkline user add grace@acme.example --name "Grace Hopper" --role author --organization acme

        pwgen 20 1 | trunkline user add ops@acme.example --role admin --password-stdin --json

    Args:
        email: their address, unique in the organization.
        name: what they are called; by default the user name.
        username: what they log in with; by default made of the address.
        organization: the handle or id of the organization that manages them; may be left out where there is
            only one.
        role: authors may make integrations without a role in a workspace; admins and owners may do everything.
        operator: let them run the instance, too: public listings, trust tiers, new organizations.
        password_stdin: read their password from standard input.
        common: the flags of every command.
    """
    actor = system_actor("user added on the command line")
    hashed = ask_password(stdin=True, what=email) if password_stdin else None

    def work(tx: Tx) -> UserRow:
        request = CreateUser(
            organization_id=find_organization(tx, actor, organization).id,
            email=email,
            name=name or username or email.partition("@")[0],
            username=username,
            role=role,
            operator=operator,
        )
        row = create_user(tx, actor, request)
        if hashed is not None:
            set_password(tx, actor, row.id, hashed)
        return row

    with opened(common.settings()) as platform:
        row = platform.database.write_now(work)
    common.screen.result(_shown(row), f"{row.username} ({format_id('user', row.id)}) is added")
    if hashed is None:
        common.screen.note(f"Give them a password with: trunkline user password {row.email}{common.flags()}")
    return Exit.OK


@user_app.command(name="list")
def list_(
    *,
    organization: str | None = None,
    inactive: Annotated[bool, Parameter(negative="")] = False,
    common: Common = NO_FLAGS,
) -> Exit:
    """List the users of the instance, the oldest first.

    **Examples**

        trunkline user list

        trunkline user list --organization acme --inactive --json

    Args:
        organization: only those this organization manages, by its handle or id.
        inactive: show those who are kept out, too.
        common: the flags of every command.
    """
    actor = system_actor("users listed on the command line")

    def work(tx: Tx) -> list[UserRow]:
        conditions: list[Node] = [] if inactive else [Compare("active", Op.EQ, value=True)]
        if organization is not None:
            organization_id = find_organization(tx, actor, organization).id
            conditions.append(Compare("organization_id", Op.EQ, organization_id))
        return _all_users(tx, actor, All(tuple(conditions)))

    with opened(common.settings()) as platform:
        shown = [_shown(row) for row in platform.database.read_now(work)]
    lines = [
        (one.id, one.username, one.email, one.name, _standing(one), one.created_at[:10]) for one in shown
    ]
    heads = ("id", "user name", "e-mail address", "name", "", "made")
    common.screen.result(shown, table(heads, lines) if lines else Text("no users"))
    return Exit.OK


@user_app.command
def password(
    user: str,
    *,
    password_stdin: Annotated[bool, Parameter(negative="")] = False,
    common: Common = NO_FLAGS,
) -> Exit:
    """Give a user a password, or another one; whoever is logged in as them is logged out.

    It is asked for on the terminal, without showing it, unless it comes on standard input. It is kept as a
    hash only, and their keys and tokens keep working.

    **Examples**

        trunkline user password ada@acme.example

        trunkline user password ada --password-stdin < password.txt

    Args:
        user: their e-mail address, user name or id.
        password_stdin: read the password from standard input.
        common: the flags of every command.
    """
    actor = system_actor("password set on the command line")
    with opened(common.settings()) as platform:
        found = platform.database.read_now(lambda tx: find_user(tx, actor, user))
        hashed = ask_password(stdin=password_stdin, what=found.username)
        row = platform.database.write_now(lambda tx: _set(tx, actor, found.id, hashed))
    common.screen.result(_shown(row), f"{row.username} has a new password")
    return Exit.OK


@user_app.command
def deactivate(user: str, *, common: Common = NO_FLAGS) -> Exit:
    """Keep a user out from the next request on: password, sessions, keys and tokens stop working.

    What is theirs stays, and `PATCH /api/users/{id}` with `{"active": true}` lets them in again.

    **Examples**

        trunkline user deactivate ada@acme.example

    Args:
        user: their e-mail address, user name or id.
        common: the flags of every command.
    """
    actor = system_actor("user deactivated on the command line")

    def work(tx: Tx) -> UserRow:
        return update_user(tx, actor, UpdateUser(id=find_user(tx, actor, user).id, active=False))

    with opened(common.settings()) as platform:
        row = platform.database.write_now(work)
    common.screen.result(_shown(row), f"{row.username} is kept out")
    return Exit.OK


def _set(tx: Tx, actor: Actor, user_id: str, hashed: PasswordHash) -> UserRow:
    set_password(tx, actor, user_id, hashed)
    return find_user(tx, actor, format_id("user", user_id))


def _all_users(tx: Tx, actor: Actor, where: Node) -> list[UserRow]:
    rows: list[UserRow] = []
    after: Position | None = None
    while True:
        query = ListQuery(where=where, order=OLDEST_FIRST, after=after, count=False)
        page = list_users(tx, actor, query)
        rows += page.rows
        if not page.has_next:
            return rows
        after = page.end


def _shown(row: UserRow) -> ShownUser:
    return ShownUser(
        id=format_id("user", row.id),
        organization_id=format_id("organization", row.organization_id),
        username=row.username,
        email=row.email,
        name=row.name,
        operator=row.operator,
        active=row.active,
        created_at=row.created_at,
    )


def _standing(user: ShownUser) -> str:
    said = (("operator", user.operator), ("kept out", not user.active))
    return ", ".join(word for word, applies in said if applies)
