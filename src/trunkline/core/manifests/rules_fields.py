"""Rules about the fields of objects that are read."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.core.manifests.fields import FieldPathError, read_field_path
from trunkline.core.manifests.places import Place, shown
from trunkline.core.manifests.rules import Complaint, Context, Rulebook, Scope

FIELDS = Rulebook()


@FIELDS.rule(
    "field-name",
    "error",
    Scope.READ_OBJECT,
    sentence="A field has a `fieldName`, or a `mapToName` for the customer to choose a field for.",
    remedy="Add one of the two.",
)
def field_name(item: Place, _: Context) -> Iterator[Complaint]:
    """A field can be told from others."""
    for field in _fields(item):
        if field.node.kind == "mapping" and not (field.get("fieldName") or field.get("mapToName")):
            yield field, "The field has neither `fieldName` nor `mapToName`."


@FIELDS.rule(
    "field-path",
    "error",
    Scope.READ_OBJECT,
    sentence="A nested field is written as keys in brackets and single quotes: `$['address']['city']`.",
    remedy="Write it like `$['address']['city']`.",
)
def field_path(item: Place, _: Context) -> Iterator[Complaint]:
    """A path can be read, on either side of a mapping."""
    for field in _fields(item):
        for key in ("fieldName", "mapToName", "default"):
            name = field.get(key)
            if name is None:
                continue
            try:
                read_field_path(name.text)
            except FieldPathError as error:
                yield name, f"{shown(name.text)} is no nested field: {error}."


@FIELDS.rule(
    "duplicate-mapping",
    "error",
    Scope.READ_OBJECT,
    sentence="No two fields of an object are mapped to the same name, nor one into another.",
    remedy="Map one of them to another name.",
)
def duplicate_mapping(item: Place, _: Context) -> Iterator[Complaint]:
    """One of the two values would be lost."""
    targets: dict[tuple[str, ...], Place] = {}
    inner: dict[tuple[str, ...], Place] = {}
    for field in _fields(item):
        target = field.get("mapToName")
        path = _path(target) if target is not None else ()
        if target is None or not path:
            continue
        outer = [path[:length] for length in range(1, len(path) + 1)]
        other = inner.get(path) or next((targets[one] for one in outer if one in targets), None)
        if other is not None:
            yield target, f"{shown(target.text)} is mapped to already, on line {other.line}."
        targets.setdefault(path, target)
        for one in outer:
            inner.setdefault(one, target)


@FIELDS.rule(
    "duplicate-field",
    "warning",
    Scope.READ_OBJECT,
    sentence="A field stands once in an object, unless it is mapped to several names.",
    remedy="Remove one of the two.",
)
def duplicate_field(item: Place, _: Context) -> Iterator[Complaint]:
    """Harmless, but one of the two was meant to be another."""
    seen: dict[tuple[str, str], int] = {}
    for field in _fields(item):
        name, target = field.text_at("fieldName"), field.text_at("mapToName")
        # The same target twice is an error of its own.
        if name and not target and (name, target) in seen:
            yield field, f"The field {shown(name)} stands on line {seen[name, target]} already."
        seen.setdefault((name, target), field.line)


@FIELDS.rule(
    "field-prompt",
    "warning",
    Scope.READ_OBJECT,
    sentence="A field that the customer chooses has a `prompt` or a `mapToDisplayName`; one with a `fieldName` needs"
    " neither `prompt` nor `default`.",
    remedy="Say what is asked for; or remove what has no effect.",
)
def field_prompt(item: Place, _: Context) -> Iterator[Complaint]:
    """The customer is asked about the fields that are theirs to choose, and about no others."""
    for field in _fields(item):
        if field.get("fieldName") is None:
            told = field.get("prompt") or field.get("mapToDisplayName")
            if field.get("mapToName") is not None and told is None:
                yield field, "The customer chooses this field, but is not told what for."
            continue
        for key in ("prompt", "default"):
            if field.get(key) is not None:
                yield field.key(key), f"`{key}` has no effect beside `fieldName`."


def _fields(item: Place) -> list[Place]:
    return [*item.items_at("requiredFields"), *item.items_at("optionalFields")]


def _path(name: Place) -> tuple[str, ...]:
    try:
        return read_field_path(name.text) if name.text else ()
    except FieldPathError:
        return ()
