"""A copy of a SQLite database while it is in use: one file, whole, as of one moment."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import apsw

from trunkline.infra.db.sqlite import BUSY_TIMEOUT_MS, check_version

PAGES = 1_024  # copied between two looks at how far it is


def copy_database(source: Path, target: Path, step: Callable[[int, int], None]) -> None:
    """Copy the database at `source` to the new file `target`; whoever uses it reads and writes meanwhile.

    The copy has everything that was committed when it began and needs no file beside it. Where it fails,
    there is no `target`.

    Args:
        source: the file of a database.
        target: a file that is not there yet; its owner alone may read it.
        step: told how many pages are copied, and of how many.

    Raises:
        FileExistsError: there is something at `target`.
        OSError: `target` cannot be made.
        RuntimeError: a SQLite too old to be trusted.
    """
    check_version()
    os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        _copy(source, target, step)
        _make_durable(target)
    except BaseException:
        for path in (target, target.with_name(f"{target.name}-journal")):
            path.unlink(missing_ok=True)
        raise


def _copy(source: Path, target: Path, step: Callable[[int, int], None]) -> None:
    reading = apsw.Connection(str(source), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        reading.set_busy_timeout(BUSY_TIMEOUT_MS)
        # In a transaction of its own a copy stays on one snapshot; otherwise every commit beside it would
        # make it begin anew. Source: https://sqlite.org/c3ref/backup_finish.html
        reading.execute("BEGIN")
        reading.execute("SELECT count(*) FROM sqlite_schema").fetchall()
        writing = apsw.Connection(str(target), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            with writing.backup("main", reading, "main") as backup:
                while not backup.done:
                    backup.step(PAGES)
                    step(backup.page_count - backup.remaining, backup.page_count)
            # The copy says of itself that it has a write-ahead log; without one it is a single file.
            writing.execute("PRAGMA journal_mode=DELETE").fetchall()
        finally:
            writing.close()
    finally:
        reading.close()


def _make_durable(path: Path) -> None:
    for place in (path, path.parent):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
