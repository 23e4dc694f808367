"""What is sealed of a destination: its secrets, and the headers that go with every message."""

from __future__ import annotations

import msgspec

from trunkline.core.webhooks.queries import SECRETS_OF
from trunkline.core.webhooks.sealed import SECRETS
from trunkline.core.webhooks.specs import DestinationRow
from trunkline.infra.db import Tx
from trunkline.infra.vault import Vault
from trunkline.infra.vault.store import DatabaseKeyStore
from trunkline.kit.secret import Secret
from trunkline.kit.strictjson import encode


class Hidden(msgspec.Struct, frozen=True):
    """In memory no longer than it takes to change or to use."""

    headers: dict[str, str] = {}
    secrets: dict[str, str] = {}

    def __repr__(self) -> str:
        return "Hidden(***)"


def sealed(tx: Tx, vault: Vault, row: DestinationRow, hidden: Hidden) -> str | None:
    """What is stored of it; None where there is nothing to hide."""
    if not hidden.headers and not hidden.secrets:
        return None
    place = SECRETS.place(row.id, row.generation)
    return vault.seal(DatabaseKeyStore(tx), row.organization_id, place, Secret(encode(hidden)))


def opened(tx: Tx, vault: Vault, row: DestinationRow) -> Hidden:
    """What a destination hides.

    Raises:
        VaultError: what is stored does not open.
    """
    stored = tx.value(SECRETS_OF, id=row.id)
    if stored is None:
        return Hidden()
    place = SECRETS.place(row.id, row.generation)
    text = vault.open(DatabaseKeyStore(tx), row.organization_id, place, stored)
    return msgspec.json.decode(text.reveal(), type=Hidden)
