"""What one caller sees of one entity, by every way of looking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.core.access.world import World
from trunkline.core import access
from trunkline.infra.db import ListSpec, Mode, lists
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.pages import Deleted, ListQuery


@dataclass(frozen=True)
class View:
    """Sets of names, looked up by id in `names`; rows without a name are not of interest."""

    world: World
    actor: Actor
    spec: ListSpec[Any]
    names: dict[str, str]

    def listed(self, deleted: Deleted = Deleted.HIDE) -> set[str]:
        query = ListQuery(deleted=deleted)
        page = self.world.read(
            lambda tx: lists.list_rows(tx, self.spec, query, access.scope(self.actor, tx.specs))
        )
        assert page.total == len(page.rows)
        return self._named([row.id for row in page.rows])

    def found(self) -> set[str]:
        def work(tx: Any) -> list[Any]:
            scope = access.scope(self.actor, tx.specs)
            return [lists.get_row(tx, self.spec, id_hex, scope) for id_hex in self.names]

        return self._named([row.id for row in self.world.read(work) if row is not None])

    def visible(self, mode: Mode = Mode.LIST) -> set[str]:
        return self._where(lambda scope: scope.visible(self.spec, "t0", mode))

    def inside(self) -> set[str]:
        return self._where(lambda scope: scope.insider(self.spec, "t0"))

    def holding(self, tier: Tier) -> set[str]:
        return self._where(lambda scope: scope.at_least(self.spec, "t0", tier))

    def _where(self, predicate: Any) -> set[str]:
        def work(tx: Any) -> list[Any]:
            scope = access.scope(self.actor, tx.specs)
            sql = f"SELECT t0.id FROM {self.spec.table} t0 WHERE {predicate(scope)}"
            return [row[0] for row in tx.fetch(sql, scope.params)]

        return self._named(self.world.read(work))

    def _named(self, ids: list[str]) -> set[str]:
        return {self.names[id_hex] for id_hex in ids if id_hex in self.names}
