"""Taking a key-encryption key out of the key file, once nothing needs it."""

from __future__ import annotations

from trunkline.infra.db import Database, Tx
from trunkline.infra.db.locks import advisory_lock, read_committed
from trunkline.infra.vault.errors import KeyInUseError
from trunkline.infra.vault.keyring import KeyRing
from trunkline.infra.vault.queries import COUNT_UNDER, KEK_OF_ROOT
from trunkline.infra.vault.store import RING_LOCK


def retire(database: Database, ring: KeyRing, kek_id: str) -> None:
    """Take a key that wraps nothing out of the key file, for good.

    Nobody wraps anything between the look and the removal: whoever wraps holds the lock taken here, and reads
    the key file only then. Copies of the database made before the last rotation open with the key alone.

    Raises:
        KeyInUseError: a data key or the instance root is wrapped under it; nothing was changed.
        UnknownKeyError: the key file holds no such key.
        KeyFileError: it is the active key, or the file cannot be written.
    """
    removed = False

    def look_and_remove(tx: Tx) -> None:
        nonlocal removed
        read_committed(tx)
        advisory_lock(tx, RING_LOCK)
        data_keys, root = int(tx.value(COUNT_UNDER, kek_id=kek_id)), tx.value(KEK_OF_ROOT) == kek_id
        if data_keys or root:
            what = [f"{data_keys} data keys"] * bool(data_keys) + ["the instance root"] * root
            raise KeyInUseError(f"{kek_id} still wraps {' and '.join(what)}, which nothing else opens")
        # A transaction may be repeated, and a file cannot be taken back with it.
        if not removed:
            KeyRing.retire_key(ring.path, kek_id)
            removed = True

    database.write_now(look_and_remove)
