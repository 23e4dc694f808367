from __future__ import annotations

import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from trunkline.infra.db import Database, Tx
from trunkline.infra.vault import Context, KeyFileError, KeyRing, SealError, Vault, WrongKeyError
from trunkline.infra.vault.store import DatabaseKeyStore, Unlocked, has_instance_root, unlock
from trunkline.infra.vault.tables import instance, vault_keys
from trunkline.kit.errors import NotFoundError
from trunkline.kit.secret import Secret

A = "0197a0000000700080000000000000aa"
B = "0197b0000000700080000000000000bb"
PLACE = Context("connections", "0197c0000000700080000000000000cc", "credential", 1)


def stored(database: Database) -> list[list[tuple[object, ...]]]:
    tables = (vault_keys, instance)
    return database.read_now(lambda tx: [tx.fetch(f"SELECT * FROM {t.name} ORDER BY id", {}) for t in tables])


def seal(database: Database, vault: Vault, tenant: str, text: str) -> str:
    return database.write_now(lambda tx: vault.seal(DatabaseKeyStore(tx), tenant, PLACE, Secret(text)))


def opened(database: Database, vault: Vault, tenant: str, token: str) -> str:
    return database.read_now(lambda tx: vault.open(DatabaseKeyStore(tx), tenant, PLACE, token)).reveal()


def test_the_first_start_makes_a_private_key_file_and_a_root(database, path):
    assert database.read_now(has_instance_root) is False
    first = unlock(database, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(first.root) == 32
    assert database.read_now(has_instance_root) is True
    [[], [row]] = stored(database)
    assert row[0] == "root"
    assert row[2:] == ("kek_1", "2026-11-22T10:00:00.000000Z")
    assert first.root.hex() not in repr(row)


def test_every_later_start_finds_the_same_root(database, path):
    first = unlock(database, path)
    before = stored(database)
    assert unlock(database, path).root == first.root
    assert stored(database) == before


def test_an_existing_key_file_serves_a_new_database(database, ring, path):
    written = path.read_bytes()
    unlock(database, path)
    assert path.read_bytes() == written


def test_a_missing_key_file_is_refused_and_not_made_anew_once_something_is_sealed(database, path):
    unlock(database, path)
    path.unlink()
    before = stored(database)
    with pytest.raises(KeyFileError, match="does not exist; restore it from its backup"):
        unlock(database, path)
    assert not path.exists()
    assert stored(database) == before


def test_another_databases_key_file_is_refused_and_nothing_is_written(database, path, tmp_path):
    unlock(database, path)
    before = stored(database)
    KeyRing.create(tmp_path / "other.key")
    with pytest.raises(WrongKeyError, match="does not open this database"):
        unlock(database, tmp_path / "other.key")
    assert stored(database) == before


def test_data_keys_without_a_root_are_refused(database, path):
    seal(database, unlock(database, path).vault, A, "x")
    database.write_now(lambda tx: tx.delete(instance, "id = :id", id="root"))
    with pytest.raises(SealError, match="root is gone"):
        unlock(database, path)
    path.unlink()
    with pytest.raises(KeyFileError, match="does not exist"):
        unlock(database, path)
    assert not path.exists()


def test_the_root_is_not_printed(database, path):
    unlocked = unlock(database, path)
    assert unlocked.root.hex() not in repr(unlocked)
    assert repr(unlocked.root) not in repr(unlocked)


def test_servers_that_start_at_once_agree_on_key_file_and_root(database, path):
    together = threading.Barrier(4)

    def start(_: int) -> Unlocked:
        together.wait()
        return unlock(database, path)

    with ThreadPoolExecutor(4) as pool:
        unlocked = list(pool.map(start, range(4)))
    assert len({found.root for found in unlocked}) == 1
    token = seal(database, unlocked[0].vault, A, "x")
    assert [opened(database, found.vault, A, token) for found in unlocked] == ["x"] * 4


def test_a_value_opens_after_a_restart(database, path):
    token = seal(database, unlock(database, path).vault, A, "kept")
    assert opened(database, unlock(database, path).vault, A, token) == "kept"


def test_each_tenant_has_keys_of_its_own_newest_last(database, path):
    vault = unlock(database, path).vault
    tokens = [seal(database, vault, tenant, "x") for tenant in (A, B)]
    newest = database.write_now(lambda tx: vault.add_data_key(DatabaseKeyStore(tx), A))
    keys = database.read_now(lambda tx: DatabaseKeyStore(tx).load(A))
    assert [key.tenant for key in keys] == [A, A]
    assert keys[-1] == newest
    assert keys[0].id in tokens[0]
    assert [key.id in tokens[1] for key in database.read_now(lambda tx: DatabaseKeyStore(tx).load(B))] == [
        True
    ]
    assert newest.id in seal(database, vault, A, "y")


def test_a_rolled_back_transaction_leaves_no_data_key(database, path):
    vault = unlock(database, path).vault

    def fails(tx: Tx) -> None:
        vault.seal(DatabaseKeyStore(tx), A, PLACE, Secret("x"))
        raise NotFoundError

    with pytest.raises(NotFoundError):
        database.write_now(fails)
    assert database.read_now(lambda tx: DatabaseKeyStore(tx).load(A)) == []
    assert opened(database, vault, A, seal(database, vault, A, "y")) == "y"


def test_rotation_re_wraps_what_is_stored_and_everything_still_opens(database, path):
    token = seal(database, unlock(database, path).vault, A, "kept")
    KeyRing.add_key(path)
    vault = unlock(database, path).vault

    def rewrap(tx: Tx) -> int:
        store = DatabaseKeyStore(tx)
        return vault.rewrap(store, store.load(A))

    assert database.write_now(rewrap) == 1
    assert [key.kek_id for key in database.read_now(lambda tx: DatabaseKeyStore(tx).load(A))] == ["kek_2"]
    assert opened(database, vault, A, token) == "kept"


def test_writers_that_need_a_tenants_first_key_at_once_all_seal_what_opens(database, path):
    vault = unlock(database, path).vault
    together = threading.Barrier(4)

    def write(number: int) -> str:
        together.wait()
        return seal(database, vault, A, f"value {number}")

    with ThreadPoolExecutor(4) as pool:
        tokens = list(pool.map(write, range(4)))
    fresh = unlock(database, path).vault
    assert [opened(database, fresh, A, token) for token in tokens] == [f"value {i}" for i in range(4)]
    assert len(database.read_now(lambda tx: DatabaseKeyStore(tx).load(A))) == 1


def test_an_unwritable_place_for_the_first_key_file_is_an_error(database, tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(KeyFileError, match="cannot create"):
        unlock(database, tmp_path / "file" / "vault.key")
    assert database.read_now(has_instance_root) is False
