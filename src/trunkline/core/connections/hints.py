"""The end of a credential, so that whoever gave it recognises it."""

from __future__ import annotations

from trunkline.kit.secret import Secret

SHORTEST_HINTED = 12  # characters; four of fewer would give too much away


def hint_of(value: Secret) -> str:
    """`…` and the last four characters, or only `…` of what is too short for that."""
    text = value.reveal()
    return f"…{text[-4:]}" if len(text) >= SHORTEST_HINTED else "…"
