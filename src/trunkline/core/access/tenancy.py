"""For which organization a caller acts where the request names none."""

from __future__ import annotations

from trunkline.core.access.queries import HOME
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor
from trunkline.kit.errors import NotFoundError


def acting_organization(tx: Tx, actor: Actor) -> str:
    """The organization that manages the caller, or else the first of theirs; a bound key has one only.

    Raises:
        NotFoundError: the caller belongs to none.
    """
    home = tx.value(HOME, user_id=actor.user_id)
    if home in actor.organizations:
        return str(home)
    if not actor.organizations:
        raise NotFoundError("organization")
    return actor.organizations[0]
