from __future__ import annotations

import unicodedata

import argon2
import pytest

from trunkline.infra.db.tx import transaction_marker
from trunkline.infra.vault.passwords import (
    PasswordHash,
    check_password_length,
    decoy,
    hash_password,
    is_outdated,
    parameters_of,
    verify_password,
)
from trunkline.kit.errors import InvalidRequestError
from trunkline.kit.secret import Secret

PASSWORD = Secret("correct horse battery staple")


def test_a_password_fits_its_own_hash_and_no_other_does() -> None:
    stored = hash_password(PASSWORD)
    assert verify_password(stored, PASSWORD)
    for wrong in ("", "correct horse battery staples", "Correct horse battery staple", "x" * 2_000):
        assert not verify_password(stored, Secret(wrong))


def test_the_hash_is_argon2id_under_a_fresh_salt_and_does_not_print() -> None:
    first, second = hash_password(PASSWORD), hash_password(PASSWORD)
    assert first.encoded.reveal().startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert first != second
    assert parameters_of(first) == (19_456, 2, 1)
    assert repr(first) == "PasswordHash(encoded=Secret(***))"
    assert not is_outdated(first)


def test_a_hash_with_other_parameters_is_verified_and_known_as_outdated() -> None:
    encoded = argon2.PasswordHasher(time_cost=1, memory_cost=1_024, parallelism=1).hash(PASSWORD.reveal())
    stored = PasswordHash(Secret(encoded))
    assert verify_password(stored, PASSWORD)
    assert not verify_password(stored, Secret("wrong horse"))
    assert is_outdated(stored)


def test_nothing_fits_a_decoy_and_it_costs_what_a_real_hash_does() -> None:
    stored = decoy()
    assert not verify_password(stored, PASSWORD)
    assert not verify_password(stored, Secret(""))
    assert parameters_of(stored) == parameters_of(hash_password(PASSWORD))
    assert stored != decoy()


@pytest.mark.parametrize("text", ["", "1234567", "é" * 3, "x" * 1_025, "é" * 513])
def test_a_password_of_the_wrong_length_is_refused_without_saying_what_it_is(text: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        check_password_length("password", Secret(text))
    assert caught.value.message == "password: must be 8-1024 bytes long"
    with pytest.raises(InvalidRequestError):
        hash_password(Secret(text))


@pytest.mark.parametrize("text", ["12345678", "é" * 4, "x" * 1_024])
def test_a_password_at_the_limits_is_taken(text: str) -> None:
    assert verify_password(hash_password(Secret(text)), Secret(text))


def test_a_longer_password_does_not_pass_for_its_beginning() -> None:
    longest = "x" * 1_024
    assert not verify_password(hash_password(Secret(longest)), Secret(longest + "x"))


def test_a_password_of_nothing_but_marks_is_refused_without_composing_the_whole() -> None:
    """Composing it would take minutes, in which no other thread runs."""
    marks = Secret("a" + "\u0315\u0316" * 200_000)
    assert not verify_password(decoy(), marks)
    with pytest.raises(InvalidRequestError):
        check_password_length("password", marks)
    with pytest.raises(InvalidRequestError):
        hash_password(marks)


def test_what_is_too_long_does_not_pass_for_its_beginning_however_it_is_composed() -> None:
    longest = "\u01d5" * 512  # of all letters the one that is shortest for what it is composed of
    typed = unicodedata.normalize("NFD", longest)
    assert (len(longest.encode()), len(typed)) == (1_024, 1_536)
    stored = hash_password(Secret(typed))
    assert verify_password(stored, Secret(longest))
    for more in ("x", "x" * 511, "x" * 512, "x" * 4_096):
        assert not verify_password(stored, Secret(typed + more))


def test_a_password_is_the_same_however_its_characters_are_composed() -> None:
    composed = unicodedata.normalize("NFC", "pässwörter")
    decomposed = unicodedata.normalize("NFD", composed)
    assert composed != decomposed
    assert verify_password(hash_password(Secret(decomposed)), Secret(composed))


def test_nothing_is_hashed_while_a_transaction_is_open() -> None:
    stored = hash_password(PASSWORD)
    with transaction_marker():
        with pytest.raises(RuntimeError):
            hash_password(PASSWORD)
        with pytest.raises(RuntimeError):
            verify_password(stored, PASSWORD)
