"""The sealed text: AES-256-GCM with a random 96-bit nonce, bound to the place it is stored in.

A sealed value reads `v1.<data key id>.<base64url(nonce ‖ ciphertext ‖ tag)>`; its associated data is
`v1|tenant|table|row|column|generation`, so it opens nowhere else.

Source: NIST SP 800-38D (random nonces: at most 2^32 values under one key).
"""

from __future__ import annotations

import os
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from trunkline.infra.vault.errors import SealError

VERSION = "v1"
KEY_BYTES = 32
_NONCE_BYTES = 12
_TAG_BYTES = 16
_TOKEN = re.compile(r"v1\.([0-9a-f]{32})\.([A-Za-z0-9_-]+)")
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")
_PART = re.compile(r"[A-Za-z0-9_.:-]{1,200}")


@dataclass(frozen=True, slots=True)
class Context:
    """The place a sealed value belongs to; it opens nowhere else.

    Attributes:
        generation: counts the rewrites of the value, so that an older one cannot be put back.
    """

    table: str
    row_id: str
    column: str
    generation: int

    def __post_init__(self) -> None:
        """Refuse parts that could be spelled as another place.

        Raises:
            ValueError: a part is empty or holds more than letters, digits and `_.:-`, or the generation
                is negative.
        """
        for part in (self.table, self.row_id, self.column):
            check_part(part)
        if self.generation < 0:
            raise ValueError(f"a generation counts from 0, not {self.generation}")

    def bound_to(self, tenant: str) -> str:
        """The associated data of a value that `tenant` keeps in this place.

        Raises:
            ValueError: the tenant is empty or holds more than letters, digits and `_.:-`.
        """
        check_part(tenant)
        return f"{VERSION}|{tenant}|{self.table}|{self.row_id}|{self.column}|{self.generation}"

    def __str__(self) -> str:
        return f"{self.table}.{self.column} of row {self.row_id}, generation {self.generation}"


def check_part(part: str) -> None:
    """Let only parts through that keep associated data unambiguous.

    Raises:
        ValueError: the part is empty, too long or holds more than letters, digits and `_.:-`.
    """
    if _PART.fullmatch(part) is None:
        raise ValueError(f"{part!r} cannot be part of a sealed value's place")


def encrypt(cipher: AESGCM, plaintext: bytes, associated: str) -> str:
    """Seal bytes under a fresh nonce, as base64url text."""
    nonce = os.urandom(_NONCE_BYTES)
    return encode(nonce + cipher.encrypt(nonce, plaintext, associated.encode()))


def decrypt(cipher: AESGCM, text: str, associated: str) -> bytes:
    """Open what `encrypt` sealed under the same key and associated data.

    Raises:
        SealError: the text, the key or the associated data is another one.
    """
    sealed = decode(text)
    if sealed is None or len(sealed) < _NONCE_BYTES + _TAG_BYTES:
        raise SealError("the sealed text is malformed")
    try:
        return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], associated.encode())
    except InvalidTag:
        raise SealError("the sealed text does not open with this key in this place") from None


def format_token(key_id: str, sealed: str) -> str:
    """Spell a value sealed under data key `key_id`."""
    return f"{VERSION}.{key_id}.{sealed}"


def parse_token(token: str) -> tuple[str, str]:
    """Read a sealed value as (data key id, sealed text).

    Raises:
        SealError: the token is malformed.
    """
    found = _TOKEN.fullmatch(token)
    if found is None:
        raise SealError("the sealed value is malformed")
    return found[1], found[2]


def data_key_id(token: str) -> str:
    """The data key a value is sealed under, to find what an older one still holds.

    Raises:
        SealError: the token is malformed.
    """
    return parse_token(token)[0]


def encode(raw: bytes) -> str:
    """Spell bytes as base64url without padding."""
    return urlsafe_b64encode(raw).decode().rstrip("=")


def decode(text: str) -> bytes | None:
    """Read base64url without padding; None for any spelling but the one `encode` gives."""
    if _BASE64URL.fullmatch(text) is None or len(text) % 4 == 1:
        return None
    raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    # The decoder ignores the unused bits of the last character, which would let two texts mean the same.
    return raw if encode(raw) == text else None
