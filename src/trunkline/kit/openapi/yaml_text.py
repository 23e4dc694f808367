"""YAML as OpenAPI means it: the JSON data model under the YAML 1.2 core schema, built from parser events.

The event stream is read directly because PyYAML's constructors follow YAML 1.1, where `no` is false, `12:30`
a number and `2024-01-01` a date, and because depth, aliases and repeated keys are then refused as they come.

Source: YAML 1.2.2 section 10.3 (core schema); OpenAPI 3.0.3 and 3.1.0, "Format".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

import yaml

from trunkline.kit.errors import InvalidRequestError
from trunkline.kit.openapi.budgets import DEPTH_MAX, DIGITS_MAX
from trunkline.kit.openapi.places import shown

ALIASES_MAX = 50

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CORE = "tag:yaml.org,2002:"
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")

_Events: TypeAlias = Iterator[yaml.Event]


class _Merge:
    """Stands for the key `<<`, which adds another mapping's members."""


_MERGE = _Merge()


def read_yaml(text: str) -> object:
    """The one document of a YAML text as plain JSON values; aliases come back as shared objects.

    Raises:
        InvalidRequestError: not YAML, not exactly one document, repeated keys, too many aliases, too deep,
            a tag or value outside JSON.
    """
    try:
        return _Builder(yaml.parse(text, Loader=_LOADER)).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise InvalidRequestError(f"the text is not YAML: {where}{error.problem}") from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # The pure Python parser lets chr() complain about escapes beyond Unicode.
        raise InvalidRequestError(f"the text is not YAML: {shown(str(error))}") from None


class _Builder:
    """Builds values from events; anchors are known only once their node is complete."""

    def __init__(self, events: _Events) -> None:
        self._events = events
        self._anchors: dict[str, object] = {}
        self._aliases = 0

    def document(self) -> object:
        next(self._events)  # stream start
        if isinstance(next(self._events), yaml.StreamEndEvent):
            raise InvalidRequestError("the document is empty")
        value = self._value(next(self._events), 1)
        next(self._events)  # document end
        if not isinstance(next(self._events), yaml.StreamEndEvent):
            raise InvalidRequestError("the text holds several YAML documents; send one")
        return value

    def _value(self, event: yaml.Event, depth: int) -> object:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        value: object
        if isinstance(event, yaml.ScalarEvent):
            value = _scalar(event)
        elif depth > DEPTH_MAX:
            raise _refused(event, f"nests deeper than {DEPTH_MAX} levels")
        elif isinstance(event, yaml.SequenceStartEvent):
            _check_tag(event, "seq")
            value = self._sequence(depth)
        else:
            _check_tag(event, "map")
            value = self._mapping(depth)
        anchor = getattr(event, "anchor", None)
        if anchor is not None:
            self._anchors[anchor] = value
        return value

    def _alias(self, event: yaml.AliasEvent) -> object:
        self._aliases += 1
        if self._aliases > ALIASES_MAX:
            raise _refused(
                event, f"the document uses more than {ALIASES_MAX} aliases; write them out or use $ref"
            )
        if event.anchor not in self._anchors:  # also while the node is still open: it would contain itself
            raise _refused(event, f"the alias *{shown(str(event.anchor))} names no complete earlier node")
        return self._anchors[event.anchor]

    def _sequence(self, depth: int) -> list[object]:
        items: list[object] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._value(event, depth + 1))
        return items

    def _mapping(self, depth: int) -> dict[str, object]:
        members: dict[str, object] = {}
        merged: list[dict[str, object]] | None = None
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = _key(event)
            value_event = next(self._events)
            value = self._value(value_event, depth + 1)
            repeated = merged is not None if isinstance(key, _Merge) else key in members
            if repeated:
                name = "<<" if isinstance(key, _Merge) else shown(key)
                raise _refused(event, f"the key {name!r} stands twice in one mapping; keep one")
            if isinstance(key, _Merge):
                merged = _merged(value, value_event)
            else:
                members[key] = value
        if merged is None:
            return members
        # What comes first wins, and the mapping itself above all: each is laid over the ones behind it.
        laid: dict[str, object] = {}
        for source in (*reversed(merged), members):
            laid.update(source)
        return laid


def _key(event: yaml.Event) -> str | _Merge:
    if not isinstance(event, yaml.ScalarEvent):
        raise _refused(event, "a key must be a plain text, not an alias, a list or a mapping")
    if event.tag not in (None, "!", _CORE + "str"):
        raise _refused(event, f"the tag {shown(event.tag)} is not part of JSON")
    # A key is its own text whatever it looks like: `200` and `true` are names here.
    return _MERGE if event.value == "<<" and event.implicit[0] else str(event.value)


def _merged(value: object, event: yaml.Event) -> list[dict[str, object]]:
    sources: list[object] = value if isinstance(value, list) else [value]
    mappings = [source for source in sources if isinstance(source, dict)]
    if len(mappings) < len(sources):
        raise _refused(event, "`<<` merges mappings only")
    return mappings


def _check_tag(event: yaml.Event, kind: str) -> None:
    tag = getattr(event, "tag", None)
    if tag not in (None, "!", _CORE + kind):
        raise _refused(event, f"the tag {shown(str(tag))} is not part of JSON")


def _scalar(event: yaml.ScalarEvent) -> object:
    text = str(event.value)
    if event.tag in ("!", _CORE + "str") or (event.tag is None and not event.implicit[0]):
        return text
    if event.tag is not None and event.tag not in {_CORE + kind for kind in ("null", "bool", "int", "float")}:
        raise _refused(event, f"the tag {shown(event.tag)} is not part of JSON")
    value = _plain(text, event)
    if event.tag is not None and isinstance(value, str):
        raise _refused(event, f"{shown(text)!r} does not fit its tag !!{event.tag.removeprefix(_CORE)}")
    return value


def _plain(text: str, event: yaml.ScalarEvent) -> object:
    """What an unquoted scalar means."""
    if text in _NULLS:
        return None
    if text in _BOOLS:
        return _BOOLS[text]
    if _NOT_FINITE.fullmatch(text):
        raise _refused(event, f"{text} is not a number that JSON can spell")
    is_number = (
        _INT.fullmatch(text) or _FLOAT.fullmatch(text) or _OCTAL.fullmatch(text) or _HEX.fullmatch(text)
    )
    if not is_number:
        return text
    if len(text) > DIGITS_MAX:
        raise _refused(event, f"a number has more than {DIGITS_MAX} digits; quote it if it is a text")
    if _INT.fullmatch(text):
        return int(text)
    if text.startswith(("0o", "0x")):
        return int(text, 0)
    return float(text)


def _refused(event: yaml.Event, message: str) -> InvalidRequestError:
    mark = event.start_mark
    where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    return InvalidRequestError(where + message)
