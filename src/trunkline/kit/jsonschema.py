"""JSON Schema 2020-12 for definitions and variables: linear-time patterns, no fetching of anything.

By default the validator fetches remote references and opens files, so every use here denies both.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import islice
from typing import Any, NoReturn

import jsonschema_rs
from msgspec.json import decode

from trunkline.kit.errors import Problem
from trunkline.kit.schema_steps import Steps, TooManyStepsError, UnboundedReferenceError, subschemas
from trunkline.kit.strictjson import encode

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MAX_SCHEMA_BYTES = 64 * 1024  # of a variables schema; definitions are bounded by the body limit
MAX_PROBLEMS = 20
MAX_LISTED_CHARACTERS = 4_000  # of a value; of a longer one the first problem is told
_KNOWN = frozenset({DIALECT})
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
    return _problems(_META, schema, path)


def compile_problems(schema: Mapping[str, Any], path: str) -> list[Problem]:
    """`schema_problems` plus what shows only when compiling: dangling references, unusable patterns.

    And what would take too long to check: subschemas that lead to one another too often.
    """
    found = schema_problems(schema, path)
    if found:
        return found
    text = encode(schema)
    if len(text.encode()) > MAX_SCHEMA_BYTES:
        return [Problem(path, f"larger than {MAX_SCHEMA_BYTES // 1024} KiB")]
    try:
        _compiled(text)
    except ValueError as error:
        return [Problem(path, str(error).splitlines()[0][:200])]
    return _excesses(schema, path)


def value_problems(schema_text: str, value: Any, path: str) -> list[Problem]:
    """Why `value` does not fit the schema given as compact JSON text; empty when it does.

    A value that would take too long to check does not fit.
    """
    try:
        Steps(_decoded(schema_text), _KNOWN).of(value)
    except TooManyStepsError:
        return [Problem(path, "takes too many steps to check against its schema")]
    except UnboundedReferenceError as error:
        return [Problem(path, _elsewhere(error))]
    return _problems(_compiled(schema_text), value, path)


def _excesses(schema: Mapping[str, Any], path: str) -> list[Problem]:
    """What of a schema takes too long whatever is checked against it."""
    nodes = list(subschemas(schema))
    if any("$id" in node for node in nodes[1:]):
        return [
            Problem(path, "$id may stand at the top only: references would start somewhere else below it")
        ]
    steps = Steps(schema, _KNOWN)
    try:
        for node in nodes:
            steps.of(None, node)
    except TooManyStepsError:
        return [
            Problem(path, "leads to itself or repeats so often that checking a value takes too many steps")
        ]
    except UnboundedReferenceError as error:
        return [Problem(path, _elsewhere(error))]
    return []


def _elsewhere(error: UnboundedReferenceError) -> str:
    return f"$ref {str(error)[:200]} must name a place of this document, as #/$defs/name"


@lru_cache(maxsize=256)
def _decoded(schema_text: str) -> dict[str, Any]:
    schema: dict[str, Any] = decode(schema_text)
    return schema


@lru_cache(maxsize=256)
def _compiled(schema_text: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(schema_text, retriever=_deny, pattern_options=_LINEAR)


def _problems(validator: jsonschema_rs.Draft202012Validator, value: Any, path: str) -> list[Problem]:
    if validator.is_valid(value):
        return []
    # The validator makes all errors before it gives the first, each with the whole value as text.
    if len(encode(value)) > MAX_LISTED_CHARACTERS:
        try:
            validator.validate(value)
        except jsonschema_rs.ValidationError as error:
            return [_problem(error, path)]
    return [_problem(error, path) for error in islice(validator.iter_errors(value), MAX_PROBLEMS)]


def _problem(error: jsonschema_rs.ValidationError, path: str) -> Problem:
    place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.instance_path)
    return Problem(f"{path}{place}", error.message[:300])


def apply_defaults(schema: Mapping[str, Any], value: Mapping[str, Any]) -> dict[str, Any]:
    """`value` with the defaults of absent top-level properties filled in."""
    properties = schema.get("properties")
    filled = dict(value)
    if isinstance(properties, dict):
        for name, declared in properties.items():
            if isinstance(declared, dict) and "default" in declared:
                filled.setdefault(name, declared["default"])
    return filled
