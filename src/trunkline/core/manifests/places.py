"""Values with the places they were written at, and how rules find their way among them.

A rule looks at what somebody wrote, which may be of any shape. So a place answers every question: what is not
there, or not of the kind asked for, is None or empty. That it is of the wrong kind is said once, elsewhere.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["null", "boolean", "integer", "float", "text", "list", "mapping"]

NAME_SHOWN = 60  # characters of what somebody wrote that a message repeats
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


@dataclass(slots=True)
class Node:
    """A value of the document.

    Attributes:
        kind: what it is.
        line, column: where it begins, from 1.
        last_line: the last line with something of it.
        scalar: its value where it holds no others; a number too long to matter is 0.
        items: the values of a list.
        members: those of a mapping, by key.
        weight: how many values it comes to once every alias is written out.
        height: how deep it nests, at least 1.
    """

    kind: Kind
    line: int
    column: int
    last_line: int
    scalar: str | int | float | bool | None = None
    items: list[Node] = field(default_factory=list)
    members: dict[str, Entry] = field(default_factory=dict)
    weight: int = 1
    height: int = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """A key of a mapping with its value, and where the key stands."""

    line: int
    column: int
    node: Node


@dataclass(frozen=True, slots=True)
class Place:
    """A value where it stands: in the document by its path, in the text by line and column.

    A mapping or list under a key is found at its key, since its first value may be lines below.
    """

    node: Node
    path: str
    line: int
    column: int

    @property
    def text(self) -> str:
        """The text here; empty where there is none, or none but blanks."""
        scalar = self.node.scalar
        return scalar if self.node.kind == "text" and isinstance(scalar, str) and scalar.strip() else ""

    @property
    def number(self) -> int | None:
        """The whole number here."""
        scalar = self.node.scalar
        return scalar if self.node.kind == "integer" and isinstance(scalar, int) else None

    @property
    def is_true(self) -> bool:
        """Whether it says true."""
        return self.node.kind == "boolean" and self.node.scalar is True

    def get(self, key: str) -> Place | None:
        """The member under a key; None also where the key has no value."""
        found = self.node.members.get(key)
        return None if found is None or found.node.kind == "null" else _member(self.path, key, found)

    def text_at(self, key: str) -> str:
        """The text under a key; empty where there is none."""
        found = self.get(key)
        return found.text if found is not None else ""

    def items(self) -> list[Place]:
        """The values of a list; none where it is no list."""
        return [
            Place(item, f"{self.path}[{i}]", item.line, item.column) for i, item in enumerate(self.node.items)
        ]

    def items_at(self, *keys: str) -> list[Place]:
        """The values of the list under a path of keys."""
        place: Place | None = self
        for key in keys:
            place = place.get(key) if place is not None else None
        return place.items() if place is not None else []

    def members(self) -> list[tuple[str, Place]]:
        """Every member of a mapping, those without a value too."""
        return [(key, _member(self.path, key, entry)) for key, entry in self.node.members.items()]

    def key(self, name: str) -> Place:
        """The member under a key, found at the key itself; this place where there is no such key."""
        entry = self.node.members.get(name)
        if entry is None:
            return self
        return Place(entry.node, path_to(self.path, name), entry.line, entry.column)


def root_place(node: Node) -> Place:
    """The whole document."""
    return Place(node, "", node.line, node.column)


def path_to(parent: str, key: str) -> str:
    """The path of a member: dotted where its key is a plain name, else in brackets and cut short."""
    if _PLAIN_NAME.fullmatch(key):
        return f"{parent}.{shown(key)}" if parent else shown(key)
    return f"{parent}[{json.dumps(shown(key))}]"


def shown(text: str) -> str:
    """What somebody wrote, cut to what a message may repeat, and on one line without what terminals obey."""
    cut = text if len(text) <= NAME_SHOWN else text[: NAME_SHOWN - 1] + "…"
    return "".join(char if char.isprintable() else "\ufffd" for char in cut)


def _member(parent: str, key: str, entry: Entry) -> Place:
    node, at = entry.node, entry if entry.node.kind in ("list", "mapping", "null") else entry.node
    return Place(node, path_to(parent, key), at.line, at.column)
