"""The instance root: 32 random bytes from which the keys of cursors, sessions and peppers derive.

It is stored sealed under the active key-encryption key, so rotating that key changes none of them. Opening
it at the start is also the proof that the key file belongs to the database.
"""

from __future__ import annotations

import re
import secrets

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from trunkline.infra.vault.envelope import KEY_BYTES, VERSION
from trunkline.infra.vault.errors import SealError, UnknownKeyError, WrongKeyError
from trunkline.infra.vault.keyring import KeyRing

ROOT_BYTES = 32
_PLACE = f"{VERSION}|instance-root"
_SEALED = re.compile(r"v1\.(kek_[1-9][0-9]{0,8})\.([A-Za-z0-9_-]+)")


def new_root() -> bytes:
    """A fresh random root, for a new database."""
    return secrets.token_bytes(ROOT_BYTES)


def seal_root(ring: KeyRing, root: bytes) -> str:
    """Seal the root under the active key, as the text `v1.<key id>.<sealed>`.

    Raises:
        ValueError: the root is not 32 bytes long.
    """
    _check_length(root)
    return f"{VERSION}.{ring.active_id}.{ring.seal(root, _PLACE)}"


def open_root(ring: KeyRing, sealed: str) -> bytes:
    """Open the stored root; its failure means that the server must not start.

    Raises:
        SealError: the stored text is no sealed root.
        WrongKeyError: the key file is not the one this database was sealed with.
    """
    found = _SEALED.fullmatch(sealed)
    if found is None:
        raise SealError("the stored instance root is malformed; restore the database from a backup")
    try:
        return ring.open(found[1], found[2], _PLACE)
    except (SealError, UnknownKeyError) as error:
        raise WrongKeyError(
            f"the vault key in {ring.path} does not open this database; it was sealed under {found[1]} of"
            " another key file. Put the key file that belongs to this database in its place, from its copy,"
            " or point the settings at it, and start again; nothing was changed"
        ) from error


def rewrap_root(ring: KeyRing, sealed: str) -> str:
    """The same root sealed under the active key; the text itself if it already is.

    Raises:
        SealError: the stored text is no sealed root.
        WrongKeyError: the key file is not the one this database was sealed with.
    """
    root = open_root(ring, sealed)
    return sealed if sealed.startswith(f"{VERSION}.{ring.active_id}.") else seal_root(ring, root)


def derive(root: bytes, label: str) -> bytes:
    """The 32-byte key for one purpose, e.g. `cursor`, `pepper` or `session`; the same for good.

    Raises:
        ValueError: the root is not 32 bytes long, or the label is empty.

    Source: RFC 5869 (HKDF-SHA256; no salt, as the root is uniformly random).
    """
    _check_length(root)
    if not label:
        raise ValueError("a derived key needs a label")
    hkdf = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=f"trunkline|{VERSION}|{label}".encode())
    return hkdf.derive(root)


def _check_length(root: bytes) -> None:
    if len(root) != ROOT_BYTES:
        raise ValueError(f"an instance root is {ROOT_BYTES} bytes long, not {len(root)}")
