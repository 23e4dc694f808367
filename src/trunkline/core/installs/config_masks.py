r"""Changing a configuration by update masks: only what a mask names is taken from what is given.

A mask is a path with dots. In the name of an object, a dot, a colon, a slash and a backslash may be written with a
backslash before them; names that are known are recognised without, since clients leave it out.

Source: reference of the Ampersand API, update masks of an installation.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

from trunkline.core.installs.config_content import (
    ACTIONS,
    Action,
    Content,
    always_read,
    configured_objects,
    declared_objects,
)
from trunkline.kit.errors import InvalidRequestError, Problem

CONNECTION: Final = "connectionId"
CREATED_BY: Final = "config.createdBy"
ALLOWED_MASKS: Final = (
    CONNECTION,
    CREATED_BY,
    "config.content.read.objects.<objectName>",
    "config.content.read.objects.<objectName>.disabled",
    "config.content.write.objects",
    "config.content.write.objects.<objectName>",
    "config.content.subscribe.objects",
    "config.content.subscribe.objects.<objectName>",
    "config.content.proxy.enabled",
)
_CONTENT: Final = "config.content."
_PROXY: Final = "proxy.enabled"
_DISABLED: Final = ".disabled"
_WHOLE: Final = ("write", "subscribe")  # sections whose map of objects may be replaced as one


class UnknownMaskError(InvalidRequestError):
    """The update mask names what cannot be changed; nothing was changed."""

    code = "unknown_mask"
    remedy = f"Use one of: {', '.join(ALLOWED_MASKS)}."


@dataclass(frozen=True, slots=True)
class _Target:
    """What a mask stands for: an object of an action, all of them where it has no name, or the proxy."""

    action: Action | None
    name: str | None = None
    is_disabled: bool = False


def apply_masks(
    content: Mapping[str, Any], masks: Iterable[str], given: Mapping[str, Any], source: Mapping[str, Any]
) -> Content:
    """A configuration's content with what the masks name taken from `given`; the rest of that is ignored.

    An object that is given as null is taken out. Masks that are about nothing in the content are passed over.

    Args:
        content: what the install is configured with.
        masks: paths below the installation, in the order in which they are applied.
        given: the content that was sent along.
        source: what the version declares.

    Raises:
        UnknownMaskError: a mask names what cannot be changed.
        InvalidRequestError: a mask names what is not given.
    """
    result = deepcopy(dict(content))
    for i, mask in enumerate(masks):
        target = _read(mask, _known(content, given, source), i)
        if target is not None:
            _apply(result, target, given, source, f"updateMask[{i}]")
    return result


def _known(*documents: Mapping[str, Any]) -> dict[Action, set[str]]:
    content, given, source = documents
    return {
        action: {
            *declared_objects(source, action),
            *configured_objects(content, action),
            *_objects_of(given, action),
        }
        for action in ACTIONS
    }


def _objects_of(given: Mapping[str, Any], action: Action) -> Mapping[str, Any]:
    """The objects given for an action; none where what is given is of another shape, which is told later."""
    section = given.get(action)
    objects = section.get("objects") if isinstance(section, Mapping) else None
    return objects if isinstance(objects, Mapping) else {}


def _read(mask: str, known: Mapping[Action, Collection[str]], at: int) -> _Target | None:
    if mask in (CONNECTION, CREATED_BY):
        return None
    path = mask.removeprefix(_CONTENT) if mask.startswith(_CONTENT) else ""
    if path == _PROXY:
        return _Target(None)
    for action in ACTIONS:
        if path == f"{action}.objects" and action in _WHOLE:
            return _Target(action)
        if path.startswith(f"{action}.objects."):
            target = _object(action, path.removeprefix(f"{action}.objects."), known[action])
            if target is not None:
                return target
    problem = Problem(f"updateMask[{at}]", f"{mask[:200]} is nothing that can be changed")
    raise UnknownMaskError(f"{problem.path}: {problem.message}", problem)


def _object(action: Action, written: str, known: Collection[str]) -> _Target | None:
    """The object a mask ends in; a name that is known wins over one that would have to be taken apart."""
    if written in known:
        return _Target(action, written)
    base = written.removesuffix(_DISABLED)
    if action == "read" and base != written and base in known:
        return _Target(action, base, is_disabled=True)
    parts = _parts(written)
    if len(parts) == 1 and parts[0]:
        return _Target(action, parts[0])
    if action == "read" and len(parts) == 2 and parts[0] and parts[1] == "disabled":
        return _Target(action, parts[0], is_disabled=True)
    return None


def _parts(written: str) -> list[str]:
    """The segments of a path, a character behind a backslash standing for itself."""
    parts, current, characters = [], "", iter(written)
    for character in characters:
        if character == ".":
            parts.append(current)
            current = ""
        else:
            current += next(characters, "\\") if character == "\\" else character
    return [*parts, current]


def _apply(
    result: Content, target: _Target, given: Mapping[str, Any], source: Mapping[str, Any], path: str
) -> None:
    if target.action is None:
        proxy = given.get("proxy")
        value = proxy.get("enabled") if isinstance(proxy, Mapping) else None
        if not isinstance(value, bool):
            raise InvalidRequestError.at(path, "config.content.proxy.enabled is not given as true or false")
        result["proxy"] = {**result.get("proxy", {}), "enabled": value}
        return
    there = _objects_of(given, target.action)
    if target.name is None:
        section = given.get(target.action)
        if not isinstance(section, Mapping) or not isinstance(section.get("objects"), Mapping):
            raise InvalidRequestError.at(path, f"config.content.{target.action}.objects is not given")
        result[target.action] = {**result.get(target.action, {}), "objects": deepcopy(dict(there))}
        return
    if target.name not in there:
        name = target.name[:100]
        raise InvalidRequestError.at(path, f"config.content.{target.action}.objects.{name} is not given")
    value = there[target.name]
    objects = result.setdefault(target.action, {}).setdefault("objects", {})
    if target.is_disabled:
        _disable(objects, target.name, value, source, path)
    elif value is None:
        objects.pop(target.name, None)
    else:
        objects[target.name] = deepcopy(value)


def _disable(objects: dict[str, Any], name: str, given: Any, source: Mapping[str, Any], path: str) -> None:
    value = given.get("disabled") if isinstance(given, Mapping) else None
    if not isinstance(value, bool):
        raise InvalidRequestError.at(path, "disabled is not given as true or false")
    if name not in objects and name not in always_read(source):
        raise InvalidRequestError.at(path, f"{name[:100]} is not read for this installation")
    objects.setdefault(name, {"objectName": name})["disabled"] = value
