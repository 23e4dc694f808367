"""`trunkline verify`: do the promises the data must keep hold?"""

from __future__ import annotations

from msgspec import Struct
from rich.text import Text

from trunkline import bootstrap
from trunkline.cli.failures import Exit
from trunkline.cli.opening import opened
from trunkline.cli.options import NO_FLAGS, Common
from trunkline.cli.screen import table
from trunkline.kit.findings import Finding


class Verdict(Struct, frozen=True):
    """Whether the data is whole, and what is not."""

    ok: bool
    findings: list[Finding]


def verify(*, common: Common = NO_FLAGS) -> Exit:
    """Check every invariant of the data on one snapshot; exit code 3 when something is wrong.

    Changes nothing and may run beside a server.

    **Examples**

        trunkline verify --data-dir /var/lib/trunkline

        trunkline verify --json | jq '.findings'
    """
    screen = common.screen
    with opened(common.settings()) as platform:
        findings = bootstrap.verify(platform.database, platform.services.vault)
    if not findings:
        screen.result(Verdict(ok=True, findings=[]), Text("Everything holds.", style="green"))
        return Exit.OK
    rows = [(one.invariant, one.subject, one.message) for one in findings]
    screen.result(
        Verdict(ok=False, findings=findings),
        table(("invariant", "where", "what is wrong"), rows),
        f"\n{len(findings)} findings. Keep a copy of the database before repairing anything.",
    )
    return Exit.UNHEALTHY
