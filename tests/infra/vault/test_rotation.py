from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.infra.vault.kept import (
    COLUMNS,
    add_tenants,
    all_keys,
    keep,
    keep_plain,
    keys_in_use,
    sealed,
    tenant,
    texts,
)
from trunkline.infra.db import BusyError, Database, Tx
from trunkline.infra.jobs import JobContext
from trunkline.infra.vault import KeyFileError, KeyRing, SealedColumn, Vault, WrongKeyError, rotation
from trunkline.infra.vault.rotation import Rotation, no_rest, polite
from trunkline.infra.vault.stock import ColumnStock, KeyStock, TenantStock, take_stock
from trunkline.infra.vault.store import DatabaseKeyStore, destroy_tenant_keys, unlock
from trunkline.infra.vault.tables import vault_keys
from trunkline.infra.vault.tending import Tending
from trunkline.kit.actor import system_actor
from trunkline.kit.clock import stamp
from trunkline.kit.secret import Secret

A, B = tenant(10), tenant(11)
LATER = "2999-01-01T00:00:00.000000Z"


@pytest.fixture
def vault(database: Database, path: Path) -> Vault:
    return unlock(database, path).vault


@pytest.fixture
def kept(database: Database, vault: Vault) -> dict[str, str]:
    """Seven values of three tenants, one of them the instance itself, and a plain one beside them."""
    for number in range(3):
        keep(database, vault, A, f"a{number}", f"of A {number}")
        keep(database, vault, B, f"b{number}", f"of B {number}")
    keep(database, vault, None, "c", "of nobody")
    keep_plain(database, "plain", "no secret")
    return texts(database, vault)


def fresh(database: Database, path: Path) -> Vault:
    """What a server that starts now opens values with."""
    return unlock(database, path).vault


def test_a_new_key_encryption_key_takes_over_the_root_and_every_data_key(database, vault, path, kept):
    root, values = unlock(database, path).root, sealed(database)
    KeyRing.add_key(path)
    moved = Rotation(database, vault, COLUMNS).rewrap()
    assert (moved.count, moved.root, moved.unreadable) == (3, True, [])
    assert {key.kek_id for key in all_keys(database)} == {"kek_2"}
    assert sealed(database) == values
    KeyRing.retire_key(path, "kek_1")
    assert unlock(database, path).root == root
    assert texts(database, fresh(database, path)) == texts(database, vault) == kept


def test_wrapping_again_does_nothing(database, vault, path, kept):
    KeyRing.add_key(path)
    Rotation(database, vault, COLUMNS).rewrap()
    before = all_keys(database)
    moved = Rotation(database, vault, COLUMNS).rewrap()
    assert (moved.count, moved.root, moved.unreadable) == (0, False, [])
    assert all_keys(database) == before


def test_ten_thousand_data_keys_take_twenty_two_transactions(database, vault, path):
    add_tenants(database, vault, 10_000, created_at="2026-01-01T00:00:00.000000Z")
    KeyRing.add_key(path)
    transactions: list[float] = []
    steps: list[tuple[int, int]] = []
    moved = Rotation(database, vault, COLUMNS, rest=transactions.append).rewrap(
        lambda done, total: steps.append((done, total))
    )
    assert (moved.count, moved.unreadable) == (10_000, [])
    assert len(transactions) == 1 + 10_000 // rotation.KEYS_PER_STEP + 1  # the root, the keys, and none left
    assert steps[0] == (500, 10_000)
    assert steps[-1] == (10_000, 10_000)
    assert {key.kek_id for key in all_keys(database)} == {"kek_2"}
    assert list(vault.broken(all_keys(database))) == []


def test_a_data_key_that_does_not_open_is_named_and_keeps_nobody_from_moving(database, vault, path, kept):
    [broken] = [key for key in all_keys(database) if key.tenant == A]
    database.write_now(lambda tx: tx.update(vault_keys, "id = :id", {"id": broken.id}, wrapped="A" * 80))
    KeyRing.add_key(path)
    moved = Rotation(database, vault, COLUMNS).rewrap()
    assert moved.count == 2
    [sentence] = moved.unreadable
    assert sentence == (
        f"data key {broken.id} of tenant {A} does not open with kek_1 of {path}: its row was changed or is"
        " another tenant's, or the key file is another database's"
    )
    assert {key.kek_id for key in all_keys(database) if key.tenant != A} == {"kek_2"}


def test_an_exchanged_or_missing_key_file_stops_it_before_anything_is_written(
    database, vault, path, tmp_path, kept
):
    before = all_keys(database)
    kept_file = path.read_bytes()
    path.unlink()
    with pytest.raises(KeyFileError, match="does not exist"):
        Rotation(database, vault, COLUMNS).rewrap()
    KeyRing.create(path)
    with pytest.raises(WrongKeyError, match="was exchanged"):
        Rotation(database, vault, COLUMNS).rewrap()
    assert all_keys(database) == before
    path.write_bytes(kept_file)
    assert texts(database, vault) == kept


def test_every_tenant_gets_a_data_key_that_seals_from_then_on(database, vault, kept):
    before = {key.id for key in all_keys(database)}
    assert Rotation(database, vault, COLUMNS).add_data_keys(LATER) == 3
    newest = {key.tenant: key.id for key in all_keys(database)}
    assert set(newest.values()) & before == set()
    assert set(keys_in_use(database).values()) == before
    keep(database, vault, A, "a9", "after")
    assert keys_in_use(database)["a9"] == newest[A]
    assert texts(database, vault) == {**kept, "a9": "after"}


def test_only_tenants_whose_newest_key_is_old_enough_get_one(database, vault, clock, kept):
    moment = stamp(clock.now())
    clock.advance(timedelta(seconds=1))
    database.write_now(lambda tx: Vault(vault.ring(), clock=clock).add_data_key(DatabaseKeyStore(tx), A))
    rotation = Rotation(database, vault, COLUMNS)
    assert rotation.add_data_keys(moment) == 0
    assert rotation.add_data_keys(stamp(clock.now())) == 2
    assert [key.tenant for key in all_keys(database)] == sorted([A, A, B, B, "instance", "instance"])


def test_more_tenants_than_fit_one_step_all_get_a_key(database, vault):
    add_tenants(database, vault, 1_001, created_at="2026-01-01T00:00:00.000000Z")
    steps: list[int] = []
    rotation = Rotation(database, vault, COLUMNS)
    assert rotation.add_data_keys("2026-01-02T00:00:00.000000Z", lambda done, _: steps.append(done)) == 1_001
    assert steps == [500, 1_000, 1_001]
    assert len(all_keys(database)) == 2_002


def test_a_new_data_key_is_the_newest_even_if_the_clock_was_set_back(database, vault, clock, kept):
    clock.advance(timedelta(days=-400))
    added = database.write_now(lambda tx: vault.add_data_key(DatabaseKeyStore(tx), A))
    keys = [key for key in all_keys(database) if key.tenant == A]
    assert keys[-1] == added
    assert added.created_at > keys[0].created_at


def test_values_move_to_the_newest_data_key_and_keep_their_text(database, vault, path, kept):
    rotation, steps = Rotation(database, vault, COLUMNS), []
    rotation.add_data_keys(LATER)
    moved = rotation.reseal(lambda done, total: steps.append((done, total)))
    assert (moved.count, moved.unreadable, moved.finished) == (7, [], True)
    assert steps == [(7, 7)]
    newest = {key.tenant: key.id for key in all_keys(database)}
    assert set(keys_in_use(database).values()) == set(newest.values())
    assert texts(database, fresh(database, path)) == kept
    after = sealed(database)
    assert rotation.reseal().count == 0
    assert sealed(database) == after


def test_values_of_several_steps_all_move(database, vault, kept, monkeypatch):
    monkeypatch.setattr("trunkline.infra.vault.rotation.VALUES_PER_STEP", 2)
    rotation = Rotation(database, vault, COLUMNS)
    rotation.add_data_keys(LATER)
    assert rotation.reseal().count == 7
    assert texts(database, vault) == kept


def test_what_is_left_for_want_of_time_is_done_by_the_next_call(database, vault, kept, monkeypatch):
    monkeypatch.setattr("trunkline.infra.vault.rotation.VALUES_PER_STEP", 3)
    rotation = Rotation(database, vault, COLUMNS)
    rotation.add_data_keys(LATER)
    done = [rotation.reseal(budget_s=-1) for _ in range(3)]
    assert [(moved.count, moved.finished) for moved in done] == [(3, False), (3, False), (1, False)]
    assert (rotation.reseal().count, texts(database, vault)) == (0, kept)


def test_a_value_that_does_not_open_is_left_as_it_is_and_named(database, vault, kept):
    damaged = sealed(database)["b1"][:-4] + "AAAA"
    database.write_now(
        lambda tx: tx.run("UPDATE idempotency_records SET body = :body WHERE id = 'b1'", body=damaged)
    )
    rotation = Rotation(database, vault, COLUMNS)
    rotation.add_data_keys(LATER)
    moved = rotation.reseal()
    assert moved.count == 6
    [sentence] = moved.unreadable
    assert sentence == (
        f"the sealed value in idempotency_records.body of row b1, generation 0 of tenant {B} does not open: it"
        " was changed, or it was sealed for another row, column or generation"
    )
    assert sealed(database)["b1"] == damaged


def test_counts_what_is_sealed_under_which_key(database, vault, path, kept, clock):
    rotation = Rotation(database, Vault(vault.ring(), clock=clock), COLUMNS)
    clock.advance(timedelta(hours=1))
    rotation.add_data_keys(stamp(clock.now()))
    keep(database, vault, A, "a9", "after")
    KeyRing.add_key(path, clock=clock)
    database.write_now(lambda tx: tx.delete(vault_keys, "tenant = :tenant", tenant=B))
    stock = database.check_now(lambda tx: take_stock(tx, vault.ring(), COLUMNS))
    assert stock.keys == (
        KeyStock(
            id="kek_1",
            made_at=KeyRing.load(path).made_at("kek_1"),
            active=False,
            in_file=True,
            data_keys=4,
            root=True,
        ),
        KeyStock(
            id="kek_2",
            made_at="2026-11-22T11:00:00.000000Z",
            active=True,
            in_file=True,
            data_keys=0,
            root=False,
        ),
    )
    assert stock.tenants == (
        TenantStock(tenant=A, data_keys=2, newest_made_at="2026-11-22T11:00:00.000000Z"),
        TenantStock(tenant="instance", data_keys=2, newest_made_at="2026-11-22T11:00:00.000000Z"),
    )
    assert stock.columns == (
        ColumnStock(table="idempotency_records", column="body", sealed=8, outdated=4, orphaned=3),
    )


def test_a_key_that_wraps_something_but_left_the_file_is_counted(database, vault, path, kept):
    KeyRing.add_key(path)
    KeyRing.retire_key(path, "kek_1")
    stock = database.check_now(lambda tx: take_stock(tx, KeyRing.load(path), COLUMNS))
    assert [(key.id, key.in_file, key.used, key.made_at) for key in stock.keys] == [
        ("kek_2", True, False, KeyRing.load(path).made_at("kek_2")),
        ("kek_1", False, True, None),
    ]


def test_superseded_data_keys_go_once_they_seal_nothing_and_time_has_passed(
    database, vault, path, kept, clock
):
    rotation = Rotation(database, Vault(vault.ring(), clock=clock), COLUMNS)
    clock.advance(timedelta(hours=1))
    rotation.add_data_keys(stamp(clock.now()))
    assert rotation.drop_superseded(LATER) == 0  # all in use still
    rotation.reseal()
    assert rotation.drop_superseded(stamp(clock.now())) == 0  # superseded only just now
    assert rotation.drop_superseded(LATER) == 3
    assert rotation.drop_superseded(LATER) == 0
    assert texts(database, fresh(database, path)) == kept


def test_the_job_rotates_by_age_moves_and_destroys(database, vault, path, kept, clock):
    tending = Tending(Vault(vault.ring(), clock=clock), COLUMNS)

    def run() -> list[str]:
        tending(JobContext(database, {}, system_actor("test"), clock))
        return [key.id for key in all_keys(database)]

    first = run()
    assert len(first) == 3
    clock.advance(timedelta(days=30))
    assert run() == first
    clock.advance(timedelta(seconds=1))
    both = run()
    assert len(both) == 6
    assert set(keys_in_use(database).values()) == set(both) - set(first)
    clock.advance(timedelta(days=1, seconds=1))
    assert set(run()) == set(both) - set(first)
    assert texts(database, fresh(database, path)) == kept


class BusyAtTimes(Database):
    """A database that is too busy for the next so many writes."""

    def __init__(self, real: Database) -> None:
        self.real = real
        self.engine = real.engine
        self.catalog = real.catalog
        self.refusals = 0

    def write_now(self, work):
        if self.refusals:
            self.refusals -= 1
            raise BusyError("too many writes are waiting")
        return self.real.write_now(work)

    def check_now(self, work):
        return self.real.check_now(work)

    def read_now(self, work):
        return self.real.read_now(work)

    async def read(self, work, *, inline=False):
        return await self.real.read(work, inline=inline)

    async def write(self, work):
        return await self.real.write(work)

    def close(self):
        self.real.close()


def test_a_busy_database_is_asked_again_a_few_times(database, vault, path, kept, monkeypatch):
    pauses: list[float] = []
    monkeypatch.setattr("trunkline.infra.vault.rotation.time.sleep", pauses.append)
    busy = BusyAtTimes(database)
    KeyRing.add_key(path)
    busy.refusals = 2
    assert Rotation(busy, vault, COLUMNS).rewrap().count == 3
    assert pauses == [1.0, 1.0]
    busy.refusals = 100
    with pytest.raises(BusyError):
        Rotation(busy, vault, COLUMNS).rewrap()
    assert busy.refusals == 100 - rotation.TRIES


def test_a_command_on_sqlite_leaves_the_file_to_others_as_long_as_it_took_it(database, monkeypatch):
    pauses: list[float] = []
    monkeypatch.setattr("trunkline.infra.vault.rotation.time.sleep", pauses.append)
    rest = polite(database)
    rest(0.01)
    rest(9.0)
    assert pauses == ([0.01, 0.25] if database.engine == "sqlite" else [])
    no_rest(9.0)
    assert len(pauses) in (0, 2)


def test_destroying_a_tenants_keys_takes_its_values_along_and_nobody_elses(database, vault, path, kept):
    assert database.write_now(lambda tx: destroy_tenant_keys(tx, vault, A)) == 1
    stock = database.check_now(lambda tx: take_stock(tx, vault.ring(), COLUMNS))
    assert [(one.sealed, one.orphaned) for one in stock.columns] == [(7, 3)]
    for opening in (vault, fresh(database, path)):
        database.write_now(lambda tx: tx.run("DELETE FROM idempotency_records WHERE id LIKE 'a%'"))
        assert texts(database, opening) == {name: text for name, text in kept.items() if name[0] != "a"}
    assert database.write_now(lambda tx: destroy_tenant_keys(tx, vault, A)) == 0


def test_a_destroyed_tenants_values_do_not_open_in_this_process_either(database, vault, kept):
    database.write_now(lambda tx: destroy_tenant_keys(tx, vault, A))
    with pytest.raises(Exception, match="has no data key"):
        texts(database, vault)


NOTES = SealedColumn(table="notes", column="body", row_id="note", tenant="owner", generation="edition")
PARKED = SealedColumn(
    table="parked", column="body", tenant="owner", generation="edition", home=NOTES, home_row="note"
)


def test_moves_values_by_generation_and_values_that_stand_elsewhere_than_their_home(
    database: Database, vault: Vault
) -> None:
    def seal(tx: Tx, note: str, edition: int) -> str:
        return vault.seal(DatabaseKeyStore(tx), A, NOTES.place(note, edition), Secret(f"{note} {edition}"))

    def make(tx: Tx) -> None:
        tx.run("CREATE TABLE notes (note TEXT PRIMARY KEY, owner TEXT, body TEXT, edition INTEGER)")
        tx.run("CREATE TABLE parked (id TEXT PRIMARY KEY, note TEXT, owner TEXT, body TEXT, edition INTEGER)")
        for note, edition in (("n1", 1), ("n2", 7)):
            body = seal(tx, note, edition)
            tx.run(f"INSERT INTO notes VALUES ('{note}', '{A}', '{body}', {edition})")
            body = seal(tx, note, edition - 1)
            tx.run(f"INSERT INTO parked VALUES ('p{note}', '{note}', '{A}', '{body}', {edition - 1})")
        tx.run(f"INSERT INTO notes VALUES ('n3', '{A}', NULL, 2)")

    def read(tx: Tx) -> list[str]:
        rows = tx.fetch("SELECT note, body, edition FROM notes WHERE body IS NOT NULL ORDER BY note", {})
        rows += tx.fetch("SELECT note, body, edition FROM parked ORDER BY note", {})
        store = DatabaseKeyStore(tx)
        return [
            vault.open(store, A, NOTES.place(note, edition), body).reveal() for note, body, edition in rows
        ]

    database.write_now(make)
    rotation = Rotation(database, vault, (NOTES, PARKED))
    rotation.add_data_keys(LATER)
    assert rotation.reseal().count == 4
    assert rotation.drop_superseded("2999-01-02T00:00:00.000000Z") == 1
    assert database.check_now(read) == ["n1 1", "n2 7", "n1 0", "n2 6"]


@pytest.mark.parametrize(
    "names",
    [
        {"table": "a b", "column": "c"},
        {"table": "a", "column": "c; DROP"},
        {"table": "a", "column": "c", "tenant": "T"},
        {"table": "a", "column": "c", "generation": "g-1"},
        {"table": "a", "column": "c", "flag": ""},
        {"table": "a", "column": "c", "home": NOTES},
        {"table": "a", "column": "c", "home_row": "note"},
    ],
)
def test_refuses_columns_that_could_not_be_spelled_in_sql(names):
    with pytest.raises(ValueError, match=r"no name of a table|both home and home_row"):
        SealedColumn(**names)


def test_a_place_takes_the_generation_that_its_column_has():
    once = SealedColumn(table="t", column="c", generation=3)
    assert once.place("r") == once.place("r", 3)
    assert (once.place("r").table, once.place("r").column, once.place("r").generation) == ("t", "c", 3)
    assert (PARKED.place("r", 4).table, PARKED.place("r", 4).generation) == ("notes", 4)
    with pytest.raises(ValueError, match="takes a generation of 3"):
        once.place("r", 4)
    with pytest.raises(ValueError, match="takes a generation of its own"):
        NOTES.place("r")
