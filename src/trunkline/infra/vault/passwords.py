"""Password hashes: argon2id, slow on purpose, so never inside a transaction nor on an event loop.

A hash carries its own parameters and salt, so the parameters below may be raised at any time: old hashes are
still verified, and replaced when their user logs in (`is_outdated`).
"""

from __future__ import annotations

import secrets
import unicodedata
from base64 import b64encode
from dataclasses import dataclass

from argon2 import PasswordHasher, Type, extract_parameters
from argon2.exceptions import VerifyMismatchError

from trunkline.infra.db import transaction_is_open
from trunkline.kit.errors import InvalidRequestError
from trunkline.kit.secret import Secret

PASSWORD_MIN = 8  # bytes of UTF-8. Source: NIST SP 800-63B section 5.1.1.1
PASSWORD_MAX = 1_024  # bytes; what is longer costs memory before anybody is known
# Characters as they are typed. Composing takes time that grows with the square of them, and no other thread runs
# meanwhile; it never makes one byte of more than one and a half, so what is longer than this is too long anyway.
TYPED_MAX = 2 * PASSWORD_MAX
# Source: OWASP Password Storage Cheat Sheet, argon2id with 19 MiB, two passes, one lane; RFC 9106 section 4
# has costlier ones, which let fewer strangers than these fill a small machine's memory by logging in at once.
MEMORY_KIB = 19_456
PASSES = 2
LANES = 1
SALT_BYTES = 16
HASH_BYTES = 32

_hasher = PasswordHasher(
    time_cost=PASSES,
    memory_cost=MEMORY_KIB,
    parallelism=LANES,
    hash_len=HASH_BYTES,
    salt_len=SALT_BYTES,
    type=Type.ID,
)


@dataclass(frozen=True, slots=True)
class PasswordHash:
    """A password as it is stored; a type of its own, so that no password is stored by mistake."""

    encoded: Secret


def check_password_length(path: str, password: Secret) -> None:
    """Refuse a password that is too short or too long; says nothing of it.

    Raises:
        InvalidRequestError: not 8-1,024 bytes of UTF-8.
    """
    if len(_bytes(password)) < PASSWORD_MIN or _is_too_long(password):
        raise InvalidRequestError.at(path, f"must be {PASSWORD_MIN}-{PASSWORD_MAX} bytes long")


def hash_password(password: Secret) -> PasswordHash:
    """The hash of a password under a fresh salt; takes tens of milliseconds and 19 MiB.

    Raises:
        InvalidRequestError: the password is too short or too long.
        RuntimeError: a transaction is open, which everybody else would wait for.
    """
    check_password_length("password", password)
    _outside_transactions()
    return PasswordHash(Secret(_hasher.hash(_bytes(password))))


def verify_password(stored: PasswordHash, password: Secret) -> bool:
    """Whether this is the password; takes as long as `hash_password`, whatever the answer.

    Raises:
        RuntimeError: a transaction is open, which everybody else would wait for.
    """
    _outside_transactions()
    try:
        # What is too long is cut and refused afterwards: it costs what any other does.
        _hasher.verify(stored.encoded.reveal(), _bytes(password)[:PASSWORD_MAX])
    except VerifyMismatchError:
        return False
    return not _is_too_long(password)


def is_outdated(stored: PasswordHash) -> bool:
    """Whether the hash was made with other parameters than are used now."""
    return _hasher.check_needs_rehash(stored.encoded.reveal())


def decoy() -> PasswordHash:
    """A hash that no password has, for the sake of the time it takes to find that out.

    Verifying against it makes an unknown user cost what a known one does.
    """
    parts = (secrets.token_bytes(length) for length in (SALT_BYTES, HASH_BYTES))
    salt, digest = (b64encode(part).rstrip(b"=").decode() for part in parts)
    return PasswordHash(Secret(f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${salt}${digest}"))


def parameters_of(stored: PasswordHash) -> tuple[int, int, int]:
    """Memory in KiB, passes and lanes that a hash was made with."""
    found = extract_parameters(stored.encoded.reveal())
    return found.memory_cost, found.time_cost, found.parallelism


def _outside_transactions() -> None:
    if transaction_is_open():
        raise RuntimeError("passwords are hashed outside transactions")


def _is_too_long(password: Secret) -> bool:
    return len(password.reveal()) > TYPED_MAX or len(_bytes(password)) > PASSWORD_MAX


def _bytes(password: Secret) -> bytes:
    """What is hashed, or the beginning of it where the password is too long."""
    # Source: RFC 8265 section 4.2.2 (OpaqueString): keyboards differ in how they compose characters.
    return unicodedata.normalize("NFC", password.reveal()[:TYPED_MAX]).encode()
