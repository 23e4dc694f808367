import itertools
import re
import traceback
from base64 import b64encode, urlsafe_b64decode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trunkline.infra.vault import (
    Context,
    KeyFileError,
    KeyRing,
    SealError,
    UnknownKeyError,
    Vault,
    VaultError,
    WrongKeyError,
    data_key_id,
)
from trunkline.kit.secret import Secret

A = "0197a0000000700080000000000000aa"
B = "0197b0000000700080000000000000bb"
ROW = "0197c0000000700080000000000000cc"
PLACE = Context("connections", ROW, "credential", 1)
CANARY = "canary-" + "5d1f77c20b"


def flips(token: str) -> Iterator[str]:
    for position, bit in itertools.product(range(len(token)), range(8)):
        yield token[:position] + chr(ord(token[position]) ^ 1 << bit) + token[position + 1 :]


def test_opens_what_it_sealed(vault, store):
    token = vault.seal(store, A, PLACE, Secret(CANARY))
    assert vault.open(store, A, PLACE, token) == Secret(CANARY)
    assert re.fullmatch(rf"v1\.{store.rows[0].id}\.[A-Za-z0-9_-]{{60}}", token)  # 12 + 17 + 16 bytes
    assert data_key_id(token) == store.rows[0].id


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(text=st.text())
def test_opens_any_text(vault, store, text):
    assert vault.open(store, A, PLACE, vault.seal(store, A, PLACE, Secret(text))).reveal() == text


def test_keeps_to_its_documented_format(path, vault, store):
    """Opens a token with nothing but the library, as a recovery tool would."""

    def unseal(key: bytes, text: str, associated: str) -> bytes:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        return AESGCM(key).decrypt(raw[:12], raw[12:], associated.encode())

    token = vault.seal(store, A, PLACE, Secret("čaj"))
    [row] = store.rows
    kek = urlsafe_b64decode(path.read_text().splitlines()[-1].split()[1] + "=")
    data_key = unseal(kek, row.wrapped, f"v1|{A}|{row.id}|dek")
    assert unseal(data_key, token.split(".")[2], f"v1|{A}|connections|{ROW}|credential|1") == "čaj".encode()


def test_makes_one_data_key_per_tenant_at_first_use(vault, store):
    for _ in range(3):
        vault.seal(store, A, PLACE, Secret("x"))
        vault.seal(store, B, PLACE, Secret("x"))
    assert [(row.tenant, row.kek_id, row.created_at) for row in store.rows] == [
        (A, "kek_1", "2026-11-22T10:00:00.000000Z"),
        (B, "kek_1", "2026-11-22T10:00:00.000000Z"),
    ]
    assert all(re.fullmatch(r"[0-9a-f]{32}", row.id) for row in store.rows)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{80}", row.wrapped) for row in store.rows)


def test_sealing_twice_gives_unrelated_texts(vault, store):
    tokens = {vault.seal(store, A, PLACE, Secret(CANARY)) for _ in range(500)}
    assert len({token.split(".")[2][:16] for token in tokens}) == 500  # the nonces


def test_refuses_every_flipped_bit(vault, store):
    token = vault.seal(store, A, PLACE, Secret("k"))
    tried = 0
    for flipped in flips(token):
        tried += 1
        with pytest.raises(VaultError):
            vault.open(store, A, PLACE, flipped)
    assert tried == 8 * len(token) == 8 * 75
    assert vault.open(store, A, PLACE, token).reveal() == "k"


def test_refuses_every_flipped_bit_of_a_wrapped_data_key(ring, store):
    token = Vault(ring).seal(store, A, PLACE, Secret("k"))
    [row] = store.rows
    for flipped in flips(row.wrapped):
        store.rows = [replace(row, wrapped=flipped)]
        with pytest.raises(SealError, match=f"data key {row.id} of tenant {A} does not open with kek_1"):
            Vault(ring).open(store, A, PLACE, token)


def test_refuses_malformed_tokens(vault, store):
    token = vault.seal(store, A, PLACE, Secret("k"))
    version, key_id, sealed = token.split(".")
    for wrong in [
        "",
        ".",
        "..",
        "v1",
        token[:-1],
        token + "A",
        token + "=",
        token + "\n",
        " " + token,
        f"v2.{key_id}.{sealed}",
        f"{version}.{key_id.upper()}.{sealed}",
        f"{version}.{key_id}.",
        f"{version}.{key_id}.{sealed[:36]}",
        f"{version}.{key_id}.{sealed[:8]}",
        f"{version}.{key_id}.{sealed[:1]}",
        f"{version}.{key_id}.{sealed}.x",
        f"{version}.{key_id}.{sealed[:8]}é{sealed[9:]}",
        f"{version}.{key_id}.\ud800{sealed[1:]}",
    ]:
        with pytest.raises(VaultError):
            vault.open(store, A, PLACE, wrong)


def test_a_value_opens_only_in_its_own_place(vault, store):
    places = [
        (tenant, Context(table, row, column, generation))
        for tenant in (A, B)
        for table in ("connections", "webhooks")
        for row in (ROW, A)
        for column in ("credential", "verifier")
        for generation in (1, 2)
    ]
    tokens = [vault.seal(store, tenant, place, Secret("k")) for tenant, place in places]
    refused = 0
    for (token, home), (tenant, place) in itertools.product(zip(tokens, places, strict=True), places):
        if home == (tenant, place):
            assert vault.open(store, tenant, place, token).reveal() == "k"
            continue
        with pytest.raises(VaultError):
            vault.open(store, tenant, place, token)
        refused += 1
    assert refused == 32 * 31


def test_an_older_generation_cannot_be_put_back(vault, store):
    older = vault.seal(store, A, PLACE, Secret("old"))
    with pytest.raises(SealError) as refused:
        vault.open(store, A, replace(PLACE, generation=2), older)
    assert str(refused.value) == (
        f"the sealed value in connections.credential of row {ROW}, generation 2 of tenant {A} does not open:"
        " it was changed, or it was sealed for another row, column or generation"
    )


def test_a_data_key_row_moved_to_another_tenant_does_not_open(ring, store):
    token = Vault(ring).seal(store, A, PLACE, Secret("k"))
    store.rows = [replace(store.rows[0], tenant=B)]
    with pytest.raises(SealError, match="is another tenant's"):
        Vault(ring).open(store, B, PLACE, token)


def test_a_data_key_row_under_another_id_does_not_open(ring, store):
    Vault(ring).seal(store, A, PLACE, Secret("k"))
    store.rows = [replace(store.rows[0], id=ROW)]
    with pytest.raises(SealError):
        Vault(ring).seal(store, A, PLACE, Secret("k"))


@pytest.mark.parametrize("part", ["", "a|b", "a b", "a\n", "é", "\ud800", "x" * 201])
def test_refuses_places_that_could_be_spelled_as_others(vault, store, part):
    for place in [(part, ROW, "c", 0), ("t", part, "c", 0), ("t", ROW, part, 0), ("t", ROW, "c", -1)]:
        with pytest.raises(ValueError, match=r"cannot be part of|counts from 0"):
            Context(*place)
    with pytest.raises(ValueError, match="cannot be part of"):
        vault.seal(store, part, PLACE, Secret("k"))
    with pytest.raises(ValueError, match="cannot be part of"):
        vault.add_data_key(store, part)
    assert store.rows == []


def test_opens_from_memory_without_asking_the_store_again(vault, store):
    token = vault.seal(store, A, PLACE, Secret("k"))
    before = store.loads
    vault.open(store, A, PLACE, token)
    assert store.loads == before


def test_keeps_only_so_many_data_keys_in_memory(ring, store):
    vault = Vault(ring, cached_keys=2)
    tenants = [A, B, ROW]
    tokens = {tenant: vault.seal(store, tenant, PLACE, Secret(tenant)) for tenant in tenants}

    def asks(tenant: str) -> bool:
        before = store.loads
        assert vault.open(store, tenant, PLACE, tokens[tenant]).reveal() == tenant
        return bool(store.loads > before)

    assert [asks(tenant) for tenant in (B, A, B, ROW, A)] == [False, True, False, True, True]


def test_a_rolled_back_data_key_seals_nothing_afterwards(vault, store):
    vault.seal(store, A, PLACE, Secret("rolled back"))
    store.rows = []
    token = vault.seal(store, A, PLACE, Secret("k"))
    assert [row.id for row in store.rows] == [data_key_id(token)]


def test_a_destroyed_data_key_takes_its_values_along(vault, store):
    token = vault.seal(store, A, PLACE, Secret("k"))
    other = vault.seal(store, B, PLACE, Secret("b"))
    store.rows = [row for row in store.rows if row.tenant != A]
    vault.forget(A)
    with pytest.raises(UnknownKeyError, match=f"tenant {A} has no data key {data_key_id(token)}"):
        vault.open(store, A, PLACE, token)
    before = store.loads
    assert vault.open(store, B, PLACE, other).reveal() == "b"
    assert store.loads == before


def test_a_fresh_data_key_seals_from_then_on_and_the_older_still_opens(vault, store):
    before = vault.seal(store, A, PLACE, Secret("before"))
    added = vault.add_data_key(store, A)
    after = vault.seal(store, A, PLACE, Secret("after"))
    assert data_key_id(before) != data_key_id(after) == added.id
    assert vault.open(store, A, PLACE, before).reveal() == "before"
    assert vault.open(store, A, PLACE, after).reveal() == "after"


def test_rotation_rewraps_data_keys_and_leaves_values_alone(path, ring, store):
    tokens = [Vault(ring).seal(store, A, PLACE, Secret("one"))]
    Vault(ring).add_data_key(store, A)
    tokens.append(Vault(ring).seal(store, A, PLACE, Secret("two")))
    old = list(store.rows)
    rotated = Vault(KeyRing.add_key(path))
    assert [rotated.open(store, A, PLACE, token).reveal() for token in tokens] == ["one", "two"]
    assert rotated.rewrap(store, store.load(A)) == 2
    assert rotated.rewrap(store, store.load(A)) == 0
    assert [(row.id, row.created_at, row.kek_id) for row in store.rows] == [
        (row.id, row.created_at, "kek_2") for row in old
    ]
    fresh = Vault(KeyRing.retire_key(path, "kek_1"))
    assert [fresh.open(store, A, PLACE, token).reveal() for token in tokens] == ["one", "two"]


def test_a_running_server_follows_a_rotation_made_elsewhere(path, ring, store):
    running = Vault(ring, cached_keys=0)
    token = running.seal(store, A, PLACE, Secret("k"))
    Vault(KeyRing.add_key(path)).rewrap(store, store.load(A))
    KeyRing.retire_key(path, "kek_1")
    assert running.open(store, A, PLACE, token).reveal() == "k"
    assert running.rewrap(store, store.load(A)) == 0


def test_a_running_server_wraps_new_data_keys_under_the_newest_key(path, ring, store):
    running = Vault(ring)
    running.seal(store, A, PLACE, Secret("k"))
    KeyRing.add_key(path)
    running.seal(store, B, PLACE, Secret("k"))
    assert [(row.tenant, row.kek_id) for row in store.rows] == [(A, "kek_1"), (B, "kek_2")]


def test_a_running_server_refuses_an_exchanged_or_missing_key_file(path, ring, store):
    running = Vault(ring)
    token = running.seal(store, A, PLACE, Secret("k"))
    path.unlink()
    with pytest.raises(KeyFileError, match="does not exist"):
        running.seal(store, B, PLACE, Secret("k"))
    KeyRing.create(path)
    with pytest.raises(WrongKeyError, match="was exchanged for another database's"):
        running.seal(store, B, PLACE, Secret("k"))
    assert [row.tenant for row in store.rows] == [A]
    assert running.open(store, A, PLACE, token).reveal() == "k"


def test_a_retired_key_that_is_still_needed_is_named(path, ring, store):
    token = Vault(ring).seal(store, A, PLACE, Secret("k"))
    KeyRing.add_key(path)
    KeyRing.retire_key(path, "kek_1")
    vault = Vault(KeyRing.load(path))
    for use in (lambda: vault.open(store, A, PLACE, token), lambda: vault.rewrap(store, store.load(A))):
        with pytest.raises(UnknownKeyError) as refused:
            use()
        assert str(refused.value).startswith(f"the vault key file {path} holds no kek_1 (it holds kek_2)")
    assert store.rows[0].kek_id == "kek_1"


def test_serves_many_threads_at_once(ring, fresh_store):
    vault = Vault(ring, cached_keys=3)
    stores = [fresh_store() for _ in range(8)]

    def work(number):
        tenant = f"{number % 8:032x}"
        token = vault.seal(stores[number % 8], tenant, PLACE, Secret(str(number)))
        return vault.open(stores[number % 8], tenant, PLACE, token).reveal()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(400))) == [str(number) for number in range(400)]


def test_no_failure_gives_a_secret_away(path, ring, store, tmp_path):
    """Every refusal, printed with all local variables of the product's frames, shows no key and no text."""
    kek = path.read_text().splitlines()[-1].split()[1]
    vault = Vault(ring)
    token = vault.seal(store, A, PLACE, Secret(CANARY))
    moved = replace(PLACE, column="other")
    foreign = Vault(KeyRing.create(tmp_path / "foreign.key"))
    foreign_kek = (tmp_path / "foreign.key").read_text().splitlines()[-1].split()[1]

    def full_disk():
        store.fails = True
        vault.seal(store, B, PLACE, Secret(CANARY))

    told = [repr(vault), str(ring), repr(store.rows), token]
    for fail in (
        lambda: vault.open(store, A, moved, token),
        lambda: vault.open(store, B, PLACE, token),
        lambda: vault.open(store, A, PLACE, token[:-2]),
        lambda: foreign.open(store, A, PLACE, token),
        lambda: vault.seal(store, "a|b", PLACE, Secret(CANARY)),
        lambda: KeyRing.create(path),
        lambda: KeyRing.retire_key(path, "kek_1"),
        full_disk,
    ):
        with pytest.raises((VaultError, ValueError, OSError)) as failed:
            fail()
        told += traceback.format_exception(failed.value)
        frames = traceback.TracebackException.from_exception(failed.value, capture_locals=True).format()
        told += [part for part in frames if "/src/trunkline/" in part.splitlines()[0]]
    everything = "\n".join(told)
    assert "SealError" in everything
    assert "the disk is full" in everything
    assert "in add_data_key" in everything
    for secret in (CANARY, CANARY.encode().hex(), b64encode(CANARY.encode()).decode()[:12], kek, foreign_kek):
        assert secret not in everything
