"""Shapes of the short texts people give things, checked the same way everywhere."""

from __future__ import annotations

import re

from trunkline.kit.errors import InvalidRequestError

MAX_NAME = 200  # characters
MAX_TEXT = 10_000
_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:~-]{0,127}", re.ASCII)
_HANDLE = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)


def check_slug(path: str, value: str) -> str:
    """The value itself when it can be a slug.

    Raises:
        InvalidRequestError: not 1-128 ASCII letters, digits or `._:~-`, starting with a letter or digit.
    """
    if not is_slug(value):
        raise InvalidRequestError.at(
            path, "must be 1-128 letters, digits or ._:~- and start with a letter or digit"
        )
    return value


def is_slug(value: str) -> bool:
    """Whether the text can be a slug at all."""
    return _SLUG.fullmatch(value) is not None


def check_handle(path: str, value: str) -> str:
    """The value itself when it can be a handle.

    Raises:
        InvalidRequestError: not 1-63 lower-case ASCII letters, digits or hyphens.
    """
    if not _HANDLE.fullmatch(value):
        raise InvalidRequestError.at(
            path, "must be 1-63 lower-case letters, digits or hyphens and start with a letter or digit"
        )
    return value


def check_name(path: str, value: str) -> str:
    """The value itself when it can be a name.

    Raises:
        InvalidRequestError: blank, or longer than 200 characters.
    """
    if not value.strip() or len(value) > MAX_NAME:
        raise InvalidRequestError.at(path, f"must be 1-{MAX_NAME} characters and not blank")
    return value


def check_text(path: str, value: str | None, limit: int = MAX_TEXT) -> str | None:
    """The value itself when it is not too long.

    Raises:
        InvalidRequestError: longer than `limit` characters.
    """
    if value is not None and len(value) > limit:
        raise InvalidRequestError.at(path, f"must be at most {limit} characters")
    return value
