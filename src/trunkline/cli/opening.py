"""Opening an instance's database for a command, and letting go of it again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from trunkline.bootstrap import Platform, open_platform
from trunkline.cli.failures import CommandError
from trunkline.cli.options import flags_text
from trunkline.infra.db import revisions
from trunkline.infra.db.revisions import SchemaError
from trunkline.settings import SQLITE, Settings, redacted_url

DIRECTORY_MODE = 0o700
FILE_MODE = 0o600


@contextmanager
def opened(settings: Settings) -> Iterator[Platform]:
    """An instance that is there already; opening it changes nothing.

    Raises:
        CommandError: there is no database yet, or nothing in it.
        SchemaError: the database is older or newer than this Trunkline.
        VaultError: the key file is missing or belongs to another database.
    """
    require_database(settings)
    try:
        platform = open_platform(settings)
    except SchemaError as error:
        if revisions.status(settings.database_url).current is None:
            raise _not_initialised(
                settings, f"the database {redacted_url(settings.database_url)} is empty"
            ) from error
        raise
    try:
        yield platform
    finally:
        platform.close()


@contextmanager
def created(settings: Settings) -> Iterator[Platform]:
    """An instance that is brought up to date, and made first where there is none.

    Raises:
        SchemaError: the database is newer than this Trunkline.
        VaultError: the key file is missing or belongs to another database.
    """
    settings.data_dir.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
    if settings.sqlite_path is not None:
        settings.sqlite_path.parent.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
        settings.sqlite_path.touch(mode=FILE_MODE)
    platform = open_platform(settings, migrate_schema=True)
    try:
        yield platform
    finally:
        platform.close()


def require_database(settings: Settings) -> None:
    """Refuse a database file that is not there, which opening would make.

    Raises:
        CommandError: there is none.
    """
    path = settings.sqlite_path
    if path is not None and not path.is_file():
        raise _not_initialised(settings, f"there is no database at {path}")


def flags_of(settings: Settings) -> str:
    """The flags that lead another command to the same instance."""
    home = settings.data_dir
    has_own_database = settings.database_url != f"{SQLITE}{home / 'trunkline.db'}"
    return flags_text(
        {
            "--data-dir": home,
            "--database-url": settings.database_url if has_own_database else None,
            "--vault-key": settings.vault_key if settings.vault_key != home / "vault.key" else None,
        }
    )


def _not_initialised(settings: Settings, message: str) -> CommandError:
    return CommandError("not_initialised", message, f"make one with: trunkline init{flags_of(settings)}")
