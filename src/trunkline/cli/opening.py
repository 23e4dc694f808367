"""Opening an instance's database for a command, and letting go of it again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from shlex import quote

from trunkline.bootstrap import Platform, open_platform
from trunkline.cli.failures import CommandError
from trunkline.settings import Settings

DIRECTORY_MODE = 0o700
FILE_MODE = 0o600


@contextmanager
def opened(settings: Settings) -> Iterator[Platform]:
    """An instance that is there already.

    Raises:
        CommandError: there is no database yet.
        SchemaError: the database is older or newer than this Trunkline.
        VaultError: the key file is missing or belongs to another database.
    """
    require_database(settings)
    platform = open_platform(settings)
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
        raise CommandError(
            "not_initialised",
            f"there is no database at {path}",
            f"make one with: trunkline init --data-dir {quote(str(settings.data_dir))}",
        )
