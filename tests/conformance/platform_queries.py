"""Query strings that a list of the platform dialect must refuse, each with what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from trunkline.infra.db import Field, FieldKind, ListSpec, Specs
from trunkline.kit.filters import MAX_DEPTH, MAX_FILTER_BYTES, MAX_HOPS, MAX_ITEMS, MAX_NODES, MAX_ORDER_KEYS
from trunkline.kit.ids import PREFIXES, format_id, new_id

BadQuery = tuple[str, str]  # what is wrong, and the query string

LIMITS = (
    "0",
    "101",
    "-1",
    "1.5",
    "abc",
    "",
    "1e1",
    "+1",
    "0x10",
    "01",
    " 1",
    "\uff11",
    "9" * 70,
    "null",
    "NaN",
)
CURSORS = ("x", "AAAA", "%00", "a" * 3_000, "=", "..", "int_", f"int_{'0' * 31}", f"int_{'0' * 33}", "\u00e9")
WRONG: dict[FieldKind, tuple[Any, ...]] = {
    FieldKind.TEXT: (5, True, 1.5, [], {}, "x" * 1_001),
    FieldKind.CHOICE: (5, True, [], {}, "no such choice", ""),
    FieldKind.TIME: (5, True, [], {}, "yesterday", "2026-13-01", "2026-01-01T00:00:00", "", "99999-01-01"),
    FieldKind.INTEGER: ("5", True, 1.5, [], {}, 2**63, -(2**63) - 1),
    FieldKind.BOOLEAN: ("true", 1, 0, [], {}),
    FieldKind.ID: (5, True, [], {}, "x", "", "0" * 32, "int_", "nope_" + "0" * 32),
    FieldKind.JSON: ("x", 5, True, [], {"eq": 1}, {"in": [1]}, {"has": 5}, {"contains": "x"}),
}
NOT_JSON = (
    "",
    "{",
    "x",
    "{'a':1}",
    '{"id":}',
    "[1",
    '{"id":1}x',
    '{"id":NaN}',
    '{"id":1,"id":2}',
    "\ufeff{}",
)


def bad_queries(spec: ListSpec[Any], specs: Specs, parameters: tuple[str, ...]) -> Iterator[BadQuery]:
    """Everything that can be wrong with the parameters all lists have."""
    yield from _pages(spec)
    yield from (("ids", f"ids={quote(text)}") for text in _bad_ids(spec))
    yield from ((f"filter {what}", f"filter={quote(text)}") for what, text in _bad_filters(spec, specs))
    yield from ((f"orderBy {what}", f"orderBy={quote(text)}") for what, text in _bad_orders(spec))
    yield from (
        ("unknown parameter", query) for query in ("nope=1", "Limit=1", "order_by=[]", "=1", "limit[]=1")
    )
    yield from (("not UTF-8", query) for query in ("filter=%ff", "%ff=1", "ids=%c3%28"))
    yield "too long", f"filter={'x' * 40_000}"
    yield "too many", "&".join(["limit=1"] * 201)
    for name in parameters:
        yield f"{name} twice", f"{name}=1&{name}=1"
        yield f"{name} with U+0000", f"{name}=%00"
    if "include_deleted" in parameters:
        yield from (("include_deleted", f"include_deleted={text}") for text in ("", "maybe", "True", "1"))
    else:
        yield "include_deleted where nothing is restored", "include_deleted=true"


def _pages(spec: ListSpec[Any]) -> Iterator[BadQuery]:
    for text in LIMITS:
        yield f"limit {text[:10]!r}", f"limit={quote(text)}"
    for name in ("after", "before"):
        yield from ((f"{name} {text[:10]!r}", f"{name}={quote(text, safe='%')}") for text in CURSORS)
        for other in sorted(PREFIXES.keys() - set(_own_kinds(spec))):
            yield f"{name} of another kind", f"{name}={format_id(other, new_id())}"
    for kind in _own_kinds(spec):
        unknown = format_id(kind, new_id())
        yield "an unknown row", f"after={unknown}"
        yield "two places", f"after={unknown}&before={unknown}"


def _own_kinds(spec: ListSpec[Any]) -> tuple[str, ...]:
    return spec.fields["id"].id_kinds if "id" in spec.fields else ()


def _bad_ids(spec: ListSpec[Any]) -> Iterator[str]:
    yield from ("", "x", ",", "0" * 32)
    for kind in _own_kinds(spec):
        known = format_id(kind, new_id())
        yield from (f"{known},", f",{known}", f" {known}", known.upper(), f"{known}x", f"{known};{known}")
        yield ",".join(format_id(kind, new_id()) for _ in range(MAX_ITEMS + 1))
    for other in sorted(PREFIXES.keys() - set(_own_kinds(spec))):
        yield format_id(other, new_id())


def _bad_filters(spec: ListSpec[Any], specs: Specs) -> Iterator[BadQuery]:
    yield from (("not JSON", text) for text in NOT_JSON)
    yield from (("no object", text) for text in ("[]", "1", '"x"', "null", "true"))
    for unknown in (
        "nope",
        "password",
        "organization_id ",
        "created_at",
        "id'--",
        "",
        "digest",
        "credential",
        "AND ",
    ):
        yield f"unknown field {unknown!r}", json.dumps({unknown: "x"})
        yield f"unknown field {unknown!r} deeper", json.dumps({"OR": [{"NOT": {unknown: {"eq": "x"}}}]})
    for name, field in spec.fields.items():
        yield from ((f"{name}: {what}", text) for what, text in _bad_conditions(camel(name), field))
    for name, relation in spec.relations.items():
        yield from (
            (f"{name}: {what}", text) for what, text in _bad_relations(camel(name), many=relation.many)
        )
    yield from _too_much(spec, specs)


def _bad_conditions(name: str, field: Field) -> Iterator[BadQuery]:
    for value in WRONG[field.kind]:
        yield f"wrong value {value!r}"[:40], json.dumps({name: value})
        if not isinstance(value, dict):
            yield f"wrong item {value!r}"[:40], json.dumps({name: {"in": [value]}})
    for word in ("nope", "$gt", "EQ", "__class__", "", "in "):
        yield f"unknown operator {word!r}", json.dumps({name: {word: "x"}})
    yield "no operator", json.dumps({name: {}})
    yield "isNull takes a boolean", json.dumps({name: {"isNull": "true"}})
    yield "in takes a list", json.dumps({name: {"in": "x"}})
    yield "too many items", json.dumps({name: {"in": ["x"] * (MAX_ITEMS + 1)}})
    yield "unknown mode", json.dumps({name: {"eq": "x", "mode": "wild"}})
    yield "U+0000", f'{{"{name}": "\\u0000"}}'
    yield "lone surrogate", f'{{"{name}": "\\ud800"}}'
    yield "70 digits", f'{{"{name}": {"9" * 70}}}'
    if field.kind is FieldKind.TEXT:
        yield "too many wildcards", json.dumps({name: {"like": "%a" * 21}})
        yield "a dangling escape", json.dumps({name: {"like": "a\\"}})
    else:
        yield "an operator for text", json.dumps({name: {"contains": "x"}})


def _bad_relations(name: str, *, many: bool) -> Iterator[BadQuery]:
    wrong: tuple[Any, ...] = ("x", 1, None, [], [{}])
    yield from ((f"is no condition {value!r}", json.dumps({name: value})) for value in wrong)
    yield "unknown field there", json.dumps({name: {"nope": 1}})
    if many:
        yield "unknown quantifier", json.dumps({name: {"some": {}, "most": {}}})
        yield "not a condition", json.dumps({name: {"some": []}})
    else:
        yield "a quantifier where there is one", json.dumps({name: {"some": {}}})


def _too_much(spec: ListSpec[Any], specs: Specs) -> Iterator[BadQuery]:
    some = camel(next(name for name, field in spec.fields.items() if field.kind is FieldKind.TIME))
    one = {some: {"isNull": True}}
    deep: dict[str, Any] = one
    for _ in range(MAX_DEPTH + 1):
        deep = {"NOT": deep}
    yield "too deep", json.dumps(deep)
    yield "far too deep", '{"NOT":' * 1_000 + "{}" + "}" * 1_000
    yield "too many conditions", json.dumps({"OR": [one] * (MAX_NODES + 1)})
    yield "too long", json.dumps({some: "x" * MAX_FILTER_BYTES})
    path = _hops(spec, specs)
    if len(path) > MAX_HOPS:
        far: dict[str, Any] = {}
        for name in reversed(path):
            far = {name: far}
        yield "too many relations", json.dumps(far)


def _hops(spec: ListSpec[Any], specs: Specs) -> list[str]:
    """Relations one behind the other, one more than may be crossed; fewer where there are none."""
    path: list[str] = []
    here = spec
    while here.relations and len(path) <= MAX_HOPS:
        name, relation = next(iter(here.relations.items()))
        path.append(camel(name))
        here = specs[relation.target]
    return path


def _bad_orders(spec: ListSpec[Any]) -> Iterator[BadQuery]:
    yield from (("not JSON", text) for text in NOT_JSON)
    yield from (
        ("no list of objects", text)
        for text in ('{"id":"asc"}', "1", '"id"', "[1]", "[[]]", "[null]", "[{}]")
    )
    sortable = [camel(name) for name, field in spec.fields.items() if field.sortable]
    yield "an unknown field", '[{"nope":"asc"}]'
    yield "a field as the database calls it", '[{"created_at":"asc"}]'
    for direction in ("up", "ASCENDING", "", 1, None, True, "asc; drop", ["asc"]):
        yield f"direction {direction!r}", json.dumps([{sortable[0]: direction}])
    yield "a field twice", json.dumps([{sortable[0]: "asc"}, {sortable[0]: "desc"}])
    yield "two in one", json.dumps([dict.fromkeys(sortable[:2], "asc")])
    # The id ends every order, so what stands behind it does not count.
    counted = [name for name in sortable if name != "id"]
    if len(counted) > MAX_ORDER_KEYS:
        yield "too many", json.dumps([{name: "asc"} for name in counted[: MAX_ORDER_KEYS + 1]])
    for name, field in spec.fields.items():
        if not field.sortable:
            yield f"{name} cannot be sorted by", json.dumps([{camel(name): "asc"}])
    for name in spec.relations:
        yield f"through {name}", json.dumps([{camel(name): {sortable[0]: "asc"}}])


def camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


__all__ = ["bad_queries", "camel"]
