"""Where wrapped data keys and the instance root are kept: in the database whose values they seal.

Opening the stored root is the start-up check: a server whose key file is another database's, or is missing
while the database holds something sealed, must not start.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from trunkline.infra.db import Database, Tx, UniqueError
from trunkline.infra.db.locks import shared_advisory_lock
from trunkline.infra.vault.errors import KeyFileError, SealError
from trunkline.infra.vault.keyring import KeyRing
from trunkline.infra.vault.queries import ANY_KEY, KEYS_OF, OF_TENANT, REWRAP, SEALED_ROOT
from trunkline.infra.vault.root import new_root, open_root, seal_root
from trunkline.infra.vault.tables import instance, vault_keys
from trunkline.infra.vault.vault import Vault, WrappedKey

ROOT_ID = "root"  # of the one row of `instance`
KEY_COLUMNS = ("id", "tenant", "kek_id", "wrapped", "created_at")
RING_LOCK = 7_461_005  # advisory lock: shared by whoever wraps a key, taken alone to retire one


class DatabaseKeyStore:
    """The data keys in one transaction: what it rolls back, no key survives. Implements `DataKeyStore`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    def hold_ring(self) -> None:
        """Keep every key-encryption key from being retired until the transaction ends."""
        shared_advisory_lock(self._tx, RING_LOCK)

    def load(self, tenant: str) -> list[WrappedKey]:
        """The tenant's keys, newest last."""
        return wrapped_keys(self._tx.fetch(KEYS_OF, {"tenant": tenant}))

    def add(self, keys: Sequence[WrappedKey]) -> None:
        """Keep new keys."""
        rows = [(key.id, key.tenant, key.kek_id, key.wrapped, key.created_at) for key in keys]
        self._tx.insert_many(vault_keys, KEY_COLUMNS, rows)

    def rewrap(self, keys: Sequence[WrappedKey]) -> None:
        """Replace what keys are sealed under and as."""
        rows = [{"id": key.id, "kek_id": key.kek_id, "wrapped": key.wrapped} for key in keys]
        self._tx.run_many(REWRAP, rows)


def wrapped_keys(rows: Iterable[tuple[Any, ...]]) -> list[WrappedKey]:
    """Data keys from rows of the columns that every statement about them reads."""
    return [
        WrappedKey(id=key_id, tenant=tenant, kek_id=kek_id, wrapped=wrapped, created_at=created_at)
        for key_id, tenant, kek_id, wrapped, created_at in rows
    ]


def destroy_tenant_keys(tx: Tx, vault: Vault, tenant: str) -> int:
    """Destroy a tenant's data keys, and with them everything ever sealed for it, backups aside; how many.

    The last step of purging an organization: what its rows leave behind in free pages, logs and replicas
    cannot be opened any more. Other processes forget the keys when they need the memory for others or end.
    """
    vault.forget(tenant)
    return tx.delete(vault_keys, OF_TENANT, tenant=tenant)


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
