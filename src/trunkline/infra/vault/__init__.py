"""The vault: seals credentials so that a stolen database, or a swapped row, gives nothing away.

    key file ── key-encryption keys (kek_1, kek_2 …; the newest is active)
        ├── wrap one data key per tenant, kept by a `DataKeyStore` ── seals the tenant's values
        └── seal the instance root ── `derive`s the keys of cursors, sessions and peppers

Changing the active key-encryption key re-wraps the data keys and the root, never the values. A new data key has
them sealed anew, one by one (`rotation`), wherever a capability has declared a `SealedColumn`.
"""

from trunkline.infra.vault.digests import key_hash, same
from trunkline.infra.vault.envelope import Context, data_key_id
from trunkline.infra.vault.errors import (
    KeyFileError,
    KeyInUseError,
    SealError,
    UnknownKeyError,
    VaultError,
    WrongKeyError,
)
from trunkline.infra.vault.keyring import KeyRing
from trunkline.infra.vault.root import derive, new_root, open_root, rewrap_root, seal_root
from trunkline.infra.vault.sealed import INSTANCE, SealedColumn
from trunkline.infra.vault.vault import DataKeyStore, Vault, WrappedKey

__all__ = [
    "INSTANCE",
    "Context",
    "DataKeyStore",
    "KeyFileError",
    "KeyInUseError",
    "KeyRing",
    "SealError",
    "SealedColumn",
    "UnknownKeyError",
    "Vault",
    "VaultError",
    "WrappedKey",
    "WrongKeyError",
    "data_key_id",
    "derive",
    "key_hash",
    "new_root",
    "open_root",
    "rewrap_root",
    "same",
    "seal_root",
]
