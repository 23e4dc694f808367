"""What a manifest comes to elsewhere: the content of a revision, and the members it declares."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from msgspec import UNSET, Struct, to_builtins

from trunkline.core.manifests.manifest import Integration, ReadObject
from trunkline.core.manifests.slugs import Action, object_slug

MemberKind: TypeAlias = Literal["sync", "action", "subscription"]


class ManifestObject(Struct, frozen=True, kw_only=True):
    """A member to be.

    Attributes:
        kind: the kind of its entity: a `sync` for what is read, an `action` for what is written.
        slug: of the member and of its entity.
        name: what people call it.
        definition: the object as it was declared.
        required: it is taken by every installation.
    """

    kind: MemberKind
    slug: str
    name: str
    definition: dict[str, Any]
    required: bool


def content_of(integration: Integration) -> dict[str, Any]:
    """The JSON of an integration, as a revision's `content` shows it.

    An object that is read without a schedule has an empty one there: its document requires the member.
    """
    content: dict[str, Any] = _lists(to_builtins(integration))
    for item in content.get("read", {}).get("objects", ()):
        item.setdefault("schedule", "")
    return content


def objects_of(integration: Integration) -> tuple[ManifestObject, ...]:
    """One member for each object that is read, written or subscribed to, in this order."""
    found = [_read_member(item) for item in _objects(integration.read)]
    found += [_member("action", "write", item, item.object_name) for item in _objects(integration.write)]
    for item in _objects(integration.subscribe):
        found.append(_member("subscription", "subscribe", item, item.object_name))
    return tuple(found)


def _read_member(item: ReadObject) -> ManifestObject:
    name = item.map_to_display_name or item.map_to_name or item.object_name
    return _member("sync", "read", item, name, required=item.enabled == "always")


def _member(
    kind: MemberKind, action: Action, item: Any, name: str, *, required: bool = False
) -> ManifestObject:
    return ManifestObject(
        kind=kind,
        slug=object_slug(action, item.object_name),
        name=name,
        definition=_lists(to_builtins(item)),
        required=required,
    )


def _objects(section: Any) -> tuple[Any, ...]:
    return () if section is UNSET else tuple(section.objects)


def _lists(value: Any) -> Any:
    """The same with lists for tuples, as JSON would read back."""
    if isinstance(value, dict):
        return {key: _lists(item) for key, item in value.items()}
    return [_lists(item) for item in value] if isinstance(value, list | tuple) else value
