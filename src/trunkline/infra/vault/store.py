"""Where wrapped data keys and the instance root are kept: in the database whose values they seal.

Opening the stored root is the start-up check: a server whose key file is another database's, or is missing
while the database holds something sealed, must not start.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from trunkline.infra.db import Database, Tx, UniqueError
from trunkline.infra.vault.errors import KeyFileError, SealError
from trunkline.infra.vault.keyring import KeyRing
from trunkline.infra.vault.queries import ANY_KEY, BY_ID, KEYS_OF, SEALED_ROOT
from trunkline.infra.vault.root import new_root, open_root, seal_root
from trunkline.infra.vault.tables import instance, vault_keys
from trunkline.infra.vault.vault import Vault, WrappedKey

ROOT_ID = "root"  # of the one row of `instance`


class DatabaseKeyStore:
    """The data keys in one transaction: what it rolls back, no key survives. Implements `DataKeyStore`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    def load(self, tenant: str) -> list[WrappedKey]:
        """The tenant's keys, newest last."""
        return [
            WrappedKey(id=key_id, tenant=owner, kek_id=kek_id, wrapped=wrapped, created_at=created_at)
            for key_id, owner, kek_id, wrapped, created_at in self._tx.fetch(KEYS_OF, {"tenant": tenant})
        ]

    def add(self, key: WrappedKey) -> None:
        """Keep a new key."""
        self._tx.insert(
            vault_keys,
            id=key.id,
            tenant=key.tenant,
            kek_id=key.kek_id,
            wrapped=key.wrapped,
            created_at=key.created_at,
        )

    def rewrap(self, key_id: str, kek_id: str, wrapped: str) -> None:
        """Replace what one key is sealed under and as."""
        self._tx.update(vault_keys, BY_ID, {"id": key_id}, kek_id=kek_id, wrapped=wrapped)


@dataclass(frozen=True, slots=True)
class Unlocked:
    """A vault that fits its database, and the instance root that other keys derive from."""

    vault: Vault
    root: bytes = field(repr=False)


def unlock(database: Database, path: Path) -> Unlocked:
    """Open the vault of a database with the key file at `path`; both are made at the very first start.

    A key file is made only while the database holds nothing sealed. Several servers may start at once.

    Raises:
        KeyFileError: the key file is missing although the database was sealed with one, or cannot be used.
        WrongKeyError: the key file is not the one this database was sealed with.
        SealError: what is stored was damaged.
    """
    ring = _ring(path, first_start=not database.read_now(has_instance_root))
    load = partial(load_instance_root, ring=ring)
    try:
        root = database.write_now(load)
    except UniqueError:
        root = database.write_now(load)  # another server stored its root first: that one counts
    return Unlocked(Vault(ring, clock=database.catalog.clock), root)


def has_instance_root(tx: Tx) -> bool:
    """Whether this database was sealed: then it needs the key file it was sealed with."""
    return tx.value(SEALED_ROOT) is not None or tx.value(ANY_KEY) is not None


def load_instance_root(tx: Tx, ring: KeyRing) -> bytes:
    """The instance root; a database that has none gets one, sealed under the ring's active key.

    Raises:
        WrongKeyError: the key file is not the one this database was sealed with; nothing was written.
        SealError: the stored root is malformed, or gone while there are data keys.
    """
    sealed = tx.value(SEALED_ROOT)
    if sealed is not None:
        return open_root(ring, sealed)
    if tx.value(ANY_KEY) is not None:
        raise SealError(
            "the instance root is gone while there are data keys; restore the database from a backup"
        )
    root = new_root()
    tx.insert(
        instance,
        id=ROOT_ID,
        sealed_root=seal_root(ring, root),
        kek_id=ring.active_id,
        created_at=tx.now,
    )
    return root


def _ring(path: Path, *, first_start: bool) -> KeyRing:
    if first_start and not path.exists():
        try:
            return KeyRing.create(path)
        except KeyFileError:
            # Another server beside this one may have made it meanwhile.
            if not path.exists():
                raise
    return KeyRing.load(path)
