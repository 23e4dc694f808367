"""Connecting in a way of the provider's own, in one step."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dialects.ampersand.connecting import KEY, WHO, Online

CUSTOM = {
    "inputs": [
        {"name": "key", "displayName": "API key", "prompt": "Ask your admin."},
        {"name": "user", "secret": False},
    ],
    "headers": [{"name": "X-API-Key", "value": "{key}"}],
    "params": [{"name": "who", "value": "{user}"}],
}
PATH = "/v1/custom-auth/connect"


def body(online: Online, **members: Any) -> dict[str, Any]:
    given = {"customAuth": {"key": KEY, "user": "ada"}, "provider": "sim-own", **WHO, **members}
    return {"projectIdOrName": online.project_id, **given}


@pytest.fixture
def own(online: Online) -> Online:
    online.provider("sim-own", scheme="custom", custom=CUSTOM)
    return online


def test_what_was_typed_in_connects_in_one_step(own: Online) -> None:
    answer = own.send("POST", PATH, body(own, providerMetadata={"note": {"value": "x", "source": "input"}}))
    assert answer.status == 200, answer.body
    made = answer.json["connection"]
    assert made == own.connection(made["id"])
    assert (made["provider"], made["authScheme"], made["status"]) == ("sim-own", "apiKey", "created")
    assert made["providerMetadata"] == {"note": {"value": "x", "source": "input"}}
    assert own.proxied(made["id"]).status == 200


def test_the_catalog_says_what_is_asked_for(own: Online) -> None:
    found = own.ok("GET", "/v1/providers/sim-own")
    assert (found["authType"], found["customOpts"]) == (
        "custom",
        {
            "headers": [{"name": "X-API-Key", "valueTemplate": "{{.key}}"}],
            "queryParams": [{"name": "who", "valueTemplate": "{{.user}}"}],
            "inputs": [
                {
                    "name": "key",
                    "displayName": "API key",
                    "prompt": "Ask your admin.",
                    "fieldType": "fieldTypePassword",
                },
                {"name": "user", "displayName": "user", "fieldType": "fieldTypeText"},
            ],
        },
    )


@pytest.mark.parametrize(
    ("members", "status", "name"),
    [
        ({"customAuth": {"key": KEY}}, 422, "customAuth.user"),
        ({"customAuth": {"key": KEY, "user": "a", "more": "b"}}, 422, "customAuth.more"),
        ({"customAuth": {"key": KEY, "user": ["a"]}}, 422, "customAuth.user"),
        ({"customAuth": {"key": "a\nb", "user": "a"}}, 422, "customAuth.key"),
        ({"provider": "no-such"}, 400, "provider"),
        ({"provider": None}, 400, "provider"),
        ({"groupRef": None}, 400, "groupRef"),
        ({"consumerRef": None}, 400, "consumerRef"),
        ({"projectIdOrName": None}, 400, "projectIdOrName"),
        ({"sessionId": "7f3c1e2a", "callbackParams": {}}, 400, "sessionId"),
    ],
)
def test_what_does_not_fit_is_named(own: Online, members: dict[str, Any], status: int, name: str) -> None:
    problem = own.refused(status, "POST", PATH, body(own, **members))
    assert problem["issues"][0]["name"] == name
    assert own.ok("GET", own.path("/connections")) == []


def test_other_providers_are_connected_otherwise(own: Online) -> None:
    problem = own.refused(422, "POST", PATH, body(own, provider=own.provider("sim-key", scheme="api_key")))
    assert problem["issues"][0]["detail"] == "sim-key is not connected in a way of its own"
    assert problem["remedy"].startswith("connect it with POST ")


def test_a_page_connects_for_its_own_consumer(own: Online) -> None:
    page = own.page()
    assert own.as_page(page, "POST", PATH, body(own)).status == 200
    assert own.as_page(page, "POST", PATH, body(own, consumerRef="user_2")).status == 403
