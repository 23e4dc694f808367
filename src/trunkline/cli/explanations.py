"""What anything a command may raise means to whoever ran it.

Imported where something has failed: it knows the errors of every ring.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import Any

from cyclopts import CycloptsError, UnknownCommandError

from trunkline.cli.failures import CommandError, Exit, Failure
from trunkline.infra.db.revisions import SchemaError
from trunkline.infra.vault import VaultError
from trunkline.kit.errors import TrunklineError
from trunkline.settings import SettingsError, redacted_text


def explain(error: BaseException) -> Failure:
    """The sentence, hint and exit code for anything a command may raise."""
    for kind, explanation in _EXPLANATIONS:
        if isinstance(error, kind):
            return explanation(error)
    return _other(error)


def _refused(error: TrunklineError) -> Failure:
    places = [problem for problem in error.details if problem.path and problem.path not in error.message]
    hint = "; ".join(f"{problem.path}: {problem.message}" for problem in places[:3])
    return Failure(error.code, error.message, hint)


def _from_system(error: OSError) -> Failure:
    reason = os.strerror(error.errno) if error.errno else str(error)
    where = f"{error.filename}: " if error.filename else ""
    hints = {
        errno.EACCES: "run it as the user that owns the data directory",
        errno.ENOSPC: "free some space on the disk and try again",
        errno.EROFS: "the data directory must be writable",
    }
    return Failure("system", f"{where}{reason}", hints.get(error.errno or 0, ""))


def _misused(error: CycloptsError) -> Failure:
    message = _one_line(str(error))
    if isinstance(error, UnknownCommandError) and error.unused_tokens and error.unused_tokens[0][:1] == "-":
        message = (
            f"a command is missing before {error.unused_tokens[0].partition('=')[0]}."
            + message.partition(".")[2]
        )
    return Failure("usage", message, "add --help to see what it takes", Exit.USAGE)


# What SQLite says of its file: a code, a sentence to go before SQLite's own, and what to do.
_OF_THE_FILE = {
    "CantOpenError": (
        "database_unreachable",
        "the database file cannot be opened",
        "see that it is a file, and that this user may read and write it and its directory",
    ),
    "ReadOnlyError": (
        "database_read_only",
        "the database file cannot be written",
        "run it as the user that owns the data directory, on a file system that is mounted writable",
    ),
    "NotADBError": (
        "database_damaged",
        "the database file is none of SQLite",
        "check --data-dir and --database-url; if they are right, put a backup back",
    ),
    "CorruptError": (
        "database_damaged",
        "the database file is damaged",
        "stop the server, keep a copy of the file and of those beside it, and put a backup back",
    ),
    "IOError": ("system", "the disk under the database fails", "look at the disk and at the system's log"),
    "FullError": ("system", "the disk is full", "free some space on the disk and try again"),
}


def _other(error: BaseException) -> Failure:
    # The drivers' classes may not be imported outside infra/db; their names are as stable as their modules.
    kinds = {f"{kind.__module__.partition('.')[0]}.{kind.__name__}" for kind in type(error).__mro__}
    for kind, (code, message, hint) in _OF_THE_FILE.items():
        if f"apsw.{kind}" in kinds:
            return Failure(code, f"{message}: {_one_line(str(error))}", hint)
    if "psycopg.ProgrammingError" in kinds and getattr(error, "sqlstate", None) is None:
        # No server was asked: the URL is not what libpq takes.
        message = f"the database URL is refused: {_one_line(str(error))}"
        return Failure(
            "settings_invalid", message, "it looks like postgresql://user@host:5432/name", Exit.USAGE
        )
    if kinds & {"sqlalchemy.OperationalError", "psycopg.OperationalError", "psycopg_pool.PoolTimeout"}:
        reason = _one_line(str(getattr(error, "orig", None) or error))
        hint = "check that the database runs and that --database-url is right; `trunkline doctor` tells more"
        if "locked" in reason:
            hint = "another process, most likely the server, has the database open: stop it first"
        return Failure("database_unreachable", f"the database cannot be opened: {reason}", hint)
    if isinstance(error, RuntimeError) and type(error) is RuntimeError:
        return Failure("unsupported", str(error))
    hint = "run it again with TRUNKLINE_LOG_LEVEL=debug to see where, and report it"
    return Failure("internal", f"unexpected {type(error).__name__}: {_one_line(str(error))}", hint)


def _one_line(text: str) -> str:
    return redacted_text(" ".join(text.split()))


_EXPLANATIONS: tuple[tuple[type[BaseException], Callable[[Any], Failure]], ...] = (
    (CommandError, lambda error: Failure(error.code, str(error), error.hint, error.exit)),
    (CycloptsError, _misused),
    (SettingsError, lambda error: Failure("settings_invalid", str(error), error.hint, Exit.USAGE)),
    (TrunklineError, _refused),
    (
        SchemaError,
        lambda error: Failure(
            "schema_not_current", str(error), "`trunkline db status` shows where it stands"
        ),
    ),
    (VaultError, lambda error: Failure("vault_key", str(error), "`trunkline doctor` checks the key file")),
    (KeyboardInterrupt, lambda _: Failure("interrupted", "interrupted", exit=Exit.INTERRUPTED)),
    (OSError, _from_system),
)
