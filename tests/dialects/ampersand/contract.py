"""Whether an answer keeps to the vendor's own OpenAPI documents, which stand beside the repository where there is one.

    contract.check("GET", "/v1/projects/…", 200, answer.body, answer.headers["content-type"])

The client of these tests (`desk`) checks every answer it is given, so that none can be forgotten. Where the folder
is absent nothing can be checked, and the tests that say so skip.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

SHARED = Path(__file__).parents[4] / "shared" / "ampersand"
MAIN = "api.bundled"
DOCUMENTS = (MAIN, "read", "write", "search")  # on hosts of their own there, on one here
HAS_DOCUMENT = all((SHARED / f"{name}.json").exists() for name in DOCUMENTS)

needs_document = pytest.mark.skipif(
    not HAS_DOCUMENT, reason="the vendor's OpenAPI document is not beside the repository (shared/ampersand)"
)

JSON = "application/json"
PROBLEM = "application/problem+json"
PREFIXES = ("/ampersand/v1", "/v1")

# What any server may answer, whether or not the document says so of the operation.
ALWAYS = frozenset({400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 429, 500, 502, 503, 504})
# What the document does not know at all: ours, and a client of the vendor's never asks for it.
OURS = (re.compile(r"PUT /uploads/[^/]+/[^/]+"),)


@dataclass(frozen=True)
class Said:
    """What one of the documents says about an operation."""

    document: str
    method: str
    template: str

    @property
    def operation(self) -> dict[str, Any]:
        found: dict[str, Any] = document(self.document)["paths"][self.template][self.method.lower()]
        return found


@cache
def document(name: str = MAIN) -> dict[str, Any]:
    """One of the vendor's documents, its schemas in today's words."""
    found: dict[str, Any] = _modern(json.loads((SHARED / f"{name}.json").read_bytes()))
    return found


def _modern(value: Any) -> Any:
    """OpenAPI 3.0 says in flags what JSON Schema has a type or a bound of its own for."""
    if isinstance(value, list):
        return [_modern(one) for one in value]
    if not isinstance(value, dict):
        return value
    changed = {name: _modern(one) for name, one in value.items()}
    if changed.pop("nullable", None) is True and isinstance(changed.get("type"), str):
        changed["type"] = [changed["type"], "null"]
    for flag, bound in (("exclusiveMaximum", "maximum"), ("exclusiveMinimum", "minimum")):
        if changed.get(flag) is True:
            changed[flag] = changed.pop(bound)
    if "oneOf" in changed:
        # Fields of the vendor's own sample manifests fit several of the alternatives at once.
        changed["anyOf"] = changed.pop("oneOf")
    return changed


def check(method: str, path: str, status: int, body: Any, content_type: str | None = None) -> bool:
    """Fail where an answer breaks the document; whether it could be checked.

    Args:
        method, path: as they were asked for; the path may also be a template, of theirs or ours.
        status: of the answer.
        body: bytes, or what they decode to.
        content_type: of the answer; what the body looks like, unless given.
    """
    if not HAS_DOCUMENT or status == 304:
        return False
    asked = f"{method} {_below(path)}"
    if any(ours.fullmatch(asked) for ours in OURS):
        return False
    known = find(method, path)
    if not known:
        assert status in (404, 405), f"{asked} is served, but the documents do not know it"
        return False
    problems = []
    for said in known:  # reading and writing share a path on two hosts, which are one here
        try:
            _check(said, asked, status, body, content_type)
        except AssertionError as error:
            problems.append(str(error))
    assert len(problems) < len(known), "\n".join(problems)
    return True


def find(method: str, path: str) -> list[Said]:
    """What the documents say about an operation, by a path or a template; nothing where they do not know it."""
    below = _below(path)
    found: list[Said] = []
    for pattern, name, template in _patterns():
        fits = pattern.fullmatch(below) and method.lower() in document(name)["paths"][template]
        if fits and (not found or _shape(found[0].template) == _shape(template)):
            found.append(Said(name, method, template))
    return found


def operations() -> Iterator[Said]:
    """Everything in the documents."""
    for name in DOCUMENTS:
        for template, methods in document(name)["paths"].items():
            for method in methods:
                if method in ("get", "post", "put", "patch", "delete"):
                    yield Said(name, method.upper(), template)


@cache
def _patterns() -> list[tuple[re.Pattern[str], str, str]]:
    """Every path; what says more about itself before what says less."""
    found = [(name, template) for name in DOCUMENTS for template in document(name)["paths"]]
    found.sort(key=lambda one: -len(_shape(one[1])))
    return [
        (re.compile(re.sub(r"\\\{[^/]*?\\\}", "[^/]+", re.escape(template))), name, template)
        for name, template in found
    ]


def _shape(template: str) -> str:
    """A template without the names of its parameters."""
    return re.sub(r"\{[^}]*\}", "{}", template)


def _below(path: str) -> str:
    path = path.partition("?")[0]
    for prefix in PREFIXES:
        if path.startswith(f"{prefix}/"):
            return path.removeprefix(prefix)
    return path


def _check(said: Said, asked: str, status: int, body: Any, content_type: str | None) -> None:
    if status >= 400:
        _check_problem(said, asked, status, body, content_type)
        return
    answered = said.operation["responses"].get(str(status))
    assert answered is not None, f"{asked} answered {status}, which the document does not know"
    content = answered.get("content", {})
    if not content:
        assert body in (b"", "", None), f"{asked} {status} has no body in the document"
        return
    essence = (content_type or next(iter(content))).partition(";")[0]
    assert essence in content, (asked, content_type, list(content))
    if essence == JSON:
        _validate(asked, said.document, content[essence]["schema"], _decoded(body))
        _closed(asked, said.document, content[essence]["schema"], _decoded(body))


def _check_problem(said: Said, asked: str, status: int, body: Any, content_type: str | None) -> None:
    """A problem is one wherever it occurs, and is always called so."""
    assert status in ALWAYS, (asked, status)
    assert content_type in (None, PROBLEM), (asked, status, content_type)
    responses = said.operation["responses"]
    described = responses.get(str(status)) or responses.get("default") or {}
    for media_type, one in described.get("content", {}).items():
        if media_type in (JSON, PROBLEM):
            _validate(f"{asked} {status}", said.document, one["schema"], _decoded(body))
    # A place that is named is input of theirs, so what names places is the wider of the two shapes.
    whole = {"$ref": "#/components/schemas/InputValidationProblem"}
    _validate(f"{asked} {status}", MAIN, whole, _decoded(body))
    _closed(f"{asked} {status}", MAIN, whole, _decoded(body))


def _decoded(body: Any) -> Any:
    return json.loads(body) if isinstance(body, bytes | str) else body


def _validate(asked: str, name: str, schema: Mapping[str, Any], value: Any) -> None:
    problems = [
        f"{'/'.join(map(str, error.instance_path))}: {error.message}"
        for error in _validator(name, json.dumps(schema)).iter_errors(value)
    ]
    assert not problems, f"{asked}: {problems[:5]}"


@cache
def _validator(name: str, schema: str) -> Any:
    whole = {**json.loads(schema), "components": document(name)["components"]}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


def _closed(asked: str, name: str, schema: Mapping[str, Any], value: Any) -> None:
    extra = list(undeclared(schema, value, name=name))
    assert not extra, f"{asked} answers members the document does not know: {extra}"


def undeclared(schema: Mapping[str, Any], value: Any, path: str = "", *, name: str = MAIN) -> Iterator[str]:
    """Members of a value that its schema does not name, where it names any."""
    schema = _whole(schema, name)
    if isinstance(value, list):
        for index, one in enumerate(value):
            yield from undeclared(schema.get("items", {}), one, f"{path}[{index}]", name=name)
    if not isinstance(value, dict) or "anyOf" in schema:
        return
    declared: Mapping[str, Any] = schema.get("properties", {})
    further = schema.get("additionalProperties")
    for key, member in value.items():
        if key in declared:
            yield from undeclared(declared[key], member, f"{path}.{key}", name=name)
        elif isinstance(further, dict):
            yield from undeclared(further, member, f"{path}.{key}", name=name)
        elif declared and further is not True:
            yield f"{path}.{key}"


def _whole(schema: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A schema with what it refers to and what all of its parts declare."""
    while "$ref" in schema:
        schema = document(name)["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    whole = dict(schema)
    for part in schema.get("allOf", ()):
        whole["properties"] = {**_whole(part, name).get("properties", {}), **whole.get("properties", {})}
    return whole


__all__ = [
    "HAS_DOCUMENT",
    "PROBLEM",
    "SHARED",
    "Said",
    "check",
    "document",
    "find",
    "needs_document",
    "operations",
    "undeclared",
]
