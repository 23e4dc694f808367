r"""Update masks: the paths that a PATCH names, and the values its object holds at them.

A path is written with dots between names; `\.`, `\:`, `\/` and `\\` are those characters themselves. Whether an
unescaped dot belongs to a name is for who knows the names: the vendor's own interface does not escape them.

Source: ampersand reference section 1.0 (PATCH bodies, mask grammar).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from trunkline.dialects.ampersand.errors import UnknownMaskError, UnprocessableError
from trunkline.kit.errors import InvalidRequestError, Problem

ESCAPABLE: Final = frozenset(".:/\\")


def split_path(path: str) -> tuple[str, ...]:
    """The names of a path, escapes undone.

    Raises:
        InvalidRequestError: a name is empty, or a backslash stands before something that needs none.
    """
    names = [""]
    characters = iter(path)
    for character in characters:
        if character == "\\":
            escaped = next(characters, "")
            if escaped not in ESCAPABLE:
                raise InvalidRequestError.at(
                    "updateMask", f"{path[:200]!r} has a backslash before nothing to escape"
                )
            names[-1] += escaped
        elif character == ".":
            names.append("")
        else:
            names[-1] += character
    if not all(names):
        raise InvalidRequestError.at("updateMask", f"{path[:200]!r} has an empty name in it")
    return tuple(names)


def join_path(names: Sequence[str]) -> str:
    """The path of these names, escaped: what `split_path` undoes."""
    return ".".join("".join(f"\\{c}" if c in ESCAPABLE else c for c in name) for name in names)


def masked(
    given: Mapping[str, Any], mask: Sequence[str], allowed: Sequence[str], where: str
) -> dict[str, Any]:
    """What a mask keeps of an object, by path.

    Args:
        given: the object in the body.
        mask: the paths to be changed.
        allowed: those that can be.
        where: the object's name in the body.

    Raises:
        UnknownMaskError: a path is none of those allowed.
        UnprocessableError: the object holds nothing at a path.
    """
    for path in mask:
        if path not in allowed:
            raise UnknownMaskError(path, allowed)
    return {path: _value(given, path, where) for path in mask}


def _value(given: Mapping[str, Any], path: str, where: str) -> Any:
    value: Any = given
    for name in split_path(path):
        if not isinstance(value, Mapping) or name not in value:
            raise UnprocessableError(
                f"{where}.{path}: is in the mask but has no value",
                Problem(f"{where}.{path}", "is in the mask but has no value"),
                remedy=f"give {where}.{path}, or leave {path} out of updateMask",
            )
        value = value[name]
    return value
