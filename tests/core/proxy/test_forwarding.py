from __future__ import annotations

import pytest

from tests.core.proxy.conftest import Desk


def test_a_request_arrives_with_the_credential_and_comes_back_as_it_is(desk: Desk) -> None:
    connection_id = desk.connection(desk.integration(type="bearer"), token="t0ken-value-of-ada")
    seen = desk.echoed(
        "POST",
        connection_id,
        "a%2Fb/c?q=1&q=2",
        {"content-type": "text/plain", "x-plain": "1", "cookie": "sid=1", "x-forwarded-for": "10.0.0.1"},
        b"hello",
    )
    headers = {name.lower(): value for name, value in seen["headers"]}
    assert (seen["method"], seen["path"], seen["body"]) == ("POST", "/echo/base/a%2Fb/c", "hello")
    assert seen["query"] == "q=1&q=2"
    assert headers["authorization"] == "Bearer t0ken-value-of-ada"
    assert headers["x-plain"] == "1"
    assert not {"cookie", "x-forwarded-for", "x-request-id"} & headers.keys()


@pytest.mark.parametrize(
    "query",
    [
        "x=%FF",
        "flag",
        "q=a%20b+c",
        "a&b=1&&c=",
        "sig=a~b*c(d)",
        "filter=a:b,c/d;e|f",
        "at=2026-01-01T00:00:00%2b01:00",
    ],
)
def test_a_query_arrives_byte_for_byte(desk: Desk, query: str) -> None:
    connection_id = desk.connection(desk.integration(type="bearer"), token="t0ken-value-x")
    assert desk.echoed("GET", connection_id, f"a:b/c?{query}")["query"] == query


@pytest.mark.parametrize("status", [201, 204, 302, 404, 500])
def test_the_upstreams_status_is_the_answers_and_is_marked(desk: Desk, status: int) -> None:
    base = desk.simulated.url
    connection_id = desk.connection(desk.integration(type="bearer", apiBaseUri=base), token="t0ken-value-x")
    answer = desk.send("GET", connection_id, f"status/{status}")
    assert (answer.status, answer.headers["x-upstream-status"]) == (status, str(status))
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    (entry,) = desk.log()
    assert (entry.status, entry.error, entry.attempts, entry.method, entry.path) == (
        status, None, 1, "GET", f"/status/{status}",
    )  # fmt: skip


def test_a_long_body_is_passed_through_both_ways(desk: Desk) -> None:
    base = desk.simulated.url
    connection_id = desk.connection(desk.integration(type="bearer", apiBaseUri=base), token="t0ken-value-x")
    answer = desk.send("GET", connection_id, "bytes/3000000")
    assert (answer.status, len(answer.body), answer.headers["content-length"]) == (200, 3_000_000, "3000000")
    assert desk.log()[0].response_bytes == 3_000_000
    seen = desk.send("POST", connection_id, "echo/x", {"content-type": "text/plain"}, b"x" * 600_000)
    assert (seen.status, b"x" * 600_000 in seen.body) == (200, True)


def test_a_head_request_lets_the_upstream_go(desk: Desk) -> None:
    base = desk.simulated.url
    connection_id = desk.connection(desk.integration(type="bearer", apiBaseUri=base), token="t0ken-value-x")
    answer = desk.send("HEAD", connection_id, "bytes/10")
    assert (answer.status, answer.body) == (200, b"")
    assert desk.log()[0].method == "HEAD"


def test_another_origin_or_a_way_out_of_the_base_is_refused_before_anything_is_sent(desk: Desk) -> None:
    connection_id = desk.connection(desk.integration(type="bearer"), token="t0ken-value-x")
    for path in ("../x", "a/%2e%2e/%2e%2e/x", "https://evil.example.com/x", "//evil.example.com/x"):
        answer = desk.send("GET", connection_id, path)
        assert (answer.status, "x-upstream-status" in answer.headers) == (400, False), path


def test_headers_of_the_integration_speak_for_the_caller(desk: Desk) -> None:
    headers = {"X-User-Email": "${user.email}", "X-Tenant": "${tenant.handle}", "X-Empty": "${user.region}"}
    connection_id = desk.connection(desk.integration(type="bearer", headers=headers), token="t0ken-value-x")
    seen = desk.echoed("GET", connection_id, "x", {"x-user-email": "spoofed@example.com"})
    found = {name.lower(): value for name, value in seen["headers"]}
    assert (found["x-user-email"], found["x-tenant"], "x-empty" in found) == (
        "ada@acme.example",
        "acme",
        False,
    )


def test_an_api_key_in_the_query_cannot_be_overwritten_and_is_in_no_log(desk: Desk) -> None:
    auth = {"type": "api_key", "apiKeyLocation": "query", "apiKeyName": "key"}
    connection_id = desk.connection(desk.integration(**auth), apiKey="k3y-value-of-ada")
    seen = desk.echoed("GET", connection_id, "x?key=mine&a=1")
    assert seen["query"] == "a=1&key=k3y-value-of-ada"
    (entry,) = desk.log()
    assert "k3y-value-of-ada" not in repr(entry)


def test_a_foreign_connection_is_a_missing_one(desk: Desk) -> None:
    connection_id = desk.connection(desk.integration(type="bearer"), token="t0ken-value-x")
    stranger = desk.instance.tenant("strangers")
    foreign = desk.send("GET", connection_id, "x", token=stranger.token)
    unknown = desk.send("GET", "con_" + "0" * 32, "x", token=stranger.token)
    assert (foreign.status, foreign.json["error"]["code"]) == (404, "not_found")
    assert {**foreign.json["error"], "requestId": ""} == {**unknown.json["error"], "requestId": ""}


def test_an_upstream_that_is_not_there_is_a_502_of_ours(desk: Desk) -> None:
    gone = desk.integration(type="bearer", apiBaseUri="https://127.0.0.1:9/x")
    connection_id = desk.connection(gone, token="t0ken-value-x")
    answer = desk.send("GET", connection_id, "y")
    assert (answer.status, answer.json["error"]["code"]) == (502, "upstream_unreachable")
    assert "x-upstream-status" not in answer.headers
    (entry,) = desk.log()
    assert (entry.status, entry.error) == (None, "upstream_unreachable")


def test_a_refused_credential_is_renewed_once_and_the_request_sent_again(desk: Desk) -> None:
    base = desk.simulated.url
    client = desk.simulated.client(grants=["client_credentials"])
    auth = {"type": "oauth2", "grant": "client_credentials", "tokenUri": f"{base}/oauth/token"}
    integration_id = desk.integration(**auth, apiBaseUri=base)
    connection_id = desk.connection(integration_id, clientId=client.id, clientSecret=client.secret)
    assert desk.send("GET", connection_id, "crm/whoami").status == 200
    desk.simulated.admin("POST", "/simulator/expire", {"clientId": client.id})
    answer = desk.send("GET", connection_id, "crm/whoami")
    assert (answer.status, desk.log()[0].attempts) == (200, 2)
    assert client.token_calls("client_credentials") == {"issued": 2}


def test_a_credential_refused_again_is_the_upstreams_answer(desk: Desk) -> None:
    base = desk.simulated.url
    connection_id = desk.connection(desk.integration(type="bearer", apiBaseUri=base), token="t0ken-value-x")
    answer = desk.send("POST", connection_id, "crm/contacts", {"content-type": "application/json"}, b"{}")
    assert (answer.status, answer.headers["x-upstream-status"], desk.log()[0].attempts) == (401, "401", 1)
