"""Provider apps keep a secret; providers are the vendor's catalog, spelled out of ours."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dialects.ampersand.contract import needs_document
from tests.dialects.ampersand.desk import Desk
from trunkline.core.providers import built_in_providers, read_catalog

APP = {
    "provider": "github",
    "clientId": "client-id-123",
    "clientSecret": "a very secret secret",
    "externalRef": "external-id-123",
    "scopes": ["repo", "user"],
    "metadata": {"authQueryParams": {"prompt": ["consent"]}, "providerParams": {"gcpProjectId": "p"}},
}


def test_a_provider_app_is_made_with_200_and_keeps_its_secret(desk: Desk) -> None:
    answer = desk.send("POST", desk.path("/provider-apps"), APP)
    assert answer.status == 200
    assert b"secret" not in answer.body
    found = answer.json
    assert found == {
        "id": found["id"],
        "projectId": desk.project_id,
        "createTime": "2026-03-01T12:00:00.000000Z",
        **{name: value for name, value in APP.items() if name != "clientSecret"},
    }
    assert desk.ok("GET", desk.path("/provider-apps")) == [found]
    desk.refused(409, "POST", desk.path("/provider-apps"), APP)
    desk.refused(400, "POST", desk.path("/provider-apps"), {**APP, "provider": "nobody-knows"})
    workspace = desk.instance.ok("GET", "/api/provider-apps")["data"]
    assert [one["provider"] for one in workspace] == ["github"]


def test_optional_members_without_a_value_are_left_out(desk: Desk) -> None:
    bare = {name: APP[name] for name in ("provider", "clientId", "clientSecret")}
    found = desk.ok("POST", desk.path("/provider-apps"), bare)
    assert set(found) == {"id", "projectId", "provider", "clientId", "scopes", "createTime"}


def test_a_change_touches_what_its_mask_names(desk: Desk) -> None:
    app = desk.ok("POST", desk.path("/provider-apps"), APP)
    path = desk.path(f"/provider-apps/{app['id']}")
    given: dict[str, Any] = {
        "externalRef": "new",
        "clientId": "new",
        "clientSecret": "another secret of theirs",
        "provider": "gitlab",
        "scopes": [],
        "metadata": {"providerParams": {}},
    }
    seen = app
    for mask, value in given.items():
        after = desk.ok("PATCH", path, {"updateMask": [mask], "providerApp": given})
        shown = {} if mask == "clientSecret" else {mask: value}
        assert after == {**seen, **shown}
        seen = after
    desk.refused(400, "PATCH", path, {"updateMask": ["id"], "providerApp": {}})
    desk.refused(422, "PATCH", path, {"updateMask": ["clientId"], "providerApp": {}})


def test_metadata_that_looks_like_a_secret_is_refused(desk: Desk) -> None:
    metadata = {"providerParams": {"apiKey": "0123456789"}}
    refused = desk.refused(400, "POST", desk.path("/provider-apps"), {**APP, "metadata": metadata})
    assert refused["issues"][0]["name"] == "metadata.providerParams.apiKey"


def test_a_deleted_provider_app_is_gone(desk: Desk) -> None:
    app = desk.ok("POST", desk.path("/provider-apps"), APP)
    path = desk.path(f"/provider-apps/{app['id']}")
    other = desk.project("other")
    assert desk.send("DELETE", f"/v1/projects/{other}/provider-apps/{app['id']}").status == 404
    assert desk.send("DELETE", path).status == 204
    assert desk.send("DELETE", path).status == 404
    assert desk.ok("GET", desk.path("/provider-apps")) == []
    desk.ok("POST", desk.path("/provider-apps"), APP)


# Providers ------------------------------------------------------------------------------------------------


def test_the_catalog_needs_no_key_and_is_sent_once(desk: Desk) -> None:
    answer = desk.bare("GET", "/v1/providers")
    assert answer.status == 200
    assert list(answer.json) == sorted(one.name for one in built_in_providers())
    again = desk.bare("GET", "/v1/providers", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    assert desk.bare("GET", "/v1/providers/github").json == answer.json["github"]
    assert desk.bare("GET", "/v1/providers/none").status == 404
    assert desk.bare("GET", "/v1/providers", headers={"x-api-key": "wrong"}).status == 401


def test_a_provider_says_how_it_authenticates(desk: Desk) -> None:
    github = desk.bare("GET", "/v1/providers/github").json
    assert (github["authType"], github["defaultModule"]) == ("oauth2", "")
    assert github["oauth2Opts"]["grantType"] in ("authorizationCode", "authorizationCodePKCE")
    assert github["support"] == {
        "read": False,
        "write": False,
        "delete": False,
        "subscribe": False,
        "proxy": True,
        "bulkWrite": {"insert": False, "update": False, "upsert": False, "delete": False},
        "search": {"operators": {"equals": False}},
    }


@pytest.mark.parametrize(
    ("auth", "told"),
    [
        ({"scheme": "basic"}, {"authType": "basic"}),
        ({"scheme": "none"}, {"authType": "none"}),
        (
            {"scheme": "bearer"},
            {
                "authType": "apiKey",
                "apiKeyOpts": {
                    "attachmentType": "header",
                    "header": {"name": "Authorization", "valuePrefix": "Bearer "},
                },
            },
        ),
        (
            {"scheme": "api_key", "apiKeyIn": "query", "apiKeyName": "key"},
            {"authType": "apiKey", "apiKeyOpts": {"attachmentType": "query", "query": {"name": "key"}}},
        ),
        (
            {"scheme": "api_key", "apiKeyName": "X-Key"},
            {"authType": "apiKey", "apiKeyOpts": {"attachmentType": "header", "header": {"name": "X-Key"}}},
        ),
    ],
)
def test_an_organizations_own_provider_is_shown_to_its_members(
    desk: Desk, auth: dict[str, Any], told: dict[str, Any]
) -> None:
    body = {
        "organizationId": desk.instance.organization_id,
        "name": "mine",
        "displayName": "Mine",
        "baseUrl": "https://{workspace}.example.com",
        "auth": auth,
        "substitutions": [{"name": "workspace"}],
        "health": {"path": "/me"},
    }
    desk.instance.ok("POST", "/api/providers", body)
    found = desk.ok("GET", "/v1/providers/mine")
    assert {name: found[name] for name in told} == told
    assert found["baseURL"] == "https://{{.workspace}}.example.com"
    assert found["authHealthCheck"] == {"url": "https://{{.workspace}}.example.com/me", "method": "GET"}
    assert found["metadata"] == {"input": [{"name": "workspace", "displayName": "workspace"}]}
    assert desk.ok("GET", "/v1/providers")["mine"] == found
    stranger = desk.instance.tenant("stranger")
    narrowed = desk.instance.key_of(desk.instance.user_id, operations=("connections:read",))
    for key in (None, stranger.token, narrowed):
        headers = {} if key is None else {"x-api-key": key}
        assert desk.bare("GET", "/v1/providers/mine", headers=headers).status == 404
        assert "mine" not in desk.bare("GET", "/v1/providers", headers=headers).json


@needs_document
def test_what_is_spelled_reads_back_as_the_same_catalog(desk: Desk) -> None:
    """Whatever the vendor's shape can say of a provider survives being exported and imported."""
    catalog = read_catalog({"catalog": desk.bare("GET", "/v1/providers").json})
    assert catalog.problems == ()
    found = {one.name: one for one in catalog.definitions}
    for one in built_in_providers():
        assert found[one.name].base_url == one.base_url
        assert found[one.name].auth.token_url == one.auth.token_url
        assert found[one.name].auth.authorization_url == one.auth.authorization_url
        assert [each.name for each in found[one.name].substitutions] == [
            each.name for each in one.substitutions
        ]
