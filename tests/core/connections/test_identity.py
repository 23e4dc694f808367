from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest

from trunkline.core.connections.errors import AuthorizationRefusedError
from trunkline.core.connections.identity import Account, Expected, read_account, read_identity
from trunkline.core.connections.pointers import pointed, pointed_text
from trunkline.core.connections.sentences import shortened
from trunkline.core.connections.states import digest
from trunkline.core.integrations import AccountProbe
from trunkline.kit.secret import Secret

ISSUER = "https://login.example"
CLAIMS = {"iss": ISSUER, "sub": "1", "aud": "client", "email": "a@b.example", "name": "A", "nonce": "n"}
EXPECTED = Expected("client", digest("n"), ISSUER)


def token(claims: Any = CLAIMS, header: Any = {"alg": "RS256"}, signature: str = "s") -> Secret:  # noqa: B006
    def part(value: Any) -> str:
        raw = value if isinstance(value, bytes) else json.dumps(value).encode()
        return urlsafe_b64encode(raw).rstrip(b"=").decode()

    return Secret(f"{part(header)}.{part(claims)}.{signature}")


def test_reads_whose_it_is() -> None:
    assert read_identity(token(), EXPECTED, digest) == Account(id="1", email="a@b.example", display_name="A")
    several = token({**CLAIMS, "aud": ["other", "client"]})
    assert read_identity(several, EXPECTED, digest).id == "1"
    assert read_identity(token({"aud": "client"}), Expected("client", None, None), digest) == Account()


@pytest.mark.parametrize(
    ("claims", "header", "why"),
    [
        (CLAIMS, {"alg": "none"}, "not signed"),
        (CLAIMS, {"alg": "None"}, "not signed"),
        (CLAIMS, {}, "not signed"),
        ({**CLAIMS, "aud": "another"}, {"alg": "RS256"}, "another client"),
        ({**CLAIMS, "aud": None}, {"alg": "RS256"}, "another client"),
        ({**CLAIMS, "iss": "https://evil.example"}, {"alg": "RS256"}, "another issuer"),
        ({**CLAIMS, "nonce": "m"}, {"alg": "RS256"}, "another request"),
        ({**CLAIMS, "nonce": None}, {"alg": "RS256"}, "another request"),
        ([], {"alg": "RS256"}, "malformed"),
        (b"\xff", {"alg": "RS256"}, "malformed"),
    ],
)
def test_refuses_a_token_that_says_something_else(claims: Any, header: Any, why: str) -> None:
    with pytest.raises(AuthorizationRefusedError, match=why):
        read_identity(token(claims, header), EXPECTED, digest)


@pytest.mark.parametrize("text", ["", "a", "a.b", "a.b.c.d", "!.!.!"])
def test_refuses_what_is_no_token(text: str) -> None:
    with pytest.raises(AuthorizationRefusedError, match="malformed"):
        read_identity(Secret(text), EXPECTED, digest)


def test_reads_an_account_where_it_stands() -> None:
    probe = AccountProbe(path="/me", id="/data/0/id", email="/data/0/contact/e~1mail", name="/none")
    document = {"data": [{"id": 17, "contact": {"e/mail": "a@b.example\n" + "x" * 600}}]}
    account = read_account(probe, document)
    assert account.id == "17"
    assert account.email == ("a@b.example" + "x" * 600)[:500]
    assert account.display_name is None
    assert account.is_known
    assert not read_account(probe, []).is_known


def test_two_accounts_differ_only_where_both_say_who_they_are() -> None:
    assert Account(id="1").is_another_than(Account(id="2"))
    assert not Account(id="1", email="a").is_another_than(Account(id="1", email="b"))
    assert not Account(email="a").is_another_than(Account(email="b"))


def test_pointers() -> None:
    document = {"": {"a/b": {"m~n": [10, {"x": None}]}}, "t": True}
    assert pointed(document, "//a~1b/m~0n/0") == 10
    assert pointed(document, "//a~1b/m~0n/1/x") is None
    assert pointed(document, "//a~1b/m~0n/2") is None
    assert pointed(document, "//a~1b/m~0n/-") is None
    assert pointed(document, None) is None
    assert pointed_text(document, "/t", 10) is None
    assert pointed_text({"a": 12345}, "/a", 3) == "123"


def test_sentences() -> None:
    assert shortened("a\nb\t c\x00d") == "a b c d"
    assert shortened("x" * 300) == "x" * 199 + "…"
    assert shortened(None) == "None"
