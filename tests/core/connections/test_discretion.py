"""What a token endpoint says is told, unless it may repeat what it was asked with."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from structlog.testing import capture_logs

from tests.core.connections.answering import Answering
from tests.core.connections.desk import Desk, oauth2
from tests.core.connections.offering import define
from trunkline.core.connections import CredentialRefusedError, RefreshUnavailableError
from trunkline.core.connections.clients import Client
from trunkline.core.connections.flows.tokens import TokenCall, discreet
from trunkline.core.connections.token_request import basic_pair, form_request
from trunkline.core.connections.token_response import Refusal, Refused, read_answer
from trunkline.infra.http import Fetched
from trunkline.kit.secret import Secret

SECRETS = ["hunter2", "ab+cdefghijklmnop", "pa&word12345678", "p@ss word&long+one", "x", "Ünï cödé  gäp"]
SPELLINGS: list[Callable[[str], str]] = [
    str,
    str.upper,
    quote,
    quote_plus,
    lambda secret: quote(secret, safe="").lower(),
    lambda secret: b64encode(secret.encode()).decode(),
    lambda secret: basic_pair("the-client", Secret(secret)).reveal(),
]


def told(secret: str, error: str, said: str, *, by_password: bool = False) -> str:
    """What is told of a refusal, by a call that held this secret."""
    client = Client("the-client", Secret(secret))
    call = TokenCall(
        endpoint="https://login.example/token",
        outbound=form_request("https://login.example/token", client, "basic", {}),
        read=read_answer,
        secrets=(Secret(secret), basic_pair(client.id, Secret(secret))),
        by_password=by_password,
    )
    answer = json.dumps({"error": error, "error_description": said}).encode()
    refusal = read_answer(Fetched(400, [("content-type", "application/json")], answer))
    assert isinstance(refusal, Refusal)
    return discreet(refusal, call).sentence


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("spelled", SPELLINGS)
def test_a_secret_is_not_told_however_it_comes_back(secret: str, spelled: Callable[[str], str]) -> None:
    assert told(secret, "invalid_client", f"no client with {spelled(secret)} here") == "invalid_client"
    assert told(secret, f"{spelled(secret)}", "") == Refused.REQUEST


def test_a_piece_of_a_long_secret_is_not_told_nor_one_that_was_cut() -> None:
    secret = "0123456789abcdefghij"
    assert told(secret, "invalid_client", "ends in cdefghij") == "invalid_client"
    assert told(secret, "invalid_client", "." * 194 + secret) == "invalid_client"
    assert told("seven77", "invalid_client", "." * 194 + "seven77 is it") == "invalid_client"
    assert told(secret, "invalid_client", "ends in ghij") == "invalid_client: ends in ghij"


def test_what_repeats_nothing_is_told() -> None:
    assert told("hunter2", "invalid_client", "unknown client") == "invalid_client: unknown client"
    assert (
        discreet(
            Refusal(kind=Refused.GRANT, code="invalid_grant", said="gone"),
            TokenCall(endpoint="", outbound=form_request("", Client("c"), "body", {}), read=read_answer),
        ).sentence
        == "invalid_grant: gone"
    )


def test_of_a_passwords_refusal_only_the_code_is_told() -> None:
    assert told("hunter2", "invalid_grant", "ends in ter2", by_password=True) == "invalid_grant"
    assert told("hunter2", "no user for hunter2", "", by_password=True) == "request"


@pytest.mark.parametrize("password", ["hunter2", "pa&word12345678"])
def test_a_password_that_its_provider_repeats_reaches_neither_answer_nor_log(
    desk: Desk, answering: Answering, password: str
) -> None:
    provider = define(
        desk, account=False, scheme="oauth2", grant="password", token_url=f"{answering.url}/token"
    )
    answering.answer = lambda _, body: (400, {"error": "invalid_grant", "error_description": f"no: {body}"})
    typed = {"username": "ada", "password": password, "clientId": "app", "clientSecret": "shh"}
    with pytest.raises(CredentialRefusedError) as refused:
        desk.connect(None, provider=provider, credentials=typed, mode="shared")
    assert refused.value.message == f"{provider} refuses the credential: invalid_grant"


def test_a_refresh_token_that_its_provider_repeats_is_not_logged(desk: Desk, answering: Answering) -> None:
    config = oauth2(desk.simulated, desk.client, tokenUri=f"{answering.url}/token", account=None, health=None)
    answering.answer = lambda *_: (200, {"access_token": "a", "refresh_token": "r+t", "expires_in": 300})
    row = desk.connect(desk.integration(config), credentials={"refreshToken": "brought"})
    desk.later(seconds=301)
    answering.answer = lambda _, body: (400, {"error": "odd", "error_description": f"no: {body}"})
    with capture_logs() as logs, pytest.raises(RefreshUnavailableError):
        desk.token(row.id)
    assert [entry["said"] for entry in logs if "said" in entry] == ["odd"]
