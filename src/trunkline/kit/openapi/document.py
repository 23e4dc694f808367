"""Bytes to a document: JSON or YAML, decided by the file name where it tells and by the content otherwise."""

from __future__ import annotations

import json
from typing import NoReturn

from trunkline.kit.errors import InvalidRequestError
from trunkline.kit.openapi.budgets import DIGITS_MAX, check_tree
from trunkline.kit.openapi.places import shown
from trunkline.kit.openapi.yaml_text import read_yaml

SIZE_MAX_BYTES = 16 * 1024 * 1024


def read_document(data: bytes, *, filename: str) -> dict[str, object]:
    """Decodes an OpenAPI file to plain JSON values, refusing whatever two readers could read differently.

    Raises:
        InvalidRequestError: too large, not UTF-8, not JSON or YAML, repeated keys, numbers that are not
            finite, too many aliases, too deep, or not an object.
    """
    name = shown(filename)
    if len(data) > SIZE_MAX_BYTES:
        size = SIZE_MAX_BYTES // (1024 * 1024)
        raise InvalidRequestError.at(name, f"the file is larger than {size} MiB; split the document")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"the file is not UTF-8 (byte {error.start}); save it as UTF-8"
        raise InvalidRequestError.at(name, message) from None
    try:
        document = _read_json(text) if _is_json(text, filename) else read_yaml(text)
        check_tree(document)
    except InvalidRequestError as error:
        raise InvalidRequestError.at(name, error.message) from None
    if not isinstance(document, dict):
        raise InvalidRequestError.at(name, "an OpenAPI document is an object; this file holds something else")
    return document


def _is_json(text: str, filename: str) -> bool:
    lowered = filename.lower()
    if lowered.endswith(".json"):
        return True
    if lowered.endswith((".yaml", ".yml")):
        return False
    return text.lstrip().startswith("{")


def _read_json(text: str) -> object:
    try:
        return json.loads(
            text,
            object_pairs_hook=_members,
            parse_constant=_refuse_constant,
            parse_int=_integer,
        )
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise InvalidRequestError(f"the text is not JSON: {error.msg} at {where}") from None
    except RecursionError:
        raise InvalidRequestError("the text nests too deeply to be an OpenAPI document") from None


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            break
        seen.add(key)
    raise InvalidRequestError(f"the key {shown(key)!r} stands twice in one object; keep one")


def _refuse_constant(text: str) -> NoReturn:
    raise InvalidRequestError(f"{text} is not a number that JSON can spell")


def _integer(text: str) -> int:
    if len(text) > DIGITS_MAX:
        raise InvalidRequestError(f"a number has more than {DIGITS_MAX} digits; quote it if it is a text")
    return int(text)
