"""Schemas to JSON Schema 2020-12: one walk for both versions of OpenAPI, reading keywords by position.

A keyword whose value the meta-schema would refuse is left out with a warning, so what comes out is always a
valid 2020-12 schema; patterns are kept unread, since nothing here compiles a stranger's regular expression.
"""

from __future__ import annotations

from trunkline.kit.openapi import legacy
from trunkline.kit.openapi.keywords import IDENTITY, LISTED, NAMED, SCALARS, SINGLE
from trunkline.kit.openapi.names import display_name
from trunkline.kit.openapi.places import ROOT, Place, refused
from trunkline.kit.openapi.references import Source, Tokens, dangling
from trunkline.kit.openapi.values import JSON_SCHEMA_DIALECT, ConvertedMember

_DIALECTS = (JSON_SCHEMA_DIALECT, "https://spec.openapis.org/oas/3.1/")


def component_members(source: Source) -> list[ConvertedMember]:
    """One member for each entry of `components.schemas`, in document order.

    Raises:
        InvalidRequestError: a schema that is none, or a reference that does not lead to one.
    """
    return [_component(source, name, raw) for name, raw in source.schemas.items()]


def _component(source: Source, name: str, raw: object) -> ConvertedMember:
    walk = SchemaWalk(source)
    place = ROOT.child("components", "schemas", name)
    converted = as_object(walk.schema(raw, place, 1))
    description = raw.get("description") if isinstance(raw, dict) else None
    return ConvertedMember(
        slug=source.slugs[name],
        kind="schema",
        name=display_name(name, source.slugs[name]),
        description=description if isinstance(description, str) else None,
        definition={"$schema": JSON_SCHEMA_DIALECT, **converted},
        refs=frozenset(walk.refs),
    )


def as_object(schema: dict[str, object] | bool) -> dict[str, object]:
    """A schema as an object where `true` and `false` will not do."""
    if isinstance(schema, bool):
        return {} if schema else {"not": {}}
    return schema


class SchemaWalk:
    """Converts the schemas of one definition and remembers which components it refers to.

    Attributes:
        source: the document they stand in.
        refs: the components' slugs.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self._inlining: set[Tokens] = set()
        self.refs: set[str] = set()

    def schema(self, raw: object, place: Place, depth: int) -> dict[str, object] | bool:
        """The schema at `place`, to stand `depth` levels deep in the definition.

        Raises:
            InvalidRequestError: not a schema, a reference that does not lead to one, or too deep or large.
        """
        self.source.budget.check_depth(depth, place)
        if raw is None:
            self.source.warnings.add(place, "an empty schema; read as one that accepts anything")
            return {}
        if isinstance(raw, bool):
            return raw
        if not isinstance(raw, dict):
            raise refused(place, "a schema must be an object")
        if not self.source.is_legacy:
            return self._keywords(raw, place, depth)
        if not isinstance(raw.get("nullable", False), bool):
            self._warn(place.child("nullable"), "must be true or false")
        if legacy.is_nullable_union(raw):
            return self._nullable_union(raw, place, depth)
        return self._keywords(legacy.modernised(raw), place, depth)

    def _nullable_union(self, raw: dict[str, object], place: Place, depth: int) -> dict[str, object]:
        around, option = legacy.split_nullable_union(raw)
        return {
            **self._keywords(legacy.modernised(around), place, depth),
            "anyOf": [self.schema(option, place, depth + 2), {"type": "null"}],
        }

    def _keywords(self, raw: dict[str, object], place: Place, depth: int) -> dict[str, object]:
        budget = self.source.budget
        budget.spend(len(raw), place)
        out: dict[str, object] = {}
        for key, value in raw.items():
            budget.spend_text(key, place)
            if key in SINGLE:
                out[key] = self.schema(value, place.child(key), depth + 1)
            elif key in NAMED:
                self._named(out, key, value, place, depth)
            elif key in LISTED:
                self._listed(out, key, value, place, depth)
            elif key.startswith("$") or key in {"discriminator", "dependencies"}:
                self._special(out, key, value, place, depth)
            else:
                self._data(out, key, value, place, depth)
        if "$ref" in raw:
            return self._with_reference(out, raw["$ref"], place, depth)
        return out

    def _named(self, out: dict[str, object], key: str, value: object, place: Place, depth: int) -> None:
        at = place.child(key)
        if not isinstance(value, dict):
            self._warn(at, "must be an object whose members are schemas")
            return
        self.source.budget.spend(len(value), at)
        for name in value:
            self.source.budget.spend_text(name, at)
        out[key] = {name: self.schema(item, at.child(name), depth + 2) for name, item in value.items()}

    def _listed(self, out: dict[str, object], key: str, value: object, place: Place, depth: int) -> None:
        at = place.child(key)
        if not isinstance(value, list) or not value:
            self._warn(at, "must be a list of at least one schema")
            return
        self.source.budget.spend(len(value), at)
        out[key] = [self.schema(item, at.child(index), depth + 2) for index, item in enumerate(value)]

    def _special(self, out: dict[str, object], key: str, value: object, place: Place, depth: int) -> None:
        """Keywords that refer, identify or have no place in 2020-12."""
        at = place.child(key)
        if key == "discriminator":
            self._discriminator(out, value, at)
        elif key == "dependencies":
            self._warn(at, "is not a 2020-12 keyword; write dependentRequired or dependentSchemas")
        elif key == "$dynamicRef":
            raise refused(at, "dynamic references are not read; write $ref to #/components/schemas/<Name>")
        elif key == "$schema" and not (isinstance(value, str) and value.rstrip("#").startswith(_DIALECTS)):
            self.source.warnings.add(at, "names another dialect; the schema is read as JSON Schema 2020-12")
        elif key != "$ref" and key not in IDENTITY:
            self._data(out, key, value, place, depth)

    def _data(self, out: dict[str, object], key: str, value: object, place: Place, depth: int) -> None:
        at = place.child(key)
        if key == "required" and isinstance(value, list) and all(isinstance(name, str) for name in value):
            value = list(dict.fromkeys(value))
        if key == "nullable":
            self.source.warnings.add(at, 'means nothing in OpenAPI 3.1; write "null" into type')
        if key in SCALARS:
            accepts, expected = SCALARS[key]
            if not accepts(value):
                self._warn(at, f"must be {expected}")
                return
        out[key] = self.source.budget.copy(value, at, depth + 1)

    def _discriminator(self, out: dict[str, object], value: object, place: Place) -> None:
        if not isinstance(value, dict) or not isinstance(value.get("propertyName"), str):
            self._warn(place, "must be an object with a propertyName")
            return
        discriminator: dict[str, object] = {"propertyName": value["propertyName"]}
        mapping = value.get("mapping", {})
        if not isinstance(mapping, dict):
            self._warn(place.child("mapping"), "must be an object of schema names")
        elif mapping:
            self.source.budget.spend(len(mapping), place)
            at = place.child("mapping")
            discriminator["mapping"] = {
                key: self._mapped(target, at.child(key)) for key, target in mapping.items()
            }
        out["discriminator"] = discriminator

    def _mapped(self, target: object, place: Place) -> str:
        """A mapping's target may be a bare schema name as well as a reference."""
        if isinstance(target, str) and target in self.source.schemas:
            tokens: Tokens = ("components", "schemas", target)
        elif isinstance(target, str) and target.replace("_", "").replace("-", "").isalnum():
            raise dangling(place, target)
        else:
            tokens = self.source.tokens(target, place)
        reference = self._reference(tokens, place)
        if reference is None:
            raise refused(place, "must name a schema under #/components/schemas")
        return reference

    def _with_reference(
        self, siblings: dict[str, object], raw: object, place: Place, depth: int
    ) -> dict[str, object]:
        at = place.child("$ref")
        tokens = self.source.tokens(raw, at)
        reference = self._reference(tokens, at)
        if reference is not None:
            return {"$ref": reference, **siblings}
        # Even without siblings one level deeper, so that a long chain of references ends at the same limit.
        inlined = self._inlined(tokens, at, depth + 2 if siblings else depth + 1)
        if not siblings:
            return as_object(inlined)
        others = siblings.get("allOf", [])
        return {**siblings, "allOf": [*(others if isinstance(others, list) else []), inlined]}

    def _reference(self, tokens: Tokens, place: Place) -> str | None:
        reference = self.source.schema_reference(tokens, place)
        if reference is not None:
            self.source.budget.spend_text(reference, place)
            self.refs.add(self.source.slugs[tokens[2]])
        return reference

    def _inlined(self, tokens: Tokens, place: Place, depth: int) -> dict[str, object] | bool:
        if tokens in self._inlining:
            raise refused(
                place, "the schemas refer to each other in a circle; move one to components/schemas"
            )
        raw, at = self.source.follow(tokens, place)
        self._inlining.add(tokens)
        converted = self.schema(raw, at, depth)
        self._inlining.remove(tokens)
        return converted

    def _warn(self, place: Place, message: str) -> None:
        self.source.warnings.add(place, f"{message}; it was left out")
