"""`trunkline db …`: the schema of the database."""

from __future__ import annotations

from cyclopts import App
from msgspec import Struct

from trunkline.cli.failures import Exit
from trunkline.cli.opening import created, require_database
from trunkline.cli.options import NO_FLAGS, Common
from trunkline.infra.db import revisions
from trunkline.infra.db.revisions import SchemaStatus
from trunkline.settings import Settings, redacted_url

db_app = App(name="db", help="The database's schema: look at it, bring it up to date.")


class Status(Struct, frozen=True, rename="camel"):
    """Where the schema stands."""

    database: str
    current: str | None
    head: str
    is_current: bool
    is_newer: bool


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
        f"schema    {found.current or 'none'}, this Trunkline needs {found.head}: {_verdict(found)}",
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


def _status(settings: Settings, found: SchemaStatus) -> Status:
    return Status(
        redacted_url(settings.database_url), found.current, found.head, found.is_current, found.is_newer
    )


def _verdict(found: SchemaStatus) -> str:
    if found.is_current:
        return "current"
    return "newer, upgrade Trunkline" if found.is_newer else "run `trunkline db upgrade`"
