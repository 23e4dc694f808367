from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.dialects.platform.people import (
    NOW,
    events,
    listed,
    nothing_happens,
    page,
    person,
    refusal,
    refused_at,
)
from tests.instance import Instance, member
from trunkline import bootstrap
from trunkline.core import installs

PATH = "/api/solutions"


def create(instance: Instance, name: str = "Billing", **more: Any) -> Any:
    return instance.ok("POST", PATH, {"workspaceId": instance.workspace_id, "name": name, **more})


def put_in(instance: Instance, solution: dict[str, Any], *entities: dict[str, Any]) -> Any:
    body = {"solutionId": solution["id"], "entityIds": [entity["id"] for entity in entities]}
    return instance.ok("POST", "/api/solution-members/bulk", body)["members"]


def held(instance: Instance, solution: dict[str, Any]) -> set[str]:
    rows = instance.ok("GET", f"/api/solution-members?solution_id={solution['id']}")["data"]
    return {row["entityId"] for row in rows}


@pytest.fixture
def installed(instance):
    """An install and the solution it made."""
    function = instance.entity("functions", "charge", {})
    draft = instance.integration("shop", [member("charge", function, "function")])
    instance.publish(draft["id"], "1.0.0")
    install = instance.install(draft["id"])
    return install, instance.ok("GET", f"{PATH}/{install['solutionId']}")


def test_makes_an_empty_solution(instance):
    body = {"workspaceId": instance.workspace_id, "name": "Billing", "description": "What bills."}
    answer = instance.api("POST", PATH, body)
    made = answer.json
    assert answer.status == 201
    assert made == {
        "id": made["id"],
        "workspaceId": instance.workspace_id,
        "name": "Billing",
        "description": "What bills.",
        "createdBy": f"usr_{instance.user_id}",
        "deletedAt": None,
        "retentionTier": None,
        "createdAt": NOW,
        "updatedAt": NOW,
    }
    assert made["id"].startswith("sol_")
    assert instance.ok("GET", f"{PATH}/{made['id']}") == made
    assert held(instance, made) == set()
    assert create(instance)["name"] == "Billing"


def test_lists_by_name_and_by_what_they_hold(instance):
    stranger = instance.tenant("rival")
    viewer = person(instance, "grace", "viewer")
    charge = instance.entity("functions", "charge", {})
    billing, other = create(instance), create(instance, "Other")
    put_in(instance, billing, charge)
    by_uuid = charge["id"].removeprefix("fun_")
    by_uuid = "-".join((by_uuid[:8], by_uuid[8:12], by_uuid[12:16], by_uuid[16:20], by_uuid[20:]))
    for query in ("name=BILL", f"member_entity_id={charge['id']}", f"member_entity_id={by_uuid}"):
        assert listed(viewer.ok("GET", f"{PATH}?workspace_id={instance.workspace_id}&{query}")) == page(
            billing
        )
    assert listed(viewer.ok("GET", f"{PATH}?ids={other['id']}")) == page(other)
    assert viewer.ok("GET", PATH)["pageInfo"]["total"] == 2
    assert stranger.ok("GET", f"{PATH}?member_entity_id={charge['id']}")["data"] == []
    for text in ("charge", billing["id"]):
        assert refused_at(viewer.api("GET", f"{PATH}?member_entity_id={text}")) == (400, ["member_entity_id"])


def test_a_solution_no_longer_holds_what_was_taken_out(instance):
    charge = instance.entity("functions", "charge", {})
    (place,) = put_in(instance, create(instance), charge)
    instance.ok("DELETE", f"/api/solution-members/{place['id']}")
    assert instance.ok("GET", f"{PATH}?member_entity_id={charge['id']}")["data"] == []


def test_changes_what_is_given_and_nothing_else(instance):
    made = create(instance, description="What bills.")
    path = f"{PATH}/{made['id']}"
    instance.clock.advance(timedelta(seconds=1))
    later = "2026-03-01T12:00:01.000Z"
    named = instance.ok("PATCH", path, {"name": "Invoices"})
    assert named == {**made, "name": "Invoices", "updatedAt": later}
    cleared = instance.ok("PATCH", path, {"description": None})
    assert cleared == {**named, "description": None}
    with nothing_happens(instance):
        assert instance.ok("PATCH", path, {"name": "Invoices"}) == cleared
    assert events(instance)[-2:] == ["solution.updated", "solution.updated"]


def test_goes_and_returns_with_exactly_the_members_it_had(instance):
    charge, refund, audit = (instance.entity("functions", slug, {}) for slug in ("charge", "refund", "audit"))
    made = create(instance)
    places = put_in(instance, made, charge, refund, audit)
    instance.ok("DELETE", f"/api/solution-members/{places[2]['id']}")
    path = f"{PATH}/{made['id']}"
    assert instance.ok("DELETE", path) == {"success": True}
    deleted = {**made, "deletedAt": NOW, "retentionTier": "medium"}
    assert listed(instance.ok("GET", f"{PATH}?include_deleted=only")) == page(deleted)
    assert instance.ok("GET", PATH)["data"] == []
    assert held(instance, made) == set()
    assert instance.ok("GET", f"/api/functions/{charge['id']}") == charge
    with nothing_happens(instance):
        assert instance.ok("DELETE", path) == {"success": True}
    assert instance.ok("POST", f"{path}/restore") == made
    assert held(instance, made) == {charge["id"], refund["id"]}
    with nothing_happens(instance):
        assert instance.ok("POST", f"{path}/restore") == made
    assert events(instance)[-2:] == ["solution.deleted", "solution.restored"]


def test_one_deletion_takes_a_solution_and_its_members(instance):
    made = create(instance)
    put_in(instance, made, instance.entity("functions", "charge", {}))
    instance.ok("DELETE", f"{PATH}/{made['id']}")
    sql = "SELECT deletion_id, purge_after FROM {} WHERE deleted_at IS NOT NULL"
    solution, place = (
        instance.database.read_now(lambda tx, t=table: tx.fetch(sql.format(t), {}))
        for table in ("solutions", "solution_members")
    )
    assert solution == place
    assert solution[0][1] == "2026-03-31T12:00:00.000000Z"


def test_an_entity_deleted_meanwhile_returns_with_its_own_restoring(instance):
    charge, refund = (instance.entity("functions", slug, {}) for slug in ("charge", "refund"))
    made = create(instance)
    put_in(instance, made, charge, refund)
    instance.ok("DELETE", f"{PATH}/{made['id']}")
    instance.ok("DELETE", f"/api/functions/{charge['id']}")
    instance.ok("POST", f"{PATH}/{made['id']}/restore")
    assert held(instance, made) == {refund["id"]}
    instance.ok("POST", f"/api/functions/{charge['id']}/restore")
    assert held(instance, made) == {charge["id"], refund["id"]}


def test_is_purged_for_good_and_leaves_the_entities(instance):
    charge = instance.entity("functions", "charge", {})
    made = create(instance)
    (place,) = put_in(instance, made, charge)
    path = f"{PATH}/{made['id']}"
    with nothing_happens(instance):
        assert refusal(instance.api("DELETE", f"{path}/purge")) == (409, "not_deleted")
    instance.ok("DELETE", path)
    assert instance.ok("DELETE", f"{path}/purge") == {"success": True}
    assert refusal(instance.api("GET", path)) == (404, "not_found")
    assert refusal(instance.api("GET", f"/api/solution-members/{place['id']}")) == (404, "not_found")
    assert instance.ok("GET", f"/api/functions/{charge['id']}") == charge
    about = instance.ok("GET", f"/api/events?subject_id={place['id']}")["data"]
    assert [(event["type"], event["data"]) for event in about] == [("solution_member.created", None)]
    assert bootstrap.verify(instance.database) == []


def test_is_not_changed_while_it_is_deleted(instance):
    made = create(instance)
    instance.ok("DELETE", f"{PATH}/{made['id']}")
    with nothing_happens(instance):
        assert refusal(instance.api("PATCH", f"{PATH}/{made['id']}", {"name": "x"})) == (409, "deleted")


def test_an_install_s_solution_is_renamed_but_goes_with_the_install_alone(instance, installed):
    install, solution = installed
    path = f"{PATH}/{solution['id']}"
    assert instance.ok("PATCH", path, {"name": "My shop"}) == {**solution, "name": "My shop"}
    with nothing_happens(instance):
        answer = instance.api("DELETE", path)
        assert refusal(answer) == (409, "owned_by_install")
        assert "uninstall" in answer.json["error"]["message"]
    instance.ok("DELETE", f"/api/integration-installs/{install['id']}")
    assert instance.ok("GET", path)["deletedAt"] == NOW
    with nothing_happens(instance):
        assert instance.ok("DELETE", path) == {"success": True}
        assert refusal(instance.api("POST", f"{path}/restore")) == (409, "owned_by_install")
        assert refusal(instance.api("DELETE", f"{path}/purge")) == (409, "owned_by_install")
    instance.ok("POST", f"/api/integration-installs/{install['id']}/restore")
    assert instance.ok("GET", path)["name"] == "My shop"
    assert bootstrap.verify(instance.database) == []


def test_is_not_restored_into_a_deleted_workspace(instance):
    made = create(instance)
    instance.ok("DELETE", f"{PATH}/{made['id']}")
    instance.ok("DELETE", f"/api/workspaces/{instance.workspace_id}")
    with nothing_happens(instance):
        assert refusal(instance.api("POST", f"{PATH}/{made['id']}/restore")) == (409, "workspace_deleted")


def test_only_what_nothing_else_will_take_away_is_due_once_its_retention_is_over(instance, installed):
    install, solution = installed
    charge = instance.entity("functions", "refund", {})
    alone, kept = create(instance), create(instance, "Kept")
    (gone, _) = put_in(instance, alone, charge), put_in(instance, kept, charge)
    instance.ok("DELETE", f"{PATH}/{alone['id']}")
    instance.ok("DELETE", f"/api/integration-installs/{install['id']}")

    def due() -> Any:
        return instance.database.read_now(lambda tx: installs.expired_solutions(tx, 10))

    instance.clock.advance(timedelta(days=30) - timedelta(seconds=1))
    assert due() == []
    instance.clock.advance(timedelta(seconds=1))
    assert due() == [alone["id"].removeprefix("sol_")]
    assert solution["id"].removeprefix("sol_") not in due()
    assert gone[0]["solutionId"] == alone["id"]
    assert instance.database.read_now(lambda tx: installs.expired_solution_members(tx, 10)) == []


@pytest.mark.parametrize(
    ("more", "places"),
    [
        ({"name": " "}, ["name"]),
        ({"name": "x" * 201}, ["name"]),
        ({"description": "x" * 10_001}, ["description"]),
        ({"workspaceId": "main"}, ["workspaceId"]),
        ({"createdBy": "usr_1"}, ["createdBy"]),
        ({"members": []}, ["members"]),
    ],
)
def test_refuses_a_malformed_solution(instance, more, places):
    body = {"workspaceId": instance.workspace_id, "name": "Billing", **more}
    with nothing_happens(instance):
        assert refused_at(instance.api("POST", PATH, body)) == (400, places)


def test_a_viewer_reads_and_an_editor_does_not_purge(instance):
    viewer, editor = person(instance, "grace", "viewer"), person(instance, "alan", "editor")
    made = create(instance)
    path = f"{PATH}/{made['id']}"
    with nothing_happens(instance):
        body = {"workspaceId": instance.workspace_id, "name": "Mine"}
        for method, where, sent in (
            ("POST", PATH, body),
            ("PATCH", path, {"name": "x"}),
            ("DELETE", path, b""),
        ):
            assert refusal(viewer.api(method, where, sent)) == (403, "tier_too_low")
    editor.ok("DELETE", path)
    with nothing_happens(instance):
        assert refusal(editor.api("DELETE", f"{path}/purge")) == (403, "tier_too_low")
        assert refusal(viewer.api("GET", path)) == (404, "not_found")


def test_a_stranger_finds_nothing(instance):
    stranger = instance.tenant("rival")
    made = create(instance)
    path = f"{PATH}/{made['id']}"
    with nothing_happens(instance):
        assert stranger.ok("GET", PATH)["data"] == []
        for method, where, body in (
            ("GET", path, b""),
            ("PATCH", path, {"name": "Mine"}),
            ("DELETE", path, b""),
            ("DELETE", f"{path}/purge", b""),
            ("POST", f"{path}/restore", b""),
            ("POST", PATH, {"workspaceId": instance.workspace_id, "name": "Mine"}),
        ):
            assert refusal(stranger.api(method, where, body)) == (404, "not_found")


def test_a_change_can_be_made_conditional(instance):
    made = create(instance)
    path = f"{PATH}/{made['id']}"
    etag = instance.api("GET", path).headers["etag"]
    instance.ok("PATCH", path, {"name": "Invoices"})
    with nothing_happens(instance):
        answer = instance.api("DELETE", path, headers={"if-match": etag})
        assert refusal(answer) == (412, "precondition_failed")
