"""The scanner bites: what it does not find is not there."""

from __future__ import annotations

import gzip
import json
import secrets

import pytest

from tests.conformance.canaries import canary
from tests.conformance.scanning import ENCODINGS, WINDOW, Scanner, encoded, pieces

SECRET = canary()
FORMS = encoded(SECRET)


@pytest.mark.parametrize("encoding", FORMS)
def test_a_secret_is_found_in_each_encoding(encoding: str) -> None:
    found = {hit.encoding for hit in Scanner({"planted": SECRET}).hits(FORMS[encoding])}
    assert encoding in found


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_any_twelve_bytes_are_found(encoding: str) -> None:
    scanner = Scanner({"planted": SECRET})
    for piece in pieces(SECRET):
        data = b"=" + ENCODINGS[encoding](piece) + b"="
        assert encoding in {hit.encoding for hit in scanner.hits(data)}


def test_eleven_bytes_are_not_enough() -> None:
    scanner = Scanner({"planted": SECRET})
    assert scanner.hits(SECRET[: WINDOW - 1].encode()) == []


def test_finds_what_was_packed_twice() -> None:
    inner = FORMS["gzip, raw"]
    found = Scanner({"planted": SECRET}).hits(b"x" + gzip.compress(inner))
    assert "gzip, gzip, raw" in {hit.encoding for hit in found}


def test_finds_nothing_in_what_holds_nothing() -> None:
    scanner = Scanner({f"secret {number}": canary() for number in range(50)})
    assert scanner.hits(secrets.token_bytes(300_000)) == []
    assert scanner.hits(json.dumps({"id": "x" * 5_000, "e": "é" * 500}).encode()) == []


def test_tells_secrets_apart() -> None:
    other = canary()
    found = Scanner({"one": SECRET, "other": other}).hits(f"… {other} …".encode())
    assert {hit.name for hit in found} == {"other"}
