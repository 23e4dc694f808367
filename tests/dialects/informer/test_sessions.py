from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.asgi import acall
from tests.dialects.informer.desk import PASSWORD, Desk
from tests.instance import Instance
from trunkline.core import access, workspaces
from trunkline.infra.db import Tx

LOGINS = ["/api/auth/login", "/api/login/local", "/informer/api/auth/login", "/informer/api/login/acme"]


@pytest.fixture
def alice(desk: Desk) -> Desk:
    """The desk, with a user called alice who may make integrations."""
    desk.user("alice", "author", password=True)
    return desk


def basic(username: str, password: str = PASSWORD) -> Mapping[str, str]:
    return {"authorization": f"Basic {b64encode(f'{username}:{password}'.encode()).decode()}"}


def cookie_of(desk: Desk, path: str = "/api/auth/login") -> str:
    answer = desk.bare("POST", path, {"username": "alice", "password": PASSWORD})
    assert answer.status == 200, answer.body
    return answer.headers["set-cookie"].partition(";")[0]


@pytest.mark.parametrize("path", LOGINS)
def test_a_password_opens_a_session(alice: Desk, path: str) -> None:
    answer = alice.bare("POST", path, {"username": "Alice", "password": PASSWORD})
    user = {"username": "alice", "displayName": "Alice", "email": "alice@acme.example"}
    assert (answer.status, answer.json["user"]) == (200, user)
    sid = answer.json["sid"]
    assert answer.json["jwt"] == sid
    assert answer.headers["set-cookie"] == f"sid={sid}; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax"
    assert answer.headers["cache-control"] == "no-store"
    for headers in ({"cookie": f"a=b; sid={sid}"}, {"authorization": f"Bearer {sid}"}):
        assert alice.bare("GET", "/api/me", headers=headers).json["username"] == "alice"


@pytest.mark.parametrize(
    ("settings", "fields", "locale", "lang"),
    [
        ({}, {}, "en-US", "en"),
        ({"locale": "de-AT"}, {}, "de-AT", "de"),
        ({"locale": "de-AT"}, {"locale": "pt_BR"}, "pt-BR", "pt"),
        ({"locale": "de-AT"}, {"locale": "as my browser says"}, "de-AT", "de"),
        ({"locale": 7}, {"locale": None}, "en-US", "en"),
        ({}, {"locale": "zh-Hant-TW"}, "zh-Hant-TW", "zh"),
    ],
)
def test_a_session_knows_its_users_language(
    alice: Desk, settings: dict[str, Any], fields: dict[str, Any], locale: str, lang: str
) -> None:
    def say(tx: Tx) -> None:
        actor = access.act_as(tx, alice.instance.user_id)
        [user_id] = tx.column("SELECT id FROM users WHERE username = 'alice'")
        access.update_user(tx, actor, access.UpdateUser(id=user_id, fields=fields))
        organization = workspaces.UpdateOrganization(id=alice.organization_id, settings=settings)
        workspaces.update_organization(tx, actor, organization)

    alice.write(say)
    answer = alice.bare("POST", "/api/auth/login", {"username": "alice", "password": PASSWORD})
    assert (answer.json["locale"], answer.json["lang"]) == (locale, lang)


def test_a_session_holds_what_can_be_used_and_nothing_else(alice: Desk) -> None:
    answer = alice.bare("POST", "/api/auth/login", {"username": "alice", "password": PASSWORD})
    assert set(answer.json) == {"user", "sid", "jwt", "locale", "lang"}


def test_a_session_over_https_is_for_https_alone(database_url: str, tmp_path: Path) -> None:
    instance = Instance(database_url, tmp_path, public_url="https://hub.example")
    try:
        desk = Desk(instance)
        desk.user("alice", password=True)
        answer = desk.bare("POST", "/api/auth/login", {"username": "alice", "password": PASSWORD})
        assert answer.headers["set-cookie"].endswith("; HttpOnly; SameSite=Lax; Secure")
    finally:
        instance.close()


@pytest.mark.parametrize(
    ("username", "password"), [("alice", "wrong password"), ("nobody", PASSWORD), ("ada", PASSWORD), ("", "")]
)
def test_a_wrong_password_looks_like_a_wrong_name(alice: Desk, username: str, password: str) -> None:
    answer = alice.bare("POST", "/api/auth/login", {"username": username, "password": password})
    assert (answer.status, answer.json) == (
        401,
        {"statusCode": 401, "error": "Unauthorized", "message": "the user name or the password is wrong"},
    )
    assert "set-cookie" not in answer.headers
    assert answer.headers["www-authenticate"] == "Bearer"
    assert alice.bare("GET", "/api/me", headers=basic(username, password)).status == 401


def test_another_domain_is_another_organization(alice: Desk) -> None:
    alice.instance.tenant("other")
    body = {"username": "alice", "password": PASSWORD}
    assert alice.bare("POST", "/api/login/other", body).status == 401
    assert alice.bare("POST", "/api/login/acme", body).status == 200
    assert alice.bare("POST", "/api/login/nowhere", body).status == 401


def test_logging_out_ends_the_session(alice: Desk) -> None:
    cookie = cookie_of(alice)
    same = {"cookie": cookie, "sec-fetch-site": "same-origin"}
    answer = alice.bare("POST", "/api/auth/logout", headers=same)
    assert (answer.status, answer.headers["set-cookie"]) == (
        204,
        "sid=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax",
    )
    assert alice.bare("GET", "/api/me", headers={"cookie": cookie}).status == 401


def test_logging_out_with_a_token_or_a_password_ends_nothing(alice: Desk) -> None:
    cookie = cookie_of(alice)
    for headers in ({"authorization": f"Bearer {alice.token}"}, basic("alice")):
        assert alice.bare("POST", "/informer/api/auth/logout", headers=headers).status == 204
        assert alice.bare("GET", "/informer/api/me", headers=headers).status == 200
    assert alice.bare("GET", "/api/me", headers={"cookie": cookie}).status == 200


@pytest.mark.parametrize("username", ["alice", "ALICE", "alice@acme.example", "acme/alice"])
def test_a_password_does_with_every_request(alice: Desk, username: str) -> None:
    answer = alice.bare("GET", "/informer/api/me", headers=basic(username))
    assert (answer.status, answer.json["username"]) == (200, "alice")
    made = alice.bare("POST", "/api/integrations", {"name": "Hers", "type": "custom"}, basic(username))
    assert (made.status, made.headers["integration-dialect"]) == (201, "informer; by=credential")


@pytest.mark.parametrize(
    "credential", ["Basic", "Basic !", "Basic YWxpY2U=", "Basic /w==", "Digest x", "Bearer"]
)
def test_what_is_no_credential_is_refused(alice: Desk, credential: str) -> None:
    assert alice.bare("GET", "/api/me", headers={"authorization": credential}).status == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "none"}, 403),
        ({"sec-fetch-site": "same-origin"}, 201),
        ({"sec-fetch-site": "same-origin", "origin": "https://evil.example"}, 201),
        ({"sec-fetch-site": "cross-site", "origin": "http://127.0.0.1:8080"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://["}, 403),
        ({"origin": ""}, 403),
        ({"origin": "http://127.0.0.1:8080"}, 201),
        ({"origin": "https://hub.example", "host": "hub.example"}, 201),
        ({"origin": "https://evil.example", "host": "hub.example"}, 403),
    ],
)
def test_with_a_cookie_changes_come_from_our_own_pages(
    alice: Desk, headers: dict[str, str], status: int
) -> None:
    cookie = {"cookie": cookie_of(alice)}
    answer = alice.bare("POST", "/api/integrations", {"name": "x", "type": "custom"}, {**cookie, **headers})
    assert answer.status == status, answer.body
    assert alice.bare("GET", "/informer/api/integrations", headers={**cookie, **headers}).status == 200


def test_with_a_password_a_browser_is_asked_where_it_comes_from(alice: Desk) -> None:
    body = {"name": "x", "type": "custom"}
    for headers, status in (
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({}, 201),
    ):
        answer = alice.bare("POST", "/informer/api/integrations", body, {**basic("alice"), **headers})
        assert answer.status == status


def test_two_credentials_are_none(alice: Desk) -> None:
    first, second = cookie_of(alice), cookie_of(alice)
    answer = alice.bare("GET", "/api/me", headers={"cookie": f"{first}; {second}"})
    assert (answer.status, answer.json["message"]) == (400, "Cookie: sid is given more than once")
    assert alice.bare("GET", "/api/me", headers={"cookie": f"{first}; {first}"}).status == 200


def test_a_cookie_decides_at_the_root_unless_a_key_says_otherwise(alice: Desk) -> None:
    cookie = {"cookie": cookie_of(alice)}
    answer = alice.bare("GET", "/api/integrations", headers=cookie)
    assert answer.headers["integration-dialect"] == "informer; by=credential"
    key = {"authorization": f"Bearer {alice.instance.token}"}
    answer = alice.bare("GET", "/api/integrations", headers={**cookie, **key})
    assert answer.headers["integration-dialect"] == "platform; by=credential"


def test_a_guessed_password_is_slowed_down(alice: Desk) -> None:
    body = {"username": "alice", "password": "a wrong one"}
    statuses = [alice.bare("POST", "/api/auth/login", body).status for _ in range(7)]
    assert statuses == [401] * 5 + [429] * 2
    answer = alice.bare("GET", "/api/me", headers=basic("alice"))
    assert (answer.status, answer.json["error"]) == (429, "Too Many Requests")
    assert int(answer.headers["retry-after"]) >= 1


def test_checking_a_password_holds_up_nobody(alice: Desk) -> None:
    async def both() -> tuple[int, int]:
        slow, quick = await asyncio.gather(
            acall(alice.instance.app, "GET", "/api/me", basic("alice")),
            acall(alice.instance.app, "GET", "/api/me", {"authorization": f"Bearer {alice.token}"}),
        )
        return slow.status, quick.status

    assert asyncio.run(both()) == (200, 200)


def test_tokens_act_as_their_maker_until_they_end(alice: Desk) -> None:
    cookie = {"cookie": cookie_of(alice), "sec-fetch-site": "same-origin"}
    expires = "2026-04-01T12:00:00.000Z"
    body = {"type": "api", "name": "script", "expiresAt": expires}
    answer = alice.bare("POST", "/informer/api/tokens", body, cookie)
    made = answer.json
    assert (answer.status, made["type"], made["name"], made["readOnly"]) == (201, "api", "script", False)
    assert (made["expiresAt"], made["createdAt"]) == (expires, "2026-03-01T12:00:00.000Z")
    assert (
        answer.headers["location"] == f"/informer/api/tokens/{made['id']}" == made["_links"]["self"]["href"]
    )
    bearer = {"authorization": f"Bearer {made['token']}"}
    assert alice.bare("GET", "/api/me", headers=bearer).json["username"] == "alice"
    listed = alice.bare("GET", "/informer/api/tokens", headers=bearer)
    assert [one["id"] for one in listed.json["_embedded"]["inf:token"]] == [made["id"]]
    assert made["token"] not in listed.body.decode()
    assert (
        alice.bare("GET", f"/informer/api/tokens/{made['id']}", headers=bearer).json["hint"] == made["hint"]
    )
    assert alice.bare("DELETE", f"/informer/api/tokens/{made['id']}", headers=bearer).status == 204
    assert alice.bare("GET", "/api/me", headers=bearer).status == 401
    assert alice.send("GET", f"/informer/api/tokens/{made['id']}").status == 404


def test_a_token_that_only_reads_changes_nothing(alice: Desk) -> None:
    cookie = {"cookie": cookie_of(alice), "sec-fetch-site": "same-origin"}
    made = alice.bare("POST", "/informer/api/tokens", {"name": "reader", "readOnly": True}, cookie).json
    assert (made["readOnly"], "expiresAt" in made) == (True, False)
    bearer = {"authorization": f"Bearer {made['token']}"}
    assert alice.bare("GET", "/informer/api/integrations", headers=bearer).status == 200
    refused = alice.bare("POST", "/informer/api/integrations", {"name": "x", "type": "custom"}, bearer)
    assert (refused.status, refused.json["error"]) == (403, "Forbidden")


def test_users_teams_and_tokens_are_the_platforms_at_the_root(alice: Desk) -> None:
    key = {"authorization": f"Bearer {alice.instance.token}"}
    for path in ("/api/users", "/api/teams"):
        assert "data" in alice.bare("GET", path, headers=key).json
    assert "_embedded" in alice.ok("GET", "/informer/api/users")
    team_id = alice.team("sales", alice.user("carol"))
    (team,) = alice.ok("GET", "/informer/api/teams")["_embedded"]["inf:team"]
    assert (team["name"], team["id"].replace("-", "")) == ("sales", team_id)
    (member,) = alice.ok("GET", team["_links"]["inf:team-members"]["href"])["_embedded"]["inf:team-member"]
    assert (member["displayName"], member["role"]) == ("Carol", "member")
    assert alice.ok("GET", member["_links"]["inf:user"]["href"])["username"] == "carol"
    assert alice.ok("GET", "/informer/api/users/carol")["email"] == "carol@acme.example"
    assert alice.send("GET", "/informer/api/users/nobody").status == 404
