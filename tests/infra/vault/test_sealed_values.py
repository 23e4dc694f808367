"""No value opens anywhere but where it was sealed, and whatever was touched is found."""

from __future__ import annotations

import itertools
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from tests.infra.vault.kept import COLUMNS, all_keys, keep, sealed, tenant
from trunkline.infra.db import Database
from trunkline.infra.vault import INSTANCE, KeyRing, Vault, data_key_id
from trunkline.infra.vault.invariants import vault_findings
from trunkline.infra.vault.rotation import Rotation
from trunkline.infra.vault.store import unlock
from trunkline.kit.findings import Finding

A, B = tenant(10), tenant(11)


@pytest.fixture
def vault(database: Database, path) -> Vault:
    return unlock(database, path).vault


@pytest.fixture
def whole(database: Database, vault: Vault) -> dict[str, str]:
    for number in range(3):
        keep(database, vault, A, f"a{number}", f"of A {number}")
        keep(database, vault, B, f"b{number}", f"of B {number}")
    keep(database, vault, None, "c", "of nobody")
    return sealed(database)


def put(database: Database, row_id: str, body: str) -> None:
    database.write_now(
        lambda tx: tx.run("UPDATE idempotency_records SET body = :body WHERE id = :id", id=row_id, body=body)
    )


def findings(database: Database, vault: Vault | None) -> list[Finding]:
    return database.check_now(lambda tx: list(vault_findings(tx, COLUMNS, vault)))


def test_nothing_is_found_where_everything_is_whole(database, vault, whole):
    assert findings(database, vault) == findings(database, None) == []


def test_every_pair_of_stored_values_exchanged_is_found(database, vault, whole):
    pairs = list(itertools.combinations(whole, 2))
    for one, other in pairs:
        put(database, one, whole[other])
        put(database, other, whole[one])
        found = findings(database, vault)
        assert [finding.invariant for finding in found] == ["I12", "I12"]
        assert sorted(finding.subject for finding in found) == sorted(
            f"idempotency_records.body of row {row_id}" for row_id in (one, other)
        )
        put(database, one, whole[one])
        put(database, other, whole[other])
    assert len(pairs) == 21
    assert findings(database, vault) == []


def test_a_value_of_another_tenant_is_found_without_the_key_file(database, vault, whole):
    put(database, "a0", whole["b0"])
    assert findings(database, None) == [
        Finding(
            "I12",
            "idempotency_records.body of row a0",
            f"it is sealed under a data key that {A} does not have",
        )
    ]


def test_a_value_whose_data_key_is_gone_is_named_once(database, vault, whole):
    database.write_now(lambda tx: tx.run("DELETE FROM vault_keys WHERE tenant = :tenant", tenant=INSTANCE))
    expected = [
        Finding(
            "I12",
            "idempotency_records.body of row c",
            "it is sealed under a data key that instance does not have",
        )
    ]
    assert findings(database, None) == findings(database, vault) == expected


def test_what_is_no_sealed_value_is_found(database, vault, whole):
    put(database, "b2", "written by hand")
    assert [found.subject for found in findings(database, None)] == ["idempotency_records.body of row b2"]


def test_a_retired_key_in_use_is_found(database, vault, path, whole):
    KeyRing.add_key(path)
    KeyRing.retire_key(path, "kek_1")
    found = findings(database, vault)
    keys = all_keys(database)
    assert found[0] == Finding(
        "I12", "the instance root", "it is sealed under kek_1, which is not in the key file"
    )
    assert [finding.subject for finding in found[1:]] == [f"data key {key.id}" for key in keys]
    assert all("holds no kek_1" in finding.message for finding in found[1:])


def test_a_changed_data_key_is_found(database, vault, whole):
    [key] = [key for key in all_keys(database) if key.tenant == B]
    database.write_now(
        lambda tx: tx.run("UPDATE vault_keys SET wrapped = :new WHERE id = :id", id=key.id, new="A" * 80)
    )
    [found] = [finding for finding in findings(database, vault) if "data key" in finding.subject]
    assert (found.subject, found.message.split(":")[0]) == (
        f"data key {key.id}",
        f"data key {key.id} of tenant {B} does not open with kek_1 of {vault.ring().path}",
    )


def test_an_older_value_put_back_after_a_rotation_opens_only_while_its_key_is_there(database, vault, whole):
    """What a rotation replaced was sealed for the same place: only destroying its key ends it."""
    rotation = Rotation(database, vault, COLUMNS)
    rotation.add_data_keys("2999-01-01T00:00:00.000000Z")
    rotation.reseal()
    after = sealed(database)
    assert {data_key_id(body) for body in after.values()} & {
        data_key_id(body) for body in whole.values()
    } == set()
    rotation.drop_superseded("2999-01-02T00:00:00.000000Z")
    put(database, "a0", whole["a0"])
    assert [found.subject for found in findings(database, vault)] == ["idempotency_records.body of row a0"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # PostgreSQL vacuums when it likes
def test_what_is_deleted_is_overwritten_in_the_file(
    database: Database, database_url: str, vault: Vault, whole: dict[str, str]
) -> None:
    path = Path(database_url.removeprefix("sqlite:///"))

    def on_disk(body: str) -> bool:
        with closing(apsw.Connection(str(path))) as beside:
            assert next(beside.execute("PRAGMA wal_checkpoint(TRUNCATE)"))[0] == 0
        return body.encode() in path.read_bytes()

    assert on_disk(whole["a1"])
    database.write_now(lambda tx: tx.run("DELETE FROM idempotency_records WHERE id = 'a1'"))
    assert not on_disk(whole["a1"])
    assert on_disk(whole["a0"])
