from __future__ import annotations

from base64 import b64encode
from datetime import timedelta

import pytest

from tests.asgi import Headers
from tests.dialects.gestal.desk import ACME, PASSWORD, Desk, basic

CHALLENGE = 'Basic realm="trunkline", Bearer'
UNAUTHORIZED = {"type": "unauthenticated", "title": "Unauthorized", "status": 401}


@pytest.fixture
def key(desk: Desk) -> str:
    return desk.key(desk.activate(desk.made()))


@pytest.mark.parametrize("mount", ["", "/gestal"])
def test_a_password_is_exchanged_for_a_token_of_a_day(desk: Desk, mount: str) -> None:
    desk.give_password(desk.instance.user_id)
    answer = desk.bare("POST", f"{mount}/auth", headers=basic("ada@acme.example", PASSWORD))
    assert (answer.status, list(answer.json)) == (200, ["token"])
    assert answer.headers["cache-control"] == "no-store"
    token = answer.json["token"]
    assert desk.ok("POST", "/integrations", ACME, token=token)["name"] == ACME["name"]
    desk.instance.clock.advance(timedelta(seconds=86_399))
    assert desk.send("GET", "/integrations", token=token).status == 200
    desk.instance.clock.advance(timedelta(seconds=1))
    assert desk.send("GET", "/integrations", token=token).status == 401


def test_integrators_of_other_organizations_say_which(desk: Desk) -> None:
    address, password = "owner@shop.example", {"password": PASSWORD}
    desk.shop.ok("PUT", f"/platform/api/users/usr_{desk.shop.owner_id}/password", password)
    assert desk.bare("POST", "/auth", headers=basic(f"shop/{address}", PASSWORD)).status == 200
    assert desk.bare("POST", "/auth", headers=basic(address, PASSWORD)).status == 401


@pytest.mark.parametrize(
    "headers",
    [
        {},
        basic("ada@acme.example", "wrong password"),
        basic("ada@acme.example"),
        basic("nobody@acme.example", PASSWORD),
        {"authorization": "Bearer x"},
        {"authorization": "Basic %%%"},
        {"authorization": "Basic"},
    ],
)
def test_a_wrong_password_opens_no_session(desk: Desk, headers: Headers) -> None:
    desk.give_password(desk.instance.user_id)
    answer = desk.bare("POST", "/auth", headers=headers)
    assert {name: answer.json[name] for name in UNAUTHORIZED} == UNAUTHORIZED
    assert (answer.status, answer.headers["www-authenticate"]) == (401, CHALLENGE)
    assert desk.instance.count("SELECT count(*) FROM access_keys WHERE kind = 'login'") == 0


def test_too_many_wrong_passwords_are_told_when_to_come_back(desk: Desk) -> None:
    desk.give_password(desk.instance.user_id)
    statuses = []
    for number in range(40):
        answer = desk.bare("POST", "/auth", headers=basic("ada@acme.example", f"wrong password {number}"))
        statuses.append(answer.status)
        if answer.status == 429:
            break
    assert statuses[-1] == 429
    assert int(answer.headers["retry-after"]) > 0
    assert answer.json["title"] == "Too Many Requests"


def test_anybody_may_ping_and_a_bad_credential_is_told(desk: Desk, key: str) -> None:
    assert desk.bare("GET", "/ping").status == 204
    assert desk.send("GET", "/ping").status == 204
    assert desk.as_installation(key, "GET", "/ping").status == 204
    for headers in (
        basic("ak_" + "x" * 32),
        basic(key, "a password"),
        basic(key[:-1]),
        basic("ada@acme.example", PASSWORD),
        {"authorization": f"Bearer {key}"},
        {"authorization": "Bearer sec_x"},
        {"authorization": "Digest x"},
    ):
        answer = desk.bare("GET", "/ping", headers=headers)
        assert (answer.status, answer.headers["www-authenticate"]) == (401, CHALLENGE), headers
        assert {name: answer.json[name] for name in UNAUTHORIZED} == UNAUTHORIZED


def test_a_client_may_leave_out_the_colon(desk: Desk, key: str) -> None:
    bare = {"authorization": f"Basic {b64encode(key.encode()).decode()}"}
    assert desk.bare("GET", "/ping", headers=bare).status == 204
    assert desk.bare("GET", "/integration", headers=bare).status == 200
    assert (
        desk.bare(
            "GET", "/integration", headers={"authorization": f"basic  {bare['authorization'][6:]}"}
        ).status
        == 200
    )


def test_two_credentials_are_one_too_many(desk: Desk, key: str) -> None:
    twice = [*basic(key).items(), *basic(key).items()]
    assert desk.bare("GET", "/ping", headers=twice).status == 422


def test_an_installation_never_gets_a_session(desk: Desk, key: str) -> None:
    answer = desk.bare("POST", "/auth", headers=basic(key))
    assert answer.status == 401
    assert "set-cookie" not in desk.as_installation(key, "GET", "/integration").headers
