from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest

from tests.simulated import REDIRECT_URI, Simulated, SimulatedClient
from trunkline.simulator.grants import challenge_of

# RFC 7636 appendix B
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def asked(client: SimulatedClient, **changes: str | None) -> str:
    query = {
        "response_type": "code",
        "client_id": client.id,
        "redirect_uri": client.redirect_uri,
        "state": "st&te",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changes,
    }
    return "/oauth/authorize?" + urlencode(
        {name: value for name, value in query.items() if value is not None}
    )


def told(location: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(location).query, strict_parsing=True))


def test_the_challenge_is_that_of_the_rfc() -> None:
    assert challenge_of(VERIFIER) == CHALLENGE


def test_a_code_comes_back_with_the_state_and_the_issuer(client: SimulatedClient) -> None:
    answer = client.simulated.request("GET", asked(client))
    assert answer.status == 303
    assert answer.headers["location"].startswith(f"{REDIRECT_URI}?")
    assert answer.headers["cache-control"] == "no-store"
    said = told(answer.headers["location"])
    assert (sorted(said), said["state"], said["iss"]) == (
        ["code", "iss", "state"],
        "st&te",
        client.simulated.url,
    )
    tokens = client.redeem(said["code"], VERIFIER)
    assert tokens.status == 200
    assert tokens.headers["cache-control"] == "no-store"
    assert sorted(tokens.json) == ["access_token", "expires_in", "refresh_token", "scope", "token_type"]
    assert (tokens.json["token_type"], tokens.json["expires_in"]) == ("Bearer", 300)
    assert tokens.json["scope"] == "crm.read crm.write"


def test_a_query_of_the_redirect_uri_stays(simulated: Simulated) -> None:
    client = simulated.client("https://hub.example.com/back?tenant=a%20b")
    answer = simulated.request("GET", asked(client, state=None))
    parts = urlsplit(answer.headers["location"])
    assert parts._replace(query="").geturl() == "https://hub.example.com/back"
    assert parts.query.startswith("tenant=a%20b&code=")
    assert list(told(answer.headers["location"])) == ["tenant", "code", "iss"]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": CHALLENGE + "="}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"scope": "crm.read admin"}, "invalid_scope"),
        ({"login_hint": "nobody@crm.example"}, "invalid_request"),
    ],
)
def test_what_is_wrong_is_told_to_the_client(
    client: SimulatedClient, changes: dict[str, str | None], error: str
) -> None:
    answer = client.simulated.request("GET", asked(client, **changes))
    assert answer.status == 303
    assert answer.headers["location"].startswith(f"{REDIRECT_URI}?")
    said = told(answer.headers["location"])
    assert (said["error"], said["state"], said["iss"]) == (error, "st&te", client.simulated.url)
    assert "code" not in said
    assert client.statistics()["authorizations"] == {"total": 1, "by": {error: 1}}


@pytest.mark.parametrize(
    "redirect_uri",
    [
        None,
        "",
        "http://127.0.0.1:1/callback/",
        "http://127.0.0.1:1/callback?x=1",
        "http://127.0.0.1:2/callback",
        "http://127.0.0.1:1/Callback",
        "http://127.0.0.1:1/%63allback",
        "https://127.0.0.1:1/callback",
        "https://evil.example/",
    ],
)
def test_nobody_is_sent_to_an_address_that_is_not_registered(
    client: SimulatedClient, redirect_uri: str | None
) -> None:
    answer = client.simulated.request("GET", asked(client, redirect_uri=redirect_uri))
    assert answer.status == 400
    assert "location" not in answer.headers
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


def test_nobody_is_sent_anywhere_by_a_repeated_parameter_or_an_unknown_client(
    client: SimulatedClient,
) -> None:
    for path in (f"{asked(client)}&state=other", asked(client, client_id="nobody")):
        answer = client.simulated.request("GET", path)
        assert (answer.status, "location" in answer.headers) == (400, False)


def test_pages_escape_what_they_were_given(simulated: Simulated) -> None:
    hostile = "<script>alert(1)</script>\"'"
    client = simulated.client("https://hub.example.com/back", name=hostile, autoApprove=False)
    for path in (asked(client), asked(client, redirect_uri=f"https://evil.example/{hostile}")):
        answer = simulated.request("GET", path)
        assert b"<script" not in answer.body
        assert b"&lt;script&gt;" in answer.body
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-frame-options"] == "DENY"
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-")


def test_the_consent_page_may_send_its_form_only_here_and_back(simulated: Simulated) -> None:
    client = simulated.client("https://hub.example.com:8443/back;a", autoApprove=False)
    answer = simulated.request("GET", asked(client))
    assert answer.headers["content-security-policy"].endswith(
        "form-action 'self' https://hub.example.com:8443"
    )


@pytest.mark.parametrize("approves", [False, None])
def test_the_owner_is_asked_once_and_chooses_the_account(simulated: Simulated, approves: bool | None) -> None:
    client = simulated.client(autoApprove=approves)
    page = simulated.request("GET", asked(client, scope="crm.read", login_hint="ben@crm.example"))
    text = page.body.decode()
    assert page.status == 200
    assert "<li><code>crm.read</code></li></ul>" in text
    assert '<option value="user-ben" selected>' in text
    assert text.count(" selected") == 1
    (handle,) = re.findall(r'name="request" value="([^"]+)"', text)
    form = {"request": unescape(handle), "account": "user-cleo", "decision": "allow"}
    answer = simulated.form("/oauth/consent", form)
    assert answer.status == 303
    tokens = client.redeem(told(answer.headers["location"])["code"], VERIFIER).json
    assert tokens["scope"] == "crm.read"
    assert simulated.api("GET", "/crm/whoami", tokens["access_token"]).json["email"] == "cleo@crm.example"
    again = simulated.form("/oauth/consent", form)
    assert (again.status, "location" in again.headers) == (400, False)


def test_the_owner_may_say_no(simulated: Simulated) -> None:
    client = simulated.client(autoApprove=False)
    page = simulated.request("GET", asked(client)).body.decode()
    (handle,) = re.findall(r'name="request" value="([^"]+)"', page)
    form = {"request": handle, "account": "user-ada", "decision": "deny"}
    said = told(simulated.form("/oauth/consent", form).headers["location"])
    assert (said["error"], said["state"], "code" in said) == ("access_denied", "st&te", False)
    assert client.statistics()["authorizations"] == {"total": 1, "by": {"access_denied": 1}}


def test_a_page_left_open_for_too_long_decides_nothing(simulated: Simulated) -> None:
    client = simulated.client(autoApprove=False)
    page = simulated.request("GET", asked(client)).body.decode()
    (handle,) = re.findall(r'name="request" value="([^"]+)"', page)
    simulated.admin("POST", "/simulator/advance", {"seconds": 600})
    form = {"request": handle, "account": "user-ada", "decision": "allow"}
    assert simulated.form("/oauth/consent", form).status == 400


def test_the_hint_chooses_the_account_where_nobody_is_asked(client: SimulatedClient) -> None:
    tokens = client.connect(login_hint="ben@crm.example")
    assert client.simulated.api("GET", "/crm/whoami", tokens["access_token"]).json == {
        "id": "user-ben",
        "email": "ben@crm.example",
        "displayName": "Ben Okoro",
        "kind": "user",
        "organization": {"id": "org-example", "name": "Example Trading", "plan": "standard"},
        "scopes": ["crm.read", "crm.write"],
    }


def test_the_metadata_says_where_everything_is(simulated: Simulated) -> None:
    found = simulated.request("GET", "/.well-known/oauth-authorization-server").json
    url = simulated.url
    assert found["issuer"] == url
    assert found["authorization_endpoint"] == f"{url}/oauth/authorize"
    assert found["token_endpoint"] == f"{url}/oauth/token"
    assert found["revocation_endpoint"] == f"{url}/oauth/revoke"
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["grant_types_supported"] == ["authorization_code", "refresh_token", "client_credentials"]
    assert found["token_endpoint_auth_methods_supported"] == [
        "client_secret_basic",
        "client_secret_post",
        "none",
    ]
    assert found["authorization_response_iss_parameter_supported"] is True


def test_the_issuer_is_the_address_it_is_reached_at(client: SimulatedClient) -> None:
    answer = client.simulated.request("GET", asked(client), {"host": "sim.example:9000"})
    assert parse_qs(urlsplit(answer.headers["location"]).query)["iss"] == ["http://sim.example:9000"]
