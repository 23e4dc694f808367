"""Destinations, topics and routes as the vendor's document has them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.dialects.ampersand.contract import document, needs_document, operations
from tests.dialects.ampersand.desk import Desk
from tests.instance import Instance
from trunkline.core.webhooks import EVENT_TYPES, METADATA, SECRETS, TYPES
from trunkline.dialects.ampersand.destinations import MASKS

URL = "https://webhooks.mailmonkey.example/salesforce-lead-converted"
HOOK = {"name": "leadConvertedWebhook", "type": "webhook", "metadata": {"url": URL}}


def test_a_destination_goes_by_its_id_and_by_its_name(desk: Desk) -> None:
    answer = desk.send("POST", desk.path("/destinations"), HOOK)
    assert answer.status == 201
    made = answer.json
    assert made == {"id": made["id"], **HOOK, "createTime": "2026-03-01T12:00:00.000000Z"}
    for text in (made["id"], "leadConvertedWebhook"):
        assert desk.ok("GET", desk.path(f"/destinations/{text}")) == made
    assert desk.ok("GET", desk.path("/destinations")) == [made]
    other = desk.project("other")
    desk.refused(404, "GET", f"/v1/projects/{other}/destinations/{made['id']}")
    desk.refused(404, "GET", desk.path("/destinations/LEADconvertedWebhook"))
    taken = desk.refused(409, "POST", desk.path("/destinations"), HOOK)
    assert taken["type"] == "urn:problem-type:trunkline:destination_name_taken"


def test_the_signing_key_is_shown_on_request_and_the_request_is_on_record(desk: Desk) -> None:
    desk.ok("POST", desk.path("/destinations"), HOOK)
    path = desk.path("/destinations/leadConvertedWebhook")
    assert "secrets" not in desk.ok("GET", path)
    [key] = desk.ok("GET", f"{path}?includeSecrets=true")["secrets"].values()
    assert key.startswith("whsec_")
    assert desk.ok("GET", f"{path}?includeSecrets=true")["secrets"] == {"webhookSigningKey": key}
    actions = desk.instance.database.read_now(
        lambda tx: tx.column(
            "SELECT action FROM audit_entries WHERE subject_kind = 'destination' ORDER BY id"
        )
    )
    assert actions == ["destination.created", *["destination.key_revealed"] * 2]


def test_rotating_shows_the_new_key_where_it_is_asked_for(desk: Desk) -> None:
    desk.ok("POST", desk.path("/destinations"), HOOK)
    path = desk.path("/destinations/leadConvertedWebhook")
    first = desk.ok("GET", f"{path}?includeSecrets=true")["secrets"]
    assert "secrets" not in desk.ok("GET", f"{path}?rotate=true")
    second = desk.ok("GET", f"{path}?includeSecrets=true")["secrets"]
    third = desk.ok("GET", f"{path}?includeSecrets=true&rotate=true")["secrets"]
    assert len({one["webhookSigningKey"] for one in (first, second, third)}) == 3
    assert desk.instance.count("SELECT count(*) FROM signing_keys") == 3
    desk.instance.clock.advance(timedelta(days=1))
    assert desk.ok("GET", f"{path}?includeSecrets=true")["secrets"] == third


def test_what_is_not_signed_has_no_key(desk: Desk) -> None:
    desk.ok("POST", desk.path("/destinations"), {**HOOK, "type": "slack"})
    path = desk.path("/destinations/leadConvertedWebhook")
    assert desk.ok("GET", f"{path}?includeSecrets=true")["secrets"] == {}
    problem = desk.refused(409, "GET", f"{path}?rotate=true")
    assert problem["type"] == "urn:problem-type:trunkline:not_signed"


def test_who_only_reads_sees_neither_keys_nor_headers(desk: Desk) -> None:
    headers = {"Authorization": "Bearer 1234"}
    body = {**HOOK, "metadata": {"url": URL, "headers": headers}}
    made = desk.ok("POST", desk.path("/destinations"), body)
    assert made["metadata"] == {"url": URL, "headers": headers}
    reader = desk.instance.key_of(desk.instance.user_id, operations=("*:read",))
    path = desk.path("/destinations/leadConvertedWebhook")
    assert desk.ok("GET", path, key=reader)["metadata"] == {"url": URL}
    assert [one["metadata"] for one in desk.ok("GET", desk.path("/destinations"), key=reader)] == [
        {"url": URL}
    ]
    for query in ("includeSecrets=true", "rotate=true"):
        desk.refused(403, "GET", f"{path}?{query}", key=reader)
    assert [one["metadata"] for one in desk.ok("GET", desk.path("/destinations"))] == [made["metadata"]]


def test_every_member_is_changed_by_its_own_mask(desk: Desk) -> None:
    made = desk.ok("POST", desk.path("/destinations"), HOOK)
    path = desk.path(f"/destinations/{made['id']}")
    given: dict[str, Any] = {
        "name": "renamed",
        "metadata": {"url": f"{URL}/2", "headers": {"X-Env": "test"}, "region": "eu", "batchSize": 10},
        "secrets": {"password": "a password"},
    }
    after = desk.ok("PATCH", path, {"updateMask": ["metadata.headers"], "destination": given})
    assert (after["name"], after["metadata"]) == (
        "leadConvertedWebhook",
        {"url": URL, "headers": {"X-Env": "test"}},
    )
    mask = ["name", "metadata.url", "metadata.batchSize", "secrets.password"]
    after = desk.ok("PATCH", path, {"updateMask": mask, "destination": given})
    assert (after["name"], after["metadata"]) == (
        "renamed",
        {"url": f"{URL}/2", "headers": {"X-Env": "test"}, "batchSize": 10},
    )
    cleared = {"metadata": {"headers": None, "batchSize": None}}
    mask = ["metadata.headers", "metadata.batchSize"]
    after = desk.ok("PATCH", path, {"updateMask": mask, "destination": cleared})
    assert after["metadata"] == {"url": f"{URL}/2"}
    after = desk.ok("PATCH", path, {"updateMask": ["metadata"], "destination": given})
    assert after["metadata"] == given["metadata"]
    slack = {"updateMask": ["type"], "destination": {"type": "slack"}}
    assert desk.ok("PATCH", path, slack)["type"] == "slack"
    desk.refused(400, "PATCH", path, {"updateMask": ["id"], "destination": {}})
    desk.refused(422, "PATCH", path, {"updateMask": ["metadata.region"], "destination": {}})
    refused = {"updateMask": ["secrets.password"], "destination": {"secrets": {"password": 1}}}
    desk.refused(400, "PATCH", path, refused)


@needs_document
@pytest.mark.parametrize(
    ("member", "value"),
    [("metadata", {"bucket": 1}), ("metadata", {"headers": 1}), ("secrets", {"credentials": []})],
)
def test_what_the_mask_leaves_out_must_be_well_formed_all_the_same(
    desk: Desk, member: str, value: dict[str, Any]
) -> None:
    desk.ok("POST", desk.path("/destinations"), HOOK)
    path = desk.path("/destinations/leadConvertedWebhook")
    changes = {"updateMask": [], "destination": {member: value}}
    (issue,) = desk.refused(400, "PATCH", path, changes)["issues"]
    assert issue["name"] == f"destination.{member}.{next(iter(value))}"


def test_a_secret_that_is_given_is_a_text(desk: Desk) -> None:
    given = {**HOOK, "secrets": {"connectionString": None}}
    (issue,) = desk.refused(400, "POST", desk.path("/destinations"), given)["issues"]
    assert issue["name"] == "secrets.connectionString"


def test_masks_types_members_and_events_are_the_documents() -> None:
    by_id = {said.operation["operationId"]: said.operation for said in operations()}

    def body(operation_id: str) -> Any:
        content = by_id[operation_id]["requestBody"]["content"]["application/json"]
        return content["schema"]["properties"]

    described = body("updateDestination")["updateMask"]["description"]
    told = [line.removeprefix("- ") for line in described.splitlines() if line.startswith("- ")]
    assert set(MASKS) - set(told) == {"type", "metadata"}
    assert set(told) <= set(MASKS)
    create = body("createDestination")
    assert list(TYPES) == create["type"]["enum"]
    assert set(create["metadata"]["properties"]) == {*METADATA, "headers"}
    assert set(create["secrets"]["properties"]) == set(SECRETS)
    names = {str: "string", int: "integer", bool: "boolean"}
    for name, kind in METADATA.items():
        assert create["metadata"]["properties"][name]["type"] == names[kind]
    [filtered] = [one for one in by_id["listEventTopicRoutes"]["parameters"] if one["name"] == "eventType"]
    assert filtered["schema"]["$ref"].endswith("NotificationEventType")


@needs_document
def test_event_types_are_the_documents() -> None:
    from_document = document()["components"]["schemas"]["NotificationEventType"]
    assert list(EVENT_TYPES) == from_document["enum"]


def test_plain_http_is_for_places_the_operator_names(database_url: str, tmp_path: Any) -> None:
    instance = Instance(database_url, tmp_path, egress_allow=("127.0.0.1:9000",))
    try:
        desk = Desk(instance)
        for url, status in (
            ("http://127.0.0.1:9000/in", 201),
            ("http://127.0.0.1:9001/in", 400),
            ("http://hooks.example.com/in", 400),
        ):
            body = {"name": f"hook-{status}-{url[-7]}", "type": "webhook", "metadata": {"url": url}}
            assert desk.send("POST", desk.path("/destinations"), body).status == status
    finally:
        instance.close()


# Topics and routes ----------------------------------------------------------------------------------------


def test_a_topic_is_made_renamed_and_deleted(desk: Desk) -> None:
    made = desk.ok("POST", desk.path("/topics"), {"name": "system-alerts"})
    assert made == {
        "id": made["id"],
        "name": "system-alerts",
        "projectId": desk.project_id,
        "createTime": "2026-03-01T12:00:00.000000Z",
    }
    desk.refused(409, "POST", desk.path("/topics"), {"name": "system-alerts"})
    for name in ("a b", "", "x" * 65, "é"):
        desk.refused(400, "POST", desk.path("/topics"), {"name": name})
    desk.instance.clock.advance(timedelta(seconds=1))
    path = desk.path(f"/topics/{made['id']}")
    after = desk.ok("PATCH", path, {"name": "alerts"})
    assert after == {**made, "name": "alerts", "updateTime": "2026-03-01T12:00:01.000000Z"}
    assert desk.send("DELETE", path).status == 204
    desk.refused(404, "PATCH", path, {"name": "again"})
    assert desk.ok("GET", desk.path("/topics")) == []


def test_routes_say_what_goes_where(desk: Desk) -> None:
    hook = desk.ok("POST", desk.path("/destinations"), HOOK)["id"]
    first, second = (desk.ok("POST", desk.path("/topics"), {"name": name})["id"] for name in ("a", "b"))
    events = desk.path("/notification-event-topic-routes")
    made = desk.ok("POST", events, {"eventType": "connection.created", "topicId": first})
    other = desk.ok("POST", events, {"eventType": "read.backfill.done", "topicId": second})
    assert made == {
        "id": made["id"],
        "eventType": "connection.created",
        "topicId": first,
        "projectId": desk.project_id,
        "createTime": "2026-03-01T12:00:00.000000Z",
    }
    desk.refused(409, "POST", events, {"eventType": "connection.created", "topicId": first})
    desk.refused(404, "POST", events, {"eventType": "connection.created", "topicId": hook})
    desk.refused(400, "POST", events, {"eventType": "connection.created", "topicId": "alerts"})
    desk.refused(400, "POST", events, {"eventType": "no.such.event", "topicId": first})
    assert desk.ok("GET", events) == [made, other]
    assert desk.ok("GET", f"{events}?topicId={first}") == [made]
    assert desk.ok("GET", f"{events}?eventType=read.backfill.done") == [other]
    assert desk.ok("GET", f"{events}?eventType=read.backfill.done&topicId={first}") == []
    desk.refused(400, "GET", f"{events}?eventType=x")
    desk.refused(400, "GET", f"{events}?topicId=x")
    there = desk.path("/topic-destination-routes")
    route = desk.ok("POST", there, {"topicId": first, "destinationId": hook})
    assert {name: route[name] for name in ("topicId", "destinationId", "projectId")} == {
        "topicId": first,
        "destinationId": hook,
        "projectId": desk.project_id,
    }
    desk.refused(409, "POST", there, {"topicId": first, "destinationId": hook})
    desk.refused(404, "POST", there, {"topicId": hook, "destinationId": hook})
    assert desk.ok("GET", f"{there}?destinationId={hook}") == [route]
    assert desk.ok("GET", f"{there}?topicId={second}") == []
    assert desk.send("DELETE", f"{events}/{other['id']}").status == 204
    assert desk.send("DELETE", f"{there}/{route['id']}").status == 204
    desk.refused(404, "DELETE", f"{there}/{route['id']}")
    assert desk.ok("GET", events) == [made]


@pytest.mark.parametrize("kind", ["destinations", "topics"])
def test_whatever_is_deleted_takes_its_routes_along(desk: Desk, kind: str) -> None:
    hook = desk.ok("POST", desk.path("/destinations"), HOOK)["id"]
    topic = desk.ok("POST", desk.path("/topics"), {"name": "a"})["id"]
    there = desk.path("/topic-destination-routes")
    desk.ok("POST", there, {"topicId": topic, "destinationId": hook})
    gone = {"destinations": hook, "topics": topic}[kind]
    assert desk.send("DELETE", desk.path(f"/{kind}/{gone}")).status == 204
    assert desk.ok("GET", there) == []
