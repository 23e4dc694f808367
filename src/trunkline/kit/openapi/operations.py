"""Operations to functions: identity, where to send the request, what goes in and what comes out.

`inputSchema` is an object with one property per parameter and `body`. `outputSchema` is the schema of the
first successful response that has JSON; a text of its media type where success is something else; `null`
where success has no content; `{}` where the document does not say. `default` counts only where no 2xx is
declared, and never as `application/problem+json`, since it is then the error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from trunkline.kit.openapi.media import Body, chosen_body
from trunkline.kit.openapi.names import Slugs, display_name, slug_stem
from trunkline.kit.openapi.parameters import BODY_PROPERTY, merged_parameters, property_names
from trunkline.kit.openapi.places import ROOT, Place, refused, shown
from trunkline.kit.openapi.references import Source
from trunkline.kit.openapi.schemas import SchemaWalk
from trunkline.kit.openapi.servers import first_base_url
from trunkline.kit.openapi.values import ConvertedMember

OPERATIONS_MAX = 5_000

_METHODS = frozenset({"delete", "get", "head", "options", "patch", "post", "put", "trace"})
_SUCCESS = re.compile(r"2(?:[0-9]{2}|XX|xx)")
_NOT_A_WORD = re.compile(r"[^A-Za-z0-9]+")
_PROBLEM = "application/problem+json"


@dataclass(frozen=True, slots=True)
class _Operation:
    method: str
    path: str
    raw: dict[str, object]
    place: Place
    path_item: dict[str, object]
    path_place: Place

    @property
    def id(self) -> str | None:
        given = self.raw.get("operationId")
        if given is not None and not isinstance(given, str):
            raise refused(self.place.child("operationId"), "must be a text; quote it")
        return given or None


def operation_members(source: Source, slugs: Slugs) -> list[ConvertedMember]:
    """One function for each operation under `paths`, in document order.

    Raises:
        InvalidRequestError: too many, two of one id, or an operation or reference that is none.
    """
    operations = list(_declared(source))
    assigned = _assigned(operations, slugs)
    return [_converted(source, operation, slug) for operation, slug in zip(operations, assigned, strict=True)]


def _declared(source: Source) -> Iterator[_Operation]:
    paths, place = source.document.get("paths"), ROOT.child("paths")
    if paths is None:
        return
    if not isinstance(paths, dict):
        raise refused(place, "must be an object of paths")
    count = 0
    for path, raw in paths.items():
        if path.startswith("x-"):
            continue
        if not path.startswith("/"):
            raise refused(place.child(path), "a path starts with a slash")
        item, at = source.resolve({} if raw is None else raw, place.child(path))
        for method, operation in item.items():
            if method not in _METHODS:
                continue
            count += 1
            if count > OPERATIONS_MAX:
                raise refused(place, f"more than {OPERATIONS_MAX:,} operations; split the document")
            if not isinstance(operation, dict):
                raise refused(at.child(method), "an operation must be an object")
            yield _Operation(method, path, operation, at.child(method), item, at)


def _assigned(operations: list[_Operation], slugs: Slugs) -> list[str]:
    """Each operation's id where it can be a slug; else its id, or method and path, spelled as one.

    Raises:
        InvalidRequestError: two operations have one id.
    """
    given: dict[str, Place] = {}
    wanted: list[tuple[str | None, str]] = []
    for operation in operations:
        operation_id = operation.id
        if operation_id in given:
            first = given[operation_id].pointer
            at = operation.place.child("operationId")
            raise refused(at, f"{shown(operation_id)!r} is also the id of {first}; ids must differ")
        if operation_id is not None:
            given[operation_id] = operation.place
        wanted.append((operation_id, slug_stem(operation_id or "") or _derived(operation)))
    return slugs.assign(wanted)


def _derived(operation: _Operation) -> str:
    return slug_stem(f"{operation.method}_{_NOT_A_WORD.sub('_', operation.path).strip('_')}")


def _converted(source: Source, operation: _Operation, slug: str) -> ConvertedMember:
    walk = SchemaWalk(source)
    summary, description = _text(operation, "summary"), _text(operation, "description")
    for text in (operation.path, summary, description):
        # A path item that many paths share is counted for each of them.
        source.budget.spend_text(text or "", operation.place)
    source.budget.spend(len(operation.raw) + 16, operation.place)
    call = _call(source, operation, slug)
    input_schema = _input_schema(walk, operation, call)
    output_schema = _output_schema(walk, operation, call)
    if "callbacks" in operation.raw:
        source.warnings.add(operation.place.child("callbacks"), "callbacks are not converted")
    return ConvertedMember(
        slug=slug,
        kind="function",
        name=display_name(summary or operation.id, slug),
        description=description,
        definition={"operation": call, "inputSchema": input_schema, "outputSchema": output_schema},
        refs=frozenset(walk.refs),
    )


def _text(operation: _Operation, key: str) -> str | None:
    value = operation.raw.get(key)
    return value if isinstance(value, str) else None


def _call(source: Source, operation: _Operation, slug: str) -> dict[str, object]:
    """What it takes to send the request, apart from parameters and media types."""
    raw = operation.raw
    call: dict[str, object] = {
        "method": operation.method.upper(),
        "path": operation.path,
        "operationId": operation.id or slug,
    }
    tags = raw.get("tags")
    if isinstance(tags, list) and tags:
        call["tags"] = source.budget.copy([tag for tag in tags if isinstance(tag, str)], operation.place, 3)
    if raw.get("deprecated") is True:
        call["deprecated"] = True
    if isinstance(raw.get("security"), list):
        call["security"] = source.budget.copy(raw["security"], operation.place, 3)
    for holder, place in ((raw, operation.place), (operation.path_item, operation.path_place)):
        server = first_base_url(holder.get("servers"), place.child("servers"), source.warnings)
        if server is not None:
            call["server"] = server
            break
    return call


def _input_schema(walk: SchemaWalk, operation: _Operation, call: dict[str, object]) -> dict[str, object]:
    lists = [
        (holder.get("parameters"), place.child("parameters"))
        for holder, place in (
            (operation.path_item, operation.path_place),
            (operation.raw, operation.place),
        )
    ]
    parameters = merged_parameters(walk.source, operation.path, lists, operation.place)
    names = property_names(parameters)
    properties: dict[str, object] = {}
    required: list[str] = []
    for parameter, name in zip(parameters, names, strict=True):
        properties[name] = parameter.schema(walk, 4)
        if parameter.is_required:
            required.append(name)
    call["parameters"] = [
        parameter.described(name) for parameter, name in zip(parameters, names, strict=True)
    ]
    if _add_body(walk, operation, call, properties):
        required.append(BODY_PROPERTY)
    schema: dict[str, object] = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required
    schema["additionalProperties"] = False
    return schema


def _add_body(
    walk: SchemaWalk, operation: _Operation, call: dict[str, object], properties: dict[str, object]
) -> bool:
    """Adds the request body, if there is one; answers whether it is required."""
    if operation.raw.get("requestBody") is None:
        return False
    raw, place = walk.source.resolve(operation.raw["requestBody"], operation.place.child("requestBody"))
    body = chosen_body(walk.source, raw.get("content"), place.child("content"))
    if body is None:
        walk.source.warnings.add(place, "the request body has no content; it was left out")
        return False
    schema = body.schema(walk, 4)
    description = raw.get("description")
    if isinstance(description, str):
        walk.source.budget.spend_text(description, place)
        schema = {"description": description, **schema}
    properties[BODY_PROPERTY] = schema
    call["requestMediaType"] = body.sent_as
    return raw.get("required") is True


def _output_schema(walk: SchemaWalk, operation: _Operation, call: dict[str, object]) -> dict[str, object]:
    raw, place = operation.raw.get("responses"), operation.place.child("responses")
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        raise refused(place, "must be an object of responses")
    walk.source.budget.spend(len(raw), place)
    successes = sorted(status for status in raw if _SUCCESS.fullmatch(status))
    statuses = successes or [status for status in raw if status == "default"]
    if not statuses:
        return {}
    bodies = [_response_body(walk.source, raw[status], place.child(status)) for status in statuses]
    spoken = [body for body in bodies if body is not None]
    if not spoken:
        return {"type": "null"} if successes else {}
    body = next((body for body in spoken if body.is_json), spoken[0])
    if not successes and body.media_type.startswith(_PROBLEM):
        return {}
    call["responseMediaType"] = body.media_type
    return body.schema(walk, 3)


def _response_body(source: Source, raw: object, place: Place) -> Body | None:
    response, at = source.resolve({} if raw is None else raw, place)
    return chosen_body(source, response.get("content"), at.child("content"))
