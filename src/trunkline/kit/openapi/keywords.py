"""The keywords of JSON Schema 2020-12: which hold schemas, and which values the others take.

Everything that walks a schema asks these tables, so a property called `example` is never taken for a keyword
and data under `enum` or `default` never for a schema.

Source: the 2020-12 meta-schema and its vocabularies.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

SINGLE: Final = frozenset(
    {
        "additionalProperties",
        "contains",
        "contentSchema",
        "else",
        "if",
        "items",
        "not",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    }
)  # a schema
NAMED: Final = frozenset(
    {"$defs", "definitions", "dependentSchemas", "patternProperties", "properties"}
)  # schemas by name
LISTED: Final = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})  # a list of schemas

# They say what a schema is called or which dialect it is in. References are by component name and the dialect
# is always the same here, so they would only clash once two schemas meet in one definition.
IDENTITY: Final = frozenset(
    {
        "$anchor",
        "$dynamicAnchor",
        "$id",
        "$recursiveAnchor",
        "$recursiveRef",
        "$schema",
        "$vocabulary",
    }
)

ANNOTATIONS: Final = frozenset(
    {
        "default",
        "deprecated",
        "description",
        "example",
        "examples",
        "externalDocs",
        "readOnly",
        "title",
        "writeOnly",
    }
)

_TYPES = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})


def is_number(value: object) -> bool:
    """Whether `value` is a JSON number; Python counts booleans as integers, JSON does not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_count(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return value >= 0 and value == int(value)


def _is_positive(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _is_type(value: object) -> bool:
    if isinstance(value, str):
        return value in _TYPES
    return _is_name_list(value) and value != [] and _TYPES.issuperset(_names(value))


def _is_name_list(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value) and _are_distinct(value)


def _are_distinct(names: list[str]) -> bool:
    return len(set(names)) == len(names)


def _names(value: object) -> list[str]:
    return value if isinstance(value, list) else []


def _is_name_lists(value: object) -> bool:
    return isinstance(value, dict) and all(_is_name_list(names) for names in value.values())


_NUMBER = (is_number, "a number")
_COUNT = (_is_count, "a whole number, zero or more")
_TEXT = (_is_text, "a text")
_BOOL = (_is_bool, "true or false")
_LIST = (_is_list, "a list")

# keyword -> (is the value one the meta-schema accepts?, what it has to be, for the warning)
SCALARS: Final[Mapping[str, tuple[Callable[[object], bool], str]]] = {
    "$comment": _TEXT,
    "contentEncoding": _TEXT,
    "contentMediaType": _TEXT,
    "dependentRequired": (_is_name_lists, "lists of distinct property names"),
    "deprecated": _BOOL,
    "description": _TEXT,
    "enum": _LIST,
    "examples": _LIST,
    "exclusiveMaximum": _NUMBER,
    "exclusiveMinimum": _NUMBER,
    "format": _TEXT,
    "maxContains": _COUNT,
    "maxItems": _COUNT,
    "maxLength": _COUNT,
    "maxProperties": _COUNT,
    "maximum": _NUMBER,
    "minContains": _COUNT,
    "minItems": _COUNT,
    "minLength": _COUNT,
    "minProperties": _COUNT,
    "minimum": _NUMBER,
    "multipleOf": (_is_positive, "a number above zero"),
    "pattern": _TEXT,
    "readOnly": _BOOL,
    "required": (_is_name_list, "a list of distinct property names"),
    "title": _TEXT,
    "type": (_is_type, "one or more of the seven JSON types"),
    "uniqueItems": _BOOL,
    "writeOnly": _BOOL,
}
