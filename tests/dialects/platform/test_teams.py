from __future__ import annotations

from datetime import timedelta

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

PATH = "/api/teams"


@pytest.fixture
def team(instance):
    return instance.ok("POST", PATH, {"organizationId": instance.organization_id, "name": "Core"})


def test_makes_an_empty_team(instance):
    answer = instance.api("POST", PATH, {"organizationId": instance.organization_id, "name": "Core"})
    made = answer.json
    assert answer.status == 201
    assert made == {
        "id": made["id"],
        "organizationId": instance.organization_id,
        "name": "Core",
        "createdAt": NOW,
        "updatedAt": NOW,
    }
    assert instance.ok("GET", f"{PATH}/{made['id']}") == made
    assert listed(instance.ok("GET", f"{PATH}?name=cor&organization_id={instance.organization_id}")) == page(
        made
    )
    assert listed(instance.ok("GET", f"{PATH}/{made['id']}/members")) == page()


def test_users_join_and_leave(instance, team):
    grace = person(instance, "grace")
    path = f"{PATH}/{team['id']}/members"
    answer = instance.api("POST", path, {"userId": grace.id})
    assert (answer.status, answer.json) == (201, {"success": True})
    assert listed(grace.ok("GET", f"{path}?user_id={grace.id}")) == page(
        {
            "teamId": team["id"],
            "userId": grace.id,
            "role": "member",
            "createdAt": NOW,
            "userName": "grace",
            "userEmail": "grace@acme.example",
        }
    )
    assert instance.ok("DELETE", f"{path}/{grace.id}") == {"success": True}
    assert listed(instance.ok("GET", path)) == page()
    with nothing_happens(instance):
        assert instance.ok("DELETE", f"{path}/{grace.id}") == {"success": True}
    assert events(instance)[-2:] == ["team.member_added", "team.member_removed"]


def test_members_have_roles(instance, team):
    grace = person(instance, "grace")
    path = f"{PATH}/{team['id']}/members"
    instance.ok("POST", path, {"userId": grace.id, "role": "dataWizard"})
    assert [row["role"] for row in instance.ok("GET", f"{path}?role=dataWizard")["data"]] == ["dataWizard"]
    assert instance.ok("PATCH", f"{path}/{grace.id}", {"role": "admin"}) == {"success": True}
    assert [row["role"] for row in instance.ok("GET", path)["data"]] == ["admin"]
    assert events(instance)[-1] == "team.member_updated"
    stranger = instance.tenant("rival")
    with nothing_happens(instance):
        assert instance.ok("PATCH", f"{path}/{grace.id}", {"role": "admin"}) == {"success": True}
        assert refused_at(instance.api("PATCH", f"{path}/{grace.id}", {"role": "king"})) == (400, ["role"])
        body = {"role": "member"}
        assert refusal(grace.api("PATCH", f"{path}/{grace.id}", body)) == (403, "tier_too_low")
        assert refusal(stranger.api("PATCH", f"{path}/{grace.id}", body)) == (404, "not_found")
        absent = f"{path}/usr_{instance.user_id}"
        assert refusal(instance.api("PATCH", absent, body)) == (404, "not_found")


def test_members_are_walked_with_cursors(instance, team):
    path = f"{PATH}/{team['id']}/members"
    for name in ("grace", "alan"):
        instance.clock.advance(timedelta(seconds=1))
        instance.ok("POST", path, {"userId": person(instance, name).id})
    first = instance.ok("GET", f"{path}?limit=1")
    second = instance.ok("GET", f"{path}?limit=1&after={first['pageInfo']['endCursor']}")
    assert [first["data"][0]["userName"], second["data"][0]["userName"]] == ["alan", "grace"]
    back = instance.ok("GET", f"{path}?before={second['pageInfo']['startCursor']}")
    assert back["data"] == first["data"]
    assert refused_at(instance.api("GET", f"{path}?ids={team['id']}")) == (400, ["ids[0]"])


def test_a_team_goes_for_good_with_what_was_granted_to_it(instance, team):
    grace = person(instance, "grace")
    instance.ok("POST", f"{PATH}/{team['id']}/members", {"userId": grace.id})
    shared = instance.integration("shop", [])
    instance.ok(
        "POST", "/api/permissions", {"entityId": shared["id"], "subjectId": team["id"], "tier": "editor"}
    )
    assert grace.ok("GET", f"/api/integrations/{shared['id']}") == shared
    assert instance.ok("DELETE", f"{PATH}/{team['id']}") == {"success": True}
    assert refusal(instance.api("GET", f"{PATH}/{team['id']}")) == (404, "not_found")
    assert refusal(grace.api("GET", f"/api/integrations/{shared['id']}")) == (404, "not_found")


@pytest.mark.parametrize(
    ("body", "places"),
    [
        ({"name": ""}, ["name"]),
        ({"organizationId": "acme"}, ["organizationId"]),
        ({"members": []}, ["members"]),
    ],
)
def test_refuses_a_malformed_team(instance, body, places):
    whole = {"organizationId": instance.organization_id, "name": "Core", **body}
    with nothing_happens(instance):
        assert refused_at(instance.api("POST", PATH, whole)) == (400, places)


def test_refuses_what_is_there_already(instance, team):
    grace = person(instance, "grace")
    instance.ok("POST", f"{PATH}/{team['id']}/members", {"userId": grace.id})
    with nothing_happens(instance):
        answer = instance.api("POST", PATH, {"organizationId": instance.organization_id, "name": "Core"})
        assert refusal(answer) == (409, "team_name_taken")
        answer = instance.api("POST", f"{PATH}/{team['id']}/members", {"userId": grace.id})
        assert refusal(answer) == (409, "already_member")


def test_members_read_and_administrators_decide(instance, team):
    grace = person(instance, "grace")
    assert grace.ok("GET", f"{PATH}/{team['id']}") == team
    with nothing_happens(instance):
        body = {"organizationId": instance.organization_id, "name": "Mine"}
        assert refusal(grace.api("POST", PATH, body)) == (403, "tier_too_low")
        members = f"{PATH}/{team['id']}/members"
        assert refusal(grace.api("POST", members, {"userId": grace.id})) == (403, "tier_too_low")
        assert refusal(grace.api("DELETE", f"{members}/{grace.id}")) == (403, "tier_too_low")
        assert refusal(grace.api("DELETE", f"{PATH}/{team['id']}")) == (403, "tier_too_low")


def test_a_stranger_finds_nothing_and_nobody_joins_from_elsewhere(instance, team):
    stranger = instance.tenant("rival")
    members = f"{PATH}/{team['id']}/members"
    foreign = f"usr_{stranger.owner_id}"
    with nothing_happens(instance):
        assert stranger.ok("GET", PATH)["data"] == []
        for method, path, body in (
            ("GET", f"{PATH}/{team['id']}", b""),
            ("DELETE", f"{PATH}/{team['id']}", b""),
            ("GET", members, b""),
            ("POST", members, {"userId": foreign}),
            ("DELETE", f"{members}/{foreign}", b""),
            ("POST", PATH, {"organizationId": instance.organization_id, "name": "Mine"}),
        ):
            assert refusal(stranger.api(method, path, body)) == (404, "not_found")
        assert refusal(instance.api("POST", members, {"userId": foreign})) == (404, "not_found")
        assert refused_at(instance.api("POST", members, {"userId": "grace"})) == (400, ["userId"])
