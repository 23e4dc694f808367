from __future__ import annotations

from datetime import timedelta

import pytest

from tests.dialects.platform.people import events, nothing_happens, person, refusal, refused_at

PATH = "/api/tokens"


def test_makes_a_session_token_and_shows_it_once(instance):
    shop = instance.integration("shop", [])
    scopes = {"operations": ["integrations:read"], "entityIds": [shop["id"]]}
    body = {
        "workspaceId": instance.workspace_id,
        "scopes": scopes,
        "expiresIn": 60,
        "metadata": {"device": "tv"},
    }
    answer = instance.api("POST", PATH, body)
    made = answer.json
    assert answer.status == 201
    assert made == {
        "id": made["id"],
        "key": made["key"],
        "keyHint": f"tok_…{made['key'][-4:]}",
        "type": "session",
        "workspaceId": instance.workspace_id,
        "scopes": scopes,
        "expiresAt": "2026-03-01T12:01:00.000Z",
    }
    assert (made["id"][:4], made["key"][:4]) == ("key_", "tok_")
    assert instance.ok("GET", f"/api/integrations/{shop['id']}", token=made["key"]) == shop
    (listed,) = instance.ok("GET", "/api/keys?kind=session")["data"]
    assert (listed["id"], "key" in listed) == (made["id"], False)
    assert events(instance)[-1] == "token.created"


def test_a_token_ends_by_itself(instance):
    made = instance.ok("POST", PATH, {"workspaceId": instance.workspace_id})
    assert (made["expiresAt"], made["scopes"]) == (
        "2026-03-01T13:00:00.000Z",
        {"operations": None, "entityIds": None},
    )
    instance.clock.advance(timedelta(seconds=3599))
    instance.ok("GET", "/api/solutions", token=made["key"])
    instance.clock.advance(timedelta(seconds=1))
    assert refusal(instance.api("GET", "/api/solutions", token=made["key"])) == (401, "unauthenticated")


def test_a_token_can_be_revoked_like_any_key(instance):
    made = instance.ok("POST", PATH, {"workspaceId": instance.workspace_id})
    instance.ok("DELETE", f"/api/keys/{made['id']}")
    assert refusal(instance.api("GET", "/api/solutions", token=made["key"])) == (401, "unauthenticated")


def test_a_token_never_outlives_the_key_it_was_made_with(instance):
    body = {"name": "short", "expiresAt": "2026-03-01T12:00:10Z"}
    maker = instance.ok("POST", "/api/keys", body)["key"]
    made = instance.ok("POST", PATH, {"workspaceId": instance.workspace_id, "expiresIn": 60}, token=maker)
    assert made["expiresAt"] == "2026-03-01T12:00:10.000Z"


@pytest.mark.parametrize(
    ("more", "places"),
    [
        ({"workspaceId": "main"}, ["workspaceId"]),
        ({"expiresIn": 0}, ["expiresIn"]),
        ({"expiresIn": 86_401}, ["expiresIn"]),
        ({"expiresIn": "60"}, ["expiresIn"]),
        ({"scopes": {"operations": ["all"]}}, ["scopes.operations[0]"]),
        ({"scopes": {"entityIds": ["x"]}}, ["scopes.entityIds[0]"]),
        ({"metadata": {"note": "x" * 5000}}, ["metadata"]),
        ({"type": "session"}, ["type"]),
    ],
)
def test_refuses_a_malformed_token(instance, more, places):
    with nothing_happens(instance):
        answer = instance.api("POST", PATH, {"workspaceId": instance.workspace_id, **more})
        assert refused_at(answer) == (400, places)


def test_only_a_secret_key_makes_tokens(instance):
    token = instance.ok("POST", PATH, {"workspaceId": instance.workspace_id})["key"]
    with nothing_happens(instance):
        answer = instance.api("POST", PATH, {"workspaceId": instance.workspace_id}, token=token)
        assert refusal(answer) == (403, "secret_key_required")


def test_only_where_the_caller_has_access(instance):
    stranger = instance.tenant("rival")
    plain = person(instance, "grace")
    with nothing_happens(instance):
        body = {"workspaceId": instance.workspace_id}
        assert refusal(stranger.api("POST", PATH, body)) == (404, "not_found")
        assert refusal(plain.api("POST", PATH, body)) == (404, "not_found")
