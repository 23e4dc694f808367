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
from trunkline.core import installs
from trunkline.kit.actor import system_actor

PATH = "/api/solution-members"


@pytest.fixture
def solution(instance):
    return instance.ok("POST", "/api/solutions", {"workspaceId": instance.workspace_id, "name": "Billing"})


@pytest.fixture
def charge(instance):
    return instance.entity("functions", "charge", {})


def put_in(instance: Instance, solution: dict[str, Any], entity: dict[str, Any]) -> Any:
    return instance.ok("POST", PATH, {"solutionId": solution["id"], "entityId": entity["id"]})


def test_puts_an_entity_into_a_solution(instance, solution, charge):
    answer = instance.api("POST", PATH, {"solutionId": solution["id"], "entityId": charge["id"]})
    made = answer.json
    assert answer.status == 201
    assert made == {
        "id": made["id"],
        "solutionId": solution["id"],
        "entityId": charge["id"],
        "addedBy": f"usr_{instance.user_id}",
        "deletedAt": None,
        "retentionTier": None,
        "addedAt": NOW,
    }
    assert made["id"].startswith("solmem_")
    assert instance.ok("GET", f"{PATH}/{made['id']}") == made
    (event,) = instance.ok("GET", f"/api/events?subject_id={made['id']}")["data"]
    assert (event["type"], event["data"]) == (
        "solution_member.created",
        {"solutionId": solution["id"], "entityId": charge["id"]},
    )


def test_an_entity_that_is_in_it_stays_where_it_is(instance, solution, charge):
    first = put_in(instance, solution, charge)
    with nothing_happens(instance):
        assert put_in(instance, solution, charge) == first
        body = {"solutionId": solution["id"], "entityIds": [charge["id"], charge["id"]]}
        assert instance.ok("POST", f"{PATH}/bulk", body) == {"members": [first]}


def test_puts_many_in_at_once_in_the_order_given_and_each_once(instance, solution, charge):
    entities = [instance.entity(kind, f"a-{kind}", {}) for kind in ("schemas", "agents", "workflows")]
    first = put_in(instance, solution, entities[1])
    wanted = [*entities, charge, entities[0]]
    body = {"solutionId": solution["id"], "entityIds": [entity["id"] for entity in wanted]}
    answer = instance.api("POST", f"{PATH}/bulk", body)
    places = answer.json["members"]
    assert answer.status == 201
    assert [place["entityId"] for place in places] == [entity["id"] for entity in (*entities, charge)]
    assert places[1] == first
    rows = instance.ok("GET", f"{PATH}?solution_id={solution['id']}")["data"]
    assert sorted(row["id"] for row in rows) == sorted(place["id"] for place in places)
    assert instance.ok("POST", f"{PATH}/bulk", {**body, "entityIds": []}) == {"members": []}


def test_puts_all_in_or_none(instance, solution, charge):
    missing = "fun_" + "0" * 32
    with nothing_happens(instance):
        body = {"solutionId": solution["id"], "entityIds": [charge["id"], missing]}
        assert refusal(instance.api("POST", f"{PATH}/bulk", body)) == (404, "not_found")
        body["entityIds"][1] = "charge"
        assert refused_at(instance.api("POST", f"{PATH}/bulk", body)) == (400, ["entityIds[1]"])
        body["entityIds"] = [charge["id"]] * 501
        assert refused_at(instance.api("POST", f"{PATH}/bulk", body)) == (400, ["entityIds"])


def test_lists_by_solution_and_entity(instance, solution, charge):
    viewer = person(instance, "grace", "viewer")
    other = instance.ok("POST", "/api/solutions", {"workspaceId": instance.workspace_id, "name": "Other"})
    one = put_in(instance, solution, charge)
    put_in(instance, other, charge)
    assert listed(viewer.ok("GET", f"{PATH}?solution_id={solution['id']}")) == page(one)
    assert viewer.ok("GET", f"{PATH}?entity_id={charge['id']}")["pageInfo"]["total"] == 2
    assert viewer.ok("GET", f"{PATH}?workspace_id={instance.workspace_id}")["pageInfo"]["total"] == 2
    assert refused_at(viewer.api("GET", f"{PATH}?solution_id=x")) == (400, ["solution_id"])


def test_takes_an_entity_out_and_leaves_the_entity(instance, solution, charge):
    made = put_in(instance, solution, charge)
    path = f"{PATH}/{made['id']}"
    assert instance.ok("DELETE", path) == {"success": True}
    assert instance.ok("GET", f"/api/functions/{charge['id']}") == charge
    assert instance.ok("GET", PATH)["data"] == []
    removed = {**made, "deletedAt": NOW, "retentionTier": "medium"}
    assert listed(instance.ok("GET", f"{PATH}?include_deleted=only")) == page(removed)
    with nothing_happens(instance):
        assert instance.ok("DELETE", path) == {"success": True}
    assert put_in(instance, solution, charge)["id"] != made["id"]
    assert events(instance)[-2:] == ["solution_member.deleted", "solution_member.created"]


def test_an_entity_is_away_while_it_is_deleted(instance, solution, charge):
    made = put_in(instance, solution, charge)
    instance.ok("DELETE", f"/api/functions/{charge['id']}")
    assert instance.ok("GET", PATH)["data"] == []
    instance.ok("POST", f"/api/functions/{charge['id']}/restore")
    assert listed(instance.ok("GET", PATH)) == page(made)


def test_a_clone_can_be_taken_out_of_its_install_s_solution_and_put_elsewhere(instance, solution, charge):
    draft = instance.integration("shop", [member("charge", charge, "function")])
    instance.publish(draft["id"], "1.0.0")
    install = instance.install(draft["id"])
    (clone,) = instance.members(install["id"]).values()
    (place,) = instance.ok("GET", f"{PATH}?solution_id={install['solutionId']}")["data"]
    assert place["entityId"] == clone["entityId"]
    instance.ok("DELETE", f"{PATH}/{place['id']}")
    moved = instance.ok("POST", PATH, {"solutionId": solution["id"], "entityId": clone["entityId"]})
    assert listed(instance.ok("GET", PATH)) == page(moved)


def test_refuses_an_entity_of_another_workspace_even_if_it_can_be_seen(instance, solution):
    body = {"organizationId": instance.organization_id, "name": "Lab", "handle": "lab"}
    lab = instance.ok("POST", "/api/workspaces", body)
    elsewhere = instance.entity("functions", "refund", {}, workspaceId=lab["id"])
    with nothing_happens(instance):
        body = {"solutionId": solution["id"], "entityId": elsewhere["id"]}
        assert refused_at(instance.api("POST", PATH, body)) == (400, ["entityId"])
        body = {"solutionId": solution["id"], "entityIds": [elsewhere["id"]]}
        assert refused_at(instance.api("POST", f"{PATH}/bulk", body)) == (400, ["entityIds[0]"])


def test_refuses_an_id_of_another_kind_and_a_deleted_entity(instance, solution, charge):
    with nothing_happens(instance):
        for text in ("charge", solution["id"], "int_" + "0" * 32):
            answer = instance.api("POST", PATH, {"solutionId": solution["id"], "entityId": text})
            assert refused_at(answer) == (400, ["entityId"])
        wrong = charge["id"].replace("fun_", "agt_")
        answer = instance.api("POST", PATH, {"solutionId": solution["id"], "entityId": wrong})
        assert refusal(answer) == (404, "not_found")
        answer = instance.api("POST", PATH, {"solutionId": "x", "entityId": charge["id"]})
        assert refused_at(answer) == (400, ["solutionId"])
    instance.ok("DELETE", f"/api/functions/{charge['id']}")
    with nothing_happens(instance):
        answer = instance.api("POST", PATH, {"solutionId": solution["id"], "entityId": charge["id"]})
        assert refusal(answer) == (404, "not_found")


def test_a_deleted_solution_takes_nothing_in(instance, solution, charge):
    instance.ok("DELETE", f"/api/solutions/{solution['id']}")
    with nothing_happens(instance):
        answer = instance.api("POST", PATH, {"solutionId": solution["id"], "entityId": charge["id"]})
        assert refusal(answer) == (409, "deleted")


def test_a_viewer_reads_but_does_not_choose(instance, solution, charge):
    viewer = person(instance, "grace", "viewer")
    made = put_in(instance, solution, charge)
    assert viewer.ok("GET", f"{PATH}/{made['id']}") == made
    with nothing_happens(instance):
        body = {"solutionId": solution["id"], "entityId": charge["id"]}
        assert refusal(viewer.api("POST", PATH, body)) == (403, "tier_too_low")
        assert refusal(viewer.api("DELETE", f"{PATH}/{made['id']}")) == (403, "tier_too_low")


def test_a_stranger_finds_nothing_and_foreign_entities_are_not_named(instance, solution, charge):
    stranger = instance.tenant("rival")
    made = put_in(instance, solution, charge)
    theirs = {"workspaceId": stranger.workspace_id, "name": "Theirs"}
    own = stranger.ok("POST", "/api/solutions", theirs)
    with nothing_happens(instance):
        assert stranger.ok("GET", f"{PATH}?solution_id={solution['id']}")["data"] == []
        for method, path, body in (
            ("GET", f"{PATH}/{made['id']}", b""),
            ("DELETE", f"{PATH}/{made['id']}", b""),
            ("POST", PATH, {"solutionId": solution["id"], "entityId": charge["id"]}),
            ("POST", PATH, {"solutionId": own["id"], "entityId": charge["id"]}),
            ("POST", f"{PATH}/bulk", {"solutionId": own["id"], "entityIds": [charge["id"]]}),
        ):
            assert refusal(stranger.api(method, path, body)) == (404, "not_found")


def test_what_was_taken_out_is_forgotten_once_its_retention_is_over(instance, solution, charge):
    made = put_in(instance, solution, charge)
    kept = put_in(instance, solution, instance.entity("functions", "refund", {}))
    instance.ok("DELETE", f"{PATH}/{made['id']}")

    def due() -> Any:
        return instance.database.read_now(lambda tx: installs.expired_solution_members(tx, 10))

    instance.clock.advance(timedelta(days=30) - timedelta(seconds=1))
    assert due() == []
    instance.clock.advance(timedelta(seconds=1))
    (member_id,) = due()
    assert member_id == made["id"].removeprefix("solmem_")
    system = system_actor("retention")
    instance.database.write_now(lambda tx: installs.purge_solution_member(tx, system, member_id))
    assert due() == []
    assert listed(instance.ok("GET", f"{PATH}?include_deleted=true")) == page(kept)
    (latest, *_) = instance.ok("GET", f"/api/events?subject_id={made['id']}")["data"]
    assert latest["type"] == "solution_member.purged"
