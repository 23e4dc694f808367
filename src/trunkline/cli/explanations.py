"""What anything a command may raise means to whoever ran it.

Imported where something has failed: it knows the errors of every ring.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import Any

from cyclopts import CycloptsError

from trunkline.cli.failures import CommandError, Exit, Failure
from trunkline.infra.db.revisions import SchemaError
from trunkline.infra.vault import VaultError
from trunkline.kit.errors import TrunklineError
from trunkline.settings import SettingsError


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


def _other(error: BaseException) -> Failure:
    # The drivers' classes may not be imported outside infra/db; their names are as stable as their modules.
    kinds = {f"{kind.__module__.partition('.')[0]}.{kind.__name__}" for kind in type(error).__mro__}
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
    return " ".join(text.split())


_EXPLANATIONS: tuple[tuple[type[BaseException], Callable[[Any], Failure]], ...] = (
    (CommandError, lambda error: Failure(error.code, str(error), error.hint, error.exit)),
    (
        CycloptsError,
        lambda error: Failure("usage", _one_line(str(error)), "add --help to see what it takes", Exit.USAGE),
    ),
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
