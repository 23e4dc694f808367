"""Values to what the manifest's types take; whatever does not fit is a finding, and the rest is read on."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache
from typing import Any

from msgspec import Struct, inspect

from trunkline.core.manifests.findings import Finding
from trunkline.core.manifests.places import NAME_SHOWN, Place, path_to, shown
from trunkline.core.manifests.rules_shape import (
    EMPTY_VALUE,
    REQUIRED_FIELD,
    TEXT_LENGTH,
    UNKNOWN_KEY,
    UNKNOWN_VALUE,
    WRONG_TYPE,
)
from trunkline.core.manifests.rules_text import FINDINGS_MAX

_CALLED = {
    "null": "nothing",
    "boolean": "true or false",
    "integer": "a whole number",
    "float": "a number",
    "text": "a text",
    "list": "a list",
    "mapping": "a mapping",
}


class Shaping:
    """Reads one document by a struct's type.

    Attributes:
        findings: what did not fit.
    """

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def read(self, place: Place, shape: type[Struct]) -> Any:
        """Plain values of what is there, without unknown, empty and misfit members."""
        return self._struct(place, _type_of(shape))

    def _value(self, place: Place, shape: inspect.Type) -> Any:
        if isinstance(shape, inspect.Metadata):
            shape = shape.type
        if isinstance(shape, inspect.StructType):
            return self._struct(place, shape)
        if isinstance(shape, inspect.VarTupleType):
            return self._list(place, shape)
        if isinstance(shape, inspect.LiteralType):
            return self._choice(place, shape)
        if isinstance(shape, inspect.StrType):
            return self._text(place, shape)
        expected = "integer" if isinstance(shape, inspect.IntType) else "boolean"
        return place.node.scalar if self._is(place, expected) else None

    def _struct(self, place: Place, shape: inspect.StructType) -> dict[str, Any] | None:
        if not self._is(place, "mapping"):
            return None
        known = _members_of(shape.cls)
        values: dict[str, Any] = {}
        for key, member in place.members():
            if key not in known:
                self._unknown(place, key, known)
            elif member.node.kind == "null" or _is_blank(member):
                self._empty(member, known[key])
            else:
                values[key] = self._value(member, known[key].type)
        for name, field in known.items():
            if field.required and name not in place.node.members:
                found = Place(place.node, path_to(place.path, name), place.line, place.column)
                self.findings.append(REQUIRED_FIELD.at(found, f"`{name}` is missing."))
        return values

    def _list(self, place: Place, shape: inspect.VarTupleType) -> list[Any] | None:
        if not self._is(place, "list"):
            return None
        values = []
        for item in place.items():
            if item.node.kind == "null" or _is_blank(item):
                self.findings.append(EMPTY_VALUE.at(item, "This item of the list has no value."))
            else:
                values.append(self._value(item, shape.item_type))
        return values

    def _choice(self, place: Place, shape: inspect.LiteralType) -> Any:
        choices = [str(value) for value in shape.values]
        if self._is(place, "text") and place.text not in choices:
            message = f"{shown(place.text)!r} is none of the values here: {', '.join(choices)}."
            self.findings.append(UNKNOWN_VALUE.at(place, message))
        return place.text

    def _text(self, place: Place, shape: inspect.StrType) -> str:
        if self._is(place, "text") and shape.max_length is not None and len(place.text) > shape.max_length:
            message = f"This text has {len(place.text)} characters, more than {shape.max_length}."
            self.findings.append(TEXT_LENGTH.at(place, message))
        return place.text

    def _is(self, place: Place, expected: str) -> bool:
        if place.node.kind == expected:
            return True
        message = f"Here belongs {_CALLED[expected]}, not {_CALLED[place.node.kind]}."
        self.findings.append(WRONG_TYPE.at(place, message))
        return False

    def _empty(self, member: Place, field: inspect.Field) -> None:
        name = field.encode_name
        if field.required:
            self.findings.append(REQUIRED_FIELD.at(member, f"`{name}` has no value."))
        else:
            self.findings.append(EMPTY_VALUE.at(member, f"`{name}` has no value and counts as absent."))

    def _unknown(self, place: Place, key: str, known: Iterable[str]) -> None:
        found = place.key(key)
        # A text of unknown keys only is no manifest with a slip, and comparing takes its time.
        meant = _meant(key, known) if len(self.findings) < FINDINGS_MAX else None
        message = f"The key {shown(key)} is not known here and is dropped."
        self.findings.append(UNKNOWN_KEY.at(found, message, f"Did you mean `{meant}`?" if meant else ""))


def _is_blank(place: Place) -> bool:
    return place.node.kind == "text" and not place.text


def _meant(key: str, known: Iterable[str]) -> str | None:
    spelled = {name.lower(): name for name in known}
    # Comparing costs the product of the lengths; what is that long is no misspelling.
    close = get_close_matches(key.lower(), spelled, n=1) if len(key) <= NAME_SHOWN else []
    return spelled[close[0]] if close else None


@cache
def _type_of(shape: type[Struct]) -> inspect.StructType:
    found = inspect.type_info(shape)
    assert isinstance(found, inspect.StructType)  # noqa: S101  # of a struct, it is
    return found


@cache
def _members_of(shape: type[Struct]) -> dict[str, inspect.Field]:
    return {field.encode_name: field for field in _type_of(shape).fields}
