from __future__ import annotations

from typing import Any

import pytest

from trunkline.kit.jsonschema import DIALECT, compile_problems, value_problems
from trunkline.kit.strictjson import encode


def messages(schema: dict[str, Any]) -> list[str]:
    return [problem.message for problem in compile_problems(schema, "schema")]


def doubling(levels: int) -> dict[str, Any]:
    """Each definition applies the next one twice."""
    below = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(levels)}
    return {"$defs": {**below, f"d{levels}": {"type": "string"}}}


TOO_MUCH = "leads to itself or repeats so often that checking a value takes too many steps"


@pytest.mark.parametrize(
    "schema",
    [
        {**doubling(40), "$ref": "#/$defs/d0"},
        {**doubling(40), "properties": {"a": {"$ref": "#/$defs/d0"}}},
        {**doubling(40), "anyOf": [{"not": {"$ref": "#/$defs/d0"}}]},
        {"$defs": {f"d{n}": {"$ref": f"#/$defs/d{n + 1}"} for n in range(500)} | {"d500": {}}},
        {
            "$defs": {f"d{n}": {"$ref": f"#/$defs/d{n + 1}", "unevaluatedItems": {}} for n in range(30)}
            | {"d30": {}}
        },
    ],
)
def test_refuses_a_schema_that_repeats_itself_without_end(schema: dict[str, Any]) -> None:
    assert messages(schema) == [TOO_MUCH]


@pytest.mark.parametrize(
    "reference", ["#/properties/b", "https://other.example/schema", "other.json#/a", "#gone"]
)
def test_refuses_references_that_lead_nowhere_in_the_document(reference: str) -> None:
    (message,) = messages({"properties": {"a": {"$ref": reference}}})
    assert reference.partition("#")[0] in message


def test_refuses_another_beginning_for_references() -> None:
    found = messages({"$defs": {"a": {"$id": "https://other.example/a"}}})
    assert found == ["$id may stand at the top only: references would start somewhere else below it"]


LEGITIMATE = [
    {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
    {"$ref": "#"},
    {"$ref": DIALECT},
    {"$id": "https://acme.example/settings", "$ref": "#text", "$defs": {"t": {"$anchor": "text"}}},
    {"$defs": {"a/b": {"prefixItems": [{}, {"const": 1}]}}, "$ref": "#/$defs/a~1b/prefixItems/1"},
    {
        "$defs": {
            "tree": {"properties": {"left": {"$ref": "#/$defs/tree"}, "right": {"$ref": "#/$defs/tree"}}}
        },
        "$ref": "#/$defs/tree",
    },
    {
        "$defs": {
            "json": {
                "anyOf": [
                    {"type": ["string", "number"]},
                    {"type": "array", "items": {"$ref": "#/$defs/json"}},
                    {"type": "object", "additionalProperties": {"$ref": "#/$defs/json"}},
                ]
            }
        },
        "$ref": "#/$defs/json",
    },
]


@pytest.mark.parametrize("schema", LEGITIMATE)
def test_takes_what_people_write(schema: dict[str, Any]) -> None:
    assert messages(schema) == []


def nested(levels: int) -> Any:
    return {"a": nested(levels - 1)} if levels else {}


def test_a_schema_that_doubles_with_each_level_of_a_value_takes_shallow_ones() -> None:
    twice = {"properties": {"a": {"allOf": [{"$ref": "#"}, {"$ref": "#"}]}}}
    assert messages(twice) == []
    assert value_problems(encode(twice), nested(8), "variables") == []
    (problem,) = value_problems(encode(twice), nested(30), "variables")
    assert (problem.path, problem.message) == (
        "variables",
        "takes too many steps to check against its schema",
    )


def test_a_tree_is_checked_however_large() -> None:
    tree = LEGITIMATE[5]
    full: Any = {}
    for _ in range(10):
        full = {"left": full, "right": dict(full)}
    assert value_problems(encode(tree), full, "variables") == []


def test_a_value_that_does_not_fit_is_told_where() -> None:
    (problem,) = value_problems(
        encode({"properties": {"a": {"items": {"type": "string"}}}}), {"a": ["x", 1]}, "v"
    )
    assert problem.path == "v.a[1]"


def test_of_very_many_problems_the_first_is_told() -> None:
    """Listing them all takes a second for each thousand; nobody reads more than a few."""
    schema = encode({"items": {"type": "string"}})
    assert [one.path for one in value_problems(schema, [1, 2, 3], "v")] == ["v[0]", "v[1]", "v[2]"]
    assert [one.path for one in value_problems(schema, [1] * 50_000, "v")] == ["v[0]"]


def test_a_schema_is_measured_in_bytes() -> None:
    assert messages({"title": "\N{EURO SIGN}" * 30_000}) == ["larger than 64 KiB"]
