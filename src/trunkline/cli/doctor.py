"""`trunkline doctor`: what would keep an instance from starting or running well, and what to do about it."""

from __future__ import annotations

from msgspec import Struct
from rich.table import Table
from rich.text import Text

from trunkline.cli.checks import Check, State, check_instance
from trunkline.cli.failures import Exit
from trunkline.cli.options import NO_FLAGS, NO_SERVER_FLAGS, Common, Server

_MARKS = {State.OK: ("✓", "green"), State.WARNING: ("!", "yellow"), State.FAILED: ("✗", "red")}


class Diagnosis(Struct, frozen=True):
    """Whether nothing failed, and every check."""

    ok: bool
    checks: list[Check]


def doctor(*, common: Common = NO_FLAGS, server: Server = NO_SERVER_FLAGS) -> Exit:
    """Check the data directory, key file, database, disk, port and clock; exit code 3 if one fails.

    Changes nothing. Beside a running server the port shows as in use.

    **Examples**

        trunkline doctor

        trunkline doctor --data-dir /var/lib/trunkline --json
    """
    checks = list(check_instance(common.settings(server)))
    failed = [check for check in checks if check.state is State.FAILED]
    drawn = Table(box=None, show_header=False, pad_edge=False)
    for check in checks:
        mark, style = _MARKS[check.state]
        drawn.add_row(Text(mark, style=style), check.name, Text(check.detail, overflow="fold"))
        if check.hint:
            drawn.add_row("", "", Text(check.hint, style="dim", overflow="fold"))
    verdict = f"{len(failed)} of {len(checks)} checks failed." if failed else "Nothing is in the way."
    common.screen.result(Diagnosis(ok=not failed, checks=checks), drawn, f"\n{verdict}")
    return Exit.UNHEALTHY if failed else Exit.OK
