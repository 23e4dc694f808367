"""What people note beside a secret or a connection: free JSON, readable by all who see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trunkline.kit.errors import InvalidRequestError
from trunkline.kit.strictjson import encode

MAX_METADATA = 16 * 1024  # bytes of JSON


def checked_metadata(metadata: Mapping[str, Any]) -> str:
    """The notes as JSON text.

    Raises:
        InvalidRequestError: they are too long.
    """
    text = encode(metadata)
    if len(text.encode()) > MAX_METADATA:
        raise InvalidRequestError.at("metadata", f"must be at most {MAX_METADATA} bytes of JSON")
    return text
