from __future__ import annotations

from typing import Any

from tests.dialects.platform.people import NOW, filtered, nothing_happens, person, refusal, refused_at
from tests.instance import Instance

PATH = "/api/providers"
AUTH = {
    "scheme": "oauth2",
    "authorizationUrl": "https://{site}.example.com/authorize",
    "tokenUrl": "https://{site}.example.com/token",
}


def define(instance: Instance, name: str = "crm", **members: Any) -> Any:
    body = {"organizationId": instance.organization_id, "name": name, "auth": {"scheme": "basic"}, **members}
    return instance.ok("POST", PATH, body)


def test_defines_a_provider_and_spells_every_member(instance):
    body = {
        "organizationId": instance.organization_id,
        "name": "crm",
        "displayName": "The CRM",
        "baseUrl": "https://{site}.example.com/api",
        "auth": AUTH,
        "substitutions": [{"name": "site"}],
        "account": {"path": "/me", "id": "/id"},
    }
    answer = instance.api("POST", PATH, body)
    made = answer.json
    assert answer.status == 201
    assert made == {
        "id": made["id"],
        "organizationId": instance.organization_id,
        "name": "crm",
        "displayName": "The CRM",
        "baseUrl": "https://{site}.example.com/api",
        "auth": {
            **AUTH,
            "grant": "authorization_code",
            "revocationUrl": None,
            "scopeSeparator": " ",
            "defaultScopes": [],
            "tokenAuth": "body",
            "pkce": True,
            "authorizeParams": {},
            "apiKeyIn": "header",
            "apiKeyName": "X-API-Key",
            "apiKeyPrefix": "",
        },
        "substitutions": [{"name": "site", "default": None}],
        "account": {"method": "GET", "path": "/me", "id": "/id", "email": None, "name": None},
        "health": None,
        "createdAt": NOW,
        "updatedAt": NOW,
    }
    assert made["id"].startswith("pvd_")
    for text in ("crm", made["id"]):
        assert instance.ok("GET", f"{PATH}/{text}") == made


def test_finds_changes_and_drops_by_name_too(instance):
    made = define(instance)
    changed = instance.ok(
        "PATCH", f"{PATH}/crm", {"displayName": "Renamed", "baseUrl": "https://a.example.com"}
    )
    assert changed == {**made, "displayName": "Renamed", "baseUrl": "https://a.example.com"}
    assert instance.ok("PATCH", f"{PATH}/{made['id']}", {"baseUrl": None}) == {**changed, "baseUrl": None}
    assert instance.ok("DELETE", f"{PATH}/crm") == {"success": True}
    assert instance.api("GET", f"{PATH}/crm").status == 404


def test_lists_built_in_and_own_ones_in_order_and_page_by_page(instance):
    made = define(instance)
    whole = instance.ok("GET", PATH)
    names = [one["name"] for one in whole["data"]]
    assert names == sorted(names)
    assert (len(names), whole["pageInfo"]["total"]) == (67, 67)
    first = instance.ok("GET", f"{PATH}?limit=10")
    second = instance.ok("GET", f"{PATH}?limit=10&after={first['pageInfo']['endCursor']}")
    assert first["data"] + second["data"] == whole["data"][:20]
    assert instance.ok("GET", f"{PATH}?organization_id={instance.organization_id}")["data"] == [made]
    assert [one["name"] for one in instance.ok("GET", f"{PATH}?name=ZEN")["data"]] == ["zendesk"]
    places = instance.ok("GET", filtered(PATH, baseUrl={"startsWith": "https://{subdomain}"}))["data"]
    assert [one["name"] for one in places] == ["aha", "okta", "shopify", "zendesk"]


def test_another_organization_sees_the_built_in_ones_only(instance):
    made = define(instance)
    rival = instance.tenant("rival")
    assert rival.ok("GET", PATH)["pageInfo"]["total"] == 66
    assert rival.ok("GET", f"{PATH}/github")["organizationId"] is None
    for text in ("crm", made["id"]):
        assert rival.api("GET", f"{PATH}/{text}").status == 404


def test_says_what_is_wrong_and_where(instance):
    good = {"organizationId": instance.organization_id, "name": "crm", "auth": AUTH}
    with nothing_happens(instance):
        assert refusal(
            instance.api("POST", PATH, {**good, "name": "github", "auth": {"scheme": "none"}})
        ) == (409, "provider_name_taken")
        assert refused_at(instance.api("POST", PATH, good)) == (400, ["auth.authorizationUrl"])
        answer = instance.api("POST", PATH, {**good, "auth": {**AUTH, "scheme": "magic"}})
        assert refused_at(answer) == (400, ["auth.scheme"])
        answer = instance.api("POST", PATH, {**good, "auth": {**AUTH, "secret": "x"}})
        assert refused_at(answer) == (400, ["auth.secret"])
        assert refusal(instance.api("PATCH", f"{PATH}/github", {"displayName": "x"})) == (
            403,
            "provider_built_in",
        )
        assert refusal(instance.api("DELETE", f"{PATH}/github")) == (403, "provider_built_in")


def test_only_administrators_define(instance):
    editor = person(instance, "grace", "editor")
    body = {"organizationId": instance.organization_id, "name": "crm", "auth": {"scheme": "none"}}
    assert editor.api("POST", PATH, body).status == 403
    assert editor.ok("GET", f"{PATH}/github")["name"] == "github"


def test_one_with_apps_is_not_dropped(instance):
    define(instance)
    app = {"workspaceId": instance.workspace_id, "provider": "crm", "clientId": "a", "clientSecret": "b"}
    instance.ok("POST", "/api/provider-apps", app)
    assert refusal(instance.api("DELETE", f"{PATH}/crm")) == (409, "provider_in_use")


def test_a_change_can_depend_on_what_was_read(instance):
    define(instance)
    etag = instance.api("GET", f"{PATH}/crm").headers["etag"]
    first = instance.api("PATCH", f"{PATH}/crm", {"displayName": "a"}, headers={"if-match": etag})
    assert first.status == 200
    second = instance.api("PATCH", f"{PATH}/crm", {"displayName": "b"}, headers={"if-match": etag})
    assert second.status == 412
