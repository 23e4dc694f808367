"""What the reference page shows of an OpenAPI document: operations, members, examples."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from trunkline.web.samples import Samples

Schema = dict[str, Any]

_PREFIX: Final = "#/components/"
_WORD: Final = re.compile(r"(?<!^)([A-Z])")
_NESTED: Final = 1  # levels of members shown below a member


@dataclass(frozen=True, slots=True)
class Member:
    """One row of a table of members or parameters."""

    name: str
    type: str
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Response:
    """One possible answer."""

    status: str
    description: str
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation as the page shows it; the title is its id in words."""

    anchor: str
    title: str
    method: str
    path: str
    summary: str
    description: str
    permission: str
    parameters: list[Member]
    body: list[Member]
    curl: str
    answers: list[Response]
    errors: list[Response]


class Reference:
    """Reads one document for a template.

    Attributes:
        document: the OpenAPI document.
    """

    def __init__(self, document: Schema, credential: str, examples: Mapping[str, Any]) -> None:
        """Read a document.

        Args:
            document: as `openapi_document` makes it.
            credential: the option of an example command that carries one.
            examples: sample values by member name.
        """
        self.document = document
        self._credential = credential
        self._samples = Samples(self._resolve, examples)

    def groups(self) -> dict[str, list[Operation]]:
        """Operations by their first tag, in the order of the routes."""
        groups: dict[str, list[Operation]] = {}
        for path, operations in self.document["paths"].items():
            for method, operation in operations.items():
                tag = (operation["tags"] or ["Operations"])[0]
                groups.setdefault(tag, []).append(self._operation(method.upper(), path, operation))
        return groups

    def failure(self) -> str:
        """What a failure looks like; empty when no operation can fail."""
        responses = list(self.document["components"]["responses"].values())
        return self._response("", responses[0]).example if responses else ""

    def _operation(self, method: str, path: str, operation: Schema) -> Operation:
        title = _WORD.sub(r" \1", operation["operationId"]).capitalize()
        summary: str = operation["summary"]
        responses = [
            self._response(status, self._resolve(found)) for status, found in operation["responses"].items()
        ]
        return Operation(
            anchor=operation["operationId"],
            title=title,
            method=method,
            path=path,
            summary="" if summary.rstrip(".").lower() == title.lower() else summary,
            description=operation.get("description", ""),
            permission=operation.get("x-permission", ""),
            parameters=[self._parameter(self._resolve(found)) for found in operation["parameters"]],
            body=self._members(_content(operation.get("requestBody", {}))),
            curl=self._curl(method, path, operation),
            answers=[response for response in responses if response.status < "4"],
            errors=[response for response in responses if response.status >= "4"],
        )

    def _resolve(self, found: Schema) -> Schema:
        while "$ref" in found:
            place: Any = self.document["components"]
            for part in found["$ref"].removeprefix(_PREFIX).split("/"):
                place = place[part]
            found = {**place, **{key: value for key, value in found.items() if key != "$ref"}}
        return found

    def _parameter(self, parameter: Schema) -> Member:
        schema = parameter.get("schema") or _content(parameter)
        kind = self._type(schema) if "schema" in parameter else f"{self._type(schema)} as JSON"
        description = parameter.get("description", "")
        return Member(parameter["name"], f"{kind} in {parameter['in']}", parameter["required"], description)

    def _members(self, schema: Schema, above: str = "") -> list[Member]:
        schema = self._resolve(schema)
        rows: list[Member] = []
        for name, member in schema.get("properties", {}).items():
            required = name in schema.get("required", [])
            resolved = self._resolve(member)
            rows.append(Member(above + name, self._type(member), required, resolved.get("description", "")))
            if above.count(".") < _NESTED:
                rows.extend(self._members(member, f"{above}{name}."))
                rows.extend(self._members(resolved.get("items", {}), f"{above}{name}[]."))
        return rows

    def _type(self, schema: Schema) -> str:
        schema = self._resolve(schema)
        if "anyOf" in schema:
            return " | ".join(self._type(option) for option in schema["anyOf"])
        if "enum" in schema:
            return " | ".join(str(value) for value in schema["enum"])
        if schema.get("type") == "array":
            return f"list of {self._type(schema.get('items', {}))}"
        bounds = "–".join(str(schema[key]) for key in ("minimum", "maximum") if key in schema)  # noqa: RUF001
        return f"{schema.get('type', 'any')} {bounds}".rstrip()

    def _response(self, status: str, response: Schema) -> Response:
        content = next(iter(response.get("content", {}).values()), None)
        if not content:
            return Response(status, response["description"], "")
        example = content.get("example") or self._samples.of(content["schema"])
        return Response(status, response["description"], _pretty(example))

    def _curl(self, method: str, path: str, operation: Schema) -> str:
        url = f"http://localhost:8080{self.document['servers'][0]['url']}{path}"
        lines = [f"curl {'' if method == 'GET' else f'-X {method} '}{shlex.quote(url)}"]
        if operation["security"]:
            lines.append(self._credential)
        body = operation.get("requestBody")
        if body is not None:
            value = self._samples.of(_content(body))
            media_type = next(iter(body["content"]))
            lines.append(f'-H "Content-Type: {media_type}"')
            lines.append(f"-d {shlex.quote(_pretty(value))}")
        return " \\\n  ".join(lines)


def _content(holder: Schema) -> Schema:
    contents: list[Schema] = list(holder.get("content", {}).values())
    schema: Schema = contents[0].get("schema", {}) if contents else {}
    return schema


def _pretty(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
