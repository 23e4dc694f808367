"""`trunkline version`."""

from __future__ import annotations

import platform

from msgspec import Struct

from trunkline import __version__
from trunkline.cli.failures import Exit
from trunkline.cli.options import NO_FLAGS, Common


class Version(Struct, frozen=True):
    """What runs."""

    trunkline: str
    python: str
    platform: str


def version(*, common: Common = NO_FLAGS) -> Exit:
    """Show the version of Trunkline and of what it runs on.

    **Examples**

        trunkline version --json
    """
    found = Version(__version__, platform.python_version(), platform.platform(terse=True))
    common.screen.result(found, f"trunkline {found.trunkline} (Python {found.python}, {found.platform})")
    return Exit.OK
