"""Where a database's schema stands, told without Alembic: every start asks, and hardly any has to migrate."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import apsw

from trunkline import migrations

BUSY_TIMEOUT_MS = 5_000  # waiting for a server's write to end


@dataclass(frozen=True, slots=True)
class SchemaStatus:
    """Where a database's schema stands.

    Attributes:
        current: its revision, None when it has no schema yet.
        head: the revision this code needs.
        is_newer: it was migrated by a newer release.
    """

    current: str | None
    head: str
    is_newer: bool

    @property
    def is_current(self) -> bool:
        """Whether this code can run on it as it is."""
        return self.current == self.head


class SchemaError(RuntimeError):
    """The schema is not the one this code needs; the message says which command helps."""


@cache  # the migrations come with the code
def revisions() -> tuple[str, ...]:
    """Every revision, oldest first: what the names of the migrations' files begin with."""
    versions = Path(migrations.__file__).parent / "versions"
    return tuple(sorted(path.name.partition("_")[0] for path in versions.glob("[0-9]*_*.py")))


def status(url: str) -> SchemaStatus:
    """Read where the schema of the database at `url` stands, changing nothing.

    Raises:
        SchemaError: the code came without its migrations.
    """
    known = revisions()
    if not known:
        raise SchemaError("this installation has no migrations; reinstall it")
    current = _postgresql_revision(url) if url.startswith("postgres") else _sqlite_revision(url)
    return SchemaStatus(current, known[-1], current is not None and current not in known)


def require_current(url: str) -> None:
    """Refuse a schema this code does not match.

    Raises:
        SchemaError: older (run `trunkline db upgrade`) or newer (upgrade Trunkline).
    """
    found = status(url)
    if found.is_newer:
        raise SchemaError(
            f"the database is at revision {found.current}, newer than this Trunkline; upgrade it"
        )
    if not found.is_current:
        at = f"is at revision {found.current}" if found.current else "is empty"
        raise SchemaError(f"the database {at}, this Trunkline needs {found.head}: run `trunkline db upgrade`")


def _postgresql_revision(url: str) -> str | None:
    import psycopg  # noqa: PLC0415  # nothing that works on SQLite pays for it

    # Without the lock of migrations: whoever only looks sees the schema as it was before one that is going on.
    with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
        if connection.execute("SELECT to_regclass('alembic_version')").fetchall() == [(None,)]:
            return None
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return None if found is None else str(found[0])


def _sqlite_revision(url: str) -> str | None:
    # Through the driver the server uses and without its exclusive lock: looking is allowed while it runs.
    path = Path(url.removeprefix("sqlite:///"))
    if not path.exists():
        return None
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        connection.set_busy_timeout(BUSY_TIMEOUT_MS)
        if not connection.table_exists("main", "alembic_version"):
            return None
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    finally:
        connection.close()
    return None if found is None else str(found[0])
