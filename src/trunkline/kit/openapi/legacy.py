"""What an OpenAPI 3.0 schema says differently from JSON Schema 2020-12, rewritten one schema at a time.

Only the keywords of the schema at hand are touched; the walk in `schemas` reaches the schemas inside it.

Source: OpenAPI 3.0.3 "Schema Object", "Reference Object"; the OpenAPI Initiative's 3.0 to 3.1 upgrade notes.
"""

from __future__ import annotations

from collections.abc import Mapping

from trunkline.kit.openapi.keywords import ANNOTATIONS, is_number

# Where one of these stands, adding "null" to `type` would not let null through: the whole has to be an option.
_STRICTER_THAN_TYPE = ("$ref", "allOf", "anyOf", "oneOf", "not", "if", "const")


def is_nullable_union(schema: Mapping[str, object]) -> bool:
    """Whether `nullable` here can only be said as "this, or null"."""
    return schema.get("nullable") is True and any(key in schema for key in _STRICTER_THAN_TYPE)


def split_nullable_union(schema: Mapping[str, object]) -> tuple[dict[str, object], dict[str, object]]:
    """The annotations of the union and the schema of its first option."""
    outside = {"description"} if "$ref" in schema else ANNOTATIONS
    around = {key: value for key, value in schema.items() if key in outside}
    option = {key: value for key, value in schema.items() if key not in outside and key != "nullable"}
    return around, option


def modernised(schema: Mapping[str, object]) -> dict[str, object]:
    """The keywords of one 3.0 schema in 2020-12 terms; values that are schemas stay as they are."""
    if "$ref" in schema:
        # Siblings of a reference are ignored by 3.0; a description does no harm and helps the reader.
        return {key: schema[key] for key in ("$ref", "description") if key in schema}
    kept = {
        key: value
        for key, value in schema.items()
        if key not in {"nullable", "xml", "example"} and not key.startswith("x-")
    }
    if schema.get("nullable") is True:
        _admit_null(kept)
    for bound in ("Minimum", "Maximum"):
        _unfold_exclusive(kept, bound)
    if "example" in schema:
        others = kept.get("examples")
        kept["examples"] = [schema["example"], *(others if isinstance(others, list) else [])]
    _name_content(kept)
    return kept


def _admit_null(schema: dict[str, object]) -> None:
    kind = schema.get("type")
    kinds = kind if isinstance(kind, list) else [kind]
    if "type" in schema and "null" not in kinds:
        schema["type"] = [*kinds, "null"]
    options = schema.get("enum")
    if isinstance(options, list) and None not in options:
        schema["enum"] = [*options, None]


def _unfold_exclusive(schema: dict[str, object], bound: str) -> None:
    """3.0 says whether `minimum` is exclusive; 2020-12 has the exclusive bound itself."""
    exclusive = schema.get(f"exclusive{bound}")
    if not isinstance(exclusive, bool):
        return
    del schema[f"exclusive{bound}"]
    inclusive = bound.lower()
    if exclusive and is_number(schema.get(inclusive)):
        schema[f"exclusive{bound}"] = schema.pop(inclusive)


def _name_content(schema: dict[str, object]) -> None:
    form = schema.get("format")
    if form == "byte":
        del schema["format"]
        schema.setdefault("contentEncoding", "base64")
    elif form == "binary":
        del schema["format"]
        schema.setdefault("contentMediaType", "application/octet-stream")
