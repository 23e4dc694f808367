"""What a list means, row by row in plain Python: nothing here knows SQL.

Truth has three values: True, False and None for unknown, as SQL has. Only a row that is True is kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cmp_to_key
from typing import Any

from tests.infra.db.world import SPECS, Entity, Library, LibraryScope
from trunkline.infra.db.keyset import resolve_order
from trunkline.infra.db.spec import ListSpec, Mode
from trunkline.kit.clock import parse_time
from trunkline.kit.filters import All, AnyOf, Compare, Node, Not, Op, OrderKey, Quantifier, Related
from trunkline.kit.pages import Anchor, Deleted, Keyset, ListQuery

Truth = bool | None


@dataclass(frozen=True)
class Expected:
    ids: list[str]
    total: int | None
    has_next: bool
    has_previous: bool


def both(parts: Iterable[Truth]) -> Truth:
    seen = list(parts)
    return False if False in seen else None if None in seen else True


def either(parts: Iterable[Truth]) -> Truth:
    seen = list(parts)
    return True if True in seen else None if None in seen else False


def fold(text: str) -> str:
    return "".join(chr(ord(char) + 32) if "A" <= char <= "Z" else char for char in text)


def like(text: str, pattern: str) -> bool:
    """SQL LIKE with backslash escapes, by dynamic programming over (kind, character) tokens."""
    tokens: list[tuple[str, str]] = []
    chars = iter(pattern)
    for char in chars:
        if char == "\\":
            tokens.append(("char", next(chars)))
        else:
            tokens.append(("many" if char == "%" else "one" if char == "_" else "char", char))
    reached = {0}
    for kind, char in tokens:
        if kind == "many":
            reached = set(range(min(reached), len(text) + 1)) if reached else set()
        else:
            reached = {i + 1 for i in reached if i < len(text) and (kind == "one" or text[i] == char)}
    return len(text) in reached


class Oracle:
    def __init__(self, library: Library, scope: LibraryScope) -> None:
        self._library = library
        self._scope = scope

    def page(self, spec: ListSpec[Any], query: ListQuery) -> Expected:
        order = resolve_order(spec, query.order)
        rows = self.matching(spec, query)
        rows.sort(
            key=cmp_to_key(
                lambda x, y: self._sign(order, self.keys(spec, order, x), self.keys(spec, order, y))
            )
        )
        ids = [row["id"] for row in rows]
        total = len(ids) if query.count else None
        position = query.after if query.after is not None else query.before
        if position is None:
            stop = query.offset + query.limit
            return Expected(ids[query.offset : stop], total, stop < len(ids), query.offset > 0)
        place = self._resolve(spec, order, position)
        signs = [self._sign(order, self.keys(spec, order, row), place) for row in rows]
        if query.after is not None:
            start = sum(1 for sign in signs if sign <= 0)
            stop = start + query.limit
        else:
            stop = sum(1 for sign in signs if sign < 0)
            start = max(0, stop - query.limit)
        return Expected(ids[start:stop], total, stop < len(ids), start > 0)

    def matching(self, spec: ListSpec[Any], query: ListQuery) -> list[Entity]:
        return [row for row in self._library.rows[spec.entity] if self.belongs(spec, row, query)]

    def belongs(self, spec: ListSpec[Any], row: Entity, query: ListQuery) -> bool:
        return (
            self._scope.sees(spec, row, Mode.LIST)
            and self._alive(spec, row, query.deleted)
            and (query.ids is None or row["id"] in query.ids)
            and (query.where is None or self.truth(spec, row, query.where) is True)
        )

    def _alive(self, spec: ListSpec[Any], row: Entity, deleted: Deleted) -> bool:
        if not spec.soft_delete or row["deleted_at"] is None:
            return deleted is not Deleted.ONLY
        return deleted is not Deleted.HIDE and self._scope.may_restore(spec, row)

    def _resolve(
        self, spec: ListSpec[Any], order: tuple[OrderKey, ...], position: Keyset | Anchor
    ) -> tuple[Any, ...]:
        if isinstance(position, Keyset):
            return position.values
        [row] = [row for row in self._library.rows[spec.entity] if row["id"] == position.id]
        assert self.may_anchor(spec, row)
        return self.keys(spec, order, row)

    def may_anchor(self, spec: ListSpec[Any], row: Entity) -> bool:
        return self._scope.sees(spec, row, Mode.LIST) and self._alive(spec, row, Deleted.INCLUDE)

    def keys(self, spec: ListSpec[Any], order: tuple[OrderKey, ...], row: Entity) -> tuple[Any, ...]:
        return tuple(self.value(spec, row, key.field) for key in order)

    def value(self, spec: ListSpec[Any], row: Entity, field: str) -> Any:
        return self._library.value(spec.entity, field, row, insider=self._scope.owns(row))

    def _sign(self, order: tuple[OrderKey, ...], left: tuple[Any, ...], right: tuple[Any, ...]) -> int:
        for key, x, y in zip(order, left, right, strict=True):
            if x == y:
                continue
            if x is None or y is None:
                return -1 if (x is None) == key.nulls_first else 1
            return -1 if (x < y) == (key.direction == "asc") else 1
        return 0

    def truth(self, spec: ListSpec[Any], row: Entity, node: Node) -> Truth:
        if isinstance(node, Compare):
            return self._compare(spec, row, node)
        if isinstance(node, All):
            return both(self.truth(spec, row, item) for item in node.items)
        if isinstance(node, AnyOf):
            return either(self.truth(spec, row, item) for item in node.items)
        if isinstance(node, Not):
            return self.truth(spec, row, node.item) is not True
        return self._related(spec, row, node)

    def _related(self, spec: ListSpec[Any], row: Entity, node: Related) -> Truth:
        relation = spec.relations[node.relation]
        target = SPECS[relation.target]
        reached = [
            there
            for there in self._library.rows[relation.target]
            if row[relation.local] is not None
            and there[relation.remote] == row[relation.local]
            and not (relation.live_only and target.soft_delete and there["deleted_at"] is not None)
            and self._library.related(spec.entity, node.relation, row, there)
            and self._scope.sees(target, there, Mode.LIST)
        ]
        holding = sum(1 for there in reached if self.truth(target, there, node.item) is True)
        if node.quantifier is Quantifier.EVERY:
            return holding == len(reached)
        return (holding == 0) if node.quantifier is Quantifier.NONE else holding > 0

    def _compare(self, spec: ListSpec[Any], row: Entity, node: Compare) -> Truth:
        found = spec.fields[node.field]
        held, op, asked = self.value(spec, row, node.field), node.op, node.value
        if op is Op.HAS_KEY:
            keys = self._library.keys(row, node.field)
            return None if keys is None else asked in keys
        if op is Op.IS_NULL:
            return (held is None) is asked
        if found.kind == "time":
            asked = (
                [parse_time(item) for item in asked]
                if isinstance(asked, list)
                else asked and parse_time(asked)
            )
        if op is Op.EQ:
            return held is None if asked is None else None if held is None else bool(held == asked)
        if op is Op.NEQ:
            return bool(held != asked)
        if op is Op.NOT_IN:
            return held not in asked
        if op is Op.IN and not asked:
            return False
        return None if held is None else self._known(op, held, asked)

    def _known(self, op: Op, held: Any, asked: Any) -> bool:
        if op in (Op.ICONTAINS, Op.ISTARTS_WITH, Op.IENDS_WITH, Op.ILIKE):
            held, asked = fold(held), fold(asked)
        match op:
            case Op.IN:
                return held in asked
            case Op.GT:
                return bool(held > asked)
            case Op.GTE:
                return bool(held >= asked)
            case Op.LT:
                return bool(held < asked)
            case Op.LTE:
                return bool(held <= asked)
            case Op.CONTAINS | Op.ICONTAINS:
                return asked in held
            case Op.STARTS_WITH | Op.ISTARTS_WITH:
                return bool(held.startswith(asked))
            case Op.ENDS_WITH | Op.IENDS_WITH:
                return bool(held.endswith(asked))
            case _:
                return like(held, asked)
