from __future__ import annotations

from datetime import timedelta

import pytest

from tests.dialects.platform.people import NOW, listed, page, person, refusal, refused_at

PATH = "/api/events"


@pytest.fixture
def shop(instance):
    instance.clock.advance(timedelta(minutes=1))
    return instance.integration("shop", [])


def test_tells_what_happened_to_what_and_who_did_it(instance, shop):
    (event,) = instance.ok("GET", f"{PATH}?type=integration.created")["data"]
    assert event == {
        "id": event["id"],
        "type": "integration.created",
        "subjectId": shop["id"],
        "userId": f"usr_{instance.user_id}",
        "workspaceId": instance.workspace_id,
        "parentId": None,
        "data": {},
        "createdAt": "2026-03-01T12:01:00.000Z",
    }
    assert event["id"].startswith("evt_")
    assert instance.ok("GET", f"{PATH}/{event['id']}") == event


def test_what_the_system_did_names_nobody_and_a_cascade_names_its_cause(instance):
    (made,) = instance.ok("GET", f"{PATH}?type=workspace.created")["data"]
    assert (made["userId"], made["subjectId"]) == (None, instance.workspace_id)
    (follows,) = instance.ok("GET", f"{PATH}?parent_id={made['id']}")["data"]
    assert (follows["type"], follows["parentId"]) == ("workspace_member.created", made["id"])


def test_lists_by_everything_that_is_known_of_an_event(instance, shop):
    (event,) = instance.ok("GET", f"{PATH}?subject_id={shop['id']}")["data"]
    here = f"workspace_id={instance.workspace_id}"
    who = f"user_id=usr_{instance.user_id}"
    since = "created_at_after=2026-03-01T12:00:30Z"
    until = "created_at_before=2026-03-01T12:01:00Z"
    assert listed(instance.ok("GET", f"{PATH}?{here}&{who}&{since}&{until}")) == page(event)
    assert instance.ok("GET", f"{PATH}?created_at_after=2026-03-01T12:01:00.001Z")["data"] == []
    assert instance.ok("GET", f"{PATH}?created_at_before=2026-03-01T11:59:59Z")["data"] == []


def test_newest_first(instance, shop):
    instance.clock.advance(timedelta(minutes=1))
    instance.ok("PATCH", f"/api/integrations/{shop['id']}", {"name": "Shop"})
    rows = instance.ok("GET", f"{PATH}?subject_id={shop['id']}")["data"]
    assert [row["type"] for row in rows] == ["integration.updated", "integration.created"]


def test_says_nothing_more_of_what_was_purged(instance, shop):
    body = {"entityId": shop["id"], "subjectId": None, "tier": "viewer"}
    made = instance.ok("POST", "/api/permissions", body)
    path = f"{PATH}?type=permission.created"
    assert instance.ok("GET", path)["data"][0]["data"]["tier"] == "viewer"
    instance.ok("DELETE", f"/api/permissions/{made['id']}")
    instance.ok("DELETE", f"/api/permissions/{made['id']}/purge")
    (event,) = instance.ok("GET", path)["data"]
    assert (event["subjectId"], event["data"], event["createdAt"][:10]) == (made["id"], None, NOW[:10])


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("subject_id=shop", "subject_id"),
        ("user_id=wsp_" + "0" * 32, "user_id"),
        ("parent_id=1", "parent_id"),
        ("created_at_after=yesterday", "created_at_after"),
        ("created_at_before=2026-03-01T12:00:00", "created_at_before"),
        ("include_deleted=true", "include_deleted"),
    ],
)
def test_refuses_what_cannot_be_asked(instance, query, place):
    assert refused_at(instance.api("GET", f"{PATH}?{query}")) == (400, [place])


def test_a_member_of_a_workspace_sees_what_happens_there_and_no_more(instance, shop):
    viewer = person(instance, "grace", "viewer")
    types = {event["type"] for event in viewer.ok("GET", PATH)["data"]}
    assert types == {"workspace.created", "workspace_member.created", "integration.created"}
    nobody = person(instance, "alan")
    assert nobody.ok("GET", PATH)["data"] == []


def test_a_stranger_finds_nothing(instance, shop):
    stranger = instance.tenant("rival")
    (event,) = instance.ok("GET", f"{PATH}?subject_id={shop['id']}")["data"]
    assert stranger.ok("GET", f"{PATH}?subject_id={shop['id']}")["data"] == []
    assert refusal(stranger.api("GET", f"{PATH}/{event['id']}")) == (404, "not_found")
    assert refusal(instance.api("GET", f"{PATH}/event")) == (404, "not_found")
