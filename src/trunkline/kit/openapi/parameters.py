"""Parameters of an operation: path item and operation merged, each with a property name of its own."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from trunkline.kit.openapi.places import Place, refused, shown
from trunkline.kit.openapi.references import Source
from trunkline.kit.openapi.schemas import SchemaWalk, as_object

BODY_PROPERTY = "body"  # always the request body; a parameter of that name is spelled with its place

_PLACES = ("path", "query", "header", "cookie")
_IGNORED_HEADERS = frozenset({"accept", "authorization", "content-type"})  # OpenAPI: SHALL be ignored
_TEMPLATE = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter, its references followed.

    Attributes:
        name: as it is sent.
        location: `path`, `query`, `header` or `cookie`.
        is_required: path parameters always are.
        raw: the parameter object.
        place: where that stands.
    """

    name: str
    location: str
    is_required: bool
    raw: dict[str, object]
    place: Place

    def described(self, property_name: str) -> dict[str, object]:
        """What a caller needs to put the value of `property_name` into a request."""
        spelled: dict[str, object] = {"name": self.name, "in": self.location, "required": self.is_required}
        if property_name != self.name:
            spelled["property"] = property_name
        for key, kind in (("style", str), ("explode", bool), ("allowReserved", bool)):
            if isinstance(self.raw.get(key), kind):
                spelled[key] = self.raw[key]
        content = self.raw.get("content")
        if "schema" not in self.raw and isinstance(content, dict) and content:
            spelled["mediaType"] = next(iter(content))
        return spelled

    def schema(self, walk: SchemaWalk, depth: int) -> dict[str, object]:
        """The schema of the value, carrying the parameter's own description.

        Raises:
            InvalidRequestError: it is no schema.
        """
        converted = as_object(self._value_schema(walk, depth))
        description = self.raw.get("description")
        if isinstance(description, str):
            walk.source.budget.spend_text(description, self.place)
            converted = {"description": description, **converted}
        if self.raw.get("deprecated") is True:
            converted = {**converted, "deprecated": True}
        return converted

    def _value_schema(self, walk: SchemaWalk, depth: int) -> dict[str, object] | bool:
        if "schema" in self.raw:
            return walk.schema(self.raw["schema"], self.place.child("schema"), depth)
        content = self.raw.get("content")
        if not isinstance(content, dict) or not content:
            return {}
        media_type, media = next(iter(content.items()))
        if not isinstance(media, dict) or "schema" not in media:
            return {}
        return walk.schema(media["schema"], self.place.child("content", media_type, "schema"), depth)


def merged_parameters(
    source: Source, path: str, lists: Iterable[tuple[object, Place]], operation: Place
) -> list[Parameter]:
    """The parameters of all lists, a later list overriding an earlier one by place and name.

    A variable of the path that nobody declares becomes a required text, with a warning.

    Raises:
        InvalidRequestError: a list or parameter that is none.
    """
    merged: dict[tuple[str, str], Parameter] = {}
    for raw, place in lists:
        merged |= _listed(source, raw, place)
    for name in dict.fromkeys(_TEMPLATE.findall(path)):
        if ("path", name) not in merged:
            source.warnings.add(
                operation, f"the path variable {shown(name)!r} is not declared; taken as a text"
            )
            undeclared: dict[str, object] = {"schema": {"type": "string"}}
            merged["path", name] = Parameter(name, "path", is_required=True, raw=undeclared, place=operation)
    return list(merged.values())


def property_names(parameters: list[Parameter]) -> list[str]:
    """A distinct property name for each: its own, or `<place>.<name>` where that name stands in two places."""
    counted = Counter(parameter.name for parameter in parameters)
    plain = {name for name, count in counted.items() if count == 1 and name != BODY_PROPERTY}
    taken = plain | {BODY_PROPERTY}
    names: list[str] = []
    for parameter in parameters:
        name = parameter.name
        if name not in plain:
            name = f"{parameter.location}.{name}"
            while name in taken:
                name = f"{parameter.location}.{name}"
        taken.add(name)
        names.append(name)
    return names


def _listed(source: Source, raw: object, place: Place) -> dict[tuple[str, str], Parameter]:
    if raw is None:
        return {}
    if not isinstance(raw, list):
        raise refused(place, "must be a list of parameters")
    source.budget.spend(len(raw), place)
    listed: dict[tuple[str, str], Parameter] = {}
    for index, item in enumerate(raw):
        parameter = _parameter(source, item, place.child(index))
        key = (parameter.location, _folded(parameter))
        if parameter.location == "header" and key[1] in _IGNORED_HEADERS:
            continue
        if key in listed:
            source.warnings.add(place.child(index), "repeats an earlier parameter and replaces it")
        listed[key] = parameter
    return listed


def _parameter(source: Source, raw: object, place: Place) -> Parameter:
    item, at = source.resolve(raw, place)
    name, location = item.get("name"), item.get("in")
    if not isinstance(name, str) or not name:
        raise refused(at, "a parameter needs a name")
    if not isinstance(location, str) or location not in _PLACES:
        raise refused(at.child("in"), "must be path, query, header or cookie; a body is a requestBody")
    source.budget.spend_text(name, at)
    if not (isinstance(item.get("schema"), (dict, bool)) or isinstance(item.get("content"), dict)):
        source.warnings.add(at, "the parameter has no schema; any value is accepted")
    is_required = location == "path" or item.get("required") is True
    return Parameter(name, location, is_required, item, at)


def _folded(parameter: Parameter) -> str:
    return parameter.name.lower() if parameter.location == "header" else parameter.name
