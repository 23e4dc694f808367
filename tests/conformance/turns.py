"""Which half of some questions `make test` asks: another one from commit to commit, the same one for each of them."""

from __future__ import annotations

import os
import subprocess
from functools import cache
from pathlib import Path

TURNS = 2


@cache
def turn() -> int:
    """From the commit, so that a failure is repeated by running its commit again; CONFORMANCE_TURN chooses."""
    chosen = os.environ.get("CONFORMANCE_TURN")
    if chosen is None:
        command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
        try:
            found = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        except OSError:  # no git here
            found = ""
        chosen = str(int(found[:8] or "0", 16))
    return int(chosen) % TURNS


__all__ = ["TURNS", "turn"]
