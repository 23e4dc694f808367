"""A small OpenAPI document in three states, and what stands for a reader's own."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

PETS: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Pet Store", "version": "7"},
    "servers": [{"url": "https://pets.example.com/v1"}],
    "paths": {
        "/pets": {
            "get": {"operationId": "listPets", "responses": {"200": {"description": "all", "content": {
                "application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Pet"}}}
            }}}},
            "post": {
                "operationId": "createPet",
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}},
                "responses": {"201": {"description": "made"}},
            },
        }
    },
    "components": {
        "schemas": {
            # Two that refer to each other, and one to itself: none can be written first with every id known.
            "Owner": {"type": "object", "properties": {"pets": {
                "type": "array", "items": {"$ref": "#/components/schemas/Pet"}
            }}},
            "Pet": {"type": "object", "required": ["name"], "properties": {
                "name": {"type": "string", "nullable": True},
                "owner": {"$ref": "#/components/schemas/Owner"},
                "kind": {"$ref": "#/components/schemas/Kind"},
            }},
            "Kind": {"type": "object", "properties": {"parent": {"$ref": "#/components/schemas/Kind"}}},
        }
    },
}  # fmt: skip


def changed_pets() -> dict[str, Any]:
    """One schema changed, one operation added, one removed."""
    document = copy.deepcopy(PETS)
    document["components"]["schemas"]["Kind"]["properties"]["legs"] = {"type": "integer"}
    del document["paths"]["/pets"]["post"]
    document["paths"]["/pets/{id}"] = {
        "delete": {
            "operationId": "deletePet",
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
            "responses": {"204": {"description": "gone"}},
        }
    }
    return document


def written(folder: Path, document: dict[str, Any], name: str = "pets.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(document), encoding="utf-8")
    return path
