"""Keyed digests: how an access key is stored and looked up without being kept."""

from __future__ import annotations

import hashlib
import hmac

PEPPER_BYTES = 32


def key_hash(pepper: bytes, key: str) -> str:
    """HMAC-SHA256 of an access key as 64 hex digits, the only form in which a key is stored.

    A plain keyed digest suffices, and is fast, because keys are random; it is no way to store passwords.

    Raises:
        ValueError: the pepper is not 32 bytes long.
    """
    if len(pepper) != PEPPER_BYTES:
        raise ValueError(f"a pepper is {PEPPER_BYTES} bytes long, not {len(pepper)}")
    return hmac.new(pepper, _encoded(key), hashlib.sha256).hexdigest()


def same(left: str, right: str) -> bool:
    """Whether two texts are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(_encoded(left), _encoded(right))


def _encoded(text: str) -> bytes:
    # Callers send any text: a lone surrogate must compare as unequal, not crash.
    return text.encode("utf-8", "surrogatepass")
