"""What `trunkline verify` reports: one broken promise about one object."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """A promise that does not hold.

    Attributes:
        invariant: its short name, e.g. `I2`.
        subject: what breaks it, as a printed id or a place.
        message: what is wrong there, in one sentence.
    """

    invariant: str
    subject: str
    message: str
