from __future__ import annotations

import uuid

import pytest

from tests.dialects.platform.people import (
    NOW,
    events,
    filtered,
    listed,
    nothing_happens,
    page,
    person,
    refusal,
    refused_at,
)

PATH = "/api/keys"
EVERYTHING = {"operations": None, "entityIds": None}


def test_makes_a_key_and_shows_it_once(instance):
    answer = instance.api("POST", PATH, {"name": "deploy"})
    made = answer.json
    key = made.pop("key")
    assert answer.status == 201
    assert made == {
        "id": made["id"],
        "name": "deploy",
        "kind": "secret",
        "dialect": "platform",
        "keyHint": f"sec_…{key[-4:]}",
        "userId": f"usr_{instance.user_id}",
        "workspaceId": None,
        "scopes": EVERYTHING,
        "createdBy": f"usr_{instance.user_id}",
        "createdAt": NOW,
        "expiresAt": None,
        "revokedAt": None,
    }
    assert (key[:4], len(key)) == ("sec_", 47)
    assert instance.ok("GET", f"{PATH}/{made['id']}", token=key) == made
    everything = [instance.api("GET", path).body for path in (PATH, f"{PATH}/{made['id']}", "/api/events")]
    assert not any(key.encode() in body for body in everything)


def test_a_key_is_pinned_or_not(instance):
    made = {
        dialect: instance.ok("POST", PATH, {"name": "k", "dialect": dialect})
        for dialect in ("platform", "informer", None)
    }
    assert {one["dialect"] for one in made.values()} == made.keys()
    listed_there = instance.ok("GET", filtered(PATH, dialect={"isNull": True}))["data"]
    assert [one["id"] for one in listed_there] == [made[None]["id"]]
    answers = {pin: instance.api("GET", PATH, token=one["key"]).status for pin, one in made.items()}
    assert answers == {"platform": 200, None: 200, "informer": 200}


def test_the_database_never_holds_a_key(instance):
    made = instance.api("POST", PATH, {"name": "deploy"}, headers={"idempotency-key": "once"}).json
    rows = instance.database.read_now(
        lambda tx: [
            tx.fetch(f"SELECT * FROM {t}", {}) for t in ("access_keys", "idempotency_records", "events")
        ]
    )
    assert made["key"] not in str(rows)


def test_a_repeated_request_gets_the_same_key(instance):
    answers = [instance.api("POST", PATH, {"name": "d"}, headers={"idempotency-key": "k"}) for _ in range(2)]
    assert answers[0].json == answers[1].json
    assert answers[1].headers["idempotency-replayed"] == "true"
    assert len(instance.ok("GET", f"{PATH}?name=d")["data"]) == 1


def test_a_key_is_narrowed_to_a_workspace_operations_objects_and_a_time(instance):
    shop = instance.integration("shop", [])
    other = instance.integration("other", [])
    scopes = {"operations": ["integrations:*", "keys:read"], "entityIds": [shop["id"]]}
    made = instance.ok(
        "POST",
        PATH,
        {
            "name": "narrow",
            "kind": "publishable",
            "workspaceId": instance.workspace_id,
            "scopes": scopes,
            "expiresAt": "2026-03-02T13:00:00+01:00",
        },
    )
    assert (made["kind"], made["workspaceId"], made["scopes"]) == (
        "publishable",
        instance.workspace_id,
        scopes,
    )
    assert made["expiresAt"] == "2026-03-02T12:00:00.000Z"
    assert made["key"].startswith("pub_")
    found = instance.ok("GET", "/api/integrations", token=made["key"])["data"]
    assert [row["id"] for row in found] == [shop["id"]]
    assert refusal(instance.api("GET", f"/api/integrations/{other['id']}", token=made["key"])) == (
        404,
        "not_found",
    )
    assert refusal(instance.api("GET", "/api/users", token=made["key"])) == (403, "scope_missing")


def test_objects_are_read_back_as_uuids_which_every_operation_takes(instance):
    shop = instance.integration("shop", [])
    made = instance.ok("POST", PATH, {"name": "narrow", "scopes": {"entityIds": [shop["id"]]}})
    (spelled,) = instance.ok("GET", f"{PATH}/{made['id']}")["scopes"]["entityIds"]
    assert uuid.UUID(spelled).hex == shop["id"].removeprefix("int_")
    assert instance.ok("GET", f"/api/integrations/{spelled}") == shop
    again = instance.ok("POST", PATH, {"name": "again", "scopes": {"entityIds": [spelled]}})
    assert again["scopes"] == {"operations": None, "entityIds": [spelled]}


def test_a_publishable_key_reads_unless_it_says_otherwise(instance):
    made = instance.ok("POST", PATH, {"name": "web", "kind": "publishable"})
    assert made["scopes"] == {"operations": ["*:read"], "entityIds": None}
    body = {"workspaceId": instance.workspace_id, "name": "x"}
    answer = instance.api("POST", "/api/solutions", body, token=made["key"])
    assert refusal(answer) == (403, "scope_missing")


def test_lists_the_caller_s_keys_and_those_of_organizations_it_administers(instance):
    instance.tenant("rival")
    grace = person(instance, "grace", "viewer")
    made = grace.ok("POST", PATH, {"name": "mine", "workspaceId": instance.workspace_id})
    del made["key"]
    assert listed(grace.ok("GET", f"{PATH}?name=MIN&kind=secret")) == page(made)
    assert listed(instance.ok("GET", f"{PATH}?workspace_id={instance.workspace_id}")) == page(made)
    assert instance.ok("GET", f"{PATH}?user_id={grace.id}")["pageInfo"]["total"] == 2
    assert grace.ok("GET", PATH)["pageInfo"]["total"] == 2
    assert instance.ok("GET", PATH)["pageInfo"]["total"] == 3


def test_a_revoked_key_is_refused_from_then_on(instance):
    made = instance.ok("POST", PATH, {"name": "deploy"})
    path = f"{PATH}/{made['id']}"
    assert instance.ok("DELETE", path) == {"success": True}
    assert refusal(instance.api("GET", PATH, token=made["key"])) == (401, "unauthenticated")
    assert instance.ok("GET", path)["revokedAt"] == NOW
    with nothing_happens(instance):
        assert instance.ok("DELETE", path) == {"success": True}
    assert events(instance)[-1] == "key.revoked"


@pytest.mark.parametrize(
    ("more", "places"),
    [
        ({"name": ""}, ["name"]),
        ({"kind": "session"}, ["kind"]),
        ({"kind": "api"}, ["kind"]),
        ({"dialect": "ampersand"}, ["dialect"]),
        ({"workspaceId": "main"}, ["workspaceId"]),
        ({"scopes": {"operations": ["everything"]}}, ["scopes.operations[0]"]),
        ({"scopes": {"operations": ["*:read"] * 101}}, ["scopes.operations"]),
        ({"scopes": {"entityIds": ["shop"]}}, ["scopes.entityIds[0]"]),
        ({"scopes": {"entityIds": ["shp_" + "0" * 32]}}, ["scopes.entityIds[0]"]),
        ({"scopes": {"tiers": []}}, ["scopes.tiers"]),
        ({"expiresAt": "tomorrow"}, ["expiresAt"]),
        ({"expiresAt": "2026-03-01T13:00:00"}, ["expiresAt"]),
        ({"expiresAt": "2026-03-01T12:00:00Z"}, ["expiresAt"]),
        ({"key": "sec_"}, ["key"]),
    ],
)
def test_refuses_a_malformed_key(instance, more, places):
    with nothing_happens(instance):
        assert refused_at(instance.api("POST", PATH, {"name": "deploy", **more})) == (400, places)


def test_a_key_makes_no_key_that_may_more_than_itself(instance):
    narrow = instance.ok("POST", PATH, {"name": "n", "scopes": {"operations": ["keys:*", "installs:read"]}})[
        "key"
    ]
    with nothing_happens(instance):
        body = {"name": "wide", "scopes": {"operations": ["installs:write"]}}
        assert refusal(instance.api("POST", PATH, body, token=narrow)) == (403, "scope_exceeded")
    inherited = instance.ok("POST", PATH, {"name": "same"}, token=narrow)
    assert inherited["scopes"]["operations"] == ["installs:read", "keys:*"]
    public = instance.ok("POST", PATH, {"name": "p", "kind": "publishable", "scopes": {"operations": ["*"]}})
    with nothing_happens(instance):
        answer = instance.api("POST", PATH, {"name": "child"}, token=public["key"])
        assert refusal(answer) == (403, "secret_key_required")


def test_a_stranger_finds_nothing_and_binds_nothing_here(instance):
    stranger = instance.tenant("rival")
    made = instance.ok("POST", PATH, {"name": "deploy"})
    with nothing_happens(instance):
        assert refusal(stranger.api("GET", f"{PATH}/{made['id']}")) == (404, "not_found")
        assert refusal(stranger.api("DELETE", f"{PATH}/{made['id']}")) == (404, "not_found")
        body = {"name": "mine", "workspaceId": instance.workspace_id}
        assert refusal(stranger.api("POST", PATH, body)) == (404, "not_found")
