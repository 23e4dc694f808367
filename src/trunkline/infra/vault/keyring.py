"""The key-encryption keys: a few lines of text in a private file, the newest of which is in use.

    # comment
    # kek_1 made 2026-11-22T10:00:00.000000Z
    kek_1 <32 bytes, base64url without padding>
    # kek_2 made …
    kek_2 <…>

Lines are only ever added or taken out as text, so the raw keys never pass through a variable that a
traceback could print.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from trunkline.infra.vault import keyfile
from trunkline.infra.vault.envelope import KEY_BYTES, decode, decrypt, encode, encrypt
from trunkline.infra.vault.errors import KeyFileError, UnknownKeyError
from trunkline.kit.clock import Clock, SystemClock, parse_time, stamp
from trunkline.kit.secret import Secret

_LINE = re.compile(r"(kek_[1-9][0-9]{0,8}) ([A-Za-z0-9_-]+)")
_MADE = re.compile(r"# (kek_[1-9][0-9]{0,8}) made (\S+)")
_HEADER = """\
# Trunkline's vault keys. Whoever can read this file and the database can open every stored credential;
# without this file nobody can. Keep a copy of it, apart from the database and its backups.
# The key with the highest number is in use, the others still open what they sealed.
"""


@dataclass(frozen=True, slots=True)
class _Key:
    """One key, held only as a cipher and a digest so that no raw bytes stay around."""

    cipher: AESGCM
    digest: bytes
    made_at: str | None


class KeyRing:
    """The key-encryption keys of one key file; the newest seals, all of them open.

    Immutable: `add_key` and `retire_key` write the file and give a new ring.
    """

    __slots__ = ("_keys", "active_id", "path")

    def __init__(self, path: Path, keys: dict[str, _Key], active_id: str | None = None) -> None:
        self.path = path
        self._keys = keys
        self.active_id = active_id or max(keys, key=_number)

    @classmethod
    def create(cls, path: Path, *, clock: Clock | None = None) -> KeyRing:
        """Make a key file with one fresh random key, mode 0600, in a directory of mode 0700.

        A directory that exists already keeps its mode. When this returns, the file is on the disk.

        Raises:
            KeyFileError: the file exists already, or cannot be written.
        """
        keyfile.create_private(path, Secret(f"{_HEADER}{_fresh_lines(1, clock)}"))
        return cls.load(path)

    @classmethod
    def load(cls, path: Path) -> KeyRing:
        """Read the key file.

        Raises:
            KeyFileError: the file is missing, open to group or world, malformed, or holds a key of a wrong
                length.
        """
        # Absolute, because the file is read again later, when the working directory may be another.
        absolute = path.absolute()
        keys, complaint = _read(keyfile.read_private(absolute))
        if complaint:
            raise KeyFileError(f"the vault key file {absolute} is malformed: {complaint}")
        return cls(absolute, keys)

    @classmethod
    def add_key(cls, path: Path, *, clock: Clock | None = None) -> KeyRing:
        """Add a fresh key to the file, which becomes the active one; the older ones still open.

        The file is replaced in one step and on the disk when this returns, so nothing is ever sealed under
        a key that could be lost with a crash. Re-wrap the data keys and the instance root next.

        Raises:
            KeyFileError: the file cannot be read or written; the old one stands.
        """
        target = path.resolve()
        with keyfile.alone_with(target):
            number = _number(cls.load(target).active_id) + 1
            keyfile.replace_private(target, _with_fresh_key(keyfile.read_private(target), number, clock))
        return cls.load(path)

    @classmethod
    def retire_key(cls, path: Path, kek_id: str) -> KeyRing:
        """Take a key out of the file for good. The caller has made sure that nothing is sealed under it.

        Raises:
            KeyFileError: the file cannot be read or written, or the key is the active one.
            UnknownKeyError: the file holds no such key.
        """
        target = path.resolve()
        with keyfile.alone_with(target):
            ring = cls.load(target)
            if not ring.holds(kek_id):
                raise _unknown(ring, kek_id)
            if kek_id == ring.active_id:
                raise KeyFileError(f"{kek_id} is the active key of {path}; add a newer one before it goes")
            keyfile.replace_private(target, _without_key(keyfile.read_private(target), kek_id))
        return cls.load(path)

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the keys, oldest first."""
        return tuple(sorted(self._keys, key=_number))

    def holds(self, kek_id: str) -> bool:
        """Whether what was sealed under this key can be opened."""
        return kek_id in self._keys

    def made_at(self, kek_id: str) -> str | None:
        """When a key was made, as stored time text; None where the file does not say or holds no such key."""
        key = self._keys.get(kek_id)
        return None if key is None else key.made_at

    def remembering(self, older: KeyRing) -> KeyRing:
        """This ring with the keys that only the older one holds, to open what was read before they were retired."""
        return KeyRing(self.path, older._keys | self._keys, self.active_id)

    def contradicts(self, other: KeyRing) -> bool:
        """Whether some id names one key here and a different one in the other ring."""
        shared = self._keys.keys() & other._keys.keys()
        return any(not hmac.compare_digest(self._keys[k].digest, other._keys[k].digest) for k in shared)

    def seal(self, plaintext: bytes, associated: str) -> str:
        """Seal bytes under the active key, as base64url text."""
        return encrypt(self._keys[self.active_id].cipher, plaintext, associated)

    def open(self, kek_id: str, text: str, associated: str) -> bytes:
        """Open what `seal` gave while `kek_id` was the active key.

        Raises:
            UnknownKeyError: the ring does not hold the key.
            SealError: the text, the key or the associated data is another one.
        """
        key = self._keys.get(kek_id)
        if key is None:
            raise _unknown(self, kek_id)
        return decrypt(key.cipher, text, associated)

    def __repr__(self) -> str:
        return f"<KeyRing {self.path}: {', '.join(self.ids)}>"


def _unknown(ring: KeyRing, kek_id: str) -> UnknownKeyError:
    return UnknownKeyError(
        f"the vault key file {ring.path} holds no {kek_id} (it holds {', '.join(ring.ids)}), so what was"
        f" sealed under it cannot be opened; put the line of {kek_id} back from a copy of the file"
    )


def _number(kek_id: str) -> int:
    return int(kek_id.removeprefix("kek_"))


def _fresh_lines(number: int, clock: Clock | None) -> str:
    made_at = stamp((clock or SystemClock()).now())
    return f"# kek_{number} made {made_at}\nkek_{number} {encode(secrets.token_bytes(KEY_BYTES))}\n"


def _with_fresh_key(text: Secret, number: int, clock: Clock | None) -> Secret:
    return Secret(f"{text.reveal().rstrip()}\n{_fresh_lines(number, clock)}")


def _without_key(text: Secret, kek_id: str) -> Secret:
    lines = text.reveal().splitlines()
    gone = (f"{kek_id} ", f"# {kek_id} made ")
    return Secret("".join(f"{line}\n" for line in lines if not line.startswith(gone)))


def _digest(raw: bytes) -> bytes:
    return hashlib.sha256(b"trunkline kek " + raw).digest()


def _read(text: Secret) -> tuple[dict[str, _Key], str]:
    """The keys of a file's text and what is wrong with it, if anything, without quoting any of it."""
    keys: dict[str, _Key] = {}
    made_at: dict[str, str | None] = {}
    for number, line in enumerate(text.reveal().splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            if told := _MADE.fullmatch(line.rstrip()):
                made_at[told[1]] = parse_time(told[2])
            continue
        found = _LINE.fullmatch(line.rstrip())
        raw = decode(found[2]) if found else None
        if found is None or raw is None:
            return {}, f"line {number} is not `kek_<number> <key in base64url>`"
        if len(raw) != KEY_BYTES:
            return {}, f"the key in line {number} is {len(raw)} bytes long, not {KEY_BYTES}"
        if found[1] in keys:
            return {}, f"line {number} gives {found[1]} a second time"
        keys[found[1]] = _Key(AESGCM(raw), _digest(raw), made_at.get(found[1]))
    return keys, "" if keys else "it holds no key"
