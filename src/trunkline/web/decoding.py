"""Query strings and bodies into the Structs that routes declare, with the place of every mistake."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from functools import cache
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

import msgspec
from msgspec import inspect

from trunkline.kit import strictjson
from trunkline.kit.errors import InvalidRequestError, Problem, UnsupportedMediaError
from trunkline.web.errors import InvalidQueryError

Answer = TypeVar("Answer")
LARGE: Final = 32 * 1024  # bytes; what takes longer to decode must not hold up everybody else
QUERY_LIMIT: Final = 32 * 1024  # bytes; a filter may have 8 KiB, three times that when percent-encoded
_MAX_PARAMETERS = 200
_SHOWN = 200  # characters of a message that may repeat what was sent
_AT = re.compile(r"(?P<what>.*) - at (?:`key` in )?`\$\.?(?P<path>.*)`", re.DOTALL)
_MEMBER = re.compile(r"Object (?P<what>contains unknown|missing required) field `(?P<name>.*)`", re.DOTALL)
_UNKNOWN = "Object contains unknown field `"
_SENTENCES = {"contains unknown": "unknown member", "missing required": "is required"}
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,18})", re.ASCII)
_BOOLEANS = {"true": True, "false": False}


async def in_thread_if_large(data: bytes, read: Callable[[], Answer]) -> Answer:
    """What `read` makes of the data, on a thread of its own where that may take long."""
    return await asyncio.to_thread(read) if len(data) > LARGE else read()


def invalid(error: msgspec.ValidationError, value: Any = None) -> InvalidRequestError:
    """Spell what msgspec found in our words: `$.a[0].b` is the path `a[0].b`.

    Args:
        error: what it found.
        value: what it looked at. The place of what is wrong with the whole is not told, and there a member's name
            may read like one.
    """
    text = str(error)
    outermost = isinstance(value, dict) and text.startswith(_UNKNOWN) and text[len(_UNKNOWN) : -1] in value
    at = None if outermost else _AT.fullmatch(text)
    path = at["path"] if at else ""
    what = at["what"] if at else text
    member = _MEMBER.fullmatch(what)
    if member is None:
        sentence = (what[:1].lower() + what[1:]).replace("`", "")
        return _at(path, sentence)
    return _at(f"{path}.{member['name']}" if path else member["name"], _SENTENCES[member["what"]])


def _at(path: str, sentence: str) -> InvalidRequestError:
    path, sentence = path[:_SHOWN], sentence[:_SHOWN]
    return InvalidRequestError(f"{path}: {sentence}" if path else sentence, Problem(path, sentence))


@cache
def body_reader(struct: type[msgspec.Struct], media_types: tuple[str, ...]) -> BodyReader:
    """What reads bodies into a Struct; every application of the process has the same one."""
    return BodyReader(struct, media_types)


@cache
def query_reader(struct: type[msgspec.Struct] | None, *, forbid_unknown: bool) -> QueryReader:
    """What reads query strings into a Struct; every application of the process has the same one."""
    return QueryReader(struct, forbid_unknown=forbid_unknown)


class BodyReader:
    """Reads JSON bodies into one Struct."""

    def __init__(self, struct: type[msgspec.Struct], media_types: tuple[str, ...]) -> None:
        self._struct = struct
        self._media_types = media_types
        # Told by the defaults: resolving the types of every member of every body would slow down each start.
        defaults = struct.__struct_defaults__
        self.required = len(defaults) < len(struct.__struct_fields__) or msgspec.NODEFAULT in defaults

    def check_media_type(self, content_type: str | None, encoding: str | None) -> None:
        """Refuse a body of a declared type that is not read here.

        Raises:
            UnsupportedMediaError: another media type, another charset than UTF-8, or a compressed body.
        """
        if encoding is not None and encoding.strip().lower() not in ("", "identity"):
            raise UnsupportedMediaError("send the body without content-encoding")
        if content_type is None:
            return
        essence, *parameters = (part.strip().lower() for part in content_type.split(";"))
        charsets = {p.removeprefix("charset=").strip('"') for p in parameters if p.startswith("charset=")}
        if essence not in self._media_types or not charsets <= {"utf-8", "utf8"}:
            raise UnsupportedMediaError(f"send the body as {' or '.join(self._media_types)}")

    def read(self, data: bytes, content_type: str | None) -> tuple[Any, msgspec.Struct]:
        """The plain JSON value, for comparison with later requests, and the Struct made of it.

        Raises:
            InvalidRequestError: malformed, ambiguous or not of the declared shape.
            UnsupportedMediaError: there is a body whose type is not declared.
        """
        if not data:
            if self.required:
                raise InvalidRequestError.at("", "a JSON body is required")
            return {}, self._struct()
        if content_type is None:
            raise UnsupportedMediaError(f"declare the body's content-type: {' or '.join(self._media_types)}")
        value = strictjson.decode(data)
        try:
            return value, msgspec.convert(value, self._struct)
        except msgspec.ValidationError as error:
            raise invalid(error, value) from error


class QueryReader:
    """Reads query strings into one Struct; every member is one parameter, in its wire spelling."""

    def __init__(self, struct: type[msgspec.Struct] | None, *, forbid_unknown: bool) -> None:
        self._struct = struct
        self._forbid_unknown = forbid_unknown
        self._parameters: dict[str, tuple[Callable[[str], Any], bool]] = {}
        for field in _fields(struct):
            self._parameters[field.encode_name] = _conversion(field)
        required = any(field.required for field in _fields(struct))
        self._default = struct() if struct is not None and not required else None

    def read(self, query_string: bytes) -> Any:
        """The parameters as the Struct; None when the operation declares none.

        Raises:
            InvalidRequestError: an unknown, repeated or malformed parameter, named in the details.
        """
        if not query_string and (self._default is not None or self._struct is None):
            return self._default
        values: dict[str, Any] = {}
        for name, text in _pairs(query_string):
            if name not in self._parameters:
                if self._forbid_unknown:
                    raise _in_query(name, "unknown query parameter")
                continue
            convert, many = self._parameters[name]
            if many:
                values.setdefault(name, []).append(convert(text))
            elif name in values:
                raise _in_query(name, "given more than once")
            else:
                values[name] = convert(text)
        if self._struct is None:
            return None
        try:
            return msgspec.convert(values, self._struct)
        except msgspec.ValidationError as error:
            found = invalid(error)
            raise InvalidQueryError(found.message, *found.details) from error


def _in_query(path: str, sentence: str) -> InvalidQueryError:
    found = _at(path, sentence)
    return InvalidQueryError(found.message, *found.details)


def _pairs(query_string: bytes) -> list[tuple[str, str]]:
    if len(query_string) > QUERY_LIMIT:
        raise InvalidQueryError.at("", f"the query string is longer than {QUERY_LIMIT} bytes")
    if query_string.count(b"&") >= _MAX_PARAMETERS:
        raise InvalidQueryError.at("", f"more than {_MAX_PARAMETERS} query parameters")
    try:
        pairs = parse_qsl(query_string.decode("ascii"), keep_blank_values=True, errors="strict")
    except UnicodeDecodeError as error:
        raise InvalidQueryError.at("", "the query string is not percent-encoded UTF-8") from error
    for name, text in pairs:
        if "\x00" in text:
            raise _in_query(name, "holds U+0000, which cannot be stored")
    return pairs


def _fields(struct: type[msgspec.Struct] | None) -> tuple[inspect.Field, ...]:
    if struct is None:
        return ()
    info = inspect.type_info(struct)
    return info.fields if isinstance(info, inspect.StructType) else ()


def _conversion(field: inspect.Field) -> tuple[Callable[[str], Any], bool]:
    kind = _bare(field.type)
    many = isinstance(kind, inspect.ListType | inspect.VarTupleType)
    if isinstance(kind, inspect.ListType | inspect.VarTupleType):
        kind = _bare(kind.item_type)
    if isinstance(kind, inspect.IntType):
        return lambda text: _integer(field.encode_name, text), many
    if isinstance(kind, inspect.BoolType):
        return lambda text: _boolean(field.encode_name, text), many
    if isinstance(kind, inspect.StrType | inspect.EnumType | inspect.LiteralType):
        return str, many
    raise ValueError(f"query member {field.name} is of a type no parameter can spell")


def _bare(kind: inspect.Type) -> inspect.Type:
    while isinstance(kind, inspect.Metadata):
        kind = kind.type
    return kind


def _integer(name: str, text: str) -> int:
    number = int(text) if _INTEGER.fullmatch(text) else None
    if number is None or abs(number) > strictjson.MAX_INTEGER:
        raise _in_query(name, "expected an integer")
    return number


def _boolean(name: str, text: str) -> bool:
    if text not in _BOOLEANS:
        raise _in_query(name, "expected true or false")
    return _BOOLEANS[text]
