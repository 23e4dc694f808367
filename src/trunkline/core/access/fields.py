"""What an organization says of a user, or of itself, beyond what the platform asks for.

These members are no secrets: whoever sees the user or the organization sees them, and integrations send them
along in headers (`${user.department}`, `${tenant.region}`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias

from trunkline.kit.errors import InvalidRequestError
from trunkline.kit.leaks import find_secrets
from trunkline.kit.strictjson import encode

Scalar: TypeAlias = str | int | float | bool | None

MAX_FIELDS = 50
MAX_FIELD_VALUE = 1_000  # characters
MAX_FIELDS_BYTES = 8_192  # of JSON
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}", re.ASCII)


def check_fields(path: str, value: Mapping[str, Scalar]) -> str:
    """The members as JSON text when there are not too many and none is a secret.

    Raises:
        InvalidRequestError: more than 50, more than 8 KiB, a name that is not 1-64 ASCII letters, digits or
            `_.-` after a letter or `_`, a text over 1,000 characters, a list or object, or what is named or
            looks like a credential.
    """
    if len(value) > MAX_FIELDS:
        raise InvalidRequestError.at(path, f"more than {MAX_FIELDS} members")
    for name, member in value.items():
        if not _NAME.fullmatch(name):
            raise InvalidRequestError.at(
                path, "names must be 1-64 letters, digits or _.- and start with a letter or _"
            )
        if not isinstance(member, str | int | float | bool | None):
            raise InvalidRequestError.at(f"{path}.{name}", "must be a text, a number, a boolean or null")
        if isinstance(member, str) and len(member) > MAX_FIELD_VALUE:
            raise InvalidRequestError.at(f"{path}.{name}", f"must be at most {MAX_FIELD_VALUE} characters")
    for place in find_secrets(value, path, slots=True):
        raise InvalidRequestError.at(place, "looks like a credential; everybody would see it here")
    text = encode(value)
    if len(text.encode()) > MAX_FIELDS_BYTES:
        raise InvalidRequestError.at(path, f"more than {MAX_FIELDS_BYTES} bytes")
    return text
