"""Sealed values in a real table: answers kept for repeated requests, of any number of tenants."""

from __future__ import annotations

from trunkline.infra.db import Database, Tx
from trunkline.infra.vault import Vault, WrappedKey, data_key_id
from trunkline.infra.vault.answers import KEPT_ANSWER
from trunkline.infra.vault.queries import ALL_KEYS
from trunkline.infra.vault.store import KEY_COLUMNS, DatabaseKeyStore, wrapped_keys
from trunkline.infra.vault.tables import vault_keys
from trunkline.kit.secret import Secret

COLUMNS = (KEPT_ANSWER,)
INSERT = """
INSERT INTO idempotency_records
  (id, organization_id, fingerprint, status, body, sealed, created_at, expires_at)
VALUES (:id, :tenant, '', 200, :body, :sealed, '', '')
"""
_ANSWERS = "SELECT id, organization_id, body FROM idempotency_records WHERE sealed = 1 ORDER BY id"


def tenant(number: int) -> str:
    return f"{number:032x}"


def keep(database: Database, vault: Vault, owner: str | None, record_id: str, text: str) -> None:
    """Seal one value."""

    def work(tx: Tx) -> None:
        body = vault.seal(
            DatabaseKeyStore(tx), owner or "instance", KEPT_ANSWER.place(record_id), Secret(text)
        )
        tx.run(INSERT, id=record_id, tenant=owner, body=body, sealed=1)

    database.write_now(work)


def keep_plain(database: Database, record_id: str, text: str) -> None:
    """Keep one value that needs no seal."""
    database.write_now(lambda tx: tx.run(INSERT, id=record_id, tenant=None, body=text, sealed=0))


def texts(database: Database, vault: Vault) -> dict[str, str]:
    """Every value, opened."""

    def work(tx: Tx) -> dict[str, str]:
        store = DatabaseKeyStore(tx)
        return {
            row_id: vault.open(store, owner or "instance", KEPT_ANSWER.place(row_id), body).reveal()
            for row_id, owner, body in tx.fetch(_ANSWERS, {})
        }

    return database.check_now(work)


def sealed(database: Database) -> dict[str, str]:
    """Every value as it is stored."""
    return database.check_now(lambda tx: {row[0]: row[2] for row in tx.fetch(_ANSWERS, {})})


def keys_in_use(database: Database) -> dict[str, str]:
    """The data key of every value."""
    return {row_id: data_key_id(body) for row_id, body in sealed(database).items()}


def all_keys(database: Database) -> list[WrappedKey]:
    """Every data key, by tenant and age."""
    return database.check_now(lambda tx: wrapped_keys(tx.fetch(ALL_KEYS, {})))


def add_tenants(database: Database, vault: Vault, count: int, *, created_at: str) -> None:
    """Data keys of many tenants at once."""
    ring = vault.ring()
    rows = []
    for number in range(count):
        key_id = f"{number:031x}f"
        wrapped = ring.seal(number.to_bytes(32), f"v1|{tenant(number)}|{key_id}|dek")
        rows.append((key_id, tenant(number), ring.active_id, wrapped, created_at))
    database.write_now(lambda tx: tx.insert_many(vault_keys, KEY_COLUMNS, rows))
