"""The platform dialect's `filter` and `orderBy`: JSON on the query string, into the shared filter tree.

    {"name": {"icontains": "crm"}, "OR": [{"slug": "a"}, {"members": {"some": {"detached": true}}}]}
    [{"createdAt": "desc"}, {"name": "asc_nulls_first"}]

Members of one object are ANDed. Names are the wire's camelCase. What a value must look like is checked by the
compiler, save ids: their prefix belongs to the dialect, so they are read here.

Source: seed 001 (filter, orderBy); the operators and aliases are ours, as no document lists them.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from trunkline.infra.db.spec import Field, FieldKind, ListSpec, Relation, Specs
from trunkline.kit import strictjson
from trunkline.kit.errors import InvalidRequestError
from trunkline.kit.filters import (
    MAX_DEPTH,
    MAX_FILTER_BYTES,
    All,
    AnyOf,
    Compare,
    Direction,
    Node,
    Not,
    Nulls,
    Op,
    OrderKey,
    Quantifier,
    Related,
)
from trunkline.kit.ids import PREFIXES, parse_id

OPERATORS: dict[str, Op] = {
    **{op.value: op for op in Op},
    "equals": Op.EQ,
    "ne": Op.NEQ,
    "not": Op.NEQ,
    "nin": Op.NOT_IN,
    "not_in": Op.NOT_IN,
    "starts_with": Op.STARTS_WITH,
    "ends_with": Op.ENDS_WITH,
    "istarts_with": Op.ISTARTS_WITH,
    "iends_with": Op.IENDS_WITH,
    "is_null": Op.IS_NULL,
    "has": Op.HAS_KEY,
    "has_key": Op.HAS_KEY,
}
INSENSITIVE: dict[Op, Op] = {
    Op.CONTAINS: Op.ICONTAINS,
    Op.STARTS_WITH: Op.ISTARTS_WITH,
    Op.ENDS_WITH: Op.IENDS_WITH,
    Op.LIKE: Op.ILIKE,
    **{op: op for op in (Op.ICONTAINS, Op.ISTARTS_WITH, Op.IENDS_WITH, Op.ILIKE)},
}
DIRECTIONS: dict[str, tuple[Direction, Nulls | None]] = {
    "asc": ("asc", None),
    "desc": ("desc", None),
    "asc_nulls_first": ("asc", "first"),
    "asc_nulls_last": ("asc", "last"),
    "desc_nulls_first": ("desc", "first"),
    "desc_nulls_last": ("desc", "last"),
}
_QUANTIFIERS = {"some": Quantifier.SOME, "every": Quantifier.EVERY, "none": Quantifier.NONE}
_SHOWN = 100  # characters of a name repeated in an error


@cache
def camel(name: str) -> str:
    """The wire's spelling of a core name: `created_at` is `createdAt`."""
    head, *rest = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


_SPELLED = {
    spelling: way for name, way in DIRECTIONS.items() for spelling in (name, camel(name), name.upper())
}


def parse_filter(text: str, spec: ListSpec[Any], specs: Specs, *, path: str = "filter") -> Node:
    """Read a filter over `spec`'s fields and relations; `specs` holds the relations' targets.

    Raises:
        InvalidRequestError: not JSON, too long or too deep, or it names an unknown field, operator or
            relation; the problem's path says where.
    """
    value = _decode(text, path)
    return _Parser(specs).conditions(spec, value, path, 0)


def parse_order(text: str, spec: ListSpec[Any], *, path: str = "orderBy") -> tuple[OrderKey, ...]:
    """Read sort keys: a list of objects with one member each, applied in order.

    Raises:
        InvalidRequestError: not such a list, or it names an unknown field or direction.
    """
    value = _decode(text, path)
    if not isinstance(value, list):
        raise InvalidRequestError.at(path, "expected a list of objects")
    names = {camel(name): name for name in spec.fields}
    keys = []
    for index, item in enumerate(value):
        here = f"{path}[{index}]"
        if not isinstance(item, dict) or len(item) != 1:
            raise InvalidRequestError.at(here, "expected an object with exactly one member")
        [(name, direction)] = item.items()
        here = _below(here, name)
        if name not in names:
            raise InvalidRequestError.at(here, "unknown field")
        way = _SPELLED.get(direction) if isinstance(direction, str) else None
        if way is None:
            raise InvalidRequestError.at(here, f"expected one of {', '.join(DIRECTIONS)}")
        keys.append(OrderKey(names[name], *way, path=here))
    return tuple(keys)


def _decode(text: str, path: str) -> Any:
    if len(text) > MAX_FILTER_BYTES or len(text.encode(errors="surrogatepass")) > MAX_FILTER_BYTES:
        raise InvalidRequestError.at(path, f"longer than {MAX_FILTER_BYTES} bytes")
    return strictjson.decode(text, what=path)


def _below(path: str, name: str) -> str:
    return f"{path}.{name[:_SHOWN]}"


class _Parser:
    """Walks one decoded filter; `depth` counts the AND, OR, NOT and relation members around a place."""

    def __init__(self, specs: Specs) -> None:
        self._specs = specs

    def conditions(self, spec: ListSpec[Any], value: Any, path: str, depth: int) -> Node:
        """An object, its members ANDed."""
        if not isinstance(value, dict):
            raise InvalidRequestError.at(path, "expected an object")
        if depth > MAX_DEPTH:
            raise InvalidRequestError.at(path, f"nested deeper than {MAX_DEPTH} levels")
        return _all(
            [self._member(spec, name, held, _below(path, name), depth) for name, held in value.items()]
        )

    def _member(self, spec: ListSpec[Any], name: str, value: Any, path: str, depth: int) -> Node:
        if name == "AND":
            return _all(self._listed(spec, value, path, depth))
        if name == "OR":
            if not isinstance(value, list):
                raise InvalidRequestError.at(path, "expected a list")
            return AnyOf(tuple(self._listed(spec, value, path, depth)))
        if name == "NOT":
            return Not(_all(self._listed(spec, value, path, depth)))
        for field_name, field in spec.fields.items():
            if camel(field_name) == name:
                return self._field(field_name, field, value, path)
        for relation_name, relation in spec.relations.items():
            if camel(relation_name) == name:
                return self._relation(relation_name, relation, value, path, depth)
        raise InvalidRequestError.at(path, "unknown field")

    def _listed(self, spec: ListSpec[Any], value: Any, path: str, depth: int) -> list[Node]:
        if not isinstance(value, list):
            return [self.conditions(spec, value, path, depth + 1)]
        return [
            self.conditions(spec, item, f"{path}[{index}]", depth + 1) for index, item in enumerate(value)
        ]

    def _relation(self, name: str, relation: Relation, value: Any, path: str, depth: int) -> Node:
        target = self._specs[relation.target]
        if not relation.many:
            item = self.conditions(target, value, path, depth + 1)
            return Related(name, Quantifier.ONE, item, path)
        if not isinstance(value, dict) or _QUANTIFIERS.keys().isdisjoint(value):
            item = self.conditions(target, value, path, depth + 1)
            return Related(name, Quantifier.SOME, item, path)
        nodes: list[Node] = []
        for word, held in value.items():
            here = _below(path, word)
            if word not in _QUANTIFIERS:
                raise InvalidRequestError.at(here, "expected only some, every and none here")
            item = self.conditions(target, held, here, depth + 1)
            nodes.append(Related(name, _QUANTIFIERS[word], item, here))
        return _all(nodes)

    def _field(self, name: str, field: Field, value: Any, path: str) -> Node:
        if value is None:
            return Compare(name, Op.IS_NULL, value=True, path=path)
        if isinstance(value, list):
            raise InvalidRequestError.at(path, "expected a value or an object of operators, such as in")
        if not isinstance(value, dict):
            return Compare(name, Op.EQ, _read(field, Op.EQ, value, path), path)
        insensitive = _mode(value, path)
        nodes: list[Node] = []
        for word, held in value.items():
            if word == "mode":
                continue
            here = _below(path, word)
            op = OPERATORS.get(word)
            if op is None:
                raise InvalidRequestError.at(here, "unknown operator")
            if insensitive:
                if op not in INSENSITIVE:
                    raise InvalidRequestError.at(_below(path, "mode"), f"does not apply to {word}")
                op = INSENSITIVE[op]
            nodes.append(Compare(name, op, _read(field, op, held, here), here))
        if not nodes:
            raise InvalidRequestError.at(path, "expected an operator")
        return _all(nodes)


def _all(nodes: list[Node]) -> Node:
    """One conjunction, however the caller nested it; a single node stands for itself."""
    flat: list[Node] = []
    for node in nodes:
        flat.extend(node.items if isinstance(node, All) else (node,))
    return flat[0] if len(flat) == 1 else All(tuple(flat))


def _mode(operators: dict[str, Any], path: str) -> bool:
    """Whether `mode` asks for ASCII case to be ignored."""
    mode = operators.get("mode", "default")
    if mode not in ("default", "insensitive"):
        raise InvalidRequestError.at(_below(path, "mode"), "expected default or insensitive")
    return bool(mode == "insensitive")


def _read(field: Field, op: Op, value: Any, path: str) -> Any:
    """A value as the compiler takes it: ids as 32 hex digits, anything else as it is."""
    if field.kind is not FieldKind.ID or op is Op.IS_NULL:
        return value
    if isinstance(value, list):
        return [_read(field, Op.EQ, item, f"{path}[{index}]") for index, item in enumerate(value)]
    if not isinstance(value, str):
        return value
    return _read_id(field, value, path)


def _read_id(field: Field, text: str, path: str) -> str:
    kinds = field.id_kinds or tuple(PREFIXES)
    found = next((hex_id for kind in kinds if (hex_id := parse_id(kind, text)) is not None), None)
    if found is None:
        wanted = " or ".join(f"{PREFIXES[kind]}_" for kind in field.id_kinds)
        raise InvalidRequestError.at(path, f"expected an id{f' with {wanted}' if wanted else ''} or a UUID")
    return found
