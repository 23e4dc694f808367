"""Header variables: `${user.email}` and `${tenant.id}` in what an integration sends with every request.

Only header values hold variables, never names. A value is read once, left to right, and what a variable brings
in is not read again, so nothing a user calls themselves can name another variable. `$${` stands for `${`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from trunkline.infra.http import is_framing
from trunkline.kit.errors import InvalidRequestError

HEADER_ROOTS = ("user", "tenant")
MAX_VALUE = 1_024  # characters, before and after the variables are filled in
MAX_TOTAL = 8_192  # characters of all names and values together
MAX_HEADERS = 50

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}", re.ASCII)  # RFC 9110 §5.6.2
_SENDABLE = re.compile(r"[\t\x20-\x7e]*", re.ASCII)
_PLACE = re.compile(r"\$(?:(\$\{)|\{(?:([a-z]+)\.([A-Za-z_][A-Za-z0-9_.-]*)\})?)", re.ASCII)


def is_transport_header(name: str) -> bool:
    """Whether only Trunkline itself may set this header, whoever asks."""
    return is_framing(name) or name.lower() == "cookie"


def check_header_name(path: str, name: str) -> None:
    """Refuse what is no header name, or one that only Trunkline itself sets.

    Raises:
        InvalidRequestError: either.
    """
    if not _TOKEN.fullmatch(name):
        raise InvalidRequestError.at(path, "must be 1-100 characters that a header name may have")
    if is_transport_header(name):
        raise InvalidRequestError.at(path, "is set by the proxy itself and cannot be given")


def check_template(name: str, text: str, roots: tuple[str, ...] = HEADER_ROOTS) -> None:
    """Refuse a value whose variables cannot be filled in, or that could not be sent; `name` is its path.

    Raises:
        InvalidRequestError: a `${` that starts no variable of these roots, a character outside printable ASCII,
            or more than 1,024 characters.

    Source: seed 003, "Custom Headers with Variable Expansion".
    """
    if len(text) > MAX_VALUE:
        raise InvalidRequestError.at(name, f"longer than {MAX_VALUE} characters")
    if not _SENDABLE.fullmatch(text):
        raise InvalidRequestError.at(name, "holds a character that a header cannot carry")
    for place in _PLACE.finditer(text):
        if place[1] is None and place[2] not in roots:
            offered = " or ".join(f"${{{root}.<name>}}" for root in roots)
            raise InvalidRequestError.at(name, f"`${{` must begin {offered}; write `$${{` for the characters")


def variables_in(text: str) -> list[tuple[str, str]]:
    """The variables of a checked template, as (root, name)."""
    return [(place[2], place[3]) for place in _PLACE.finditer(text) if place[1] is None]


def check_headers(headers: Mapping[str, str], path: str, *, may_authorize: bool) -> None:
    """Refuse headers that could not be sent, or that would speak for the credential or the transport.

    Args:
        headers: values by name, with variables.
        path: where they were written.
        may_authorize: whether `Authorization` is free, because no credential sets it.

    Raises:
        InvalidRequestError: a bad, reserved or repeated name, a bad value, or more than 50 headers or 8,192
            characters.
    """
    if len(headers) > MAX_HEADERS:
        raise InvalidRequestError.at(path, f"more than {MAX_HEADERS} headers")
    seen: set[str] = set()
    for name, text in headers.items():
        place = f"{path}.{name[:100]}"
        check_header_name(place, name)
        if name.lower() == "authorization" and not may_authorize:
            raise InvalidRequestError.at(place, "is set from the connection; leave it out or use type none")
        if name.lower() in seen:
            raise InvalidRequestError.at(place, "is given twice, in different case")
        seen.add(name.lower())
        check_template(place, text)
    _check_total(headers.items(), path)


def expand(
    headers: Mapping[str, str], user: Mapping[str, Any], tenant: Mapping[str, Any]
) -> list[tuple[str, str]]:
    """The headers to send for a caller: variables filled in, those with nothing left to say dropped.

    A field that is absent, or that is no text, number or truth value, fills in nothing. Callers hand over what
    may be seen by the upstream and nothing else: every field given here is within reach of a template.

    Args:
        headers: values by name, with variables.
        user: fields of the acting user; empty when the system acts by itself.
        tenant: fields of the organization.

    Raises:
        InvalidRequestError: a value came out too long, or with a character that a header cannot carry; nothing
            may be sent then.
    """
    values = {"user": user, "tenant": tenant}
    sent = []
    for name, text in headers.items():
        path = f"headers.{name}"
        value = fill(text, values, path).strip(" \t")
        if not _SENDABLE.fullmatch(value):
            raise InvalidRequestError.at(path, "a variable brought in a character that a header cannot carry")
        if len(value) > MAX_VALUE:
            raise InvalidRequestError.at(path, f"longer than {MAX_VALUE} characters once filled in")
        if value:
            sent.append((name, value))
    _check_total(sent, "headers")
    return sent


def fill(text: str, values: Mapping[str, Mapping[str, Any]], path: str) -> str:
    """A template with its variables filled in once; `values` are fields by root.

    Raises:
        InvalidRequestError: a `${` that starts no variable of those roots.
    """
    return _PLACE.sub(_filler(values, path), text)


def _filler(values: Mapping[str, Mapping[str, Any]], path: str) -> Callable[[re.Match[str]], str]:
    def replace(place: re.Match[str]) -> str:
        if place[1] is not None:
            return "${"
        fields = values.get(place[2] or "")
        if fields is None:
            raise InvalidRequestError.at(path, "holds a variable that cannot be filled in")
        return _spell(fields.get(place[3]))

    return replace


def _spell(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else ""


def _check_total(headers: Any, path: str) -> None:
    if sum(len(name) + len(value) for name, value in headers) > MAX_TOTAL:
        raise InvalidRequestError.at(path, f"more than {MAX_TOTAL} characters together")
