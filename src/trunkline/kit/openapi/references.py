"""References: reading `$ref`, finding what it names inside the document, and refusing what leaves it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import quote, unquote

from trunkline.kit.errors import InvalidRequestError
from trunkline.kit.openapi import legacy
from trunkline.kit.openapi.budgets import Budget
from trunkline.kit.openapi.keywords import LISTED, NAMED, SINGLE
from trunkline.kit.openapi.places import ROOT, Place, Warnings, refused, shown

HOPS_MAX = 32  # from one reference to the next before the thing itself
FOLLOWING_COST = 20  # nodes; following a reference takes about as long as reading that many

_POINTER_SAFE = "!$&'()*+,;=:@-._~"  # RFC 3986: what a fragment may hold besides letters, digits, "/" and "?"

_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")

Tokens: TypeAlias = tuple[str, ...]


@dataclass(slots=True)
class Source:
    """One document while it is converted.

    Attributes:
        document: the checked tree; read only.
        is_legacy: OpenAPI 3.0, whose schemas are not JSON Schema yet.
        schemas: `components.schemas`.
        slugs: the slug of each of them, by name.
    """

    document: Mapping[str, object]
    is_legacy: bool
    schemas: Mapping[str, object]
    slugs: Mapping[str, str]
    budget: Budget = field(default_factory=Budget)
    warnings: Warnings = field(default_factory=Warnings)

    def lookup(self, tokens: Tokens) -> object:
        """The value a JSON pointer names.

        Raises:
            LookupError: there is none.
        """
        value: object = self.document
        for token in tokens:
            found = _member(value, token) or _item(value, token)
            if found is None:
                raise LookupError(token)
            (value,) = found
        return value

    def resolve(self, raw: object, place: Place) -> tuple[dict[str, object], Place]:
        """An object that may stand behind references, and where it really stands.

        Raises:
            InvalidRequestError: not an object, or a reference that dangles, leaves the document or comes
                back to itself.
        """
        described: dict[str, object] = {}
        for _ in range(HOPS_MAX):
            if not isinstance(raw, dict):
                raise refused(place, "must be an object")
            if "$ref" not in raw:
                self.budget.spend(len(raw), place)
                return {**raw, **described}, place
            # 3.1 lets the nearest reference describe what it points at; 3.0 ignores its siblings.
            if not self.is_legacy and "description" in raw and not described:
                described = {"description": raw["description"]}
            at = place.child("$ref")
            raw, place = self.follow(self.tokens(raw["$ref"], at), at)
        raise refused(place, "the references here lead back to themselves; point at the thing itself")

    def tokens(self, reference: object, place: Place) -> Tokens:
        """The tokens of a reference; its length counts, as shared text is read again wherever it is inlined.

        Raises:
            InvalidRequestError: not a reference into this document, or the budget is spent.
        """
        if not isinstance(reference, str):
            raise refused(place, "a reference must be a text")
        self.budget.spend_text(reference, place)
        return pointer_of(reference, place)

    def follow(self, tokens: Tokens, place: Place) -> tuple[object, Place]:
        """What a pointer names, and where that stands.

        Raises:
            InvalidRequestError: nothing is there, or the budget is spent.
        """
        self.budget.spend(FOLLOWING_COST, place)
        try:
            return self.lookup(tokens), ROOT.child(*tokens)
        except LookupError:
            raise dangling(place, "#/" + "/".join(tokens)) from None

    def schema_reference(self, tokens: Tokens, place: Place) -> str | None:
        """The slug of the schema it names, and `#/pointer` into the converted schema where it goes deeper.

        Returns:
            `None` where the pointer does not go through `components.schemas`.

        Raises:
            InvalidRequestError: no such schema, or no schema at that pointer inside it.
        """
        if tokens[:2] != ("components", "schemas"):
            return None
        if len(tokens) < 3:
            raise refused(place, "a reference must name one schema: #/components/schemas/<Name>")
        name, inside = tokens[2], tokens[3:]
        if name not in self.schemas:
            raise dangling(place, f"#/components/schemas/{name}")
        moved = _moved(self.schemas[name], inside, is_legacy=self.is_legacy)
        if moved is None:
            raise refused(
                place, f"{shown('/'.join(inside))!r} inside the schema {shown(name)!r} is not a schema"
            )
        fragment = "".join("/" + quote(_escaped(token), safe=_POINTER_SAFE) for token in moved)
        return self.slugs[name] + (f"#{fragment}" if fragment else "")


def pointer_of(reference: str, place: Place) -> Tokens:
    """The unescaped tokens of a reference into this document.

    Source: RFC 6901 section 6: percent-decoded first, split at slashes, then `~1` and `~0`.

    Raises:
        InvalidRequestError: another file, an anchor or the document as a whole.
    """
    if not reference.startswith("#"):
        raise external(place, reference)
    try:
        pointer = unquote(reference[1:], errors="strict")
    except UnicodeDecodeError:
        raise refused(
            place, f"{shown(reference)!r} is not a JSON pointer: its escapes are not UTF-8"
        ) from None
    if not pointer.startswith("/"):
        raise refused(place, f"{shown(reference)!r} names no component; write #/components/schemas/<Name>")
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in pointer[1:].split("/"))


def dangling(place: Place, reference: str) -> InvalidRequestError:
    """The refusal of a reference to nothing."""
    return refused(
        place, f"{shown(reference)!r} points at nothing in this document; add it or mend the reference"
    )


def external(place: Place, reference: str) -> InvalidRequestError:
    """The refusal of a reference that leaves the document."""
    return refused(place, f"{shown(reference)!r} leaves this document; bundle it into one file first")


def _moved(schema: object, inside: Tokens, *, is_legacy: bool) -> list[str] | None:
    """Where the schema at `inside` stands once its surroundings are converted; `None`: it is no schema."""
    moved: list[str] = []
    rest = list(reversed(inside))
    while rest:
        if not isinstance(schema, dict) or (is_legacy and "$ref" in schema):
            return None
        if is_legacy and legacy.is_nullable_union(schema):
            moved += ["anyOf", "0"]
        key = rest.pop()
        schema = schema.get(key)
        moved.append(key)
        if key in NAMED or key in LISTED:
            if not rest:
                return None
            token = rest.pop()
            found = _item(schema, token) if key in LISTED else _member(schema, token)
            if found is None:
                return None
            (schema,) = found
            moved.append(token)
        elif key not in SINGLE or schema is None:
            return None
    return moved if schema is None or isinstance(schema, (dict, bool)) else None


def _item(value: object, token: str) -> tuple[object] | None:
    if isinstance(value, list) and _INDEX.fullmatch(token) and int(token) < len(value):
        return (value[int(token)],)
    return None


def _member(value: object, token: str) -> tuple[object] | None:
    return (value[token],) if isinstance(value, dict) and token in value else None


def _escaped(token: str) -> str:
    return token.replace("~", "~0").replace("/", "~1")
