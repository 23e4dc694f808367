"""Seals kept answers that hold a one-time secret, so that the database alone cannot reveal it."""

from __future__ import annotations

from dataclasses import dataclass

from trunkline.infra.db import Tx
from trunkline.infra.vault.sealed import INSTANCE, SealedColumn
from trunkline.infra.vault.store import DatabaseKeyStore
from trunkline.infra.vault.vault import Vault
from trunkline.kit.secret import Secret

# An answer is kept once and never changed, so it has no generations.
KEPT_ANSWER = SealedColumn(table="idempotency_records", column="body", generation=0, flag="sealed")


@dataclass(frozen=True, slots=True)
class VaultAnswerSeal:
    """Binds each answer to its tenant and record."""

    vault: Vault

    def seal(self, tx: Tx, organization_id: str | None, record_id: str, text: str) -> str:
        """The sealed text; without an organization it belongs to the instance itself."""
        tenant = organization_id or INSTANCE
        return self.vault.seal(DatabaseKeyStore(tx), tenant, KEPT_ANSWER.place(record_id), Secret(text))

    def unseal(self, tx: Tx, organization_id: str | None, record_id: str, sealed: str) -> str:
        """The text that was sealed for this record.

        Raises:
            SealError: it was sealed for another record or tenant, or altered.
        """
        tenant = organization_id or INSTANCE
        return self.vault.open(DatabaseKeyStore(tx), tenant, KEPT_ANSWER.place(record_id), sealed).reveal()
