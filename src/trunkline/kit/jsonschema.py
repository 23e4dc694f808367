"""JSON Schema 2020-12 for definitions and variables: linear-time patterns, no fetching of anything.

By default the validator fetches remote references and opens files, so every use here denies both.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NoReturn

import jsonschema_rs

from trunkline.kit.errors import Problem
from trunkline.kit.strictjson import encode

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MAX_SCHEMA_BYTES = 64 * 1024  # of a variables schema; definitions are bounded by the body limit
MAX_PROBLEMS = 20
_LINEAR = jsonschema_rs.RegexOptions(size_limit=1_000_000, dfa_size_limit=10_000_000)


def _deny(uri: str) -> NoReturn:
    raise ValueError(f"references may not leave the document: {uri[:200]}")


_META = jsonschema_rs.Draft202012Validator({"$ref": DIALECT}, retriever=_deny, pattern_options=_LINEAR)


def schema_problems(schema: Any, path: str) -> list[Problem]:
    """Why `schema` is not a 2020-12 schema document; empty when it is one.

    References are not followed: they may name entities that only exist once installed.
    """
    if not isinstance(schema, dict):
        return [Problem(path, "must be a JSON Schema object")]
    declared = schema.get("$schema", DIALECT)
    if declared != DIALECT:
        return [Problem(f"{path}.$schema", f"must be {DIALECT} or absent")]
    return _problems(_META.iter_errors(schema), path)


def compile_problems(schema: Mapping[str, Any], path: str) -> list[Problem]:
    """`schema_problems` plus what shows only when compiling: dangling references, unusable patterns."""
    found = schema_problems(schema, path)
    if found:
        return found
    text = encode(schema)
    if len(text) > MAX_SCHEMA_BYTES:
        return [Problem(path, f"larger than {MAX_SCHEMA_BYTES // 1024} KiB")]
    try:
        _compiled(text)
    except ValueError as error:
        return [Problem(path, str(error).splitlines()[0][:200])]
    return []


def value_problems(schema_text: str, value: Any, path: str) -> list[Problem]:
    """Why `value` does not fit the schema given as compact JSON text; empty when it does."""
    return _problems(_compiled(schema_text).iter_errors(value), path)


@lru_cache(maxsize=256)
def _compiled(schema_text: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(schema_text, retriever=_deny, pattern_options=_LINEAR)


def _problems(errors: Any, path: str) -> list[Problem]:
    found = []
    for error in errors:
        place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.instance_path)
        found.append(Problem(f"{path}{place}", error.message[:300]))
        if len(found) == MAX_PROBLEMS:
            break
    return found


def apply_defaults(schema: Mapping[str, Any], value: Mapping[str, Any]) -> dict[str, Any]:
    """`value` with the defaults of absent top-level properties filled in."""
    properties = schema.get("properties")
    filled = dict(value)
    if isinstance(properties, dict):
        for name, declared in properties.items():
            if isinstance(declared, dict) and "default" in declared:
                filled.setdefault(name, declared["default"])
    return filled
