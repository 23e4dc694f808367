"""What a provider says, made fit to be shown: short, printable, one line."""

from __future__ import annotations

MAX_SAID = 200  # characters


def shortened(text: object, limit: int = MAX_SAID) -> str:
    """Printable characters of a text on one line, at most `limit` of them; whoever shows it escapes it."""
    printable = "".join(one if one.isprintable() else " " for one in str(text)[: 4 * limit])
    line = " ".join(printable.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
