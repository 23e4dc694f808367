"""A process that migrates the database it is given, and kills itself before the statement it is given.

    python -m tests.migrations.migrating URL [NUMBER]

Prints how many statements it ran.
"""

from __future__ import annotations

import os
import signal
import sys
from itertools import count
from typing import Any

from sqlalchemy import Engine, event

from trunkline.infra.db import migrate


def main(url: str, fatal: int | None) -> None:
    numbers = count()

    @event.listens_for(Engine, "before_cursor_execute")
    def counted(*_: Any) -> None:
        if next(numbers) == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    migrate.upgrade(url)
    print(next(numbers))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else None)
