from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.dialects.informer.desk import Online

SHOWN = json.loads((Path(__file__).parent / "golden" / "003.json").read_text())


def statuses(online: Online, path: str, token: str | None = None) -> list[int]:
    return [online.send("GET", f"{path}/{part}", token=token).status for part in ("connection", "account")]


def test_an_account_is_connected_by_the_providers_page(online: Online) -> None:
    path = online.crm()
    assert statuses(online, path) == [404, 404]
    started, cookie = online.start(path)
    asked = parse_qs(urlsplit(started.headers["location"]).query)
    assert asked["redirect_uri"] == ["http://127.0.0.1:8080/oauth2/callback"]
    assert (asked["code_challenge_method"], asked["scope"]) == (["S256"], ["crm.read crm.write"])
    assert started.headers["referrer-policy"] == "no-referrer"
    callback = online.consent(started)
    assert callback.startswith("/oauth2/callback?")
    answer = online.bare("GET", callback, headers={"cookie": cookie})
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert b"<h1>Connected</h1>" in answer.body
    found = online.ok("GET", f"{path}/connection")
    assert (found["status"], found["isShared"], found["ownerId"]) == ("ok", False, "ada")
    assert found["integrationId"] == path.rpartition("/")[2]
    times = ("tokenExpiresAt", "lastAuthorizedAt", "createdAt", "updatedAt")
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", found[name]) for name in times)


@pytest.mark.parametrize("mount", ["", "/informer"])
def test_the_account_is_answered_as_shown(online: Online, mount: str) -> None:
    (shown,) = [one for one in SHOWN if one["path"].endswith("/account")]
    path = online.crm()
    online.connect(path)
    answer = online.send("GET", f"{path.replace('/informer', mount)}/account")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert set(answer.json) == set(shown["answer"])
    assert all(isinstance(value, str) and value for value in answer.json.values())


def test_connecting_again_keeps_the_connection(online: Online) -> None:
    path = online.crm()
    online.connect(path)
    first = online.ok("GET", f"{path}/connection")["id"]
    online.connect(path)
    assert online.ok("GET", f"{path}/connection")["id"] == first


def test_an_authorization_ends_where_it_was_started_and_once(online: Online) -> None:
    path = online.crm()
    started, cookie = online.start(path)
    callback = online.consent(started)
    for headers in ({}, {"cookie": f"trunkline-oauth={'x' * 43}"}):
        answer = online.bare("GET", callback, headers=headers)
        assert (answer.status, answer.json["error"]) == (400, "Bad Request")
    # Whoever tried without it has used it up.
    assert online.bare("GET", callback, headers={"cookie": cookie}).status == 400
    started, cookie = online.start(path, headers={"cookie": cookie})
    callback = online.consent(started)
    assert online.bare("GET", callback, headers={"cookie": cookie}).status == 200
    assert online.bare("GET", callback, headers={"cookie": cookie}).status == 400


def test_a_browser_is_known_by_one_cookie(online: Online) -> None:
    path = online.crm()
    _, first = online.start(path)
    assert online.start(path, headers={"cookie": first})[1] == first
    assert online.start(path, headers={"cookie": "trunkline-oauth=forged"})[1] != "trunkline-oauth=forged"
    header = online.start(path)[0].headers["set-cookie"]
    assert header.endswith("; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax")


@pytest.mark.parametrize("query", ["", "?state=", "?state=made-up&code=x", "?code=x", "?state=a&state=b"])
def test_a_callback_nobody_waits_for_is_refused(online: Online, query: str) -> None:
    assert online.bare("GET", f"/oauth2/callback{query}").status == 400
    page = online.bare("GET", "/oauth2/callback?state=made-up&code=x", headers={"accept": "text/html,*/*"})
    assert (page.status, page.headers["content-type"]) == (400, "text/html; charset=utf-8")
    assert b"<h1>Not connected</h1>" in page.body


def test_what_the_provider_says_is_shown_as_text(online: Online) -> None:
    path = online.crm()
    started, cookie = online.start(path)
    (state,) = parse_qs(urlsplit(started.headers["location"]).query)["state"]
    said = "%3Cscript%3Ealert(1)%3C/script%3E"
    callback = f"/oauth2/callback?state={state}&error=access_denied&error_description={said}"
    page = online.bare("GET", callback, headers={"cookie": cookie, "accept": "text/html"})
    assert page.status == 400
    assert b"<script>" not in page.body
    assert b"&lt;script&gt;" in page.body
    assert statuses(online, path) == [404, 404]


def test_the_browser_goes_where_it_was_to_return(online: Online) -> None:
    path = online.crm()
    started, cookie = online.start(path, "?returnTo=http%3A%2F%2F127.0.0.1%3A8080%2Fdone%3Fa%3Db")
    answer = online.bare("GET", online.consent(started), headers={"cookie": cookie})
    assert answer.status == 302
    location = urlsplit(answer.headers["location"])
    told = parse_qs(location.query)
    assert (location.netloc, location.path, told["a"]) == ("127.0.0.1:8080", "/done", ["b"])
    assert told["integrationId"] == [path.rpartition("/")[2]]
    assert told["connectionId"] == [online.ok("GET", f"{path}/connection")["id"]]
    refused = online.send("GET", f"{path}/connect?returnTo=https%3A%2F%2Fevil.example%2F")
    assert refused.status == 400


def test_every_user_has_a_connection_of_their_own(online: Online) -> None:
    path, bob = online.crm(), online.member("bob")
    assert online.send("GET", f"{path}/connect", token=bob).status == 404
    online.ok("PUT", f"{path}/shares/bob", {"accessLevel": 1})
    online.connect(path)
    assert statuses(online, path, bob) == [404, 404]
    online.connect(path, token=bob)
    theirs = online.ok("GET", f"{path}/connection", token=bob)
    assert (theirs["ownerId"], theirs["isShared"]) == ("bob", False)
    assert theirs["id"] != online.ok("GET", f"{path}/connection")["id"]


def test_a_shared_connection_is_made_by_those_who_edit(online: Online) -> None:
    path, bob = online.crm(mode="shared"), online.member("bob")
    online.ok("PUT", f"{path}/shares/bob", {"accessLevel": 1})
    refused = online.send("GET", f"{path}/connect", token=bob)
    assert (refused.status, refused.json["error"]) == (403, "Forbidden")
    online.connect(path)
    found = online.ok("GET", f"{path}/connection", token=bob)
    assert (found["isShared"], found["ownerId"]) == (True, "ada")
    assert online.send("POST", f"{path}/request", {"url": "/health"}, token=bob).status == 200
    assert online.send("DELETE", f"{path}/connection", token=bob).status == 403
    assert online.send("DELETE", f"{path}/connection").status == 204


def test_disconnecting_ends_it_here_and_there(online: Online) -> None:
    path = online.crm()
    online.connect(path)
    assert online.send("DELETE", f"{path}/connection").status == 204
    assert statuses(online, path) == [404, 404]
    assert online.send("DELETE", f"{path}/connection").status == 404
    assert online.send("POST", f"{path}/request", {"url": "/health"}).status in (401, 404)
    sql = "SELECT count(*) FROM connections WHERE credential IS NOT NULL"
    assert online.instance.count(sql) == 0


def test_deleting_an_integration_destroys_its_credentials(online: Online) -> None:
    path = online.crm()
    online.connect(path)
    assert online.send("DELETE", path).status == 204
    for table, column in (
        ("connections", "credential"),
        ("integration_secrets", "client_secret"),
        ("oauth_states", "verifier"),
    ):
        assert online.instance.count(f"SELECT count(*) FROM {table} WHERE {column} IS NOT NULL") == 0


@pytest.mark.parametrize(
    ("members", "credential", "sent"),
    [
        ({"authType": "apikey"}, {"apiKey": "key-1"}, ["x-api-key", "key-1"]),
        ({"authType": "apikey", "apiKeyName": "X-Auth"}, {"apiKey": "key-1"}, ["x-auth", "key-1"]),
        ({"authType": "apikey", "apiKey": "key-2"}, {}, ["x-api-key", "key-2"]),
        ({"authType": "basic"}, {"username": "u", "password": "p"}, ["authorization", "Basic dTpw"]),
        ({"authType": "bearer"}, {"token": "t"}, ["authorization", "Bearer t"]),
        ({"authType": "oauth2"}, {"accessToken": "at"}, ["authorization", "Bearer at"]),
    ],
)
def test_a_credential_is_brought_instead(
    online: Online, members: dict[str, Any], credential: dict[str, str], sent: list[str]
) -> None:
    body = {"name": "Echo", "type": "custom", "apiBaseUri": f"{online.simulated.url}/echo"}
    if members["authType"] == "oauth2":
        body |= {
            "tokenUri": f"{online.simulated.url}/oauth/token",
            "clientId": "c",
            "clientSecret": "s-s-s-s",
        }
    made = online.ok("POST", "/api/integrations", {**body, **members})
    path = f"/api/integrations/{made['id']}"
    answer = online.send("POST", f"{path}/connect", credential)
    assert (answer.status, answer.json["status"]) == (201, "ok"), answer.body
    assert answer.headers["location"] == f"{path}/connection" == answer.json["_links"]["self"]["href"]
    shown = answer.json.items()
    assert not [name for name, value in shown if value in credential.values()]
    echoed = online.send("POST", f"{path}/request", {"url": "/x"}).json
    assert sent in echoed["headers"]


def test_a_credential_that_is_refused_is_not_kept(online: Online) -> None:
    path = online.crm(authType="bearer")
    answer = online.send("POST", f"{path}/connect", {"token": "no-such-token"})
    assert (answer.status, answer.json["error"]) == (400, "Bad Request")
    assert statuses(online, path) == [404, 404]
    missing = online.send("POST", f"{path}/connect", {})
    assert (missing.status, missing.json["message"]) == (400, "credentials.token: is required")


def test_what_is_not_connected_by_a_page_has_none(online: Online) -> None:
    path = online.crm(authType="bearer")
    answer = online.send("GET", f"{path}/connect")
    assert (answer.status, answer.json["error"]) == (409, "Conflict")
