"""Seeds of random tests: fixed where a run must be the same everywhere, fresh where it should find new things."""

from __future__ import annotations

import os
from random import SystemRandom

FIXED = 20_260_301
VARIABLE = "CONFORMANCE_SEED"  # repeats a printed run


def fresh_seed() -> int:
    given = os.environ.get(VARIABLE)
    return int(given) if given else SystemRandom().randrange(2**32)


def announce(what: str, count: int, seed: int) -> None:
    print(f"\n{what}: {count} requests, {VARIABLE}={seed}")


__all__ = ["FIXED", "VARIABLE", "announce", "fresh_seed"]
