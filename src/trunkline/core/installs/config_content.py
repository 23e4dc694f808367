"""What an install is configured with, and what that comes to. Pure: JSON values in, JSON values out.

The content of a configuration says which objects are read, written and subscribed to, and how. It is laid over what
the version's source declares: whatever the install did not set is filled in from there, and whatever it did set
stays. What cannot be filled in is checked in `config_checks`.

Source: reference of the Ampersand API, config content and effective config.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from typing import Any, Literal, TypeAlias, get_args

from trunkline.core.manifests import object_slug
from trunkline.kit.errors import InvalidRequestError

Action: TypeAlias = Literal["read", "write", "subscribe"]
Content: TypeAlias = dict[str, Any]

ACTIONS: tuple[Action, ...] = get_args(Action)
_EVENTS = ("createEvent", "updateEvent", "deleteEvent")
_WATCHED = ("watchFieldsAuto", "requiredWatchFields")


class InvalidConfigError(InvalidRequestError):
    """The configuration does not fit what the integration declares; nothing was changed."""

    code = "invalid_config"


def declared_objects(source: Mapping[str, Any], action: Action) -> dict[str, dict[str, Any]]:
    """The objects a version's source declares for an action, by name."""
    return {item["objectName"]: item for item in source.get(action, {}).get("objects", ())}


def configured_objects(content: Mapping[str, Any], action: Action) -> dict[str, dict[str, Any]]:
    """The objects a configuration names for an action; the very values it holds."""
    objects: dict[str, dict[str, Any]] = (content.get(action) or {}).get("objects") or {}
    return objects


def always_read(source: Mapping[str, Any]) -> Iterator[str]:
    """Names of the objects that are read for every install, chosen or not."""
    for name, item in declared_objects(source, "read").items():
        if item.get("enabled") == "always":
            yield name


def chosen_slugs(content: Mapping[str, Any]) -> frozenset[str]:
    """Slugs of the members that a configuration takes."""
    return frozenset(
        object_slug(action, name) for action in ACTIONS for name in configured_objects(content, action)
    )


def first_content(source: Mapping[str, Any], slugs: Iterable[str]) -> Content:
    """The configuration of an install that was made without one: the objects whose members it took."""
    taken = set(slugs)
    content: Content = {"provider": source["provider"]}
    for action in ACTIONS:
        names = [name for name in declared_objects(source, action) if object_slug(action, name) in taken]
        if names:
            content[action] = {"objects": {name: {"objectName": name} for name in names}}
    return content


def without_nulls(value: Any) -> Any:
    """The same without members that are null, which say what leaving them out says."""
    if isinstance(value, Mapping):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def effective_config(source: Mapping[str, Any], content: Mapping[str, Any]) -> Content:
    """A configuration with everything filled in that it leaves to the version it is of.

    Every member the configuration has is kept. Filled in are, for what is read: schedule, destination, backfill,
    required fields and what customers need not choose themselves; for what is subscribed to: destination and events;
    whether requests are passed on. Objects that are read for every install are there in any case.
    """
    result: Content = {"provider": source["provider"], **deepcopy(dict(content))}
    always = list(always_read(source))
    if always:
        section = result.setdefault("read", {})
        objects = section.setdefault("objects", {})
        for name in always:
            objects.setdefault(name, {})
    for action in ACTIONS:
        declared = declared_objects(source, action)
        for name, item in configured_objects(result, action).items():
            item.setdefault("objectName", name)
            _FILL[action](declared.get(name, {}), item)
    if source.get("proxy", {}).get("enabled"):
        result.setdefault("proxy", {}).setdefault("enabled", True)
    return result


def read_names(source: Mapping[str, Any], content: Mapping[str, Any], wanted: Iterable[str]) -> list[str]:
    """Names of read objects of an install, from names as the provider or the integration's author has them.

    Raises:
        InvalidRequestError: one is neither, or is not read for this install.
    """
    here = configured_objects(effective_config(source, content), "read")
    mapped = {
        item["mapToName"]: name
        for name, item in declared_objects(source, "read").items()
        if item.get("mapToName") and name in here
    }
    found = []
    for i, name in enumerate(wanted):
        if name not in here and name not in mapped:
            raise InvalidRequestError.at(f"objects[{i}]", f"{name[:100]} is not read for this installation")
        found.append(name if name in here else mapped[name])
    return found


def with_paused(
    source: Mapping[str, Any], content: Mapping[str, Any], names: Iterable[str], *, paused: bool
) -> Content:
    """The configuration with reads of these objects paused, or going on; equal where that changes nothing."""
    result = deepcopy(dict(content))
    here = configured_objects(effective_config(source, content), "read")
    for name in names:
        if here[name].get("disabled", False) is not paused:
            objects = result.setdefault("read", {}).setdefault("objects", {})
            objects.setdefault(name, {"objectName": name})["disabled"] = paused
    return result


def _fill_read(declared: Mapping[str, Any], item: dict[str, Any]) -> None:
    for member in ("schedule", "destination", "backfill"):
        if declared.get(member):
            item.setdefault(member, deepcopy(declared[member]))
    fields = item.setdefault("selectedFields", {})
    mappings = item.setdefault("selectedFieldMappings", {})
    for field in declared.get("requiredFields", ()):
        if "fieldName" in field:
            fields.setdefault(field["fieldName"], True)
        # Only what customers choose is a choice to keep: under what name a field of the author's goes on is in the
        # version, and a page of the vendor's takes any other mapping for one that is no longer offered.
        elif field.get("mapToName") and field.get("default"):
            mappings.setdefault(field["mapToName"], field["default"])


def _fill_write(_declared: Mapping[str, Any], _item: dict[str, Any]) -> None:
    """Nothing of what is written is for the version to say."""


def _fill_subscribe(declared: Mapping[str, Any], item: dict[str, Any]) -> None:
    if declared.get("destination"):
        item.setdefault("destination", declared["destination"])
    item.setdefault("inheritFieldsAndMappings", declared.get("inheritFieldsAndMapping", False))
    for name in _EVENTS:
        event = declared.get(name, {})
        if event.get("enabled"):
            own = item.setdefault(name, {})
            own.setdefault("enabled", event["enabled"])
            _fill_watched(event, own)
    if declared.get("otherEvents"):
        item.setdefault("otherEvents", list(declared["otherEvents"]))


def _fill_watched(event: Mapping[str, Any], own: dict[str, Any]) -> None:
    # `selected` leaves the choice to the install, so there is nothing to fill in.
    if not any(member in own for member in _WATCHED):
        watched = {
            member: event[member] for member in _WATCHED if event.get(member) not in (None, "selected")
        }
        own.update(deepcopy(watched))


_FILL = {"read": _fill_read, "write": _fill_write, "subscribe": _fill_subscribe}
