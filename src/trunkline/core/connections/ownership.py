"""What only the owner of a personal connection may do, whoever else administers the workspace."""

from __future__ import annotations

from typing import Protocol

from trunkline.kit.actor import Actor
from trunkline.kit.errors import ForbiddenError


class Owned(Protocol):
    """A connection that may be somebody's own."""

    @property
    def user_id(self) -> str | None:
        """Whose; None where the workspace shares it."""
        ...


def require_own(actor: Actor, row: Owned) -> None:
    """Refuse to act as somebody else: an admin may end another user's connection, never use or give it.

    The system may, for what the owner has set up.

    Raises:
        ForbiddenError: it is another user's own.
    """
    if row.user_id is not None and row.user_id != actor.user_id and not actor.is_system:
        raise ForbiddenError("the connection is another user's own", code="not_your_connection")
