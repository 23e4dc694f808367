"""The filter tree as SQL: the one compiler behind every list, in every dialect.

Columns, tables and operators come from closed specs; whatever the caller wrote becomes a parameter. A
comparison with NULL is unknown, and a row is kept only where the whole is TRUE, except that

- `neq` is IS DISTINCT FROM and `notIn` its conjunction over the items, so both keep a NULL;
- NOT and EVERY test IS NOT TRUE, so both keep a row whose comparison is unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trunkline.infra.db.operands import operand
from trunkline.infra.db.spec import FieldKind, ListSpec, Mode, Scope, Specs
from trunkline.infra.db.statements import Engine
from trunkline.kit.errors import InvalidRequestError
from trunkline.kit.filters import (
    MAX_DEPTH,
    MAX_HOPS,
    MAX_NODES,
    All,
    Compare,
    Node,
    Not,
    Op,
    Quantifier,
    Related,
)

_SIGNS = {
    Op.EQ: "=",
    Op.NEQ: "IS DISTINCT FROM",
    Op.GT: ">",
    Op.GTE: ">=",
    Op.LT: "<",
    Op.LTE: "<=",
}
_CASELESS = {
    Op.ICONTAINS: Op.CONTAINS,
    Op.ISTARTS_WITH: Op.STARTS_WITH,
    Op.IENDS_WITH: Op.ENDS_WITH,
    Op.ILIKE: Op.LIKE,
}
_COLLATED = frozenset({FieldKind.TEXT, FieldKind.CHOICE, FieldKind.TIME, FieldKind.ID})
_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_GLOB_SPECIAL = frozenset("*?[")
_LAST = "\U0010ffff"


def source(spec: ListSpec[Any], alias: str) -> str:
    """What stands behind FROM: the table and the joins its computed columns need."""
    return f"{spec.table} {alias} {spec.joins.format(a=alias)}" if spec.joins else f"{spec.table} {alias}"


class Predicates:
    """The predicates of one query and the parameters they name.

    Attributes:
        engine: for which database the text is written.
        scope: what the caller may see.
        params: everything bound so far, the scope's own parameters included.
    """

    __slots__ = ("_aliases", "_bound", "_nodes", "_specs", "engine", "params", "scope")

    def __init__(self, engine: Engine, specs: Specs, scope: Scope) -> None:
        self.engine = engine
        self.scope = scope
        self.params: dict[str, Any] = dict(scope.params)
        self._specs = specs
        self._bound = 0
        self._aliases = 0
        self._nodes = 0

    def bind(self, value: Any) -> str:
        """Make `value` a parameter; its mark for the statement's text."""
        name = f"p{self._bound}"
        self._bound += 1
        self.params[name] = value
        return f":{name}"

    def bind_all(self, values: Sequence[Any]) -> str:
        """Make every value a parameter; their marks as a list between parentheses."""
        return f"({', '.join([self.bind(value) for value in values])})"

    def expression(self, spec: ListSpec[Any], alias: str, name: str) -> str:
        """What a declared field compares and sorts by: for outsiders of the row, a masked field's mask."""
        found = spec.fields[name]
        sql = spec.column(name, alias)
        if found.masked:
            insider = self.scope.insider(spec, alias)
            sql = f"(CASE WHEN {insider} THEN {sql} ELSE {spec.masks[name].format(a=alias)} END)"
        elif name in spec.columns:
            sql = f"({sql})"
        else:
            return sql
        # A plain column carries its collation; an expression may have lost it, or mix two.
        collate = self.engine is Engine.POSTGRESQL and found.kind in _COLLATED
        return f'{sql} COLLATE "C"' if collate else sql

    def matching(self, spec: ListSpec[Any], alias: str, node: Node) -> str:
        """The predicate that the row at `alias` matches `node`; atomic beside AND, OR and NOT.

        Raises:
            InvalidRequestError: an unknown field, operator or relation, a value that does not fit, or a
                tree over the limits of `kit.filters`.
        """
        return self._node(spec, alias, node, 0, 0, in_all=False)

    def _node(
        self, spec: ListSpec[Any], alias: str, node: Node, depth: int, hops: int, *, in_all: bool
    ) -> str:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise InvalidRequestError.at("filter", f"more than {MAX_NODES} comparisons and combinations")
        if isinstance(node, Compare):
            return self._compare(spec, alias, node)
        # A conjunction is its parent's own list of members, hence free; only one inside another is nested.
        listed = isinstance(node, All)
        depth += not listed or in_all
        if depth > MAX_DEPTH:
            raise InvalidRequestError.at("filter", f"nested deeper than {MAX_DEPTH} levels")
        if isinstance(node, Related):
            return self._related(spec, alias, node, depth, hops)
        if isinstance(node, Not):
            return f"({self._node(spec, alias, node.item, depth, hops, in_all=False)}) IS NOT TRUE"
        if not node.items:
            return "TRUE" if listed else "FALSE"
        parts = [self._node(spec, alias, item, depth, hops, in_all=listed) for item in node.items]
        return f"({(' AND ' if isinstance(node, All) else ' OR ').join(parts)})"

    def _related(self, spec: ListSpec[Any], alias: str, node: Related, depth: int, hops: int) -> str:
        path = node.path or node.relation
        relation = spec.relations.get(node.relation)
        if relation is None:
            raise InvalidRequestError.at(path, "unknown relation")
        if relation.many is (node.quantifier is Quantifier.ONE):
            takes = (
                "takes some, every or none" if relation.many else "is a single object and takes no quantifier"
            )
            raise InvalidRequestError.at(path, f"the relation {takes}")
        if hops >= MAX_HOPS:
            raise InvalidRequestError.at(path, f"crosses more than {MAX_HOPS} relations")
        target = self._specs[relation.target]
        self._aliases += 1
        there = f"t{self._aliases}"
        inner = self._node(target, there, node.item, depth, hops + 1, in_all=False)
        if node.quantifier is Quantifier.EVERY:
            inner = f"({inner}) IS NOT TRUE"
        parts = [f"{there}.{relation.remote} = {alias}.{relation.local}"]
        if relation.live_only and target.soft_delete:
            parts.append(f"{there}.deleted_at IS NULL")
        if relation.when:
            parts.append(f"({relation.when.format(here=alias, there=there)})")
        parts.append(f"({self.scope.visible(target, there, Mode.LIST)})")
        parts.append(inner)
        found = f"EXISTS (SELECT 1 FROM {source(target, there)} WHERE {' AND '.join(parts)})"
        return found if node.quantifier in {Quantifier.ONE, Quantifier.SOME} else f"NOT {found}"

    def _compare(self, spec: ListSpec[Any], alias: str, node: Compare) -> str:
        found = spec.fields.get(node.field)
        if found is None:
            raise InvalidRequestError.at(node.path or node.field, "unknown field")
        value = operand(found, node)
        sql = self.expression(spec, alias, node.field)
        if node.op is Op.IS_NULL or value is None:
            absent = value is True or (value is None and node.op is Op.EQ)
            return f"{sql} IS NULL" if absent else f"{sql} IS NOT NULL"
        if node.op in _SIGNS:
            return f"{sql} {_SIGNS[node.op]} {self.bind(value)}"
        if node.op is Op.IN or node.op is Op.NOT_IN:
            return self._membership(sql, value, inside=node.op is Op.IN)
        return self._has_key(sql, value) if node.op is Op.HAS_KEY else self._text(node.op, sql, value)

    def _membership(self, sql: str, values: list[Any], *, inside: bool) -> str:
        if not values:
            return "FALSE" if inside else "TRUE"
        marks = self.bind_all(values)
        return f"{sql} IN {marks}" if inside else f"({sql} IS NULL OR {sql} NOT IN {marks})"

    def _text(self, op: Op, sql: str, value: str) -> str:
        sqlite = self.engine is Engine.SQLITE
        if op in _CASELESS:
            # ASCII folding only: SQLite's lower() folds no more, nor does PostgreSQL's in the C collation.
            op, value = _CASELESS[op], value.translate(_LOWER)
            sql = f"lower({sql})" if sqlite else f'lower({sql} COLLATE "C")'
        if op is Op.LIKE:
            # SQLite's LIKE folds case unless a pragma says otherwise, and then always; GLOB never does.
            return f"{sql} GLOB {self.bind(_glob(value))}" if sqlite else f"{sql} LIKE {self.bind(value)}"
        if not value:
            return f"{sql} IS NOT NULL"
        if op is Op.CONTAINS:
            return f"{'instr' if sqlite else 'strpos'}({sql}, {self.bind(value)}) > 0"
        if op is Op.ENDS_WITH:
            length = len(value)
            tail = f"substr({sql}, {self.bind(-length)})" if sqlite else f"right({sql}, {self.bind(length)})"
            return f"{tail} = {self.bind(value)}"
        floor = f"{sql} >= {self.bind(value)}"  # a range, unlike a function call, can be read off an index
        ceiling = _successor(value)
        return floor if ceiling is None else f"({floor} AND {sql} < {self.bind(ceiling)})"

    def _has_key(self, sql: str, key: str) -> str:
        mark = self.bind(key)
        if self.engine is Engine.SQLITE:
            return f"EXISTS (SELECT 1 FROM json_each({sql}) WHERE key = {mark})"
        # The function behind `->`: unlike `?` it finds members only, never array items or a bare string.
        return f"(json_object_field(({sql})::json, {mark}) IS NOT NULL)"


def _glob(pattern: str) -> str:
    """A LIKE pattern with backslash escapes as a GLOB pattern."""
    parts = []
    escaped = False
    for char in pattern:
        if escaped or char not in {"\\", "%", "_"}:
            parts.append(f"[{char}]" if char in _GLOB_SPECIAL else char)
            escaped = False
        elif char == "\\":
            escaped = True
        else:
            parts.append("*" if char == "%" else "?")
    return "".join(parts)


def _successor(prefix: str) -> str | None:
    """The least text above everything starting with `prefix`; None when nothing is above."""
    stem = prefix.rstrip(_LAST)
    if not stem:
        return None
    following = ord(stem[-1]) + 1
    # Surrogates are no characters: in UTF-8 order U+D7FF is followed by U+E000.
    return stem[:-1] + chr(0xE000 if following == 0xD800 else following)
