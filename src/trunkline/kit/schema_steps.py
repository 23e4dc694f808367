"""How much work it is to check a value against a JSON Schema, told before it is done.

A few references are enough to say "twice as often" at each of many levels, and a validator follows them all: a
schema of one kilobyte can keep a process busy for days. So every check is counted first, each pair of a subschema
and a part of the value once, with what it comes to remembered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

MAX_STEPS = 1_000_000  # checks of a subschema against a part of a value; a sixth of a second of the validator
MAX_PAIRS = 100_000  # different ones, each looked at here
MAX_CHAIN = 150  # references and applicators that lead to one another

_REFERENCES = ("$ref", "$dynamicRef")
_ONE = ("not", "if", "then", "else")
_LISTS = ("allOf", "anyOf", "oneOf")
_OF_MEMBERS = ("additionalProperties", "unevaluatedProperties")
_OF_ITEMS = ("items", "contains", "unevaluatedItems")


class TooManyStepsError(Exception):
    """Checking takes more steps than are taken here."""


class UnboundedReferenceError(Exception):
    """A reference that is not to a place of the same document; its text is the error's."""


class Steps:
    """Counts for one schema document.

    Args:
        root: the document; not to be changed while this is used.
        known: documents of others that may be referred to; checking against them is taken for one step.
    """

    def __init__(self, root: Mapping[str, Any], known: frozenset[str] = frozenset()) -> None:
        self._root = root
        self._known = known
        self._anchors = {
            node[name]: node
            for node in subschemas(root)
            for name in ("$anchor", "$dynamicAnchor")
            if isinstance(node.get(name), str)
        }
        self._counted: dict[tuple[int, int], tuple[int, int]] = {}

    def of(self, value: Any, schema: Any = None) -> int:
        """The steps of checking `value`, against the whole document or one of its subschemas.

        Raises:
            TooManyStepsError: more than `MAX_STEPS`, or a chain longer than `MAX_CHAIN`.
            UnboundedReferenceError: it leads to a reference that leaves the document.
        """
        return self._count(self._root if schema is None else schema, value, 0)[0]

    def _count(self, schema: Any, value: Any, depth: int) -> tuple[int, int]:
        """The steps, and how long the longest chain of them is."""
        if not isinstance(schema, dict):
            return 1, 1
        pair = (id(schema), id(value))
        if pair in self._counted:
            return self._counted[pair]
        if depth > MAX_CHAIN or len(self._counted) >= MAX_PAIRS:
            raise TooManyStepsError
        self._counted[pair] = 0, 0  # a circle is walked once: nothing new is found the second time
        below = [self._count(one, value, depth + 1) for one in self._in_place(schema)]
        apart = [self._count(one, part, depth + 1) for one, part in _apart(schema, value)]
        # What is left over is found out by going through what applied again.
        again = 2 if "unevaluatedProperties" in schema or "unevaluatedItems" in schema else 1
        steps = 1 + len(schema.get("enum", ())) + len(schema.get("required", ()))
        steps += again * sum(count for count, _ in below) + sum(count for count, _ in apart)
        chain = 1 + max((length for _, length in (*below, *apart)), default=0)
        if steps > MAX_STEPS or chain > MAX_CHAIN:
            raise TooManyStepsError
        self._counted[pair] = steps, chain
        return steps, chain

    def _in_place(self, schema: Mapping[str, Any]) -> Iterator[Any]:
        """What applies to the same value."""
        for name in _REFERENCES:
            if isinstance(reference := schema.get(name), str) and reference not in self._known:
                yield self._target(reference)
        yield from (schema[name] for name in _ONE if name in schema)
        for name in _LISTS:
            yield from schema.get(name, ())
        yield from schema.get("dependentSchemas", {}).values()

    def _target(self, reference: str) -> Any:
        start, _, place = reference.partition("#")
        if start:
            raise UnboundedReferenceError(reference)
        if place in self._anchors:
            return self._anchors[place]
        found: Any = self._root
        for step in unquote(place).split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            if isinstance(found, list) and name.isdecimal() and int(name) < len(found):
                found = found[int(name)]
            elif isinstance(found, dict) and name in found:
                found = found[name]
            else:
                raise UnboundedReferenceError(reference)
        return found


def subschemas(schema: Any) -> Iterator[dict[str, Any]]:
    """Every object in a schema document, outermost first; some may be values rather than schemas."""
    waiting = [schema]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)


def _apart(schema: Mapping[str, Any], value: Any) -> Iterator[tuple[Any, Any]]:
    """What applies to parts of the value, each with its part; patterns are taken to fit every name."""
    if isinstance(value, dict):
        named = schema.get("properties", {})
        yield from ((named[name], part) for name, part in value.items() if name in named)
        every = [schema[name] for name in _OF_MEMBERS if name in schema]
        every.extend(schema.get("patternProperties", {}).values())
        yield from ((below, part) for below in every for part in value.values())
        if "propertyNames" in schema:
            yield from ((schema["propertyNames"], name) for name in value)
    elif isinstance(value, list):
        yield from zip(schema.get("prefixItems", ()), value, strict=False)
        yield from ((schema[name], part) for name in _OF_ITEMS if name in schema for part in value)
