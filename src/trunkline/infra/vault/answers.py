"""Seals kept answers that hold a one-time secret, so that the database alone cannot reveal it."""

from __future__ import annotations

from dataclasses import dataclass

from trunkline.infra.db import Tx
from trunkline.infra.vault.envelope import Context
from trunkline.infra.vault.store import DatabaseKeyStore
from trunkline.infra.vault.vault import Vault
from trunkline.kit.secret import Secret

INSTANCE = "instance"  # the tenant of answers to callers without an organization


@dataclass(frozen=True, slots=True)
class VaultAnswerSeal:
    """Binds each answer to its tenant and record."""

    vault: Vault

    def seal(self, tx: Tx, organization_id: str | None, record_id: str, text: str) -> str:
        """The sealed text; without an organization it belongs to the instance itself."""
        tenant = organization_id or INSTANCE
        return self.vault.seal(DatabaseKeyStore(tx), tenant, _place(record_id), Secret(text))

    def unseal(self, tx: Tx, organization_id: str | None, record_id: str, sealed: str) -> str:
        """The text that was sealed for this record.

        Raises:
            SealError: it was sealed for another record or tenant, or altered.
        """
        tenant = organization_id or INSTANCE
        return self.vault.open(DatabaseKeyStore(tx), tenant, _place(record_id), sealed).reveal()


def _place(record_id: str) -> Context:
    return Context("idempotency_records", record_id, "body", 0)
