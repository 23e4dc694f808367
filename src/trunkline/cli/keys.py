"""`trunkline key …`: access keys, made and revoked by whoever runs the instance."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Annotated, Literal

from cyclopts import App, Parameter
from cyclopts.validators import Number
from msgspec import Struct
from rich.text import Text

from trunkline.cli.failures import CommandError, Exit
from trunkline.cli.lookups import find_user, find_workspace
from trunkline.cli.opening import opened
from trunkline.cli.options import NO_FLAGS, Common
from trunkline.cli.screen import table
from trunkline.core.access import CreateKey, IssuedKey, KeyRow, create_key, list_keys, revoke_key
from trunkline.infra.db import Tx
from trunkline.kit.actor import system_actor
from trunkline.kit.clock import read_stamp, stamp
from trunkline.kit.filters import Compare, Op, OrderKey
from trunkline.kit.ids import format_id, parse_id
from trunkline.kit.pages import ListQuery

NEWEST_FIRST = (OrderKey("created_at", "desc"),)

key_app = App(name="key", help="Access keys: make, list and revoke them.")


class MadeKey(Struct, frozen=True, rename="camel"):
    """A new key; the token this once."""

    id: str
    name: str
    kind: str
    user_id: str
    workspace_id: str | None
    expires_at: str | None
    token: str


class ShownKey(Struct, frozen=True, rename="camel"):
    """A key as its list shows it."""

    id: str
    name: str
    kind: str
    hint: str
    user_id: str
    workspace_id: str | None
    created_at: str
    expires_at: str | None
    revoked_at: str | None


@key_app.command
def create(
    name: str = "made on the command line",
    *,
    user: str | None = None,
    workspace: str | None = None,
    kind: Literal["secret", "publishable"] = "secret",
    days: Annotated[int | None, Parameter(validator=Number(gte=1, lte=3650))] = None,
    allow: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    common: Common = NO_FLAGS,
) -> Exit:
    """Make an access key and print it, this once.

    **Examples**

        trunkline key create ci

        trunkline key create reader --workspace main --allow "*:read" --days 90

        trunkline key create site --kind publishable --json

    Args:
        name: for people to tell keys apart.
        user: the e-mail address, user name or id of whom it acts as; by default the operator, if there is one
            only.
        workspace: the handle or id of the workspace it is bound to; by default all of the user's.
        kind: a publishable key may be seen by everybody and reads only, unless told otherwise.
        days: how long it is valid; by default until it is revoked.
        allow: what it may do, e.g. integrations:read, installs:* or *:read; by default all its kind may.
        common: the flags of every command.
    """
    actor = system_actor("key made on the command line")
    with opened(common.settings()) as platform:

        def work(tx: Tx) -> IssuedKey:
            until = None if days is None else stamp(read_stamp(tx.now) + timedelta(days=days))
            request = CreateKey(
                name=name,
                kind=kind,
                workspace_id=None if workspace is None else find_workspace(tx, actor, workspace).id,
                operations=allow or None,
                expires_at=until,
                user_id=find_user(tx, actor, user).id,
            )
            return create_key(tx, actor, request, pepper=platform.services.pepper)

        issued = platform.database.write_now(work)
    row = issued.row
    made = MadeKey(
        id=format_id("key", row.id),
        name=row.name,
        kind=row.kind,
        user_id=format_id("user", row.user_id),
        workspace_id=None if row.workspace_id is None else format_id("workspace", row.workspace_id),
        expires_at=row.expires_at,
        token=issued.secret.reveal(),
    )
    common.screen.result(made, f"{made.kind} key  {made.token}")
    common.screen.note(
        f"It is shown this once. Revoke it with: trunkline key revoke {made.id}{common.flags()}"
    )
    return Exit.OK


@key_app.command(name="list")
def list_(*, revoked: bool = False, common: Common = NO_FLAGS) -> Exit:
    """List all keys of the instance, the newest first; what they are is not kept, only how they end.

    **Examples**

        trunkline key list

        trunkline key list --revoked --json

    Args:
        revoked: show revoked and session keys too.
        common: the flags of every command.
    """
    with opened(common.settings()) as platform:
        rows = platform.database.read_now(partial(_all_keys, hide_ended=not revoked))
    shown = [_shown(row) for row in rows]
    lines = [
        (
            key.id,
            key.name,
            key.kind,
            key.hint,
            _day(key.created_at),
            _day(key.expires_at),
            _day(key.revoked_at),
        )
        for key in shown
    ]
    heads = ("id", "name", "kind", "ends in", "made", "expires", "revoked")
    common.screen.result(shown, table(heads, lines) if lines else Text("no keys"))
    return Exit.OK


@key_app.command
def revoke(key: str, *, common: Common = NO_FLAGS) -> Exit:
    """End a key from the next request on; what it has made stays.

    **Examples**

        trunkline key revoke key_0197a1b2c3d4e5f60718293a4b5c6d7e

    Args:
        key: its id, as `trunkline key list` shows it.
        common: the flags of every command.
    """
    key_id = parse_id("key", key)
    if key_id is None:
        hint = "it looks like key_ and 32 characters; `trunkline key list` shows all"
        raise CommandError("invalid_id", "that is no id of a key", hint, exit_code=Exit.USAGE)
    actor = system_actor("key revoked on the command line")
    with opened(common.settings()) as platform:
        row = platform.database.write_now(lambda tx: revoke_key(tx, actor, key_id))
    common.screen.result(_shown(row), f"{row.name} ({row.hint}) is revoked")
    return Exit.OK


def _all_keys(tx: Tx, *, hide_ended: bool) -> list[KeyRow]:
    actor = system_actor("keys listed on the command line")
    rows: list[KeyRow] = []
    after = None
    while True:
        where = Compare("kind", Op.NOT_IN, ["session", "login"]) if hide_ended else None
        query = ListQuery(where=where, order=NEWEST_FIRST, after=after, count=False)
        page = list_keys(tx, actor, query)
        rows += [row for row in page.rows if not (hide_ended and row.revoked_at)]
        if not page.has_next:
            return rows
        after = page.end


def _shown(row: KeyRow) -> ShownKey:
    return ShownKey(
        id=format_id("key", row.id),
        name=row.name,
        kind=row.kind,
        hint=row.hint,
        user_id=format_id("user", row.user_id),
        workspace_id=None if row.workspace_id is None else format_id("workspace", row.workspace_id),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )


def _day(moment: str | None) -> str:
    return "" if moment is None else moment[:10]
