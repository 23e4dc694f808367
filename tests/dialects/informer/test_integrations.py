from __future__ import annotations

from typing import Any

import pytest

from tests.dialects.informer.desk import DRIVE, HAL, Desk
from trunkline.core import integrations
from trunkline.kit.ids import format_id, parse_id

UUID = "0190a1b2-c3d4-4e5f-8091-a2b3c4d5e6f7"


def platform_id(made: Any) -> str:
    hex_id = parse_id("integration", made["id"])
    assert hex_id is not None
    return format_id("integration", hex_id)


def test_a_client_may_bring_the_id(desk: Desk) -> None:
    made = desk.made(id=UUID, name="Mine")
    assert (made["id"], made["slug"]) == (UUID, "mine")
    again = desk.send("POST", "/informer/api/integrations", {"id": UUID, "name": "Other", "type": "custom"})
    assert (again.status, again.json["error"]) == (409, "Conflict")
    bad = desk.send("POST", "/informer/api/integrations", {"id": "mine", "name": "x", "type": "custom"})
    assert bad.status == 400
    assert len({UUID, desk.made(id="")["id"], desk.made(id=None)["id"]}) == 3


def test_slugs_stand_for_ids_and_are_numbered(desk: Desk) -> None:
    assert [desk.made(name="Google Drive – Éire!")["slug"] for _ in range(3)] == [
        "google-drive-eire",
        "google-drive-eire-2",
        "google-drive-eire-3",
    ]
    minted = desk.ok("GET", "/informer/api/integration-id?name=Google%20Drive%20Eire")
    assert minted == {"id": "google-drive-eire-4"}
    found = desk.ok("GET", "/informer/api/integrations/google-drive-eire-2")
    assert found["slug"] == "google-drive-eire-2"
    assert desk.ok("GET", f"/informer/api/integrations/{platform_id(found)}")["id"] == found["id"]


def test_the_type_fills_in_what_is_left_out(desk: Desk) -> None:
    made = desk.made(type="google-drive", clientId="client")
    same = ("scope", "authUri", "tokenUri", "revocationUri", "apiBaseUri")
    assert {name: made[name] for name in same} == {name: DRIVE[name] for name in same}
    assert (made["authType"], made["mode"]) == ("oauth2", "per-user")
    slack = desk.made(type="slack", scope="chat:write users:read")
    assert slack["scope"] == "chat:write users:read"
    own = desk.made(type="google-drive", authType="basic")
    assert (own["authType"], "authUri" in own) == ("basic", False)
    unknown = desk.made(type="something-else")
    assert (unknown["type"], unknown["authType"], "authUri" in unknown) == ("something-else", "oauth2", False)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("apiKey", "apikey"),
        ("APIKEY", "apikey"),
        ("api_key", "apikey"),
        ("OAuth2", "oauth2"),
        ("none", "none"),
    ],
)
def test_ways_of_authenticating_are_read_in_any_case(desk: Desk, written: str, shown: str) -> None:
    made = desk.made(authType=written)
    assert made["authType"] == shown
    if shown == "apikey":
        assert (made["apiKeyLocation"], made["apiKeyName"]) == ("header", "X-API-Key")


def test_a_change_keeps_what_it_leaves_out_and_clears_what_it_empties(desk: Desk) -> None:
    made = desk.ok(
        "POST", "/informer/api/integrations", {**DRIVE, "data": {"folder": "x"}, "headers": {"X-A": "1"}}
    )
    path = f"/informer/api/integrations/{made['id']}"
    after = desk.ok(
        "PUT", path, {"description": "", "category": None, "authUri": None, "scope": "", "headers": None}
    )
    assert set(made) - set(after) == {"description", "category", "authUri", "scope", "headers"}
    kept = ("name", "slug", "tokenUri", "apiBaseUri", "clientId", "imageUrl", "data", "mode", "authType")
    assert {name: after[name] for name in kept} == {name: made[name] for name in kept}
    assert desk.ok("PUT", path, {"data": None, "type": None}) | {"updatedAt": 0} == {
        **after,
        "data": {},
        "type": "custom",
        "updatedAt": 0,
    }
    assert desk.ok("PUT", path, {"unknown": 1})["name"] == made["name"]
    assert desk.send("PUT", path, {"name": ""}).status == 400
    assert desk.send("PUT", path, {"name": None}).status == 400


def test_secrets_go_in_and_never_come_out(desk: Desk) -> None:
    secret, api_key = "GOCSPX-kept-from-everybody", "sk-kept-from-everybody"
    made = desk.made(clientSecret=secret, apiKey=api_key)
    path = f"/informer/api/integrations/{made['id']}"
    bodies = [
        desk.send("GET", path).body,
        desk.send("PUT", path, {"name": "Renamed", "clientSecret": f"{secret}-2"}).body,
        desk.send("GET", "/informer/api/integrations").body,
        desk.send("GET", "/informer/api/integrations-list").body,
        desk.send("GET", f"/platform/api/integrations/{platform_id(made)}").body,
        desk.send("GET", "/platform/api/events").body,
    ]
    assert all(b"kept-from-everybody" not in body for body in bodies)
    assert held(desk, made) == (1, 1)
    desk.ok("PUT", path, {"clientSecret": ""})
    assert held(desk, made) == (0, 1)
    desk.ok("PUT", path, {"apiKey": None})
    assert held(desk, made) == (0, 0)


def held(desk: Desk, made: Any) -> tuple[int, int]:
    """Which secrets are kept: the client's, the API key."""
    sql = "SELECT count(*) FROM integration_secrets WHERE id = :id AND {column} IS NOT NULL"
    hex_id = parse_id("integration", made["id"])
    count = desk.instance.count
    return (
        count(sql.format(column="client_secret"), id=hex_id),
        count(sql.format(column="api_key"), id=hex_id),
    )


def test_a_header_that_is_named_like_a_credential_is_masked(desk: Desk) -> None:
    headers = {"X-Flag-Token": "short", "X-User": "${user.email}", "X-Own-Key": "${user.key}"}
    made = desk.made(headers=headers)
    path = f"/informer/api/integrations/{made['id']}"
    assert made["headers"] == {**headers, "X-Flag-Token": "********"}
    after = desk.ok("PUT", path, {"headers": {**made["headers"], "X-More": "1"}})
    assert after["headers"] == {**made["headers"], "X-More": "1"}
    other_case = {"x-flag-token": "********", "x-user": "${user.email}", "X-Own-Key": "${user.key}"}
    assert desk.ok("PUT", path, {"headers": other_case})["headers"] == other_case
    there = desk.ok("GET", f"/platform/api/integrations/{platform_id(made)}")["authConfig"]["headers"]
    assert there == {**other_case, "x-flag-token": "short"}
    desk.ok("PUT", path, {"headers": {**made["headers"], "X-More": "1"}})
    there = desk.ok("GET", f"/platform/api/integrations/{platform_id(made)}")["authConfig"]["headers"]
    assert there == {**headers, "X-More": "1"}


@pytest.mark.parametrize(
    ("members", "place"),
    [
        ({"authType": "magic"}, "authType"),
        ({"mode": "sometimes"}, "mode"),
        ({"authUri": "not a url"}, "authUri"),
        ({"apiBaseUri": "ftp://example.com"}, "apiBaseUri"),
        ({"apiKeyLocation": "cookie"}, "apiKeyLocation"),
        ({"headers": {"Host": "x"}}, "headers.Host"),
        ({"headers": {"X-A": "${secrets.x}"}}, "headers.X-A"),
        ({"headers": {"X-A": "a\r\nb"}}, "headers.X-A"),
        ({"type": "no spaces"}, "type"),
        ({"imageUrl": "x" * 3_000}, "imageUrl"),
        ({"data": {"password": "hunter2-hunter2"}}, "data.password"),
        ({"name": " "}, "name"),
    ],
)
def test_a_mistake_is_named_in_the_dialects_words(desk: Desk, members: dict[str, Any], place: str) -> None:
    answer = desk.send("POST", "/informer/api/integrations", {"name": "x", "type": "custom", **members})
    assert answer.status == 400
    assert answer.json["message"].startswith(f"{place}: "), answer.json


def test_a_stale_change_or_deletion_is_refused(desk: Desk) -> None:
    made = desk.made()
    path = f"/informer/api/integrations/{made['id']}"
    stale = {"if-match": desk.send("GET", path).headers["etag"]}
    desk.ok("PUT", path, {"name": "Changed"})
    for answer in (
        desk.send("PUT", path, {"name": "Mine"}, headers=stale),
        desk.send("DELETE", path, headers=stale),
    ):
        assert (answer.status, answer.json["error"]) == (412, "Precondition Failed")
    fresh = {"if-match": desk.send("GET", path).headers["etag"]}
    assert desk.send("PUT", path, {"name": "Mine"}, headers=fresh).status == 200


def test_a_deletion_leaves_nothing_but_what_the_platform_restores(desk: Desk) -> None:
    made = desk.made(clientSecret="GOCSPX-kept-from-everybody")
    tag = desk.ok("POST", "/informer/api/tags", {"name": "blue"})
    path = f"/informer/api/integrations/{made['id']}"
    desk.ok("PUT", f"{path}/tags/{tag['id']}")
    desk.user("bob")
    desk.ok("PUT", f"{path}/shares/bob", {})
    assert desk.send("DELETE", path).status == 204
    assert desk.send("DELETE", path).status == 404
    assert desk.ok("GET", "/informer/api/integrations")["total"] == 0
    desk.ok("POST", f"/platform/api/integrations/{platform_id(made)}/restore")
    restored = desk.ok("GET", path)
    assert (restored["name"], restored["slug"]) == (made["name"], made["slug"])
    assert desk.ok("GET", f"{path}/tags")["total"] == 0
    assert desk.ok("GET", f"{path}/shares")["total"] == 0
    assert held(desk, made) == (0, 0)


def test_what_is_made_here_reads_right_on_the_platform(desk: Desk) -> None:
    made = desk.ok("POST", "/informer/api/integrations", {**DRIVE, "headers": {"X-User": "${user.email}"}})
    there = desk.ok("GET", f"/platform/api/integrations/{platform_id(made)}")
    assert (there["slug"], there["name"], there["visibility"]) == (made["slug"], made["name"], "private")
    assert (there["description"], there["iconUrl"]) == (made["description"], made["imageUrl"])
    assert there["workspaceId"] == desk.instance.workspace_id
    config = integrations.read_connect(there["authConfig"])
    assert (config.type, config.mode, config.client_id) == ("oauth2", "per_user", DRIVE["clientId"])
    assert (config.auth_uri, config.token_uri) == (DRIVE["authUri"], DRIVE["tokenUri"])
    assert (config.scope, config.api_base_uri) == (DRIVE["scope"], DRIVE["apiBaseUri"])
    assert config.headers == {"X-User": "${user.email}"}
    desk.ok("PATCH", f"/platform/api/integrations/{there['id']}", {"name": "Renamed there"})
    assert desk.ok("GET", f"/informer/api/integrations/{made['id']}")["name"] == "Renamed there"


def test_what_is_made_on_the_platform_reads_right_here(desk: Desk) -> None:
    config = {
        "type": "api_key",
        "mode": "shared",
        "apiKeyLocation": "query",
        "apiKeyName": "key",
        "apiBaseUri": "https://api.example.com/v1",
        "health": {"path": "/ping"},
        "somethingElse": {"kept": True},
    }
    body = {
        "workspaceId": desk.instance.workspace_id,
        "slug": "from-there",
        "name": "From there",
        "description": "made elsewhere",
        "authConfig": config,
    }
    there = desk.ok("POST", "/platform/api/integrations", body)
    here = desk.ok("GET", "/informer/api/integrations/from-there")
    assert platform_id(here) == there["id"]
    shown = {
        "type": "custom",
        "mode": "shared",
        "authType": "apikey",
        "apiKeyLocation": "query",
        "apiKeyName": "key",
    }
    assert {name: here[name] for name in shown} == shown
    assert here["apiBaseUri"] == "https://api.example.com/v1"
    desk.ok("PUT", "/informer/api/integrations/from-there", {"apiKeyName": "token"})
    after = desk.ok("GET", f"/platform/api/integrations/{there['id']}")["authConfig"]
    assert after == {**config, "apiKeyName": "token"}
    plain = {"workspaceId": desk.instance.workspace_id, "slug": "plain", "name": "Plain"}
    desk.ok("POST", "/platform/api/integrations", plain)
    bare = desk.ok("GET", "/informer/api/integrations/plain")
    assert (bare["authType"], bare["mode"], bare["type"], bare["data"]) == ("none", "per-user", "custom", {})


def test_embedded_ones_are_in_no_list(desk: Desk) -> None:
    made = desk.made()
    desk.write(
        lambda tx: tx.run(
            "UPDATE integrations SET embedded = 1 WHERE id = :id", id=parse_id("integration", made["id"])
        )
    )
    assert desk.ok("GET", "/informer/api/integrations")["total"] == 0
    assert desk.ok("GET", "/informer/api/integrations-list") == []
    assert desk.ok("GET", f"/informer/api/integrations/{made['id']}")["embedded"] is True


def test_authors_make_what_is_theirs_and_members_do_not(desk: Desk) -> None:
    author, member = desk.member("alice", "author"), desk.member("bob")
    body = {"name": "Hers", "type": "custom"}
    refused = desk.send("POST", "/informer/api/integrations", body, token=member)
    assert (refused.status, refused.json["error"]) == (403, "Forbidden")
    made = desk.ok("POST", "/informer/api/integrations", body, token=author)
    path = f"/informer/api/integrations/{made['id']}"
    assert desk.ok("PUT", path, {"name": "Still hers"}, token=author)["name"] == "Still hers"
    assert desk.send("GET", path, token=member).status == 404
    assert desk.send("PUT", path, {"name": "His"}, token=member).status == 404
    assert desk.send("DELETE", path, token=member).status == 404
    assert desk.send("DELETE", path, token=author).status == 204


@pytest.mark.parametrize(
    ("method", "headers", "dialect"),
    [
        ("GET", {}, "informer; by=credential"),
        ("GET", {"accept": HAL}, "informer; by=media-type"),
        ("GET", {"accept": "application/vnd.trunkline.platform+json"}, "platform; by=media-type"),
        ("POST", {}, "informer; by=credential"),
    ],
)
def test_at_the_root_a_token_of_this_dialect_decides(
    desk: Desk, method: str, headers: dict[str, str], dialect: str
) -> None:
    body = {"name": "x", "type": "custom"} if method == "POST" else b""
    answer = desk.send(method, "/api/integrations", body, headers=headers)
    assert answer.headers["integration-dialect"] == dialect
    assert answer.headers["vary"] == "Accept, Authorization, Cookie"


def test_at_the_root_a_platform_key_reaches_no_permanent_deletion_by_a_spelling(desk: Desk) -> None:
    made = desk.made()
    key = desk.instance.token
    for ref in (made["id"], made["slug"]):
        answer = desk.send("DELETE", f"/api/integrations/{ref}", token=key)
        assert answer.headers["integration-dialect"] == "platform; by=credential"
    assert desk.send("DELETE", f"/api/integrations/{platform_id(made)}").headers["integration-dialect"] == (
        "platform; by=id"
    )
    unpinned = desk.instance.key_of(desk.instance.user_id, dialect=None)
    other = desk.made()
    answer = desk.send("GET", f"/api/integrations/{other['slug']}", token=unpinned)
    assert answer.headers["integration-dialect"] == "informer; by=id"


def test_a_foreign_tenants_slug_and_id_are_missing(desk: Desk) -> None:
    made = desk.made(name="Mine")
    stranger = desk.instance.tenant("stranger")
    for ref in (made["id"], made["slug"], platform_id(made)):
        for method, body in (("GET", b""), ("PUT", {"name": "x"}), ("DELETE", b"")):
            answer = desk.send(method, f"/informer/api/integrations/{ref}", body, token=stranger.token)
            assert answer.status == 404
    theirs = {"name": "Mine", "type": "custom"}
    assert desk.ok("POST", "/informer/api/integrations", theirs, token=stranger.token)["slug"] == "mine"
