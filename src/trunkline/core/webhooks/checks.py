"""What a destination may be called, where it may lie, and what may be said of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from trunkline.core.webhooks.types import HEADERS, METADATA, SECRETS, TYPES, DestinationType
from trunkline.infra.http import EgressPolicy, InvalidHeaderError, InvalidUrlError, check_header, parse_target
from trunkline.kit.errors import InvalidRequestError
from trunkline.kit.ids import parse_id
from trunkline.kit.secret import Secret

NAME_MAX: Final = 64  # characters
TEXT_MAX: Final = 2_000  # characters of one member of the metadata
SECRET_MAX: Final = 16 * 1024  # bytes of UTF-8; some are whole key files
HEADERS_MAX: Final = 50
HEADER_CHARACTERS_MAX: Final = 8_192  # of all names and values
NUMBER_MAX: Final = 1_000_000

_NAME = re.compile(rf"[A-Za-z0-9-]{{1,{NAME_MAX}}}", re.ASCII)
# What says whose message it is, and that nobody changed it on its way.
_SIGNING = re.compile(r"(?:svix|webhook)-.*|content-(?:type|length|encoding)", re.ASCII)


def check_plain_name(path: str, name: str) -> str:
    """The name itself where it can be a destination's or a topic's.

    Raises:
        InvalidRequestError: not 1-64 letters, digits and dashes, or it reads as an id.
    """
    if not _NAME.fullmatch(name):
        raise InvalidRequestError.at(path, f"must be 1-{NAME_MAX} letters, digits or dashes")
    if parse_id("destination", name) is not None:
        raise InvalidRequestError.at(path, "must not read as an id")
    return name


def check_type(name: str) -> DestinationType:
    """What must be said of a destination of this type.

    Raises:
        InvalidRequestError: there is no such type.
    """
    found = TYPES.get(name)
    if found is None:
        raise InvalidRequestError.at("type", f"must be one of {', '.join(TYPES)}")
    return found


def check_metadata(kind: DestinationType, metadata: Mapping[str, Any], policy: EgressPolicy) -> None:
    """Refuse metadata, headers aside, that a destination of this type cannot have.

    Raises:
        InvalidRequestError: a member is unknown, of another type, missing or too long, or the URL is not one
            that may be asked.
    """
    for name, value in metadata.items():
        _check_member(f"metadata.{name[:100]}", METADATA.get(name), value)
    for name in kind.metadata:
        if name not in metadata:
            raise InvalidRequestError.at(f"metadata.{name}", "is required")
    if kind.calls_url:
        _check_url("metadata.url", metadata["url"], policy)


def check_sent_headers(headers: Any) -> dict[str, str]:
    """The headers themselves where they can be sent with messages.

    Raises:
        InvalidRequestError: no object of texts, too many, too long, not to be sent, or given twice.
    """
    if not isinstance(headers, Mapping) or not all(isinstance(value, str) for value in headers.values()):
        raise InvalidRequestError.at(f"metadata.{HEADERS}", "must be an object of texts")
    if len(headers) > HEADERS_MAX or sum(len(n) + len(v) for n, v in headers.items()) > HEADER_CHARACTERS_MAX:
        limits = f"{HEADERS_MAX} headers or {HEADER_CHARACTERS_MAX} characters"
        raise InvalidRequestError.at(f"metadata.{HEADERS}", f"more than {limits}")
    seen: set[str] = set()
    for name, value in headers.items():
        path = f"metadata.{HEADERS}.{name[:100]}"
        try:
            check_header(name, value)
        except InvalidHeaderError as error:
            raise InvalidRequestError.at(path, error.message) from error
        if _SIGNING.fullmatch(name.lower()) or name.lower() in seen:
            raise InvalidRequestError.at(path, "is set with every message, or given twice")
        seen.add(name.lower())
    return dict(headers)


def check_secrets(kind: DestinationType, secrets: Mapping[str, Secret]) -> None:
    """Refuse secrets that a destination of this type cannot have.

    Raises:
        InvalidRequestError: a secret is unknown, missing, empty or too long.
    """
    for name, secret in secrets.items():
        path = f"secrets.{name[:100]}"
        if name not in SECRETS:
            raise InvalidRequestError.at(path, "unknown member")
        if not 1 <= len(secret.reveal().encode()) <= SECRET_MAX:
            raise InvalidRequestError.at(path, f"must be 1-{SECRET_MAX} bytes")
    for name in kind.secrets:
        if name not in secrets:
            raise InvalidRequestError.at(f"secrets.{name}", "is required")


def _check_member(path: str, wanted: type | None, value: Any) -> None:
    if wanted is None:
        raise InvalidRequestError.at(path, "unknown member")
    if type(value) is not wanted:
        called = {str: "a text", bool: "true or false", int: "a whole number"}[wanted]
        raise InvalidRequestError.at(path, f"must be {called}")
    if isinstance(value, str) and not (1 <= len(value) <= TEXT_MAX and value.isprintable()):
        raise InvalidRequestError.at(path, f"must be 1-{TEXT_MAX} printable characters")
    if type(value) is int and not 1 <= value <= NUMBER_MAX:
        raise InvalidRequestError.at(path, f"must be between 1 and {NUMBER_MAX}")


def _check_url(path: str, url: str, policy: EgressPolicy) -> None:
    try:
        target = parse_target(url)
    except InvalidUrlError as error:
        raise InvalidRequestError.at(path, error.message) from error
    if policy.objection(target) is not None:
        raise InvalidRequestError.at(path, "must begin with https://")
