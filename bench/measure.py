"""Measuring side by side: whatever disturbs the machine disturbs every subject of a round alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

Subject = Callable[[], object]

ROUNDS = 9
BLOCK_S = 0.15  # each subject's share of a round


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds per call of each subject, one figure per round."""

    rounds: Mapping[str, list[float]]

    def median(self, name: str) -> float:
        """Seconds per call in the middling round."""
        return statistics.median(self.rounds[name])

    def ratio(self, name: str, base: str) -> float:
        """How many times as long as `base` it takes: the median of the rounds' own ratios."""
        pairs = zip(self.rounds[name], self.rounds[base], strict=True)
        return statistics.median([mine / theirs for mine, theirs in pairs])


def side_by_side(
    subjects: Mapping[str, Subject], *, rounds: int = ROUNDS, block_s: float = BLOCK_S
) -> Timings:
    """Call every subject for a while in each round, every other round in the opposite order."""
    calls = {name: calls_in(subject, block_s) for name, subject in subjects.items()}
    seen: dict[str, list[float]] = {name: [] for name in subjects}
    for number in range(rounds):
        for name in _alternating(subjects, number):
            seen[name].append(block(subjects[name], calls[name]))
    return Timings(seen)


def _alternating(names: Iterable[str], number: int) -> list[str]:
    ordered = list(names)
    return ordered if number % 2 == 0 else ordered[::-1]


def calls_in(subject: Subject, block_s: float) -> int:
    """How many calls fill a block; warms the subject up as well."""
    subject()
    start = time.perf_counter()
    calls = 0
    while time.perf_counter() - start < block_s:
        subject()
        calls += 1
    return max(calls, 3)


def block(subject: Subject, calls: int) -> float:
    """Seconds per call, the middling one of so many."""
    taken = []
    for _ in range(calls):
        start = time.perf_counter()
        subject()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)
