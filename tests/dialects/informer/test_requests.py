from __future__ import annotations

import json
from typing import Any

import pytest

from tests.dialects.informer.desk import Online


def asked(online: Online, path: str, **body: Any) -> Any:
    """How the upstream was asked."""
    answer = online.send("POST", f"{path}/request", {"url": "/things", **body})
    assert answer.status == 200, answer.body
    return answer.json


def headers_of(echoed: Any) -> dict[str, str]:
    return dict(echoed["headers"])


@pytest.mark.parametrize("mount", ["", "/informer"])
def test_the_upstreams_answer_comes_back_as_it_is(online: Online, mount: str) -> None:
    path = online.crm()
    online.connect(path)
    path = path.replace("/informer", mount)
    body = {"url": "/contacts", "params": {"limit": 2}}
    answer = online.send("POST", f"{path}/request", body)
    assert (answer.status, answer.headers["x-upstream-status"]) == (200, "200")
    assert len(answer.json["data"]) == 2
    made = online.send(
        "POST", f"{path}/request", {"url": "/companies", "method": "post", "data": {"name": "Acme"}}
    )
    assert (made.status, made.json["name"]) == (201, "Acme")
    missing = online.send("POST", f"{path}/request", {"url": "/companies/nothing"})
    assert (missing.status, missing.headers["x-upstream-status"]) == (404, "404")
    assert "statusCode" not in missing.json


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, ("GET", "/echo/things", "", "")),
        ({"url": "things"}, ("GET", "/echo/things", "", "")),
        ({"method": "delete"}, ("DELETE", "/echo/things", "", "")),
        (
            {"params": {"a": 1, "b": [True, "x y"], "c": None}},
            ("GET", "/echo/things", "a=1&b=true&b=x+y", ""),
        ),
        ({"url": "/things?z=1", "params": {"a": 1}}, ("GET", "/echo/things", "z=1&a=1", "")),
        ({"method": "POST", "data": {"a": [1]}}, ("POST", "/echo/things", "", '{"a":[1]}')),
        ({"method": "PUT", "data": "plain"}, ("PUT", "/echo/things", "", "plain")),
        ({"method": "PATCH", "data": []}, ("PATCH", "/echo/things", "", "[]")),
    ],
)
def test_what_is_asked_for_is_sent(online: Online, body: dict[str, Any], expected: tuple[str, ...]) -> None:
    echoed = asked(online, online.echo(), **body)
    assert (echoed["method"], echoed["path"], echoed["query"], echoed["body"]) == expected


def test_a_body_says_what_it_is(online: Online) -> None:
    path = online.echo()
    assert headers_of(asked(online, path, method="POST", data={"a": 1}))["content-type"] == "application/json"
    assert (
        headers_of(asked(online, path, method="POST", data="x"))["content-type"]
        == "text/plain; charset=utf-8"
    )
    own = {"Content-Type": "application/vnd.x+json"}
    assert (
        headers_of(asked(online, path, method="POST", data={}, headers=own))["content-type"]
        == "application/vnd.x+json"
    )
    form = {"content-type": "application/x-www-form-urlencoded"}
    echoed = asked(online, path, method="POST", data={"a": "b c", "d": [1, 2]}, headers=form)
    assert echoed["body"] == "a=b+c&d=1&d=2"


def test_identity_headers_are_the_integrations_and_the_callers_own_stay_here(online: Online) -> None:
    templates = {
        "X-User": "${user.username}",
        "X-Mail": "${user.email}",
        "X-Tenant": "${tenant.id}",
        "X-Region": "${user.region}",
    }
    path = online.echo(headers=templates)
    bob = online.member("bob")
    online.ok("PUT", f"{path}/shares/bob")
    online.ok("POST", f"{path}/connect", {"token": "bobs"}, token=bob)
    forged = {
        "X-User": "admin",
        "Authorization": "Bearer mine",
        "Cookie": "a=b",
        "X-Forwarded-For": "1.2.3.4",
        "Host": "evil.example",
        "X-Custom": "kept",
    }
    for token, name, credential in ((None, "ada", "a-token-to-see"), (bob, "bob", "bobs")):
        body = {"url": "/x", "headers": forged}
        sent = headers_of(online.send("POST", f"{path}/request", body, token=token).json)
        assert (sent["x-user"], sent["x-mail"]) == (name, f"{name}@acme.example")
        assert sent["x-tenant"].replace("-", "") == online.organization_id
        assert (sent["authorization"], sent["x-custom"]) == (f"Bearer {credential}", "kept")
        assert not {"cookie", "x-forwarded-for", "x-region"} & set(sent)
        assert sent["host"] == online.simulated.host_port


@pytest.mark.parametrize(
    "url",
    [
        "/../admin",
        "/%2e%2e/admin",
        "//evil.example/x",
        "https://evil.example/x",
        "http://169.254.169.254/latest",
        "/a\\..\\b",
        "/a b",
        "/\r\nx",
    ],
)
def test_the_credential_goes_nowhere_else(online: Online, url: str) -> None:
    answer = online.send("POST", f"{online.echo()}/request", {"url": url})
    assert (answer.status, answer.json["error"]) == (400, "Bad Request")
    assert "x-upstream-status" not in answer.headers


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"url": 1},
        {"url": "/x", "method": "TRACE"},
        {"url": "/x", "params": {"a": {"b": 1}}},
        {"url": "/x", "params": [1]},
        {"url": "/x", "headers": {"X-A": 1}},
        {"url": "/x", "headers": {"X A": "1"}},
        {"url": "/x", "headers": {"X-A": "a\r\nb"}},
    ],
)
def test_what_cannot_be_sent_is_refused(online: Online, body: dict[str, Any]) -> None:
    answer = online.send("POST", f"{online.echo()}/request", body)
    assert answer.status == 400, answer.body
    assert set(answer.json) == {"statusCode", "error", "message"}


def test_bytes_and_streams_come_through(online: Online) -> None:
    path = online.echo(apiBaseUri=online.simulated.url)
    answer = online.send("POST", f"{path}/request", {"url": "/bytes/300000"})
    assert (len(answer.body), answer.headers["content-type"]) == (300_000, "application/octet-stream")
    lines = online.send("POST", f"{path}/request", {"url": "/stream", "params": {"chunks": 7}}).body
    assert [json.loads(line) for line in lines.splitlines()]
    assert online.send("POST", f"{path}/request", {"url": "/status/418"}).status == 418
    empty = online.send("POST", f"{path}/request", {"url": "/status/204"})
    assert (empty.status, empty.body) == (204, b"")
    moved = online.send("POST", f"{path}/request", {"url": "/redirect"})
    assert (moved.status, moved.headers["location"]) == (302, "/echo")


def test_an_upstream_that_is_not_there_is_a_bad_gateway(online: Online) -> None:
    path = online.echo(apiBaseUri="https://nothing.invalid")
    answer = online.send("POST", f"{path}/request", {"url": "/x"})
    assert (answer.status, answer.json["error"]) == (502, "Bad Gateway")
    assert "x-upstream-status" not in answer.headers


def test_an_unconnected_integration_sends_nothing(online: Online) -> None:
    path = online.crm()
    answer = online.send("POST", f"{path}/request", {"url": "/contacts"})
    assert (answer.status, answer.json["message"]) == (404, "connection not found")


def test_an_expired_token_is_replaced_and_a_withdrawn_grant_asks_to_reconnect(online: Online) -> None:
    path = online.crm()
    online.connect(path)
    online.simulated.admin("POST", "/simulator/expire", {"clientId": online.client.id})
    assert online.send("POST", f"{path}/request", {"url": "/contacts"}).status == 200
    assert online.client.token_calls() == {"issued": 1}
    online.simulated.admin("POST", "/simulator/withdraw", {"clientId": online.client.id})
    answer = online.send("POST", f"{path}/request", {"url": "/contacts"})
    assert (answer.status, answer.json["error"]) == (401, "Unauthorized")
    assert "connected again" in answer.json["message"]
    assert "x-upstream-status" not in answer.headers
    assert online.ok("GET", f"{path}/connection")["status"] == "needs_reauth"
    online.connect(path)
    assert online.send("POST", f"{path}/request", {"url": "/contacts"}).status == 200


def test_members_without_a_share_use_nothing(online: Online) -> None:
    path, bob = online.echo(), online.member("bob")
    for part, body in (("request", {"url": "/x"}), ("directories/preview", {}), ("connect", {"token": "t"})):
        assert online.send("POST", f"{path}/{part}", body, token=bob).status == 404


def test_folders_are_listed_where_the_driver_knows_how(online: Online) -> None:
    path = online.echo()
    answer = online.send("POST", f"{path}/directories/preview", {"folderId": "root"})
    assert (answer.status, answer.json["error"]) == (400, "Bad Request")
    assert "custom" in answer.json["message"]
    dropbox = online.echo(type="dropbox", apiBaseUri=online.simulated.url)
    refused = online.send("POST", f"{dropbox}/directories/preview", {})
    assert (refused.status, refused.json["message"]) == (502, "the upstream answered with status 404")
