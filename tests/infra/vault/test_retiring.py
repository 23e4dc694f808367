from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from tests.infra.vault.kept import COLUMNS, INSERT, all_keys, keep, tenant, texts
from trunkline.infra.db import Catalog, Database, Tx, open_database
from trunkline.infra.vault import (
    KeyFileError,
    KeyInUseError,
    KeyRing,
    UnknownKeyError,
    Vault,
    WrappedKey,
    data_key_id,
)
from trunkline.infra.vault.answers import KEPT_ANSWER
from trunkline.infra.vault.retiring import retire
from trunkline.infra.vault.rotation import Rotation
from trunkline.infra.vault.store import DatabaseKeyStore, unlock
from trunkline.kit.secret import Secret

A, B = tenant(10), tenant(11)
WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


@pytest.fixture
def vault(database: Database, path) -> Vault:
    return unlock(database, path).vault


def test_an_unused_key_leaves_the_file(database, vault, path):
    keep(database, vault, A, "a", "kept")
    KeyRing.add_key(path)
    Rotation(database, vault, COLUMNS).rewrap()
    retire(database, vault.ring(), "kek_1")
    assert KeyRing.load(path).ids == ("kek_2",)
    assert "kek_1" not in path.read_text()
    assert texts(database, unlock(database, path).vault) == texts(database, vault) == {"a": "kept"}


def test_a_key_in_use_stays_and_what_it_wraps_is_told(database, vault, path):
    keep(database, vault, A, "a", "x")
    keep(database, vault, B, "b", "x")
    KeyRing.add_key(path)
    before = path.read_bytes()
    with pytest.raises(KeyInUseError) as refused:
        retire(database, vault.ring(), "kek_1")
    assert str(refused.value) == (
        "kek_1 still wraps 2 data keys and the instance root, which nothing else opens"
    )
    assert path.read_bytes() == before
    Rotation(database, vault, COLUMNS).rewrap()
    database.write_now(
        lambda tx: tx.run("UPDATE vault_keys SET kek_id = 'kek_1' WHERE tenant = :tenant", tenant=A)
    )
    with pytest.raises(KeyInUseError, match="still wraps 1 data keys, which"):
        retire(database, vault.ring(), "kek_1")
    assert path.read_bytes() == before


def test_refuses_the_active_key_and_one_that_is_not_there(database, vault, path):
    KeyRing.add_key(path)
    Rotation(database, vault, COLUMNS).rewrap()
    with pytest.raises(UnknownKeyError, match="holds no kek_9"):
        retire(database, vault.ring(), "kek_9")
    database.write_now(lambda tx: tx.run("UPDATE instance SET kek_id = 'elsewhere'"))
    with pytest.raises(KeyFileError, match="kek_2 is the active key"):
        retire(database, vault.ring(), "kek_2")
    assert KeyRing.load(path).ids == ("kek_1", "kek_2")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite has one writer at a time
def test_a_data_key_made_at_the_same_moment_is_not_lost(database, database_url, vault, path):
    """Somebody wraps a data key and has not committed yet; rotation overlooks it, retiring must not."""
    wrapped, go_on = threading.Event(), threading.Event()

    def make_slowly(tx: Tx) -> str:
        key: WrappedKey = vault.add_data_key(DatabaseKeyStore(tx), A)
        wrapped.set()
        assert go_on.wait(60)
        return key.kek_id

    beside = open_database(database_url, Catalog())
    with ThreadPoolExecutor(2) as pool:
        making = pool.submit(beside.write_now, make_slowly)
        assert wrapped.wait(60)
        KeyRing.add_key(path)
        assert Rotation(database, vault, COLUMNS).rewrap().count == 0
        retiring = pool.submit(retire, database, vault.ring(), "kek_1")
        wait_until_blocked(database_url, retiring)
        go_on.set()
        assert making.result() == "kek_1"
        with pytest.raises(KeyInUseError, match="wraps 1 data keys"):
            retiring.result()
    beside.close()
    assert KeyRing.load(path).ids == ("kek_1", "kek_2")
    assert list(vault.broken(all_keys(database))) == []


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_whoever_waits_for_a_retirement_wraps_under_a_key_that_is_left(database, database_url, vault, path):
    """Somebody wants a data key while a key is being retired: the key file is read only afterwards."""
    KeyRing.add_key(path)
    Rotation(database, vault, COLUMNS).rewrap()
    beside = open_database(database_url, Catalog())
    with psycopg.connect(database_url) as retiring, ThreadPoolExecutor(1) as pool:
        retiring.execute("SELECT pg_advisory_xact_lock(7461005)")
        making = pool.submit(beside.write_now, lambda tx: vault.add_data_key(DatabaseKeyStore(tx), A))
        wait_until_blocked(database_url, making)
        KeyRing.add_key(path)
        KeyRing.retire_key(path, "kek_2")
        retiring.commit()
        assert making.result().kek_id == "kek_3"
    beside.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_value_sealed_at_the_same_moment_survives_the_end_of_its_data_key(
    database, database_url, vault, path
):
    """Somebody seals under a data key that is superseded, found unused and destroyed before the commit."""
    keep(database, vault, A, "before", "one")
    sealing, go_on, tries = threading.Event(), threading.Event(), []

    def seal_slowly(tx: Tx) -> None:
        body = vault.seal(DatabaseKeyStore(tx), A, KEPT_ANSWER.place("slow"), Secret("two"))
        tries.append(data_key_id(body))
        sealing.set()
        assert go_on.wait(60)
        tx.run(INSERT, id="slow", tenant=A, body=body, sealed=1)

    beside = open_database(database_url, Catalog())
    rotation = Rotation(database, vault, COLUMNS)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(beside.write_now, seal_slowly)
        assert sealing.wait(60)
        rotation.add_data_keys("2999-01-01T00:00:00.000000Z")
        assert rotation.reseal().count == 1
        assert rotation.drop_superseded("2999-01-02T00:00:00.000000Z") == 1
        go_on.set()
        slow.result()
    beside.close()
    [key] = all_keys(database)
    assert len(tries) == 2
    assert tries[1] == key.id
    assert texts(database, unlock(database, path).vault) == {"before": "one", "slow": "two"}


def wait_until_blocked(url: str, work: Future[Any]) -> None:
    with psycopg.connect(url, autocommit=True) as looking:
        while looking.execute(WAITING).fetchone() == (0,):
            assert not work.done(), work.result()
