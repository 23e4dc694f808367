"""The doctor's checks: each looks at one thing and changes nothing."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from msgspec import Struct

from trunkline.bootstrap import Platform
from trunkline.cli.explanations import explain
from trunkline.cli.listening import port_problem
from trunkline.cli.opening import flags_of, opened, require_database
from trunkline.core.access import list_keys
from trunkline.infra.db import revisions
from trunkline.infra.db.sqlite import MINIMUM_VERSION, check_version
from trunkline.infra.vault import KeyRing
from trunkline.kit.actor import system_actor
from trunkline.kit.clock import read_stamp
from trunkline.kit.filters import OrderKey
from trunkline.kit.pages import ListQuery
from trunkline.settings import Settings, SettingsError, check_exposure, redacted_url

SPACE_LEAST = 100 * 1024**2  # bytes free; below this SQLite may not even checkpoint
SPACE_ENOUGH = 1024**3  # bytes free
CLOCK_SLACK = timedelta(minutes=5)  # how far apart two clocks may be without harm
RELEASED = datetime(2026, 1, 1, tzinfo=UTC)  # no clock is right that shows an earlier time than the code's


class State(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


class Check(Struct, frozen=True):
    """One check: what was looked at, what was found, and what to do about it."""

    name: str
    state: State
    detail: str
    hint: str = ""


def check_instance(settings: Settings) -> Iterator[Check]:
    """Every check, in the order in which a start would fail."""
    yield check_directory(settings)
    yield check_space(settings)
    yield check_clock(datetime.now(UTC))
    yield check_exposed(settings)
    yield check_port(settings)
    yield check_sqlite()
    schema = check_schema(settings)
    yield schema
    key = check_key_file(settings.vault_key)
    yield key
    if schema.state is State.OK and key.state is State.OK:
        yield from check_opening(settings)


def check_directory(settings: Settings) -> Check:
    """The data directory is there, ours to write, and nobody else's to read."""
    name, path = "data directory", settings.data_dir
    try:
        found = path.stat()
    except OSError as error:
        return Check(name, State.FAILED, f"{path}: {error.strerror}", f"trunkline init{flags_of(settings)}")
    if not stat.S_ISDIR(found.st_mode):
        return Check(name, State.FAILED, f"{path} is no directory", "name another with --data-dir")
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        return Check(name, State.FAILED, f"{path} cannot be written", f"chown it to user {os.geteuid()}")
    mode = stat.S_IMODE(found.st_mode)
    if mode & 0o077:
        return Check(
            name, State.WARNING, f"{path} has mode {mode:04o}: others can look in", f"chmod 700 {path}"
        )
    return Check(name, State.OK, str(path))


def check_space(settings: Settings) -> Check:
    """The disk under the data has room."""
    place = settings.sqlite_path.parent if settings.sqlite_path else settings.data_dir
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    shown = f"{free / 1024**3:.1f} GiB free on {place}"
    if free < SPACE_LEAST:
        return Check("disk space", State.FAILED, shown, "free some space: writes will be refused")
    if free < SPACE_ENOUGH:
        return Check("disk space", State.WARNING, shown, "free some space before it runs out")
    return Check("disk space", State.OK, shown)


def check_clock(now: datetime) -> Check:
    """The clock is not plainly wrong; expiry, leases and retention go by it."""
    if now < RELEASED:
        return Check("clock", State.FAILED, f"it shows {now:%Y-%m-%d %H:%M} UTC", "set it, best with NTP")
    return Check("clock", State.OK, f"{now:%Y-%m-%d %H:%M:%S} UTC")


def check_exposed(settings: Settings) -> Check:
    """Keys do not travel in the clear."""
    try:
        check_exposure(settings)
    except SettingsError as error:
        return Check("exposure", State.FAILED, str(error), error.hint)
    if settings.unsafe_public_http and not settings.is_loopback:
        return Check("exposure", State.WARNING, f"plain HTTP on {settings.host}", "put TLS in front")
    return Check("exposure", State.OK, f"clients use {settings.base_url()}")


def check_port(settings: Settings) -> Check:
    """The port to listen on is free."""
    problem = port_problem(settings)
    where = f"{settings.host} port {settings.port}"
    if problem is None:
        return Check("port", State.OK, f"{where} is free")
    # A server that runs already is the likeliest reason, and nothing wrong.
    return Check("port", State.WARNING, str(problem), problem.hint)


def check_sqlite() -> Check:
    """The SQLite in use has no known way to corrupt a file."""
    try:
        check_version()
    except RuntimeError as error:
        return Check("SQLite", State.FAILED, str(error))
    return Check("SQLite", State.OK, f"{'.'.join(map(str, MINIMUM_VERSION))} or newer")


def check_schema(settings: Settings) -> Check:
    """The database can be reached and its schema is the one this code needs."""
    shown = redacted_url(settings.database_url)
    try:
        require_database(settings)
        found = revisions.status(settings.database_url)
    except Exception as error:  # noqa: BLE001  # whatever it is, it is what the doctor was called for
        failure = explain(error)
        return Check("database", State.FAILED, failure.message, failure.hint)
    if found.is_newer:
        return Check(
            "database", State.FAILED, f"{shown} is at {found.current}, newer than this", "upgrade Trunkline"
        )
    if not found.is_current:
        detail = f"{shown} is at {found.current or 'nothing'}, this Trunkline needs {found.head}"
        command = "trunkline db upgrade" if found.current else "trunkline init"
        return Check("database", State.FAILED, detail, command + flags_of(settings))
    return Check("database", State.OK, f"{shown}, schema {found.current}")


def check_key_file(path: Path) -> Check:
    """The key file is there, readable, and only by its owner."""
    try:
        ring = KeyRing.load(path)
    except Exception as error:  # noqa: BLE001  # as above
        return Check("vault key", State.FAILED, explain(error).message, "put its copy back, with mode 0600")
    return Check("vault key", State.OK, f"{path}, {ring.active_id} in use")


def check_opening(settings: Settings) -> Iterator[Check]:
    """The key file opens the database, and no row comes from the future."""
    try:
        with opened(settings) as platform:
            yield Check("vault", State.OK, "the key file opens the database")
            yield check_latest(platform, datetime.now(UTC))
    except Exception as error:  # noqa: BLE001  # as above
        failure = explain(error)
        yield Check("vault", State.FAILED, failure.message, failure.hint)


def check_latest(platform: Platform, now: datetime) -> Check:
    """The newest key is not from the future: then this clock, or the one before it, was wrong."""
    actor = system_actor("doctor")
    query = ListQuery(order=(OrderKey("created_at", "desc"),), limit=1, count=False)
    page = platform.database.read_now(lambda tx: list_keys(tx, actor, query))
    if not page.rows:
        command = f"trunkline init{flags_of(platform.settings)}"
        return Check("set up", State.FAILED, "there is no access key: nobody can sign in", command)
    newest = page.rows[0].created_at
    if read_stamp(newest) > now + CLOCK_SLACK:
        return Check(
            "set up", State.FAILED, f"a key was made at {newest}, which is yet to come", "set the clock"
        )
    return Check("set up", State.OK, f"the newest key was made {newest[:10]}")
