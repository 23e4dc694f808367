"""Connecting by the provider's own page: the window, the page it ends on, and what becomes of it."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.browser import Browser
from tests.dialects.ampersand.connecting import CALLBACK, PUBLIC_URL, WHO, Online

HOST = "https://app.publisher.example"


def asked(url: str) -> dict[str, str]:
    return {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()}


def test_a_window_connects_and_tells_the_page_that_opened_it(online: Online) -> None:
    provider = online.by_code()
    url = online.window(provider, headers={"origin": HOST})
    query = asked(url)
    assert (query["redirect_uri"], query["client_id"]) == (CALLBACK, online.client.id)
    assert (query["code_challenge_method"], query["scope"]) == ("S256", "crm.read")
    outcome = online.ended(online.consent(url))
    [made] = online.ok("GET", online.path("/connections?provider=sim-crm&groupRef=org_1"))
    assert outcome.status == 200
    assert outcome.message == {"eventType": "AUTHORIZATION_SUCCEEDED", "data": {"connection": made["id"]}}
    assert outcome.target == HOST
    assert (made["authScheme"], made["status"], made["providerConsumerRef"]) == (
        "oauth2/authorizationCode",
        "created",
        "user-ada",
    )
    assert (made["group"]["groupName"], made["consumer"]["consumerRef"]) == ("Org One", "user_1")
    assert online.proxied(made["id"]).status == 200


def test_the_page_runs_one_script_and_loads_nothing(online: Online) -> None:
    outcome = online.ended(online.consent(online.window(online.by_code())))
    [script] = re.findall(r"<script>(.*?)</script>", outcome.text)
    digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = outcome.headers["content-security-policy"].split("; ")
    assert f"script-src 'sha256-{digest}'" in policy
    assert {"default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"} <= set(
        policy
    )
    assert outcome.headers["cross-origin-opener-policy"] == "unsafe-none"
    assert outcome.headers["referrer-policy"] == "no-referrer"
    assert outcome.headers["cache-control"] == "no-store"
    assert outcome.headers["content-type"] == "text/html; charset=utf-8"
    assert not re.search(r"(?:src|href|on\w+)=", outcome.text)
    assert "postMessage(JSON.parse(told.message),told.target)" in script


@pytest.mark.parametrize(
    ("headers", "target"),
    [
        ({}, "*"),
        ({"origin": "null"}, "*"),
        ({"origin": "https://App.Example:443"}, "https://app.example"),
        ({"origin": "http://localhost:3000"}, "http://localhost:3000"),
        ({"referer": "https://app.example/settings?tab=1"}, "https://app.example"),
        ({"origin": "null", "referer": "https://app.example/"}, "https://app.example"),
        ({"origin": "javascript:alert(1)"}, "*"),
    ],
)
def test_the_outcome_is_for_the_page_that_asked_where_it_is_known(
    online: Online, headers: dict[str, str], target: str
) -> None:
    outcome = online.ended(online.consent(online.window(online.by_code(), headers=headers)))
    assert outcome.target == target


def test_a_refusal_is_told_as_well_and_nothing_is_connected(online: Online) -> None:
    url = online.window(online.by_code(), headers={"origin": HOST})
    said = {
        "state": asked(url)["state"],
        "error": "access_denied",
        "error_description": 'No "way" </script><b>',
    }
    outcome = online.ended(f"/callbacks/v1/oauth?{urlencode(said)}")
    assert outcome.message == {
        "eventType": "AUTHORIZATION_FAILED",
        "data": {"error": "access_denied"},
        "message": 'The provider refused: No "way" </script><b>.',
    }
    assert (outcome.status, outcome.target) == (200, HOST)
    assert outcome.text.count("<script>") == 1
    assert "</script><b>" not in outcome.text
    assert online.ok("GET", online.path("/connections")) == []


def test_a_state_is_good_once_and_only_if_it_was_given_out(online: Online) -> None:
    path = online.consent(online.window(online.by_code(), headers={"origin": HOST}))
    assert online.ended(path).status == 200
    for used in (path, "/callbacks/v1/oauth?state=made-up&code=x", "/callbacks/v1/oauth"):
        outcome = online.ended(used)
        assert (outcome.status, outcome.target) == (400, "*")
        assert outcome.message["data"] == {"error": "invalid_state"}
    assert online.client.token_calls("authorization_code") == {"issued": 1}
    late = online.consent(online.window("sim-crm"))
    online.instance.clock.advance(timedelta(seconds=601))
    assert online.ended(late).message["data"] == {"error": "invalid_state"}


def test_where_it_is_asked_for_only_the_browser_that_opened_the_window_ends_it(online: Online) -> None:
    mine, another = (Browser(lambda path, headers: online.raw("GET", path, headers=headers)) for _ in "ab")
    provider = online.by_code()
    url = online.window(provider, enableCSRFProtection=True)
    assert url.startswith(f"{PUBLIC_URL}/api/oauth/start?state=")
    back = online.consent(mine.sent_on(url))
    refused = another.get(back)
    assert (refused.status, b"AUTHORIZATION_FAILED" in refused.body) == (400, True)
    back = online.consent(mine.sent_on(online.window(provider, enableCSRFProtection=True)))
    done = mine.get(back)
    assert (done.status, b"AUTHORIZATION_SUCCEEDED" in done.body) == (200, True)


def test_a_state_of_another_callback_is_refused(online: Online) -> None:
    path = online.consent(online.window(online.by_code()))
    elsewhere = f"/api/oauth/callback?{path.partition('?')[2]}"
    assert online.raw("GET", elsewhere).status == 400
    assert online.ok("GET", online.path("/connections")) == []


def test_the_callback_is_served_below_the_mount_too(online: Online) -> None:
    path = online.consent(online.window(online.by_code()))
    assert online.ended(f"/ampersand{path}").message["eventType"] == "AUTHORIZATION_SUCCEEDED"


def test_connecting_again_keeps_the_id_and_another_account_is_refused(online: Online) -> None:
    provider = online.by_code()
    first = online.connected(provider)
    assert online.connected(provider) == first
    assert online.happened(first) == ["created", "reconnected"]
    url = online.window(provider)
    outcome = online.ended(online.consent(f"{url}&login_hint=user-ben"))
    assert outcome.message["data"] == {"error": "wrong_account"}
    assert "is for the account ada@crm.example" in outcome.message["message"]
    assert online.connected(provider, consumerRef="user_2") != first


def test_a_broken_connection_is_authorized_anew_under_its_id(online: Online) -> None:
    connection_id = online.connected(online.by_code())
    online.simulated.admin("POST", "/simulator/withdraw", {"clientId": online.client.id})
    assert online.connection(connection_id, "?refresh=force")["status"] == "bad_credentials"
    path = online.path(f"/connections/{connection_id}:oauth-update")
    answer = online.send("PATCH", path, headers={"origin": HOST})
    assert (answer.status, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    outcome = online.ended(online.consent(answer.body.decode()))
    assert (outcome.message["data"], outcome.target) == ({"connection": connection_id}, HOST)
    assert online.connection(connection_id)["status"] == "created"
    online.refused(
        404, "PATCH", online.path("/connections/00000000-0000-7000-8000-000000000000:oauth-update")
    )


def test_a_page_opens_windows_for_its_own_group_only(online: Online) -> None:
    page, body = online.page(), {"projectIdOrName": "main", "provider": online.by_code(), **WHO}
    begun = online.as_page(page, "POST", "/v1/oauth-connect", body)
    assert begun.status == 200, begun.body
    outcome = online.ended(online.consent(begun.body.decode()))
    connection_id = outcome.message["data"]["connection"]
    shown = online.as_page(page, "GET", online.path(f"/connections/{connection_id}"))
    assert (shown.status, shown.json["consumer"]["consumerRef"]) == (200, "user_1")
    for other in ({"groupRef": "org_2"}, {"consumerRef": "user_2"}):
        assert online.as_page(page, "POST", "/v1/oauth-connect", {**body, **other}).status == 403
    anew = online.as_page(page, "PATCH", online.path(f"/connections/{connection_id}:oauth-update"))
    assert online.ended(online.consent(anew.body.decode())).message["data"] == {"connection": connection_id}


def test_the_project_goes_by_two_names(online: Online) -> None:
    provider = online.by_code()
    body: dict[str, Any] = {"provider": provider, **WHO}
    for name in ({"projectId": online.project_id}, {"projectIdOrName": "MAIN"}):
        assert online.send("POST", "/v1/oauth-connect", {**body, **name}).status == 200
    missing = online.refused(400, "POST", "/v1/oauth-connect", body)
    assert missing["issues"][0]["name"] == "projectIdOrName"
    online.refused(404, "POST", "/v1/oauth-connect", {**body, "projectId": "nobodys"})


def test_what_cannot_be_connected_by_a_window_says_why(online: Online) -> None:
    keyed, bare = online.provider("sim-key", scheme="api_key"), online.provider("bare")
    body = {"projectIdOrName": "main", **WHO}
    wrong = online.refused(409, "POST", "/v1/oauth-connect", {**body, "provider": keyed})
    assert wrong["detail"] == "the provider sim-key is not connected by authorization"
    nobody = online.refused(409, "POST", "/v1/oauth-connect", {**body, "provider": bare})
    assert nobody["detail"] == "the provider bare has no client id, nor is there a provider app"
    unknown = online.refused(400, "POST", "/v1/oauth-connect", {**body, "provider": "no-such"})
    assert unknown["issues"][0]["name"] == "provider"
    made = online.generate(keyed, apiKey="demo-api-key")
    online.refused(409, "PATCH", online.path(f"/connections/{made['id']}:oauth-update"))


def test_the_app_that_is_named_is_the_one_of_the_provider(online: Online) -> None:
    app, other = online.app(online.provider()), online.app(online.provider("other"))
    assert asked(online.window("sim-crm", providerAppId=app))["client_id"] == online.client.id
    body = {"projectIdOrName": "main", "provider": "sim-crm", **WHO}
    foreign = online.ok(
        "POST",
        f"/v1/projects/{online.project('second')}/provider-apps",
        {"provider": "sim-crm", "clientId": "another", "clientSecret": "of-another-project"},
    )["id"]
    for wrong in (other, foreign, "00000000-0000-7000-8000-000000000000"):
        problem = online.refused(422, "POST", "/v1/oauth-connect", {**body, "providerAppId": wrong})
        assert problem["issues"][0]["name"] == "providerAppId"


def test_what_the_app_says_besides_is_in_the_url_and_the_rest_stays_as_it_is(online: Online) -> None:
    provider = online.provider(authorizeParams={"prompt": "login", "access_type": "offline"})
    app = online.path(f"/provider-apps/{online.app(provider)}")
    plain = asked(online.window(provider))
    said = {"optional_scope": ["a", "b", "c&state=x"], "prompt": ["consent"]}
    body = {"updateMask": ["metadata"], "providerApp": {"metadata": {"authQueryParams": said}}}
    online.ok("PATCH", app, body)
    url = online.window(provider)
    query = parse_qs(urlsplit(url).query, strict_parsing=True)
    assert (query["optional_scope"], query["prompt"], query["access_type"]) == (
        ["a b c&state=x"],
        ["consent"],
        ["offline"],
    )
    assert set(query) == {*plain, "optional_scope"}
    for name in ("response_type", "client_id", "redirect_uri", "scope", "code_challenge_method"):
        assert query[name] == [plain[name]]
    assert online.ended(online.consent(url)).message["eventType"] == "AUTHORIZATION_SUCCEEDED"


@pytest.mark.parametrize(
    "name", ["state", "Redirect_URI", "code_challenge", "client_id", "response_type", "request"]
)
def test_what_authorizations_say_by_themselves_is_nobody_elses_to_say(online: Online, name: str) -> None:
    provider = online.provider()
    app_id = online.app(provider)
    metadata = {"authQueryParams": {name: ["another"]}}
    body = {"updateMask": ["metadata"], "providerApp": {"metadata": metadata}}
    problem = online.refused(400, "PATCH", online.path(f"/provider-apps/{app_id}"), body)
    assert problem["issues"][0]["name"] == f"metadata.authQueryParams.{name}"
    stored = {"metadata": json.dumps(metadata), "id": app_id.replace("-", "")}
    online.instance.database.write_now(
        lambda tx: tx.run("UPDATE provider_apps SET metadata = :metadata WHERE id = :id", **stored)
    )
    url = online.window(provider)
    assert "another" not in url
    assert asked(url)["client_id"] == online.client.id


@pytest.mark.parametrize(
    "metadata", ['{"authQueryParams": {"a": "b"}}', '{"authQueryParams": []}', '{"a": 1}']
)
def test_notes_of_somebody_elses_beside_an_app_say_nothing(online: Online, metadata: str) -> None:
    provider = online.by_code()
    online.instance.database.write_now(
        lambda tx: tx.run("UPDATE provider_apps SET metadata = :metadata", metadata=metadata)
    )
    assert "a" not in asked(online.window(provider))


def test_what_was_connected_is_revoked_when_it_is_deleted(online: Online) -> None:
    connection_id = online.connected(online.by_code())
    token = online.connection(connection_id, "?includeCreds=true", key=online.project_key())
    access = token["oauth2AuthorizationCode"]["accessToken"]["token"]
    assert online.send("DELETE", online.path(f"/connections/{connection_id}")).status == 204
    online.revoke()
    assert online.simulated.api("GET", "/crm/whoami", access).status == 401
