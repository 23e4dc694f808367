"""JSON Schemas of the Structs that routes declare, as components of one document."""

from __future__ import annotations

from collections.abc import Iterable
from inspect import cleandoc
from typing import Any

import msgspec

from trunkline.web.dialect import Dialect

Schema = dict[str, Any]
_REFERENCE = "#/components/schemas/"


class Schemas:
    """Every schema a dialect's document refers to.

    Attributes:
        components: by name, without the query Structs, whose members become parameters.
    """

    def __init__(self, dialect: Dialect) -> None:
        queries = [route.query for route in dialect.routes if route.query is not None]
        types = _unique([dialect.error_type, *_bodies(dialect), *queries])
        found, components = msgspec.json.schema_components(types, ref_template=_REFERENCE + "{name}")
        self._by_type = {id(kind): schema for kind, schema in zip(types, found, strict=True)}
        self.components: dict[str, Schema] = {name: _tidy(schema) for name, schema in components.items()}
        self._queries = {id(query): self.components[self._name(query)] for query in queries}
        for name in {self._name(query) for query in queries}:
            del self.components[name]

    def of(self, kind: Any) -> Schema:
        """The schema of a declared type, usually a reference."""
        return self._by_type[id(kind)]

    def parameters(self, query: type[msgspec.Struct] | None) -> list[Schema]:
        """The members of a query Struct as OpenAPI parameters."""
        if query is None:
            return []
        schema = self._queries[id(query)]
        required = schema.get("required", [])
        return [_parameter(name, member, name in required) for name, member in schema["properties"].items()]

    def resolve(self, schema: Schema) -> Schema:
        """Follow a reference into the components."""
        while "$ref" in schema:
            schema = self.components[schema["$ref"].removeprefix(_REFERENCE)]
        return schema

    def _name(self, query: type[msgspec.Struct]) -> str:
        name: str = self._by_type[id(query)]["$ref"]
        return name.removeprefix(_REFERENCE)


def _bodies(dialect: Dialect) -> list[Any]:
    kinds = [kind for route in dialect.routes for kind in (route.body, route.returns)]
    return [kind for kind in kinds if kind is not None and kind is not bytes]


def _unique(kinds: Iterable[Any]) -> list[Any]:
    return list({id(kind): kind for kind in kinds}.values())


def _tidy(schema: Schema) -> Schema:
    """Take the first paragraphs of a docstring as the description; what its sections say is for us."""
    if "description" in schema:
        text = cleandoc(schema["description"])
        for section in ("Attributes:", "Source:"):
            text = text.split(f"\n{section}", 1)[0].strip()
        schema = {**schema, "description": text}
    return schema


def _parameter(name: str, member: Schema, required: bool) -> Schema:
    schema = {key: value for key, value in member.items() if key != "description"}
    parameter: Schema = {"name": name, "in": "query", "required": required}
    if "description" in member:
        parameter["description"] = member["description"]
    if schema.get("contentMediaType") == "application/json":
        # JSON on the query string is a parameter with content, not a string with a schema.
        content = schema.get("contentSchema", {})
        return {**parameter, "content": {"application/json": {"schema": content}}}
    return {**parameter, "schema": schema}
