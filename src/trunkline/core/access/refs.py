"""What publishers call things of their own in a project: refs of groups and consumers, labels of keys."""

from __future__ import annotations

import unicodedata

from trunkline.kit.errors import InvalidRequestError

MAX_REF = 255  # characters
_UNFIT = ("Cc", "Cs")  # control characters, and halves of characters


def is_ref(value: str) -> bool:
    """Whether the text can be a ref: 1-255 characters, none of them a control character."""
    return 1 <= len(value) <= MAX_REF and not any(unicodedata.category(one) in _UNFIT for one in value)


def check_ref(path: str, value: str) -> str:
    """The value itself when it can be a ref or a label; it is compared character by character.

    Raises:
        InvalidRequestError: empty, longer than 255 characters, or with a control character.
    """
    if not is_ref(value):
        raise InvalidRequestError.at(path, f"must be 1-{MAX_REF} characters without control characters")
    return value
