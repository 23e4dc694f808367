from __future__ import annotations

from base64 import b64encode
from urllib.parse import quote_plus

import pytest

from tests.simulated import Simulated, SimulatedClient


def refused(answer: object, error: str, status: int = 400) -> None:
    assert answer.status == status, answer  # type: ignore[attr-defined]
    assert answer.json["error"] == error  # type: ignore[attr-defined]
    assert answer.headers["cache-control"] == "no-store"  # type: ignore[attr-defined]


def test_a_code_is_good_once_and_its_reuse_revokes_what_it_led_to(client: SimulatedClient) -> None:
    verifier, said = client.authorize()
    tokens = client.redeem(said["code"], verifier).json
    refused(client.redeem(said["code"], verifier), "invalid_grant")
    assert client.simulated.api("GET", "/crm/health", tokens["access_token"]).status == 401
    refused(client.refresh(tokens["refresh_token"]), "invalid_grant")
    refused(client.redeem(said["code"], verifier), "invalid_grant")
    counted = client.statistics()
    assert counted["codesReused"] == 2
    assert counted["refreshTokensReused"] == 0
    assert counted["familiesRevoked"] == {"total": 1, "by": {"code_reused": 1}}
    assert counted["tokenCalls"] == {
        "total": 4,
        "byGrant": {
            "authorization_code": {"invalid_grant": 2, "issued": 1},
            "refresh_token": {"invalid_grant": 1},
        },
    }


def test_a_wrong_verifier_or_redirect_uri_gets_nothing_and_spends_nothing(client: SimulatedClient) -> None:
    verifier, said = client.authorize()
    form = {"grant_type": "authorization_code", "code": said["code"], "code_verifier": verifier}
    refused(client.redeem(said["code"], verifier + "x"), "invalid_grant")
    refused(client.redeem(said["code"], ""), "invalid_request")
    refused(client.token(form), "invalid_grant")
    refused(client.token({**form, "redirect_uri": f"{client.redirect_uri}/"}), "invalid_grant")
    assert client.redeem(said["code"], verifier).status == 200


def test_a_code_of_another_client_is_unknown(client: SimulatedClient) -> None:
    verifier, said = client.authorize()
    other = client.simulated.client()
    refused(other.redeem(said["code"], verifier), "invalid_grant")
    assert client.redeem(said["code"], verifier).status == 200


def test_a_code_expires(client: SimulatedClient) -> None:
    (verifier, first), (other_verifier, second) = client.authorize(), client.authorize()
    client.simulated.admin("POST", "/simulator/advance", {"seconds": 59})
    assert client.redeem(first["code"], verifier).status == 200
    client.simulated.admin("POST", "/simulator/advance", {"seconds": 1})
    refused(client.redeem(second["code"], other_verifier), "invalid_grant")


def test_a_client_may_use_basic_or_the_body_but_not_both(client: SimulatedClient) -> None:
    form = {"grant_type": "client_credentials"}
    assert client.token(form).status == 200
    assert client.token(form, {"authorization": client.basic}).status == 200
    assert client.token({**form, "client_id": client.id}, {"authorization": client.basic}).status == 200
    both = client.token({**form, **client.proof}, {"authorization": client.basic})
    refused(both, "invalid_request")
    two = client.token({**form, "client_id": "another"}, {"authorization": client.basic})
    refused(two, "invalid_request")


@pytest.mark.parametrize(
    ("methods", "basic", "post"),
    [(["client_secret_basic"], 200, 401), (["client_secret_post"], 401, 200)],
)
def test_a_client_uses_the_methods_it_registered(
    simulated: Simulated, methods: list[str], basic: int, post: int
) -> None:
    client = simulated.client(authMethods=methods)
    form = {"grant_type": "client_credentials"}
    assert client.token(form).status == post
    assert client.token(form, {"authorization": client.basic}).status == basic


def test_basic_is_decoded_as_a_form(simulated: Simulated) -> None:
    simulated.admin("PUT", "/simulator/clients/a%20b", {"clientSecret": "p:s+%/ü"})
    proof = b64encode(f"{quote_plus('a b')}:{quote_plus('p:s+%/ü')}".encode()).decode()
    answer = simulated.form(
        "/oauth/token", {"grant_type": "client_credentials"}, {"authorization": f"Basic {proof}"}
    )
    assert answer.status == 200


@pytest.mark.parametrize(
    "proof",
    [
        {},
        {"client_id": "nobody", "client_secret": "x"},
        {"client_id": "demo"},
        {"client_id": "demo", "client_secret": "wrong"},
        {"client_id": "demo-public", "client_secret": "x"},
    ],
)
def test_who_does_not_prove_who_it_is_gets_401(simulated: Simulated, proof: dict[str, str]) -> None:
    answer = simulated.form("/oauth/token", {"grant_type": "client_credentials", **proof})
    refused(answer, "invalid_client", 401)
    assert answer.headers["www-authenticate"] == 'Basic realm="simulator"'


def test_a_malformed_authorization_header_is_no_proof(simulated: Simulated) -> None:
    answer = simulated.form(
        "/oauth/token", {"grant_type": "client_credentials"}, {"authorization": "Basic ???"}
    )
    refused(answer, "invalid_client", 401)


def test_a_public_client_proves_itself_with_the_verifier_alone(simulated: Simulated) -> None:
    client = simulated.client(public=True)
    assert client.secret == ""
    tokens = client.connect()
    renewed = client.refresh(tokens["refresh_token"])
    assert renewed.status == 200
    refused(client.token({"grant_type": "client_credentials"}), "unauthorized_client")


def test_a_token_of_the_clients_own_has_no_refresh_token(client: SimulatedClient) -> None:
    answer = client.token({"grant_type": "client_credentials", "scope": "crm.read"})
    assert sorted(answer.json) == ["access_token", "expires_in", "scope", "token_type"]
    found = client.simulated.api("GET", "/crm/whoami", answer.json["access_token"]).json
    assert (found["kind"], found["id"], found["scopes"]) == ("client", client.id, ["crm.read"])


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "sim_rt_unknown"}, "invalid_grant"),
        ({"grant_type": "authorization_code", "code": "x"}, "invalid_request"),
        ({"grant_type": "authorization_code", "code": "x", "code_verifier": "x"}, "invalid_grant"),
        ({"grant_type": "client_credentials", "scope": "admin"}, "invalid_scope"),
    ],
)
def test_refuses_a_malformed_request(client: SimulatedClient, form: dict[str, str], error: str) -> None:
    refused(client.token(form), error)


def test_refuses_what_is_no_form_or_repeats_itself(client: SimulatedClient) -> None:
    request = client.simulated.request
    json_type = {"content-type": "application/json"}
    refused(request("POST", "/oauth/token", json_type, b"{}"), "invalid_request")
    form_type = {"content-type": "application/x-www-form-urlencoded"}
    body = b"grant_type=client_credentials&grant_type=client_credentials"
    refused(request("POST", "/oauth/token", form_type, body), "invalid_request")
    refused(request("POST", "/oauth/token", form_type, b"a=%ff"), "invalid_request")
    refused(request("POST", "/oauth/token", form_type, b"a=" + b"x" * 300_000), "invalid_request", 413)
    assert request("GET", "/oauth/token").status == 405


def test_a_client_uses_only_its_grants(simulated: Simulated) -> None:
    client = simulated.client(grants=["authorization_code"])
    tokens = client.connect()
    refused(client.refresh(tokens["refresh_token"]), "unauthorized_client")


def test_a_refresh_token_is_good_once_and_its_reuse_revokes_the_family(client: SimulatedClient) -> None:
    first = client.connect()
    second = client.refresh(first["refresh_token"]).json
    assert second["refresh_token"] != first["refresh_token"]
    assert second["access_token"] != first["access_token"]
    api = client.simulated.api
    assert [api("GET", "/crm/health", one["access_token"]).status for one in (first, second)] == [200, 200]
    refused(client.refresh(first["refresh_token"]), "invalid_grant")
    assert [api("GET", "/crm/health", one["access_token"]).status for one in (first, second)] == [401, 401]
    refused(client.refresh(second["refresh_token"]), "invalid_grant")
    counted = client.statistics()
    assert counted["refreshTokensReused"] == 1
    assert counted["familiesRevoked"] == {"total": 1, "by": {"refresh_token_reused": 1}}
    (family,) = client.simulated.admin("GET", f"/simulator/grants?clientId={client.id}")["data"]
    assert (family["revoked"], family["generation"]) == ("refresh_token_reused", 2)


def test_a_family_that_is_revoked_leaves_others_alone(client: SimulatedClient) -> None:
    first, other = client.connect(), client.connect()
    client.refresh(first["refresh_token"])
    refused(client.refresh(first["refresh_token"]), "invalid_grant")
    assert client.refresh(other["refresh_token"]).status == 200


def test_another_client_cannot_use_or_spoil_a_refresh_token(client: SimulatedClient) -> None:
    tokens = client.connect()
    refused(client.simulated.client().refresh(tokens["refresh_token"]), "invalid_grant")
    assert client.refresh(tokens["refresh_token"]).status == 200


def test_a_refresh_may_ask_for_less_but_not_for_more(client: SimulatedClient) -> None:
    tokens = client.connect(scope="crm.read")
    refused(client.refresh(tokens["refresh_token"], scope="crm.read crm.write"), "invalid_scope")
    assert client.refresh(tokens["refresh_token"], scope="crm.read").json["scope"] == "crm.read"


def test_a_refresh_keeps_what_was_granted_when_asked_for_less(client: SimulatedClient) -> None:
    tokens = client.connect()
    less = client.refresh(tokens["refresh_token"], scope="crm.read").json
    assert less["scope"] == "crm.read"
    assert client.refresh(less["refresh_token"]).json["scope"] == "crm.read crm.write"


def test_refresh_tokens_expire_too(client: SimulatedClient) -> None:
    tokens = client.connect()
    client.simulated.admin("POST", "/simulator/advance", {"seconds": 30 * 24 * 3600})
    refused(client.refresh(tokens["refresh_token"]), "invalid_grant")
    assert client.statistics()["refreshTokensReused"] == 0


def test_a_provider_that_does_not_rotate_keeps_the_refresh_token(simulated: Simulated) -> None:
    client = simulated.client(rotates=False)
    tokens = client.connect()
    for _ in range(3):
        answer = client.refresh(tokens["refresh_token"])
        assert (answer.status, "refresh_token" in answer.json) == (200, False)
    assert client.statistics()["familiesRevoked"]["total"] == 0


def test_access_tokens_live_as_long_as_their_client_says(simulated: Simulated) -> None:
    client = simulated.client(accessTokenS=10)
    tokens = client.connect()
    assert tokens["expires_in"] == 10
    simulated.admin("POST", "/simulator/advance", {"seconds": 9})
    assert simulated.api("GET", "/crm/health", tokens["access_token"]).status == 200
    simulated.admin("POST", "/simulator/advance", {"seconds": 1})
    assert simulated.api("GET", "/crm/health", tokens["access_token"]).status == 401


def test_revoking_a_refresh_token_revokes_the_family(client: SimulatedClient) -> None:
    tokens = client.connect()
    form = {"token": tokens["refresh_token"], "token_type_hint": "access_token"}
    answer = client.simulated.form("/oauth/revoke", form, {"authorization": client.basic})
    assert (answer.status, answer.body) == (200, b"")
    assert client.simulated.api("GET", "/crm/health", tokens["access_token"]).status == 401
    refused(client.refresh(tokens["refresh_token"]), "invalid_grant")
    counted = client.statistics()
    assert counted["revocations"] == {"total": 1, "by": {"revoked": 1}}
    assert counted["familiesRevoked"] == {"total": 1, "by": {"revoked_by_client": 1}}


def test_revoking_an_access_token_leaves_the_refresh_token_good(client: SimulatedClient) -> None:
    tokens = client.connect()
    form = {"token": tokens["access_token"], **client.proof}
    assert client.simulated.form("/oauth/revoke", form).status == 200
    assert client.simulated.api("GET", "/crm/health", tokens["access_token"]).status == 401
    assert client.refresh(tokens["refresh_token"]).status == 200


def test_revoking_what_is_unknown_is_fine_and_what_is_anothers_is_not(client: SimulatedClient) -> None:
    tokens = client.connect()
    other = client.simulated.client()
    revoke = client.simulated.form
    assert revoke("/oauth/revoke", {"token": "whatever", **other.proof}).status == 200
    refused(revoke("/oauth/revoke", {"token": tokens["refresh_token"], **other.proof}), "unauthorized_client")
    refused(revoke("/oauth/revoke", {"token": tokens["access_token"]}), "invalid_client", 401)
    refused(revoke("/oauth/revoke", client.proof), "invalid_request")
    assert client.refresh(tokens["refresh_token"]).status == 200
    assert other.statistics()["revocations"] == {
        "total": 2,
        "by": {"unauthorized_client": 1, "unknown": 1},
    }
