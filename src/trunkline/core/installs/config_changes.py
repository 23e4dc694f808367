"""Changing one object of a configuration by a list of changes: add, remove, replace.

The changes are made to what the object comes to, since that is what people see; kept of the outcome is what the
install had set and what the changes made different.

Source: RFC 6902 section 4.1 to 4.3, RFC 6901; reference of the Ampersand API, config-content.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Literal

from msgspec import UNSET

from trunkline.core.installs.config_content import (
    Action,
    Content,
    configured_objects,
    declared_objects,
    effective_config,
)
from trunkline.kit import strictjson
from trunkline.kit.errors import InvalidRequestError, NotFoundError

CHANGES_MAX = 1_000
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
_BAD_ESCAPE = re.compile(r"~(?![01])", re.ASCII)


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """One change; `value` is UNSET where none was given."""

    op: Literal["add", "remove", "replace"]
    path: str
    value: Any = UNSET


def patch_object(
    source: Mapping[str, Any],
    content: Mapping[str, Any],
    action: Action,
    name: str,
    changes: Sequence[ObjectChange],
) -> Content:
    """A configuration's content after changes to one of its objects, which is added where it was not there.

    Raises:
        NotFoundError: the integration has no such object for this action.
        InvalidRequestError: a change is malformed, or about what is not there; none is made then.
    """
    held = configured_objects(content, action)
    if name not in declared_objects(source, action) and name not in held:
        raise NotFoundError("object")
    if not 1 <= len(changes) <= CHANGES_MAX:
        raise InvalidRequestError.at("changes", f"must be 1-{CHANGES_MAX}")
    own = held.get(name, {"objectName": name})
    whole = effective_config(source, {action: {"objects": {name: own}}})[action]["objects"][name]
    patched = patched_value(whole, changes)
    kept = {
        member: value
        for member, value in patched.items()
        if member in own or member not in whole or value != whole[member]
    }
    result = deepcopy(dict(content))
    result.setdefault(action, {}).setdefault("objects", {})[name] = kept
    # Many small changes nest as deep as one likes; what is kept must be readable as input again.
    strictjson.check(result, "changes")
    return result


def patched_value(value: Mapping[str, Any], changes: Sequence[ObjectChange]) -> dict[str, Any]:
    """An object after changes made one after the other.

    Raises:
        InvalidRequestError: a change is malformed, or about what is not there.
    """
    result: dict[str, Any] = deepcopy(dict(value))
    for i, change in enumerate(changes):
        place = f"changes[{i}]"
        if change.op != "remove" and change.value is UNSET:
            raise InvalidRequestError.at(f"{place}.value", "is required")
        *parents, last = _pointer(change.path, f"{place}.path")
        holder: Any = result
        for segment in parents:
            holder = _step(holder, segment, f"{place}.path")
        _change(holder, last, change, f"{place}.path")
    return result


def _pointer(path: str, place: str) -> list[str]:
    if not path.startswith("/"):
        raise InvalidRequestError.at(place, "must start with a slash")
    if _BAD_ESCAPE.search(path):
        raise InvalidRequestError.at(place, "`~` must be written `~0`")
    segments = path[1:].split("/")
    if len(segments) > strictjson.MAX_DEPTH:
        raise InvalidRequestError.at(place, f"leads deeper than {strictjson.MAX_DEPTH}")
    return [segment.replace("~1", "/").replace("~0", "~") for segment in segments]


def _step(holder: Any, segment: str, place: str) -> Any:
    if isinstance(holder, dict) and segment in holder:
        return holder[segment]
    if isinstance(holder, list):
        return holder[_index(holder, segment, place, last=len(holder) - 1)]
    raise _absent(segment, place)


def _change(holder: Any, segment: str, change: ObjectChange, place: str) -> None:
    if isinstance(holder, dict):
        if change.op != "add" and segment not in holder:
            raise _absent(segment, place)
        if change.op == "remove":
            del holder[segment]
        else:
            holder[segment] = deepcopy(change.value)
    elif isinstance(holder, list):
        _change_item(holder, segment, change, place)
    else:
        raise _absent(segment, place)


def _change_item(holder: list[Any], segment: str, change: ObjectChange, place: str) -> None:
    if change.op == "add":
        at = len(holder) if segment == "-" else _index(holder, segment, place, last=len(holder))
        holder.insert(at, deepcopy(change.value))
        return
    at = _index(holder, segment, place, last=len(holder) - 1)
    if change.op == "remove":
        del holder[at]
    else:
        holder[at] = deepcopy(change.value)


def _index(holder: list[Any], segment: str, place: str, *, last: int) -> int:
    if not _INDEX.fullmatch(segment) or int(segment) > last:
        raise InvalidRequestError.at(place, f"{segment[:100]} is no place in a list of {len(holder)}")
    return int(segment)


def _absent(segment: str, place: str) -> InvalidRequestError:
    return InvalidRequestError.at(place, f"there is nothing at {segment[:100]}")
