"""Keyed digests: how an access key is stored and looked up without being kept."""

from __future__ import annotations

import hmac
from functools import lru_cache

PEPPER_BYTES = 32


def key_hash(pepper: bytes, key: str) -> str:
    """HMAC-SHA256 of an access key as 64 hex digits, the only form in which a key is stored.

    A plain keyed digest suffices, and is fast, because keys are random; it is no way to store passwords.

    Raises:
        ValueError: the pepper is not 32 bytes long.
    """
    if len(pepper) != PEPPER_BYTES:
        raise ValueError(f"a pepper is {PEPPER_BYTES} bytes long, not {len(pepper)}")
    keyed = _keyed(pepper).copy()
    keyed.update(_encoded(key))
    return keyed.hexdigest()


@lru_cache(maxsize=4)  # there is one in a process; keying takes four times as long as the digest of a key
def _keyed(pepper: bytes) -> hmac.HMAC:
    return hmac.new(pepper, digestmod="sha256")


def same(left: str, right: str) -> bool:
    """Whether two texts are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(_encoded(left), _encoded(right))


def _encoded(text: str) -> bytes:
    # Callers send any text: a lone surrogate must compare as unequal, not crash.
    return text.encode("utf-8", "surrogatepass")
