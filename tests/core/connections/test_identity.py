from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.core.connections.answering import Answering
from tests.core.connections.desk import Desk, oauth2
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


def test_whoever_does_not_say_who_they_are_is_not_remembered_instead_of_whoever_did() -> None:
    ada = Account(id="1", email="ada@b.example")
    assert Account().tells_less_than(Account())
    assert Account(email="x@b.example").tells_less_than(ada)
    assert not Account(id="1").tells_less_than(ada)
    assert not Account(email="x@b.example").tells_less_than(Account(email="ada@b.example"))


class Provider:
    """A provider with identity tokens and an account request, whose ids are others."""

    def __init__(self, desk: Desk, answering: Answering) -> None:
        self.desk, self.is_up = desk, True
        self._nonce = ""
        answering.answer = self._answer
        urls = {"tokenUri": f"{answering.url}/token", "apiBaseUri": answering.url}
        config = oauth2(desk.simulated, desk.client, scope="openid crm.read", health=None, **urls)
        self.integration = desk.integration(config)

    def _answer(self, path: str, _body: str) -> tuple[int, object]:
        if path == "/whoami":
            return (200, {"id": 42, "email": "ada@b.example"}) if self.is_up else (503, {})
        claims = {
            "aud": self.desk.client.id,
            "sub": "login|42",
            "nonce": self._nonce,
            "email": "ada@b.example",
        }
        identity = token(claims).reveal()
        return 200, {"access_token": "a", "refresh_token": "r", "expires_in": 300, "id_token": identity}

    def authorize(self, **request: str) -> tuple[str, dict[str, str | None]]:
        """The connection and its account."""
        query = parse_qs(urlsplit(self.desk.start(self.integration, **request)).query)
        self._nonce = query["nonce"][0]
        finished = self.desk.finish({"state": query["state"][0], "code": "code"})
        assert finished.error is None, finished
        assert finished.connection_id is not None
        row = self.desk.get(finished.connection_id)
        return row.id, json.loads(bytes(row.account or b"null"))


def test_the_same_person_is_known_again_while_the_account_request_fails(
    desk: Desk, answering: Answering
) -> None:
    provider = Provider(desk, answering)
    connection_id, account = provider.authorize()
    assert account == {"id": "42", "email": "ada@b.example", "displayName": None}
    provider.is_up = False
    assert provider.authorize(connection_id=connection_id) == (connection_id, account)


def test_an_account_request_that_failed_at_first_names_the_account_later(
    desk: Desk, answering: Answering
) -> None:
    provider = Provider(desk, answering)
    provider.is_up = False
    connection_id, account = provider.authorize()
    assert account == {"id": None, "email": "ada@b.example", "displayName": None}
    provider.is_up = True
    assert provider.authorize(connection_id=connection_id)[1]["id"] == "42"


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
