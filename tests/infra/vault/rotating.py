"""A process that rotates keys again and again, each time killed some steps later, and looks at what is left.

    python -m tests.infra.vault.rotating URL KEY_FILE STRIDE

A step is an SQL statement, a commit, or an access to the key file's directory. Each rotation and each look is a
fork of its own. Prints how many steps there are, or what was wrong after one, and ends with 1 then.
"""

from __future__ import annotations

import os
import signal
import stat
import sys
import traceback
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import apsw
import psycopg

from tests.infra.vault.kept import COLUMNS, keys_in_use, texts
from trunkline.infra.db import Catalog, Database, open_database
from trunkline.infra.vault import KeyRing
from trunkline.infra.vault.invariants import vault_findings
from trunkline.infra.vault.retiring import retire
from trunkline.infra.vault.rotation import Rotation
from trunkline.infra.vault.stock import take_stock
from trunkline.infra.vault.store import Unlocked, unlock

EXPECTED = {f"{name}{number}": f"of {name} {number}" for name in "ab" for number in range(3)}
LATER = "2999-01-01T00:00:00.000000Z"
MUCH_LATER = "2999-12-31T00:00:00.000000Z"
FILE_EVENTS = {"open", "os.rename", "os.remove", "os.link", "os.chmod", "os.chown"}


class Steps:
    """Counts the steps once it is armed, and kills the process before the fatal one."""

    def __init__(self) -> None:
        self.fatal: int | None = None
        self._numbers = count()

    def take(self, *_: Any) -> bool:
        if self.fatal is not None and next(self._numbers) == self.fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        return True


def watch(steps: Steps, folder: str) -> None:
    def file_event(event: str, arguments: tuple[Any, ...]) -> None:
        if event in FILE_EVENTS and str(arguments[0]).startswith(folder):
            steps.take()

    def before(owner: type[Any], name: str) -> None:
        real = getattr(owner, name)

        def counted(*arguments: Any, **named: Any) -> Any:
            steps.take()
            return real(*arguments, **named)

        setattr(owner, name, counted)

    sys.addaudithook(file_event)
    apsw.connection_hooks.append(lambda connection: setattr(connection, "exec_trace", steps.take))
    for name in ("execute", "executemany"):
        before(psycopg.Cursor, name)
    before(psycopg.Connection, "commit")


def rotate(database: Database, unlocked: Unlocked, path: Path) -> None:
    """Everything a rotation can do, one after the other."""
    old = unlocked.vault.ring().active_id
    KeyRing.add_key(path)
    rotation = Rotation(database, unlocked.vault, COLUMNS)
    rotation.rewrap()
    rotation.add_data_keys(LATER)
    rotation.reseal()
    rotation.drop_superseded(MUCH_LATER)
    retire(database, unlocked.vault.ring(), old)


def look(database: Database, unlocked: Unlocked, path: Path) -> None:
    """Everything opens and nothing is lost; what was interrupted can be finished."""
    vault = unlocked.vault
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert texts(database, vault) == EXPECTED
    assert database.check_now(lambda tx: list(vault_findings(tx, COLUMNS, vault))) == []
    rotation = Rotation(database, vault, COLUMNS)
    rotation.rewrap()
    rotation.reseal()
    rotation.drop_superseded(MUCH_LATER)
    ring = vault.ring()
    for kek_id in ring.ids:
        if kek_id != ring.active_id:
            retire(database, ring, kek_id)
    stock = database.check_now(lambda tx: take_stock(tx, vault.ring(), COLUMNS))
    assert [(key.active, key.root, key.data_keys) for key in stock.keys] == [(True, True, 2)]
    assert [(one.sealed, one.outdated, one.orphaned) for one in stock.columns] == [(6, 0, 0)]
    assert len(set(keys_in_use(database).values())) == 2
    assert texts(database, unlock(database, path).vault) == EXPECTED


def forked(
    url: str, path: Path, work: Callable[[Database, Unlocked, Path], None], steps: Steps, fatal: int | None
) -> int:
    """How a fork of this process that opened the instance and did its work ended."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    ended = 1
    try:
        database = open_database(url, Catalog())
        unlocked = unlock(database, path)
        steps.fatal = fatal
        work(database, unlocked, path)
        ended = 0
    except BaseException:  # noqa: BLE001  # whatever it was, the parent must hear of it
        traceback.print_exc()
    finally:
        os._exit(ended)


def main(url: str, path: Path, stride: int) -> int:
    steps = Steps()
    watch(steps, str(path.parent))
    for number in count(step=stride):
        ended = forked(url, path, rotate, steps, number)
        if ended not in (0, -signal.SIGKILL) or forked(url, path, look, steps, None):
            print(f"after step {number}")
            return 1
        if ended == 0:
            print(number)
            return 0
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
