"""Sample values made from JSON Schemas, so that every documented operation shows what travels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Schema = dict[str, Any]

_MAX_DEPTH = 6  # levels of a sample; a schema may refer to itself
_SIMPLE: dict[str, Any] = {"string": "string", "integer": 1, "number": 1.5, "boolean": True, "null": None}


class Samples:
    """Makes values that fit schemas: the schema's own examples first, then the dialect's by member name."""

    def __init__(self, resolve: Callable[[Schema], Schema], examples: Mapping[str, Any]) -> None:
        """Follow references with `resolve`; `examples` are values by member name."""
        self._resolve = resolve
        self._examples = examples

    def of(self, schema: Schema, *, depth: int = 0) -> Any:
        """A value the schema allows; `depth` levels lie above."""
        schema = self._resolve(schema)
        stated = _stated(schema)
        if stated:
            return stated[0]
        options = schema.get("anyOf") or schema.get("oneOf")
        if options:
            return self.of(options[0], depth=depth)
        if depth >= _MAX_DEPTH:
            return None
        kind = schema.get("type", "object")
        if kind == "array":
            return [self.of(schema["items"], depth=depth + 1)] if "items" in schema else []
        if kind == "object":
            members: Schema = schema.get("properties", {})
            return {name: self._member(name, member, depth + 1) for name, member in members.items()}
        return _SIMPLE[kind]

    def _member(self, name: str, schema: Schema, depth: int) -> Any:
        if name in self._examples and not _stated(self._resolve(schema)):
            return self._examples[name]
        return self.of(schema, depth=depth)


def _stated(schema: Schema) -> list[Any]:
    """What the schema itself says a value looks like, best first."""
    fixed = [schema[key] for key in ("const", "default") if schema.get(key) is not None]
    return [*schema.get("examples", []), *fixed, *schema.get("enum", [])]
