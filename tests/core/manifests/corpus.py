"""The vendor's sample manifests and documents, where they are at hand; none of them is kept here."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

SHARED = Path(__file__).parents[4] / "shared" / "ampersand"
VALID = SHARED / "manifests" / "valid"

needs_corpus = pytest.mark.skipif(
    not VALID.is_dir(), reason="the vendor's sample manifests are not beside this repository"
)


@cache
def manifests() -> dict[str, str]:
    """Every sample by its file's name."""
    return {path.name: path.read_text("utf-8") for path in sorted(VALID.glob("*.y*ml"))}


def document_validator(document: str, schema: str) -> jsonschema_rs.Validator:
    """What decides whether a value is of a schema of one of the vendor's documents.

    A mapped field, `{fieldName, mapToName}`, is of both of the two shapes that the documents allow one of, though
    their own samples are full of it. So "one of" counts as "any of" there.
    """
    loaded = json.loads((SHARED / document).read_text("utf-8"))
    components = _with_either(loaded["components"])
    return jsonschema_rs.validator_for({"$ref": f"#/components/schemas/{schema}", "components": components})


def _with_either(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_either(item) for item in value]
    if not isinstance(value, dict):
        return value
    is_field = value.get("title") == "Integration Field"
    return {
        ("anyOf" if is_field and key == "oneOf" else key): _with_either(item) for key, item in value.items()
    }
