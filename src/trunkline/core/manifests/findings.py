"""What reading a manifest reports: one thing at one place, by the name of the rule it breaks."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

Severity: TypeAlias = Literal["error", "warning"]


class Finding(Struct, frozen=True, rename="camel"):
    """What is wrong at one place of a manifest's text.

    Attributes:
        rule: its stable name, which a comment `# amp:ignore[…]` may name.
        severity: a manifest with an error is refused; one with warnings is taken.
        line, column: where it stands in the text, from 1.
        path: where it stands in the document, e.g. `integrations[0].read.objects[1].schedule`; empty for all of it.
        message: what is wrong, in one sentence.
        remedy: what to do about it, in one sentence.
    """

    rule: str
    severity: Severity
    line: int
    column: int
    path: str
    message: str
    remedy: str
