"""What must hold for everything sealed, after any crash and any rotation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from trunkline.infra.db import Tx
from trunkline.infra.vault.errors import SealError, UnknownKeyError
from trunkline.infra.vault.queries import ALL_KEYS, KEK_OF_ROOT, USERS, VALUES
from trunkline.infra.vault.sealed import SealedColumn, completed
from trunkline.infra.vault.stock import uses
from trunkline.infra.vault.store import DatabaseKeyStore, wrapped_keys
from trunkline.infra.vault.vault import Vault, WrappedKey
from trunkline.kit.findings import Finding

BATCH = 500  # values in memory at a time
NAMED = 100  # values named of each data key that is not there; they are all lost for one reason


def vault_findings(tx: Tx, columns: Sequence[SealedColumn], vault: Vault | None = None) -> Iterator[Finding]:
    """I12: no ciphertext without its data key, and no retired key in use.

    With a vault, everything is opened as well: every key a data key needs is in the key file, and no value
    was changed or moved.
    """
    keys = wrapped_keys(tx.fetch(ALL_KEYS, {}))
    owned = {(key.tenant, key.id) for key in keys}
    for column in columns:
        for use in uses(tx, column):
            if (use.tenant, use.key_id) not in owned:
                yield from _orphans(tx, column, use.tenant, use.key_id)
    if vault is not None:
        yield from _retired(tx, vault, keys)
        for column in columns:
            yield from _unreadable(tx, column, vault, owned)


def _orphans(tx: Tx, column: SealedColumn, tenant: str, key_id: str) -> Iterator[Finding]:
    place = {"tenant": tenant, "key_id": key_id, "limit": NAMED}
    for row_id in tx.column(completed(USERS, column), **place):
        yield Finding(
            "I12", f"{column} of row {row_id}", f"it is sealed under a data key that {tenant} does not have"
        )


def _retired(tx: Tx, vault: Vault, keys: Sequence[WrappedKey]) -> Iterator[Finding]:
    kek_id = tx.value(KEK_OF_ROOT)
    if kek_id is not None and not vault.ring().holds(kek_id):
        yield Finding(
            "I12", "the instance root", f"it is sealed under {kek_id}, which is not in the key file"
        )
    for key, error in vault.broken(keys):
        yield Finding("I12", f"data key {key.id}", str(error))


def _unreadable(tx: Tx, column: SealedColumn, vault: Vault, owned: set[tuple[str, str]]) -> Iterator[Finding]:
    store, after = DatabaseKeyStore(tx), ""
    while rows := tx.fetch(completed(VALUES, column), {"after": after, "limit": BATCH}):
        for row_id, home_id, tenant, generation, sealed in rows:
            if (tenant, sealed[3:35]) not in owned:
                continue  # named already
            try:
                vault.open(store, tenant, column.place(home_id, generation), sealed)
            except (SealError, UnknownKeyError, ValueError) as error:
                yield Finding("I12", f"{column} of row {row_id}", str(error))
        after = rows[-1][0]
