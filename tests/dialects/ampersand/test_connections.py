"""Accounts of a project's customers: given a credential, listed, read, refreshed, changed and ended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.asgi import Response
from tests.dialects.ampersand.connecting import BEARER, KEY, Online
from trunkline.infra.db.schema import metadata

NOW = "2026-03-01T12:00:00.000000Z"
TOKENS = ("access_token", "refresh_token")


def by_key(online: Online, name: str = "sim-key") -> str:
    return online.provider(name, scheme="api_key")


def everything(online: Online) -> str:
    """Every row of every table."""
    names = [table.name for table in metadata.sorted_tables]
    return repr(
        online.instance.database.read_now(
            lambda tx: [tx.fetch(f"SELECT * FROM {name}", {}) for name in names]
        )
    )


def refused(online: Online, status: int, provider: str, **members: Any) -> Any:
    body = {"provider": provider, "groupRef": "org_1", "consumerRef": "user_1", **members}
    return online.refused(status, "POST", online.path("/connections:generate"), body)


def test_a_key_connects_an_account_and_makes_group_and_consumer(online: Online) -> None:
    made = online.generate(by_key(online), apiKey=KEY)
    whose = {"projectId": online.project_id, "createTime": NOW}
    assert made == {
        "id": made["id"],
        "projectId": online.project_id,
        "provider": "sim-key",
        "group": {"groupRef": "org_1", "groupName": "Org One", **whose},
        "consumer": {"consumerRef": "user_1", "consumerName": "Ada", **whose},
        "providerConsumerRef": "user-ada",
        "createTime": NOW,
        "authScheme": "apiKey",
        "status": "created",
    }
    assert online.connection(made["id"]) == made
    assert online.ok("GET", online.path("/connections")) == [made]
    assert KEY not in everything(online)
    assert online.happened(made["id"]) == ["created"]


def test_using_it_makes_it_working_and_a_refusal_makes_it_bad(online: Online) -> None:
    connection_id = online.connected(online.by_code())
    assert online.connection(connection_id)["status"] == "created"
    assert online.proxied(connection_id).status == 200
    online.settle()
    assert online.connection(connection_id)["status"] == "working"


def test_the_same_consumer_keeps_the_same_connection(online: Online) -> None:
    provider = by_key(online)
    first = online.generate(provider, apiKey=KEY)
    again = online.generate(provider, apiKey=KEY, groupName="Renamed", consumerName="Bea")
    assert again["id"] == first["id"]
    assert (again["group"]["groupName"], again["consumer"]["consumerName"]) == ("Renamed", "Bea")
    others = [
        online.generate(provider, apiKey=KEY, consumerRef="user_2", consumerName=None),
        online.generate(provider, apiKey=KEY, groupRef="org_2", groupName=None),
        online.generate(by_key(online, "other"), apiKey=KEY),
    ]
    assert others[0]["consumer"]["consumerName"] == "user_2"
    assert others[1]["group"]["groupName"] == "org_2"
    ids = [one["id"] for one in (first, *others)]
    assert len(set(ids)) == 4

    def listed(query: str) -> list[str]:
        return [one["id"] for one in online.ok("GET", online.path(f"/connections{query}"))]

    assert listed("") == ids
    assert listed("?groupRef=org_2") == [ids[2]]
    assert listed("?consumerRef=user_2") == [ids[1]]
    assert listed("?provider=other&groupRef=org_1&consumerRef=user_1") == [ids[3]]
    assert listed("?groupRef=nobody") == listed("?consumerRef=nobody") == listed("?provider=nothing") == []


def test_a_long_list_comes_piece_by_piece(online: Online) -> None:
    provider = by_key(online)
    ids = [online.generate(provider, apiKey=KEY, consumerRef=f"user_{n}")["id"] for n in range(3)]
    first = online.send("GET", online.path("/connections?limit=2"))
    assert [one["id"] for one in first.json] == ids[:2]
    rest = online.send("GET", online.path(f"/connections?limit=2&cursor={first.headers['x-next-cursor']}"))
    assert [one["id"] for one in rest.json] == ids[2:]
    assert "x-next-cursor" not in rest.headers


CUSTOM = {
    "inputs": [{"name": "key"}, {"name": "user", "secret": False}],
    "headers": [{"name": "X-API-Key", "value": "{key}"}],
    "params": [{"name": "who", "value": "{user}"}],
}


@pytest.mark.parametrize(
    ("auth", "given", "scheme"),
    [
        ({"scheme": "bearer"}, {"apiKey": BEARER}, "apiKey"),
        (
            {"scheme": "basic"},
            {"basicAuth": {"username": "demo", "password": "demo-password"}},
            "basic",
        ),
        ({"scheme": "custom", "custom": CUSTOM}, {"customAuth": {"key": KEY, "user": "ada"}}, "apiKey"),
    ],
)
def test_every_kind_of_credential_is_tried_kept_and_sent(
    online: Online, auth: dict[str, Any], given: dict[str, Any], scheme: str
) -> None:
    provider = online.provider(**auth)
    made = online.generate(provider, **given)
    assert (made["authScheme"], made["status"]) == (scheme, "created")
    assert online.proxied(made["id"]).status == 200


def test_what_needs_no_credential_is_connected_without_one(online: Online) -> None:
    made = online.generate(online.provider(scheme="none"))
    assert (made["authScheme"], made["status"]) == ("none", "created")
    assert refused(online, 422, "sim-crm", apiKey=KEY)["issues"][0]["name"] == "apiKey"


def test_a_customers_own_client_is_given_with_the_connection(online: Online) -> None:
    provider = online.provider(grant="client_credentials")
    client = {"clientId": online.client.id, "clientSecret": online.client.secret, "scopes": ["crm.read"]}
    made = online.generate(provider, oauth2ClientCredentials=client)
    assert made["authScheme"] == "oauth2/clientCredentials"
    assert online.proxied(made["id"]).status == 200
    wrong = refused(online, 400, provider, oauth2ClientCredentials={**client, "clientSecret": "wrong"})
    assert wrong["type"] == "urn:problem-type:trunkline:credential_refused"


def test_tokens_granted_elsewhere_are_taken_in(online: Online) -> None:
    provider, tokens = online.by_code(), online.client.connect()
    access, refresh = (tokens[name] for name in TOKENS)
    given = {
        "accessToken": {"token": access, "expiresAt": "2026-03-01T13:04:00+01:00", "issuedAt": NOW},
        "refreshToken": {"token": refresh},
        "scopes": ["crm.read"],
    }
    made = online.generate(provider, oauth2AuthorizationCode=given)
    assert (made["authScheme"], made["status"]) == ("oauth2/authorizationCode", "created")
    shown = online.connection(made["id"], "?includeRefreshToken=true", key=online.project_key("full"))
    assert shown["oauth2AuthorizationCode"] == {
        "accessToken": {"token": access, "issuedAt": NOW, "expiresAt": "2026-03-01T12:04:00.000000Z"},
        "refreshToken": {"token": refresh, "issuedAt": NOW},
        "scopes": ["crm.read"],
    }
    online.instance.clock.advance(timedelta(seconds=241))
    assert online.proxied(made["id"]).status == 200
    assert online.client.token_calls() == {"issued": 1}
    ended = {**given, "accessToken": {"token": access, "expiresAt": NOW}, "refreshToken": None}
    del ended["refreshToken"]
    assert refused(online, 422, provider, oauth2AuthorizationCode=ended)["issues"][0]["name"] == (
        "oauth2AuthorizationCode.accessToken"
    )
    given["accessToken"] = {"token": access, "expiresAt": "tomorrow"}
    assert refused(online, 400, provider, oauth2AuthorizationCode=given)["issues"][0]["name"] == (
        "oauth2AuthorizationCode.accessToken.expiresAt"
    )


@pytest.mark.parametrize(
    ("given", "status", "name", "told"),
    [
        ({}, 422, "apiKey", "is required by sim-key"),
        (
            {"basicAuth": {"username": "a", "password": "b"}},
            422,
            "basicAuth",
            "is not for sim-key, which takes apiKey",
        ),
        ({"apiKey": "x", "customAuth": {}}, 422, "customAuth", "is not for sim-key, which takes apiKey"),
        ({"apiKey": ""}, 422, "apiKey", "must be 1-16384 bytes"),
        ({"apiKey": "a\nb"}, 422, "apiKey", "has a character that cannot be sent"),
        ({"apiKey": KEY, "groupRef": ""}, 400, "groupRef", None),
        ({"apiKey": KEY, "consumerRef": "a\u0001"}, 400, "consumerRef", None),
        ({"apiKey": KEY, "provider": "no-such"}, 400, "provider", "no provider is called so"),
        ({"apiKey": KEY, "providerMetadata": {"a": {"value": "x" * 20_000}}}, 422, "providerMetadata", None),
    ],
)
def test_what_does_not_fit_is_named_and_nothing_is_connected(
    online: Online, given: dict[str, Any], status: int, name: str, told: str | None
) -> None:
    by_key(online)
    problem = refused(online, status, **{"provider": "sim-key", **given})
    assert problem["issues"][0]["name"] == name
    assert told is None or problem["issues"][0]["detail"] == told
    assert online.instance.count("SELECT count(*) FROM connections") == 0


def test_a_credential_that_the_provider_refuses_is_not_kept(online: Online) -> None:
    problem = refused(online, 400, by_key(online), apiKey="wrong")
    assert problem["type"] == "urn:problem-type:trunkline:credential_refused"
    assert "wrong" not in repr(problem)
    assert online.ok("GET", online.path("/connections")) == []


def test_the_providers_variables_are_filled_in(online: Online) -> None:
    provider = online.provider(base=f"{online.simulated.url}/{{workspace}}/{{area}}", scheme="api_key")
    missing = refused(online, 422, provider, apiKey=KEY)
    assert missing["issues"][0]["name"] in ("providerWorkspaceRef", "providerMetadata.area")
    area = {"area": {"value": "x/../y", "source": "input"}}
    hostile = refused(online, 422, provider, apiKey=KEY, providerWorkspaceRef="crm", providerMetadata=area)
    assert hostile["issues"][0]["name"] == "providerMetadata.area"
    area["area"] = {"value": "v2", "source": "input", "displayName": "Area"}
    area["note"] = {"value": "kept"}
    made = online.generate(provider, apiKey=KEY, providerWorkspaceRef="crm", providerMetadata=area)
    assert made["providerWorkspaceRef"] == "crm"
    assert made["providerMetadata"] == {**area, "note": {"value": "kept", "source": "input"}}
    stored = online.instance.database.read_now(lambda tx: tx.column("SELECT parameters FROM connections"))
    assert stored in (['{"workspace":"crm","area":"v2"}'], ['{"area":"v2","workspace":"crm"}'])


# Credentials, to whom they are shown


def test_a_projects_own_key_is_shown_the_credential_and_nobody_else(online: Online) -> None:
    connection_id = online.connected(online.by_code())
    key, narrow = online.project_key("full"), online.project_key("frontend")
    plain = online.connection(connection_id, key=key)
    assert "oauth2AuthorizationCode" not in plain
    shown = online.connection(connection_id, "?includeCreds=true", key=key)
    token = shown.pop("oauth2AuthorizationCode")
    assert shown == plain
    assert list(token) == ["accessToken", "scopes"]
    assert online.simulated.api("GET", "/crm/whoami", token["accessToken"]["token"]).status == 200
    both = online.connection(connection_id, "?includeRefreshToken=true&includeCreds=false", key=key)
    assert list(both["oauth2AuthorizationCode"]) == ["accessToken", "refreshToken", "scopes"]
    assert online.happened(connection_id) == ["created", "credential_revealed", "credential_revealed"]
    path = online.path(f"/connections/{connection_id}?includeCreds=true")
    page = online.page()
    for answer in (
        online.send("GET", path),
        online.send("GET", path, key=narrow),
        online.as_page(page, "GET", path),
    ):
        assert (answer.status, answer.json["type"]) == (403, "urn:problem-type:trunkline:credential_withheld")
    assert online.as_page(page, "GET", path.partition("?")[0]).json == plain


def test_a_key_is_shown_as_it_was_typed_in(online: Online) -> None:
    made = online.generate(by_key(online), apiKey=KEY)
    shown = online.connection(made["id"], "?includeCreds=true", key=online.project_key())
    assert shown == {**made, "apiKey": KEY}
    basic = {"username": "demo", "password": "demo-password"}
    other = online.generate(online.provider("basic", scheme="basic"), basicAuth=basic)
    assert online.connection(other["id"], "?includeCreds=true", key=online.project_key()) == other
    assert online.happened(made["id"]) == ["created", "credential_revealed"]
    assert online.happened(other["id"]) == ["created"]


# Refreshing on demand


def test_a_token_is_refreshed_where_it_has_ended_or_in_any_case(online: Online) -> None:
    connection_id = online.connected(online.by_code())
    assert online.connection(connection_id, "?refresh=ifExpired")["status"] == "created"
    assert online.client.token_calls() == {}
    online.connection(connection_id, "?refresh=force")
    assert online.client.token_calls() == {"issued": 1}
    online.instance.clock.advance(timedelta(seconds=301))
    online.connection(connection_id, "?refresh=ifExpired")
    assert online.client.token_calls() == {"issued": 2}
    online.refused(400, "GET", online.path(f"/connections/{connection_id}?refresh=always"))
    key = by_key(online)
    made = online.generate(key, apiKey=KEY)
    assert online.connection(made["id"], "?refresh=force") == made


def test_a_provider_that_is_down_does_not_make_it_bad_and_one_that_revokes_does(online: Online) -> None:
    connection_id = online.connected(online.by_code())
    online.client.faults("server-error", on=["token"], times=1)
    down = online.send("GET", online.path(f"/connections/{connection_id}?refresh=force"))
    assert (down.status, down.json["retryable"]) == (503, True)
    assert online.connection(connection_id)["status"] == "created"
    online.instance.clock.advance(timedelta(seconds=60))
    online.simulated.admin("POST", "/simulator/withdraw", {"clientId": online.client.id})
    assert online.connection(connection_id, "?refresh=force")["status"] == "bad_credentials"
    assert online.connection(connection_id)["status"] == "bad_credentials"


def test_a_client_that_the_provider_does_not_accept_any_more_makes_it_bad(online: Online) -> None:
    connection_id = online.connected(online.by_code())
    client = {"clientSecret": "another", "redirectUris": [online.client.redirect_uri]}
    online.simulated.admin("PUT", f"/simulator/clients/{online.client.id}", client)
    assert online.send("GET", online.path(f"/connections/{connection_id}?refresh=force")).status == 503
    assert online.connection(connection_id)["status"] == "bad_credentials"
    assert online.proxied(connection_id).status == 200  # with the token it has, as long as that is good


# Changing


def patch(online: Online, connection_id: str, mask: list[str], **members: Any) -> tuple[str, Any]:
    return online.path(f"/connections/{connection_id}"), {"updateMask": mask, "connection": members}


def test_a_credential_is_replaced_by_one_that_is_good(online: Online) -> None:
    made = online.generate(by_key(online), apiKey=KEY)
    path, body = patch(online, made["id"], ["apiKey"], apiKey="wrong", providerWorkspaceRef="ignored")
    assert online.refused(400, "PATCH", path, body)["type"].endswith(":credential_refused")
    path, body = patch(online, made["id"], ["apiKey"], apiKey=KEY, providerWorkspaceRef="ignored")
    assert online.ok("PATCH", path, body) == made
    assert online.happened(made["id"]) == ["created", "reconnected"]


def test_a_mask_names_what_can_be_changed_and_fits(online: Online) -> None:
    made = online.generate(by_key(online), apiKey=KEY)
    unknown = online.refused(400, "PATCH", *patch(online, made["id"], ["provider"], provider="x"))
    assert unknown["remedy"] == (
        "allowed masks: providerWorkspaceRef, providerMetadata, apiKey, basicAuth, oauth2ClientCredentials,"
        " oauth2PasswordCredentials"
    )
    basic = {"username": "a", "password": "b"}
    other = online.refused(422, "PATCH", *patch(online, made["id"], ["basicAuth"], basicAuth=basic))
    assert (other["issues"][0]["name"], other["issues"][0]["detail"]) == (
        "connection.basicAuth",
        "is not for sim-key, which takes apiKey",
    )
    online.refused(422, "PATCH", *patch(online, made["id"], ["apiKey"]))
    empty = online.refused(422, "PATCH", *patch(online, made["id"], ["apiKey"], apiKey=""))
    assert empty["issues"][0]["name"] == "connection.apiKey"
    assert online.happened(made["id"]) == ["created"]


def test_notes_are_changed_beside_those_of_others(online: Online) -> None:
    made = online.generate(by_key(online), apiKey=KEY)
    there = f"/api/connections/con_{made['id'].replace('-', '')}"
    online.instance.ok("PATCH", there, {"metadata": {"team": "sales"}})
    noted = {"accountId": {"value": "1", "source": "provider"}}
    mask = ["providerWorkspaceRef", "providerMetadata"]
    path, body = patch(online, made["id"], mask, providerWorkspaceRef="acme", providerMetadata=noted)
    changed = online.ok("PATCH", path, body)
    assert (changed["providerWorkspaceRef"], changed["providerMetadata"]) == ("acme", noted)
    found = online.instance.ok("GET", there)["metadata"]
    assert found == {"team": "sales", "providerWorkspaceRef": "acme", "providerMetadata": noted}


def test_a_credential_is_not_sent_elsewhere_by_a_change_of_its_place_alone(online: Online) -> None:
    provider = online.provider(base=f"{online.simulated.url}/{{workspace}}", scheme="api_key")
    made = online.generate(provider, apiKey=KEY, providerWorkspaceRef="crm")
    moving = patch(online, made["id"], ["providerWorkspaceRef"], providerWorkspaceRef="echo")
    problem = online.refused(422, "PATCH", *moving)
    assert problem["issues"][0]["name"] == "connection.providerWorkspaceRef"
    path, body = patch(
        online, made["id"], ["providerWorkspaceRef", "apiKey"], providerWorkspaceRef="echo", apiKey=KEY
    )
    assert online.ok("PATCH", path, body)["providerWorkspaceRef"] == "echo"
    same = patch(online, made["id"], ["providerWorkspaceRef"], providerWorkspaceRef="echo")
    assert online.ok("PATCH", *same)["providerWorkspaceRef"] == "echo"


# Ending


def test_a_deleted_connection_is_gone_and_revoked(online: Online) -> None:
    connection_id = online.connected(online.by_code())
    path = online.path(f"/connections/{connection_id}")
    assert online.send("DELETE", path).status == 204
    for method in ("GET", "DELETE"):
        online.refused(404, method, path)
    assert online.ok("GET", online.path("/connections")) == []
    assert online.proxied(connection_id).status in (404, 409)
    assert online.happened(connection_id) == ["created", "disconnected"]
    again = online.connected("sim-crm")
    assert again != connection_id


# Whose it is


def test_a_page_reaches_its_group_and_speaks_for_its_consumer(online: Online) -> None:
    provider = by_key(online)
    theirs = online.generate(provider, apiKey=KEY, groupRef="org_2", consumerRef="user_2")
    page = online.page("org_1", "user_1")
    body = {"provider": provider, "groupRef": "org_1", "consumerRef": "user_1", "apiKey": KEY}
    path = online.path("/connections:generate")
    made = online.as_page(page, "POST", path, body)
    assert made.status == 201, made.body
    for other in ({"groupRef": "org_2"}, {"consumerRef": "user_2"}):
        assert online.as_page(page, "POST", path, {**body, **other}).status == 403
    listed = online.as_page(page, "GET", online.path("/connections"))
    assert [one["id"] for one in listed.json] == [made.json["id"]]
    assert online.as_page(page, "GET", online.path("/connections?groupRef=org_2")).json == []
    for method, more in (("GET", b""), ("DELETE", b""), ("PATCH", {"updateMask": [], "connection": {}})):
        there = online.path(f"/connections/{theirs['id']}")
        assert online.as_page(page, method, there, more).status == 404
    assert online.as_page(page, "DELETE", online.path(f"/connections/{made.json['id']}")).status == 204


def test_another_project_and_another_tenant_see_nothing(online: Online) -> None:
    made = online.generate(by_key(online), apiKey=KEY)
    other = online.project("other")
    for path in (f"/v1/projects/{other}/connections/{made['id']}", online.path("/connections/nonsense")):
        online.refused(404, "GET", path)
    assert online.ok("GET", f"/v1/projects/{other}/connections") == []
    stranger = online.instance.tenant("rival").token
    online.refused(404, "GET", online.path("/connections"), key=stranger)
    online.refused(404, "GET", online.path(f"/connections/{made['id']}"), key=stranger)
    body = {"provider": "sim-key", "groupRef": "org_1", "consumerRef": "user_1", "apiKey": KEY}
    online.refused(404, "POST", online.path("/connections:generate"), body, key=stranger)


def test_what_is_not_in_a_group_is_no_connection_of_the_project(online: Online) -> None:
    body = {
        "workspaceId": online.instance.workspace_id,
        "provider": by_key(online),
        "credentials": {"apiKey": KEY},
    }
    headers = {"authorization": f"Bearer {online.instance.token}"}
    made = online.raw("POST", "/platform/api/connections", body, headers)
    assert (made.status, made.json["provider"], made.json["integrationId"]) == (201, "sim-key", None)
    assert online.ok("GET", online.path("/connections")) == []
    online.refused(404, "GET", online.path(f"/connections/{made.json['id']}"))


def test_a_repeated_request_connects_once(online: Online) -> None:
    body = {"provider": by_key(online), "groupRef": "org_1", "consumerRef": "user_1", "apiKey": KEY}
    path, headers = online.path("/connections:generate"), {"idempotency-key": "once"}
    first, again = (online.send("POST", path, body, headers=headers) for _ in range(2))
    assert (first.status, again.status, first.json) == (201, 201, again.json)
    assert online.happened(first.json["id"]) == ["created"]


def test_a_pages_key_makes_only_so_many_groups_a_minute(online: Online) -> None:
    provider = online.by_code()
    key = online.project_key("frontend")
    body = {"projectIdOrName": "main", "provider": provider, "consumerRef": "user_1"}

    def asking(number: int, key: str) -> Response:
        return online.send("POST", "/v1/oauth-connect", {**body, "groupRef": f"g-{number}"}, key=key)

    assert {asking(number, key).status for number in range(100)} == {200}
    before = online.instance.count("SELECT count(*) FROM workspaces")
    refused = asking(100, key)
    assert (refused.status, refused.headers["retry-after"]) == (429, "60")
    assert refused.json["type"].endswith(":too_many_groups")
    assert "from your server" in refused.json["remedy"]
    assert online.instance.count("SELECT count(*) FROM workspaces") == before
    assert [asking(7, key).status, asking(100, online.project_key()).status] == [200, 200]
