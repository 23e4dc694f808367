"""Entity tags: strong, and taken from the very bytes of a representation.

Source: RFC 9110 sections 8.8.3 (ETag), 13.1.1 (If-Match), 13.1.2 (If-None-Match).
"""

from __future__ import annotations

import hashlib
import re

_TAG = re.compile(r'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')


def strong_etag(representation: bytes) -> str:
    """The quoted tag of exactly these bytes."""
    return f'"{hashlib.sha256(representation).hexdigest()}"'


def matches_strongly(condition: str, etag: str) -> bool:
    """Whether an If-Match names the tag; a weak tag never does."""
    return condition.strip() == "*" or any(tag == etag and not weak for weak, tag in _TAG.findall(condition))


def matches_weakly(condition: str, etag: str) -> bool:
    """Whether an If-None-Match names the tag, weak or strong."""
    return condition.strip() == "*" or any(tag == etag for _, tag in _TAG.findall(condition))
