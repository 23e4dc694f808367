from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs

import pytest

from tests.simulated import Simulated, SimulatedClient, serving
from trunkline.simulator import Options, Profile

PROCESSED_NOTHING = {
    "redirect": (307, None),
    "rate-limited": (429, "rate_limited"),
    "server-error": (503, "unavailable"),
    "html-error": (502, None),
    "error-in-200": (200, "internal_error"),
}


@pytest.mark.parametrize("profile", PROCESSED_NOTHING)
def test_a_fault_before_processing_spends_no_grant(client: SimulatedClient, profile: str) -> None:
    tokens = client.connect()
    client.faults(profile, times=1)
    struck = client.refresh(tokens["refresh_token"])
    status, error = PROCESSED_NOTHING[profile]
    assert struck.status == status
    assert b"access_token" not in struck.body
    if error is not None:
        said = struck.json["error"]
        assert (said["code"] if isinstance(said, dict) else said) == error
    assert client.refresh(tokens["refresh_token"]).status == 200
    assert client.token_calls() == {profile: 1, "issued": 1}
    assert client.statistics()["answersLost"] == 0


def test_a_rate_limit_says_when_to_come_back(client: SimulatedClient) -> None:
    client.faults("rate-limited")
    assert client.refresh("any").headers["retry-after"] == "7"


def test_an_error_page_is_no_json(client: SimulatedClient) -> None:
    client.faults("html-error")
    answer = client.refresh("any")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.body.startswith(b"<!doctype html>")


def test_whoever_follows_a_redirect_of_the_token_endpoint_is_counted(client: SimulatedClient) -> None:
    tokens = client.connect()
    client.faults("redirect", times=1)
    location = client.refresh(tokens["refresh_token"]).headers["location"]
    assert location == f"/simulator/elsewhere?client={client.id}"
    assert client.statistics()["redirectsFollowed"] == 0
    assert client.simulated.form(location, {"refresh_token": tokens["refresh_token"]}).status == 200
    assert client.statistics()["redirectsFollowed"] == 1


def test_slow_answers_are_right(client: SimulatedClient) -> None:
    client.faults("slow")
    assert client.connect()["token_type"] == "Bearer"


def test_an_answer_that_is_lost_has_spent_the_refresh_token(client: SimulatedClient) -> None:
    first = client.connect()
    client.faults("server-error-after", times=1)
    assert client.refresh(first["refresh_token"]).status == 502
    assert client.token_calls() == {"issued": 1}
    assert client.statistics()["answersLost"] == 1
    assert client.refresh(first["refresh_token"]).json["error"] == "invalid_grant"
    assert client.statistics()["familiesRevoked"] == {"total": 1, "by": {"refresh_token_reused": 1}}


def test_an_answer_that_is_cut_has_spent_the_refresh_token(client: SimulatedClient) -> None:
    first = client.connect()
    client.faults("cut", times=1)
    with pytest.raises(http.client.IncompleteRead) as cut:
        client.refresh(first["refresh_token"])
    assert cut.value.partial == b"{"
    assert client.token_calls() == {"issued": 1}
    assert client.statistics()["answersLost"] == 1
    assert client.refresh(first["refresh_token"]).json["error"] == "invalid_grant"
    assert client.statistics()["refreshTokensReused"] == 1


def test_no_expires_in(client: SimulatedClient) -> None:
    client.faults("no-expires-in")
    assert "expires_in" not in client.connect()


def test_expires_in_as_text(client: SimulatedClient) -> None:
    client.faults("expires-in-text")
    assert client.connect()["expires_in"] == "300"


def test_a_dropped_refresh_token_stays_good(client: SimulatedClient) -> None:
    client.faults("dropped-refresh-token")
    tokens = client.connect()
    for _ in range(2):
        renewed = client.refresh(tokens["refresh_token"])
        assert (renewed.status, "refresh_token" in renewed.json) == (200, False)
    assert client.statistics()["refreshTokensReused"] == 0


def test_form_encoded(client: SimulatedClient) -> None:
    tokens = client.connect()
    client.faults("form-encoded")
    answer = client.refresh(tokens["refresh_token"])
    assert answer.headers["content-type"] == "application/x-www-form-urlencoded"
    form = parse_qs(answer.body.decode(), strict_parsing=True)
    assert (form["expires_in"], form["scope"]) == (["300"], ["crm.read crm.write"])
    assert client.refresh(form["refresh_token"][0]).status == 200


def test_huge(client: SimulatedClient) -> None:
    client.faults("huge")
    answer = client.token({"grant_type": "client_credentials"})
    assert len(answer.body) > 2 * 1024 * 1024
    assert answer.json["token_type"] == "Bearer"


def test_refusals_as_200(client: SimulatedClient) -> None:
    client.faults("refused-as-200")
    answer = client.refresh("unknown")
    assert (answer.status, answer.json["error"]) == (200, "invalid_grant")
    assert client.token_calls() == {"invalid_grant": 1}


@pytest.mark.parametrize(
    ("profile", "status", "error"),
    [
        ("expired-as-400", 400, "invalid_token"),
        ("expired-as-401", 401, "invalid_token"),
        ("expired-as-403", 403, "invalid_token"),
        ("refused-as-200", 200, "token_expired"),
    ],
)
def test_how_an_expired_token_shows(client: SimulatedClient, profile: str, status: int, error: str) -> None:
    client.faults(profile)
    tokens = client.connect()
    api = client.simulated.api
    assert api("GET", "/crm/health", tokens["access_token"]).json == {"status": "ok"}
    expired = client.simulated.admin("POST", "/simulator/expire", {"clientId": client.id})
    assert expired == {"expired": 1}
    answer = api("GET", "/crm/health", tokens["access_token"])
    assert answer.status == status
    said = answer.json["error"]
    assert (said["code"] if isinstance(said, dict) else said) == error
    assert ("www-authenticate" in answer.headers) == (status == 401)
    renewed = client.refresh(tokens["refresh_token"]).json
    assert api("GET", "/crm/health", renewed["access_token"]).status == 200
    counted = {"200": 3} if status == 200 else {"200": 2, str(status): 1}
    assert client.statistics()["apiCalls"] == {"total": 3, "byRoute": {"GET /crm/health": counted}}


def test_faults_combine(client: SimulatedClient) -> None:
    client.faults("no-expires-in", "form-encoded", "slow")
    form = parse_qs(client.token({"grant_type": "client_credentials"}).body.decode())
    assert sorted(form) == ["access_token", "scope", "token_type"]


def test_a_fault_strikes_only_where_it_is_told_to(client: SimulatedClient) -> None:
    client.faults("server-error", on=["api"])
    tokens = client.connect()
    assert client.simulated.api("GET", "/crm/health", tokens["access_token"]).status == 503
    client.faults("server-error", on=["revoke"])
    assert client.simulated.api("GET", "/crm/health", tokens["access_token"]).status == 200
    form = {"token": tokens["refresh_token"], **client.proof}
    assert client.simulated.form("/oauth/revoke", form).status == 503
    client.faults()
    assert client.simulated.form("/oauth/revoke", form).status == 200
    assert client.statistics()["revocations"] == {"total": 2, "by": {"revoked": 1, "server-error": 1}}


def test_a_fault_lasts_for_the_number_of_requests_it_was_given(client: SimulatedClient) -> None:
    client.faults("server-error", on=["token"], times=2)
    form = {"grant_type": "client_credentials"}
    assert [client.token(form).status for _ in range(4)] == [503, 503, 200, 200]
    assert client.token_calls("client_credentials") == {"issued": 2, "server-error": 2}


def test_the_built_in_clients_misbehave_by_their_name(simulated: Simulated) -> None:
    form = {"grant_type": "client_credentials", "client_secret": "demo-secret"}
    plain = simulated.form("/oauth/token", {**form, "client_id": "demo"})
    assert plain.json["expires_in"] == 300
    struck = simulated.form("/oauth/token", {**form, "client_id": "demo-no-expires-in"})
    assert (struck.status, "expires_in" in struck.json) == (200, False)
    known = {one["clientId"]: one["profiles"] for one in simulated.admin("GET", "/simulator/clients")["data"]}
    assert {name for name in known if name.startswith("demo-") and known[name]} == {
        f"demo-{profile}" for profile in Profile
    }


def test_the_most_specific_assignment_decides(client: SimulatedClient) -> None:
    form = {"grant_type": "client_credentials"}
    everybody = {"profiles": ["server-error"]}
    client.simulated.admin("PUT", "/simulator/faults", everybody)
    assert client.token(form).status == 503
    own = client.simulated.client(profiles=["rate-limited"])
    assert own.token(form).status == 429
    own.faults("html-error")
    assert own.token(form).status == 502
    assert own.token(form, {"x-simulator-profile": "error-in-200"}).status == 200
    assert "access_token" in own.token(form, {"x-simulator-profile": ""}).json
    unknown = own.token(form, {"x-simulator-profile": "slow, sloth"})
    assert (unknown.status, unknown.json["error"]["code"]) == (400, "invalid_request")
    assert client.simulated.admin("GET", "/simulator")["assigned"] == {
        "*": ["server-error"],
        own.id: ["html-error"],
    }


def test_a_header_strikes_one_request_to_the_api(simulated: Simulated) -> None:
    def status(profile: str) -> int:
        headers = {"x-api-key": "demo-api-key", "x-simulator-profile": profile}
        return simulated.request("GET", "/crm/contacts", headers).status

    found = [status(profile) for profile in ("server-error", "rate-limited", "html-error", "redirect", "")]
    assert found == [503, 429, 502, 307, 200]


def test_a_write_whose_answer_is_lost_has_happened(simulated: Simulated) -> None:
    headers = {"x-api-key": "demo-api-key", "content-type": "application/json"}
    body = json.dumps({"name": "Lost"}).encode()
    for profile in ("server-error", "server-error-after"):
        simulated.request("POST", "/crm/companies", {**headers, "x-simulator-profile": profile}, body)
    listed = simulated.request("GET", "/crm/companies?perPage=200", headers).json["data"]
    assert [one["name"] for one in listed if one["name"] == "Lost"] == ["Lost"]


def test_held_requests_wait_until_they_are_released(client: SimulatedClient) -> None:
    tokens = [client.connect()["refresh_token"] for _ in range(3)]
    client.faults("held", on=["token"])
    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(client.refresh, token) for token in tokens]
        assert client.simulated.admin("GET", "/simulator/held?atLeast=3") == {"held": 3}
        assert client.token_calls() == {}
        assert client.simulated.admin("POST", "/simulator/release") == {"released": 3}
        assert [one.result().status for one in waiting] == [200, 200, 200]
    assert client.simulated.admin("GET", "/simulator/held") == {"held": 0}
    assert client.token_calls() == {"issued": 3}


def test_an_answer_that_is_held_has_spent_the_refresh_token(client: SimulatedClient) -> None:
    token = client.connect()["refresh_token"]
    client.faults("answer-held", on=["token"])
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.refresh, token)
        client.simulated.admin("GET", "/simulator/held?atLeast=1")
        assert client.token_calls() == {"issued": 1}
        client.simulated.admin("POST", "/simulator/release")
        assert waiting.result().status == 200


@pytest.fixture
def troubled() -> Iterator[Simulated]:
    with serving(Options(profiles=(Profile.NO_EXPIRES_IN,))) as simulated:
        yield simulated


def test_everybody_may_be_struck_from_the_start(troubled: Simulated) -> None:
    client = troubled.client()
    assert "expires_in" not in client.connect()
    client.faults()
    assert client.connect()["expires_in"] == 300
    troubled.admin("POST", "/simulator/reset")
    assert "expires_in" not in troubled.client().connect()
