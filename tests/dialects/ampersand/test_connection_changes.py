"""Connections changed and given: what is refused is named as the caller called it, and has its limits."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dialects.ampersand.connecting import KEY, Online


@pytest.mark.parametrize(
    ("member", "given", "named"),
    [
        ("providerWorkspaceRef", "echo", "connection.providerWorkspaceRef"),
        ("providerMetadata", {"area": {"value": "v2"}}, "connection.providerMetadata.area"),
        ("providerMetadata", {"workspace": {"value": "echo"}}, "connection.providerMetadata.workspace"),
    ],
)
def test_what_would_send_a_credential_elsewhere_is_named_as_it_was_sent(
    online: Online, member: str, given: Any, named: str
) -> None:
    provider = online.provider(base=f"{online.simulated.url}/{{workspace}}/{{area}}", scheme="api_key")
    values = {"workspace": {"value": "crm"}, "area": {"value": "v1"}}
    made = online.generate(provider, apiKey=KEY, providerMetadata=values)
    path = online.path(f"/connections/{made['id']}")
    problem = online.refused(422, "PATCH", path, {"updateMask": [member], "connection": {member: given}})
    assert [issue["name"] for issue in problem["issues"]] == [named]
    assert problem["detail"].startswith(f"{named}: would send the credential elsewhere")
    assert online.connection(made["id"]) == made


@pytest.mark.parametrize("scopes", [["a"] * 101, ["a" * 1_001]])
def test_scopes_have_a_limit_of_length_and_number(online: Online, scopes: list[str]) -> None:
    client = {"clientId": "a", "clientSecret": "b", "scopes": scopes}
    given = {
        "oauth2ClientCredentials": client,
        "oauth2PasswordCredentials": {**client, "username": "c", "password": "d"},
        "oauth2AuthorizationCode": {"refreshToken": {"token": "e"}, "scopes": scopes},
    }
    for member, credential in given.items():
        body = {"provider": "x", "groupRef": "org_1", "consumerRef": "user_1", member: credential}
        problem = online.refused(400, "POST", online.path("/connections:generate"), body)
        assert problem["issues"][0]["name"].startswith(f"{member}.scopes")


def test_what_no_mask_takes_must_be_well_formed_all_the_same(online: Online) -> None:
    made = online.generate(online.provider(scheme="api_key"), apiKey=KEY)
    tokens = {"refreshToken": {"token": "a", "expiresAt": "tomorrow"}}
    body = {"updateMask": [], "connection": {"oauth2AuthorizationCode": tokens}}
    problem = online.refused(400, "PATCH", online.path(f"/connections/{made['id']}"), body)
    named = "connection.oauth2AuthorizationCode.refreshToken.expiresAt"
    assert [issue["name"] for issue in problem["issues"]] == [named]
