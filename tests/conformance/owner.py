"""Who owns what tests make: names for it, and the way into the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from tests.instance import Instance
from trunkline.core import access
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor


class Owner:
    """A user with a workspace of their own."""

    def __init__(
        self,
        instance: Instance,
        organization_id: str,
        workspace_id: str,
        owner_id: str,
        *,
        prefix: str,
        numbers: Iterator[int] | None = None,
    ) -> None:
        self.instance = instance
        self.organization_id = organization_id
        self.workspace_id = workspace_id
        self.owner_id = owner_id
        self.prefix = prefix
        self.numbers = count(1) if numbers is None else numbers

    def name(self, what: str) -> str:
        """A name not used before; its number is all that differs."""
        return f"{what}-n{next(self.numbers)}"

    def handle(self) -> str:
        """The one kind of name that is unique in the instance."""
        return f"{self.prefix}-n{next(self.numbers)}"

    def write(self, work: Callable[[Tx], Any]) -> Any:
        return self.instance.database.write_now(work)

    def actor(self, tx: Tx) -> Actor:
        return access.act_as(tx, self.owner_id)


Maker = Callable[..., str]
"""Makes one object of a kind, called with its owner, the transaction and the actor; its id."""


__all__ = ["Maker", "Owner"]
