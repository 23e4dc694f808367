"""The registry of entity kinds: what a definition of each must look like.

Definitions are for the host application and opaque here, except that a schema is a JSON Schema and that
references to other entities are found wherever they stand (see `references`). Syncs, actions and subscriptions are
what the platform itself reads, writes and is told of: each names the provider's object.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from trunkline.kit.errors import Problem
from trunkline.kit.jsonschema import schema_problems, value_problems
from trunkline.kit.strictjson import encode

_TEXT = {"type": "string", "minLength": 1}


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of entity.

    Attributes:
        name: singular, as in `kit.ids.PREFIXES`.
        plural: the path segment.
        shape: JSON Schema text that a definition must fit.
    """

    name: str
    plural: str
    shape: str

    @property
    def version_kind(self) -> str:
        """The id kind of its versions."""
        return f"{self.name}_version"

    def problems(self, definition: Any, path: str = "definition") -> list[Problem]:
        """Why `definition` does not fit this kind; empty when it does."""
        if self.name == "schema":
            return schema_problems(definition, path)
        return value_problems(self.shape, definition, path)


def _kind(name: str, plural: str, properties: dict[str, Any], *required: str) -> Kind:
    return Kind(name, plural, encode({"type": "object", "properties": properties, "required": required}))


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            _kind("schema", "schemas", {}),
            _kind("function", "functions", {"inputSchemaId": _TEXT, "outputSchemaId": _TEXT}),
            _kind("agent", "agents", {}),
            _kind("workflow", "workflows", {"nodes": {"type": ["array", "object"]}}),
            _kind("trigger", "triggers", {"eventType": _TEXT, "targetId": _TEXT}, "eventType", "targetId"),
            _kind("sync", "syncs", {"objectName": _TEXT}, "objectName"),
            _kind("action", "actions", {"objectName": _TEXT}, "objectName"),
            _kind("subscription", "subscriptions", {"objectName": _TEXT}, "objectName"),
        )
    }
)
