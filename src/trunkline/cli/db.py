"""`trunkline db …`: the schema of the database, and copies of it."""

from __future__ import annotations

from pathlib import Path
from shlex import quote

from cyclopts import App
from msgspec import Struct

from trunkline.cli.failures import CommandError, Exit
from trunkline.cli.opening import created, require_database
from trunkline.cli.options import NO_FLAGS, Common
from trunkline.infra.db import revisions
from trunkline.infra.db.copying import copy_database
from trunkline.infra.db.revisions import SchemaStatus
from trunkline.settings import Settings, redacted_url

db_app = App(name="db", help="The database: look at its schema, bring that up to date, make a copy.")


class Status(Struct, frozen=True, rename="camel"):
    """Where the schema stands."""

    database: str
    current: str | None
    head: str
    is_current: bool
    is_newer: bool


class Copied(Struct, frozen=True):
    """A copy of the database."""

    database: str
    file: str
    bytes: int


@db_app.command
def status(*, common: Common = NO_FLAGS) -> Exit:
    """Show where the schema stands, changing nothing; exit code 3 unless it is current.

    **Examples**

        trunkline db status --data-dir /var/lib/trunkline
    """
    settings = common.settings()
    require_database(settings)
    found = revisions.status(settings.database_url)
    common.screen.result(
        _status(settings, found),
        f"database  {redacted_url(settings.database_url)}",
        f"schema    {found.current or 'none'}, this Trunkline needs {found.head}: {_verdict(found, common)}",
    )
    return Exit.OK if found.is_current else Exit.UNHEALTHY


@db_app.command
def upgrade(*, common: Common = NO_FLAGS) -> Exit:
    """Bring the schema up to date in one transaction; a no-op where it is. Stop the server first.

    **Examples**

        trunkline db upgrade --data-dir /var/lib/trunkline
    """
    settings, screen = common.settings(), common.screen
    require_database(settings)
    before = revisions.status(settings.database_url)
    if not before.is_current:
        screen.note(f"Upgrading from {before.current or 'nothing'} to {before.head} …")
    with created(settings):
        pass  # which also proves that key file and database still belong together
    after = revisions.status(settings.database_url)
    done = "was current already" if before.is_current else f"is now at {after.current}"
    screen.result(_status(settings, after), f"The schema {done}.")
    return Exit.OK


@db_app.command
def backup(file: Path, *, common: Common = NO_FLAGS) -> Exit:
    """Copy a SQLite database into a new file, as of this moment; a server may run meanwhile.

    The copy holds no key: keep one of the vault's key file in another place. Nothing is overwritten.

    **Examples**

        trunkline db backup /var/backups/trunkline.db

        trunkline db backup "/var/backups/trunkline-$(date +%F).db" --data-dir /var/lib/trunkline --json

    Args:
        file: where to; it must not be there yet.
        common: the flags of every command.
    """
    settings, screen = common.settings(), common.screen
    path = settings.sqlite_path
    if path is None:
        raise CommandError(
            "backup_needs_sqlite",
            "PostgreSQL makes its own backups",
            f"pg_dump --format=custom --file={quote(str(file))} {_shown_url(settings)}",
            exit_code=Exit.USAGE,
        )
    require_database(settings)
    target = file.expanduser().absolute()
    try:
        with screen.progress("Copying pages") as step:
            copy_database(path, target, step)
    except FileExistsError as error:
        hint = "name a file that is not there yet, or move that one away"
        raise CommandError("file_exists", f"{target} is there already", hint) from error
    size = target.stat().st_size
    screen.result(Copied(str(path), str(target), size), f"{path} is copied to {target} ({size:,} bytes).")
    screen.note(
        f"It opens with {settings.vault_key} only, which is not in it: keep a copy of that elsewhere."
    )
    return Exit.OK


def _shown_url(settings: Settings) -> str:
    url = settings.database_url
    return quote(url) if redacted_url(url) == url else '"$TRUNKLINE_DATABASE_URL"'


def _status(settings: Settings, found: SchemaStatus) -> Status:
    return Status(
        redacted_url(settings.database_url), found.current, found.head, found.is_current, found.is_newer
    )


def _verdict(found: SchemaStatus, common: Common) -> str:
    if found.is_current:
        return "current"
    if found.current is None:
        return f"run `trunkline init{common.flags()}`"
    return "newer, upgrade Trunkline" if found.is_newer else f"run `trunkline db upgrade{common.flags()}`"
