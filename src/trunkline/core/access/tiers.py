"""Tiers by the names people write: viewer, editor, admin."""

from __future__ import annotations

from trunkline.kit.actor import TIER_NAMES, Tier
from trunkline.kit.errors import InvalidRequestError


def tier_named(path: str, name: str) -> Tier:
    """The tier of this name, written at `path`.

    Raises:
        InvalidRequestError: there is no such tier.
    """
    tier = TIER_NAMES.get(name)
    if tier is None:
        raise InvalidRequestError.at(path, f"must be one of {', '.join(TIER_NAMES)}")
    return tier
