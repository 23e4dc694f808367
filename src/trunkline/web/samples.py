"""Sample values made from JSON Schemas, so that every documented operation shows what travels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Schema = dict[str, Any]

_MAX_DEPTH = 6  # levels of a sample; a schema may refer to itself
_FORMATS = {
    "date-time": "2026-11-22T10:00:00.000Z",
    "date": "2026-11-22",
    "uuid": "019748c9-a1b2-7f3e-8d4c-5b6a79881234",
    "uri": "https://example.com/",
}
_SIMPLE: dict[str, Any] = {"string": "string", "integer": 1, "number": 1.5, "boolean": True, "null": None}


def sample(schema: Schema, resolve: Callable[[Schema], Schema], *, depth: int = 0) -> Any:
    """A value the schema allows, in the schema's own examples where it has some.

    Args:
        schema: an object schema as `Schemas` makes them.
        resolve: follows references.
        depth: how many levels lie above.
    """
    schema = resolve(schema)
    stated = _stated(schema)
    if stated:
        return stated[0]
    options = schema.get("anyOf") or schema.get("oneOf")
    if options:
        return sample(options[0], resolve, depth=depth)
    if depth >= _MAX_DEPTH:
        return None
    kind = schema.get("type", "object")
    if kind == "object":
        return _object(schema, resolve, depth)
    if kind == "array":
        return [sample(schema["items"], resolve, depth=depth + 1)] if "items" in schema else []
    return _FORMATS.get(schema.get("format", ""), _SIMPLE[kind])


def _stated(schema: Schema) -> list[Any]:
    """What the schema itself says a value looks like, best first."""
    first = [schema[key][0] for key in ("examples", "enum") if schema.get(key)]
    fixed = [schema[key] for key in ("const", "default") if schema.get(key) is not None]
    return [*first, *fixed]


def _object(schema: Schema, resolve: Callable[[Schema], Schema], depth: int) -> Schema:
    members = schema.get("properties")
    if members is None:
        return {}
    return {name: sample(member, resolve, depth=depth + 1) for name, member in members.items()}
