"""A manifest's text to values with their places.

The parser's events are read directly: depth, size and aliases are then refused as they come, before they cost
anything, and numbers and truth values are those of YAML 1.2, where `no` is a text.

Source: YAML 1.2.2, 10.3 (core schema).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import yaml

from trunkline.core.manifests.findings import Finding
from trunkline.core.manifests.places import Entry, Kind, Node, Place, shown
from trunkline.core.manifests.rules import Rule
from trunkline.core.manifests.rules_text import (
    ALIASES_MAX,
    DEPTH_MAX,
    DUPLICATE_KEY,
    KEY_NOT_TEXT,
    ONE_DOCUMENT,
    SIZE_MAX_BYTES,
    TOO_DEEP,
    TOO_LARGE,
    TOO_MANY_VALUES,
    UNREADABLE_CHARACTER,
    VALUES_MAX,
    YAML_ALIAS,
    YAML_SYNTAX,
    YAML_TAG,
)

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_UNREADABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]+", re.ASCII)
_NUMBER = re.compile(
    r"0o[0-7]+|0x[0-9a-fA-F]+|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
    re.ASCII,
)
_DIGITS_MAX = 18  # what fits into 64 bits whatever the digits are
_MERGE = "<<"

_Collection: TypeAlias = yaml.SequenceStartEvent | yaml.MappingStartEvent
_Mark: TypeAlias = tuple[int, int]


class DocumentError(Exception):
    """The text cannot be read on; `finding` says where and why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


@dataclass(frozen=True, slots=True)
class Document:
    """A text that was read.

    Attributes:
        root: the one value in it.
        findings: what was wrong with it and could be read past.
        scalars: first and last (line, column) of every key and scalar, in order: what is in them is no comment.
    """

    root: Node
    findings: list[Finding] = field(default_factory=list)
    scalars: list[tuple[_Mark, _Mark]] = field(default_factory=list)


def read_document(text: str) -> Document:
    """Read the one YAML document of a text.

    Raises:
        DocumentError: a rule is broken that leaves nothing to look at.
    """
    _check_text(text)
    try:
        return _Builder(yaml.parse(text, Loader=_LOADER)).document()
    except yaml.MarkedYAMLError as error:
        # What is never closed is told where it begins: where the text ends, there is nothing to see.
        is_open = error.context_mark is not None and "end of stream" in str(error.problem)
        mark = error.context_mark if is_open else error.problem_mark or error.context_mark
        line, column = _place(mark) if mark else (1, 1)
        raise _error(
            YAML_SYNTAX, line, column, f"The text is not YAML: {shown(str(error.problem))}."
        ) from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # The pure Python parser lets chr() complain about escapes beyond Unicode, without a place.
        raise _error(YAML_SYNTAX, 1, 1, f"The text is not YAML: {shown(str(error))}.") from None


def _check_text(text: str) -> None:
    # The length in characters first: encoding a text of any size would cost its size again.
    if len(text) > SIZE_MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > SIZE_MAX_BYTES:
        raise _error(TOO_LARGE, 1, 1, "The text has more than 1 MiB.")
    found = _UNREADABLE.search(text)
    if found:
        before = LINE_BREAK.split(text[: found.start()])
        code = ord(found.group())
        is_byte = 0xDC80 <= code <= 0xDCFF  # how an undecodable byte is passed on
        what = f"The byte 0x{code - 0xDC00:02X} is not UTF-8" if is_byte else f"U+{code:04X} stands here"
        raise _error(UNREADABLE_CHARACTER, len(before), len(before[-1]) + 1, f"{what}.")


def _error(rule: Rule, line: int, column: int, message: str) -> DocumentError:
    return DocumentError(_finding(rule, line, column, message))


def _finding(rule: Rule, line: int, column: int, message: str) -> Finding:
    return rule.at(Place(Node("null", line, column, line), "", line, column), message)


class _Builder:
    """Builds values from events; an anchor is known only once its value is complete."""

    def __init__(self, events: Iterator[yaml.Event]) -> None:
        self._events = events
        self._anchors: dict[str, Node] = {}
        self._aliases = 0
        self._values = 0
        self._findings: list[Finding] = []
        self._scalars: list[tuple[_Mark, _Mark]] = []

    def document(self) -> Document:
        next(self._events)  # stream start
        if isinstance(next(self._events), yaml.StreamEndEvent):
            raise _error(ONE_DOCUMENT, 1, 1, "The text holds no document.")
        root = self._value(next(self._events), 1)
        next(self._events)  # document end
        event = next(self._events)
        if not isinstance(event, yaml.StreamEndEvent):
            raise self._refused(ONE_DOCUMENT, event, "A second document begins here.")
        return Document(root, self._findings, self._scalars)

    def _value(self, event: yaml.Event, depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, depth)
        self._values += 1
        if self._values > VALUES_MAX:
            raise self._refused(TOO_MANY_VALUES, event, f"The document has more than {VALUES_MAX:,} values.")
        if isinstance(event, yaml.ScalarEvent):
            node = self._scalar(event)
        elif depth > DEPTH_MAX:
            raise self._refused(TOO_DEEP, event, f"This is nested more than {DEPTH_MAX} deep.")
        else:
            assert isinstance(event, _Collection)  # noqa: S101  # no other event begins a value
            node = self._collection(event, depth)
        anchor = getattr(event, "anchor", None)
        if anchor is not None:
            self._anchors[anchor] = node
        return node

    def _alias(self, event: yaml.AliasEvent, depth: int) -> Node:
        self._aliases += 1
        if self._aliases > ALIASES_MAX:
            raise self._refused(YAML_ALIAS, event, f"This is one alias more than {ALIASES_MAX}.")
        node = self._anchors.get(str(event.anchor))
        if node is None:  # also while the value is still open: it would contain itself
            name = shown(str(event.anchor))
            raise self._refused(YAML_ALIAS, event, f"The alias *{name} stands for no complete value above.")
        if depth + node.height - 1 > DEPTH_MAX:
            raise self._refused(TOO_DEEP, event, f"With this alias, values nest more than {DEPTH_MAX} deep.")
        return node

    def _collection(self, event: _Collection, depth: int) -> Node:
        line, column = _place(event.start_mark)
        is_list = isinstance(event, yaml.SequenceStartEvent)
        node = Node("list" if is_list else "mapping", line, column, line)
        self._note_tag(event, event.tag)
        if is_list:
            while not isinstance(inner := next(self._events), yaml.SequenceEndEvent):
                item = self._value(inner, depth + 1)
                node.items.append(item)
                self._add(node, item, inner)
        else:
            self._mapping(node, depth)
        return node

    def _mapping(self, node: Node, depth: int) -> None:
        merged: list[Node] = []
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event)
            value_event = next(self._events)
            value = self._value(value_event, depth + 1)
            self._add(node, value, value_event)
            if key is None:
                continue
            line, column = _place(event.start_mark)
            if key == _MERGE and isinstance(event, yaml.ScalarEvent) and event.implicit[0]:
                merged.extend(self._sources(value, value_event))
            elif key in node.members:
                message = (
                    f"The key {shown(key)} stands here again; it is on line {node.members[key].line}, too."
                )
                self._note(DUPLICATE_KEY, event, message)
            else:
                node.members[key] = Entry(line, column, value)
        if not merged:
            return
        # What comes first wins, and the mapping itself above all: each is laid over the ones behind it.
        own, node.members = node.members, {}
        for members in (*(source.members for source in reversed(merged)), own):
            node.members.update(members)

    def _key(self, event: yaml.Event) -> str | None:
        if not isinstance(event, yaml.ScalarEvent):
            raise self._refused(KEY_NOT_TEXT, event, "This key is a list, a mapping or an alias.")
        self._scalars.append((_place(event.start_mark), _end(event)))
        self._note_tag(event, event.tag)
        text = self._text(event)
        if event.implicit[0] and text != _MERGE and _plain(text)[0] != "text":
            self._note(KEY_NOT_TEXT, event, f"The key {shown(text) or 'here'} is no text.")
            return None
        return text

    def _sources(self, value: Node, event: yaml.Event) -> list[Node]:
        sources = value.items if value.kind == "list" else [value]
        if any(source.kind != "mapping" for source in sources):
            raise self._refused(YAML_ALIAS, event, "What `<<` merges is no mapping.")
        return sources

    def _scalar(self, event: yaml.ScalarEvent) -> Node:
        line, column = _place(event.start_mark)
        end = _end(event)
        # What stands behind `|` on its line may be a comment; the text begins on the next.
        begin = (line + 1, 1) if event.style in ("|", ">") else (line, column)
        self._scalars.append((begin, end))
        self._note_tag(event, event.tag)
        text = self._text(event)
        kind: Kind = "text"
        scalar: str | int | float | bool | None = text
        if event.implicit[0]:
            kind, scalar = _plain(text)
        return Node(kind, line, column, max(line, end[0]), scalar)

    def _text(self, event: yaml.ScalarEvent) -> str:
        """What a scalar says; in quotes, an escape may have brought in what may not stand in the text."""
        text = str(event.value)
        found = _UNREADABLE.search(text)
        if found:
            self._note(UNREADABLE_CHARACTER, event, f"U+{ord(found.group()):04X} is in this text.")
        return text

    def _add(self, node: Node, value: Node, event: yaml.Event) -> None:
        is_alias = isinstance(event, yaml.AliasEvent)
        last_line = _place(event.start_mark)[0] if is_alias else value.last_line
        node.last_line = max(node.last_line, last_line)
        node.height = max(node.height, value.height + 1)
        node.weight += value.weight
        if node.weight > VALUES_MAX:
            message = f"With its aliases, the document has more than {VALUES_MAX:,} values."
            raise self._refused(TOO_MANY_VALUES, event, message)

    def _note_tag(self, event: yaml.Event, tag: str | None) -> None:
        if tag is not None:
            self._note(YAML_TAG, event, f"The value has the tag {shown(tag)}.")

    def _note(self, rule: Rule, event: yaml.Event, message: str) -> None:
        self._findings.append(_finding(rule, *_place(event.start_mark), message))

    def _refused(self, rule: Rule, event: yaml.Event, message: str) -> DocumentError:
        return _error(rule, *_place(event.start_mark), message)


def _place(mark: Any) -> _Mark:
    # Each of the two parsers has a class of its own for marks; every event that is read here has one.
    return mark.line + 1, mark.column + 1


def _end(event: yaml.ScalarEvent) -> _Mark:
    """Where a scalar ends; a text in lines of its own ends before the line that the parser has come to."""
    line, column = _place(event.end_mark)
    return (line - 1, SIZE_MAX_BYTES) if column == 1 and event.style in ("|", ">") else (line, column)


def _plain(text: str) -> tuple[Kind, str | int | float | bool | None]:
    """What a text without quotes means."""
    if text in _NULLS:
        return "null", None
    if text in _BOOLEANS:
        return "boolean", _BOOLEANS[text]
    if _INTEGER.fullmatch(text) and len(text) <= _DIGITS_MAX:
        return "integer", int(text)
    if _NUMBER.fullmatch(text):
        return "float", 0.0  # no member takes one, so its value is nobody's concern
    return "text", text
