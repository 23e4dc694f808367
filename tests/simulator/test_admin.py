from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.asgi import call
from tests.simulated import Simulated, SimulatedClient
from trunkline.kit.clock import FixedClock
from trunkline.simulator import Simulator, simulator_app


def refused(simulated: Simulated, method: str, path: str, body: Any) -> tuple[int, str]:
    answer = simulated.request(method, path, {"content-type": "application/json"}, json.dumps(body).encode())
    return answer.status, answer.json["error"]["code"]


def test_a_client_is_registered_with_what_is_made_up_for_it(simulated: Simulated) -> None:
    made = simulated.admin("POST", "/simulator/clients", {"name": "Mine"})
    assert made["clientId"].startswith("client-")
    assert made["clientSecret"].startswith("secret-")
    assert made == {
        "clientId": made["clientId"],
        "clientSecret": made["clientSecret"],
        "name": "Mine",
        "redirectUris": [],
        "grants": ["authorization_code", "refresh_token", "client_credentials"],
        "authMethods": ["client_secret_basic", "client_secret_post"],
        "scopes": ["crm.read", "crm.write"],
        "profiles": [],
        "accessTokenS": None,
        "rotates": True,
        "autoApprove": None,
    }
    assert made in simulated.admin("GET", "/simulator/clients")["data"]


def test_a_client_is_replaced_and_removed(simulated: Simulated) -> None:
    simulated.admin("PUT", "/simulator/clients/mine", {"clientSecret": "one"})
    simulated.admin("PUT", "/simulator/clients/mine", {"clientSecret": "two", "scopes": ["crm.read"]})
    form = {"grant_type": "client_credentials", "client_id": "mine"}
    assert simulated.form("/oauth/token", {**form, "client_secret": "one"}).status == 401
    assert simulated.form("/oauth/token", {**form, "client_secret": "two"}).json["scope"] == "crm.read"
    assert simulated.admin("DELETE", "/simulator/clients/mine") == {"ok": True}
    assert simulated.form("/oauth/token", {**form, "client_secret": "two"}).status == 401
    assert refused(simulated, "DELETE", "/simulator/clients/mine", {}) == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/simulator/clients", {"clientId": ""}),
        ("POST", "/simulator/clients", {"redirectUris": ["/relative"]}),
        ("POST", "/simulator/clients", {"redirectUris": ["https://a.example/#x"]}),
        ("POST", "/simulator/clients", {"redirectUris": ["https://a.example/\r\nx: y"]}),
        ("POST", "/simulator/clients", {"redirectUris": ["https://[a/"]}),
        ("POST", "/simulator/clients", {"grants": ["password"]}),
        ("POST", "/simulator/clients", {"accessTokenS": 0}),
        ("POST", "/simulator/clients", {"accessTokenS": 100_000_001}),
        ("PUT", "/simulator/clients/mine", {"accessTokenS": 10**30}),
        ("POST", "/simulator/clients", {"secret": "x"}),
        ("PUT", "/simulator/faults", {"profiles": ["sloth"]}),
        ("PUT", "/simulator/faults", {"profiles": [], "on": ["everywhere"]}),
        ("PUT", "/simulator/faults", {"profiles": [], "times": -1}),
        ("PUT", "/simulator/faults", {"profiles": [], "clientId": "nobody"}),
        ("PUT", "/simulator/limit", {"perMinute": -1}),
        ("POST", "/simulator/advance", {"seconds": -1}),
        ("POST", "/simulator/advance", {"seconds": 1_000_000_001}),
        ("POST", "/simulator/advance", {}),
        ("POST", "/simulator/advance", {"seconds": "1"}),
        ("POST", "/simulator/grants", {"clientId": "nobody"}),
        ("POST", "/simulator/grants", {"clientId": "demo", "account": "nobody"}),
        ("POST", "/simulator/credentials", {"kind": "api_key", "secret": ""}),
        ("POST", "/simulator/credentials", {"kind": "api_key", "secret": "x", "account": "nobody"}),
        ("POST", "/simulator/expire", {"clientID": "demo"}),
    ],
)
def test_refuses_a_malformed_command(simulated: Simulated, method: str, path: str, body: Any) -> None:
    assert refused(simulated, method, path, body) == (400, "invalid_request")


def test_commands_come_as_json_which_foreign_pages_cannot_send(simulated: Simulated) -> None:
    for headers in (
        {},
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
    ):
        answer = simulated.request("PUT", "/simulator/limit", headers, b'{"perMinute":0}')
        assert (answer.status, answer.json["error"]["code"]) == (415, "unsupported_media_type")
    huge = b'{"perMinute":1' + b" " * 300_000 + b"}"
    answer = simulated.request("PUT", "/simulator/limit", {"content-type": "application/json"}, huge)
    assert (answer.status, answer.json["error"]["code"]) == (413, "payload_too_large")


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b"null", b'{"a":"\xff"}', b'{"a":' + b"[" * 100_000, b'{"a":"\\ud800"}', b'{"a":1e999}'],
)
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/simulator/clients"), ("PUT", "/simulator/limit"), ("POST", "/respond")]
)
def test_refuses_a_body_that_cannot_be_read(
    simulated: Simulated, method: str, path: str, body: bytes
) -> None:
    answer = simulated.request(method, path, {"content-type": "application/json"}, body)
    assert (answer.status, answer.json["error"]["code"]) == (400, "invalid_request")


def test_only_the_tokens_of_the_client_are_expired(client: SimulatedClient) -> None:
    simulated = client.simulated
    mine, other = client.connect(), simulated.client().connect()
    assert simulated.admin("POST", "/simulator/expire", {"clientId": client.id}) == {"expired": 1}
    assert simulated.api("GET", "/crm/health", mine["access_token"]).status == 401
    assert simulated.api("GET", "/crm/health", other["access_token"]).status == 200
    assert client.refresh(mine["refresh_token"]).status == 200


def test_refresh_tokens_are_expired_when_that_is_asked_for(client: SimulatedClient) -> None:
    tokens = client.connect()
    client.simulated.admin("POST", "/simulator/expire", {"clientId": client.id, "refreshTokens": True})
    assert client.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert client.statistics()["familiesRevoked"]["total"] == 0


def test_an_owner_takes_the_consent_back(client: SimulatedClient) -> None:
    tokens = client.connect()
    assert client.simulated.admin("POST", "/simulator/withdraw", {"clientId": client.id}) == {"withdrawn": 1}
    assert client.simulated.api("GET", "/crm/health", tokens["access_token"]).status == 401
    assert client.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert client.simulated.admin("POST", "/simulator/withdraw", {"clientId": client.id}) == {"withdrawn": 0}
    assert client.statistics()["familiesRevoked"] == {"total": 1, "by": {"withdrawn_by_owner": 1}}


def test_tokens_are_made_without_asking_and_without_counting(client: SimulatedClient) -> None:
    body = {"clientId": client.id, "account": "cleo@crm.example", "scopes": ["crm.read"]}
    made = client.simulated.admin("POST", "/simulator/grants", body)
    found = client.simulated.api("GET", "/crm/whoami", made["access_token"]).json
    assert (found["id"], found["scopes"]) == ("user-cleo", ["crm.read"])
    assert client.statistics()["tokenCalls"] == {"total": 0, "byGrant": {}}
    assert client.refresh(made["refresh_token"]).status == 200


def test_what_was_granted_is_listed_without_tokens(client: SimulatedClient) -> None:
    client.connect(scope="crm.read")
    text = client.simulated.request("GET", f"/simulator/grants?clientId={client.id}").body.decode()
    (family,) = json.loads(text)["data"]
    assert {name: family[name] for name in ("clientId", "account", "scopes", "generation", "revoked")} == {
        "clientId": client.id,
        "account": "user-ada",
        "scopes": ["crm.read"],
        "generation": 1,
        "revoked": None,
    }
    assert "sim_at_" not in text
    assert "sim_rt_" not in text


def test_credentials_come_and_go(simulated: Simulated) -> None:
    def status(headers: dict[str, str]) -> int:
        return simulated.request("GET", "/crm/health", headers).status

    simulated.admin(
        "POST", "/simulator/credentials", {"kind": "api_key", "secret": "k2", "account": "user-ben"}
    )
    answer = simulated.request("GET", "/crm/whoami", {"x-api-key": "k2"})
    assert answer.json["id"] == "user-ben"
    simulated.admin("POST", "/simulator/credentials/remove", {"kind": "api_key", "name": "k2"})
    assert (status({"x-api-key": "k2"}), status({"x-api-key": "demo-api-key"})) == (401, 200)
    gone = {"kind": "api_key", "name": "k2"}
    assert refused(simulated, "POST", "/simulator/credentials/remove", gone) == (404, "not_found")
    login = json.dumps({"username": "demo", "password": "demo-password"}).encode()
    session = simulated.request("POST", "/crm/sessions", {"content-type": "application/json"}, login).json
    assert simulated.admin("POST", "/simulator/sessions/end") == {"ended": 1}
    assert status({"x-session-token": session["token"]}) == 401


def test_reset_goes_back_to_the_start(client: SimulatedClient) -> None:
    simulated = client.simulated
    tokens = client.connect()
    key = {"x-api-key": "demo-api-key"}
    simulated.request("DELETE", "/crm/deals/dea_00000001", key)
    client.faults("server-error")
    simulated.admin("POST", "/simulator/advance", {"seconds": 86400})
    simulated.admin("PUT", "/simulator/limit", {"perMinute": 0})
    simulated.admin("POST", "/simulator/reset")
    assert simulated.admin("GET", "/simulator/statistics") == {
        "authorizations": {"total": 0, "by": {}},
        "tokenCalls": {"total": 0, "byGrant": {}},
        "redirectsFollowed": 0,
        "refreshTokensReused": 0,
        "codesReused": 0,
        "familiesRevoked": {"total": 0, "by": {}},
        "revocations": {"total": 0, "by": {}},
        "answersLost": 0,
        "apiCalls": {"total": 0, "byRoute": {}},
        "tokenExchanges": {"total": 0, "by": {}},
    }
    assert simulated.request("GET", "/crm/deals/dea_00000001", key).status == 200
    assert simulated.api("GET", "/crm/health", tokens["access_token"]).status == 401
    assert client.token({"grant_type": "client_credentials"}).json["error"] == "invalid_client"
    assert simulated.admin("GET", "/simulator")["assigned"] == {}


def test_the_clock_is_the_given_one_put_forward() -> None:
    app = simulator_app(Simulator(clock=FixedClock(datetime(2026, 5, 1, tzinfo=UTC))))
    assert call(app, "GET", "/simulator").json["now"] == "2026-05-01T00:00:00.000000Z"
    moved = call(app, "POST", "/simulator/advance", body={"seconds": 90.5})
    assert moved.json == {"now": "2026-05-01T00:01:30.500000Z"}
    call(app, "POST", "/simulator/reset", body={})
    assert call(app, "GET", "/simulator").json["now"] == "2026-05-01T00:00:00.000000Z"


def test_the_clock_has_an_end_however_often_it_is_put_forward() -> None:
    app = simulator_app(Simulator(clock=FixedClock(datetime(2026, 5, 1, tzinfo=UTC))))
    longest = {"clientId": "long", "accessTokenS": 100_000_000}
    assert call(app, "POST", "/simulator/clients", body=longest).status == 201
    answers = [call(app, "POST", "/simulator/advance", body={"seconds": 4e8}).status for _ in range(4)]
    assert answers == [200, 200, 400, 400]
    assert call(app, "POST", "/simulator/advance", body={"seconds": 2e8}).status == 200
    assert call(app, "POST", "/simulator/grants", body={"clientId": "long"}).status == 201
    assert call(app, "GET", "/simulator").json["now"].startswith("2058-01-")


def test_the_overview_names_what_there_is(simulated: Simulated) -> None:
    found = simulated.admin("GET", "/simulator")
    assert found["clients"][:2] == ["demo", "demo-public"]
    assert [one["email"] for one in found["accounts"]] == [
        "ada@crm.example",
        "ben@crm.example",
        "cleo@crm.example",
    ]
    assert len(found["profiles"]) == 19
    assert found["places"] == ["token", "revoke", "api"]
    assert found["held"] == 0


def test_other_places_do_not_exist(simulated: Simulated) -> None:
    assert refused(simulated, "GET", "/nowhere", {}) == (404, "not_found")
    assert refused(simulated, "DELETE", "/simulator", {}) == (405, "method_not_allowed")
    allowed = simulated.request("DELETE", "/simulator").headers["allow"].split(", ")
    assert sorted(allowed) == ["GET", "HEAD"]
