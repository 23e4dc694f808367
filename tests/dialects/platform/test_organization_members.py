from __future__ import annotations

from datetime import timedelta

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
from tests.instance import Instance

PATH = "/api/organization-members"


def of(instance: Instance, **more: str) -> str:
    return f"{PATH}?organization_id={instance.organization_id}" + "".join(
        f"&{k}={v}" for k, v in more.items()
    )


def test_lists_who_belongs_to_an_organization_and_as_what(instance):
    grace = person(instance, "grace")
    row = {
        "organizationId": instance.organization_id,
        "userId": grace.id,
        "role": "member",
        "createdAt": NOW,
        "userName": "grace",
        "userEmail": "grace@acme.example",
    }
    assert listed(grace.ok("GET", of(instance, role="member"))) == page(row)
    assert listed(grace.ok("GET", of(instance, user_id=grace.id))) == page(row)
    assert {row["role"] for row in instance.ok("GET", of(instance))["data"]} == {"owner", "member"}


def test_a_member_becomes_an_author(instance):
    grace = person(instance, "grace")
    role = {"organizationId": instance.organization_id, "userId": grace.id, "role": "author"}
    assert instance.ok("POST", PATH, role)["role"] == "author"
    assert [row["userId"] for row in grace.ok("GET", of(instance, role="author"))["data"]] == [grace.id]
    assert refusal(grace.api("GET", f"/api/workspaces/{instance.workspace_id}")) == (404, "not_found")


def test_is_walked_with_cursors(instance):
    for name in ("grace", "alan"):
        instance.clock.advance(timedelta(seconds=1))
        person(instance, name)
    seen, after = [], ""
    while True:
        answer = instance.ok("GET", f"{of(instance)}&limit=1{after}")
        seen += [row["userName"] for row in answer["data"]]
        if not answer["pageInfo"]["hasNextPage"]:
            break
        after = f"&after={answer['pageInfo']['endCursor']}"
    assert seen == ["alan", "grace", "Ada"]


def test_members_have_no_ids_to_narrow_or_start_from(instance):
    assert refused_at(instance.api("GET", of(instance, ids=instance.organization_id))) == (400, ["ids[0]"])
    assert refused_at(instance.api("GET", of(instance, after="usr_" + "0" * 32))) == (400, ["after"])


def test_asks_whose_members(instance):
    assert refused_at(instance.api("GET", PATH)) == (400, ["organization_id"])
    assert refused_at(instance.api("GET", f"{PATH}?organization_id=acme")) == (400, ["organization_id"])


def test_takes_a_user_in_changes_the_role_and_takes_the_user_out(instance):
    globex = instance.ok("POST", "/api/organizations", {"name": "Globex", "handle": "globex"})
    grace = person(instance, "grace")
    body = {"organizationId": globex["id"], "userId": grace.id}
    taken_in = instance.ok("POST", PATH, {**body, "role": "member"})
    assert taken_in == {
        **body,
        "role": "member",
        "createdAt": NOW,
        "userName": "grace",
        "userEmail": "grace@acme.example",
    }
    assert instance.ok("POST", PATH, {**body, "role": "admin"}) == {**taken_in, "role": "admin"}
    answer = instance.ok("DELETE", f"{PATH}/{globex['id']}/{grace.id}")
    assert answer == {"success": True}
    assert events(instance)[-3:] == [
        f"organization_member.{verb}" for verb in ("created", "updated", "deleted")
    ]
    with nothing_happens(instance):
        assert instance.ok("DELETE", f"{PATH}/{globex['id']}/{grace.id}") == {"success": True}


def test_keeps_the_owner_and_those_it_manages(instance):
    grace = person(instance, "grace")
    with nothing_happens(instance):
        answer = instance.api("DELETE", f"{PATH}/{instance.organization_id}/usr_{instance.user_id}")
        assert refusal(answer) == (409, "organization_owner")
        answer = instance.api("DELETE", f"{PATH}/{instance.organization_id}/{grace.id}")
        assert refusal(answer) == (409, "home_organization")


def test_refuses_a_role_that_does_not_exist(instance):
    body = {"organizationId": instance.organization_id, "userId": f"usr_{instance.user_id}", "role": "king"}
    with nothing_happens(instance):
        assert refused_at(instance.api("POST", PATH, body)) == (400, ["role"])


def test_only_administrators_decide_about_roles(instance):
    grace = person(instance, "grace")
    body = {"organizationId": instance.organization_id, "userId": grace.id, "role": "owner"}
    with nothing_happens(instance):
        assert refusal(grace.api("POST", PATH, body)) == (403, "tier_too_low")
        path = f"{PATH}/{instance.organization_id}/usr_{instance.user_id}"
        assert refusal(grace.api("DELETE", path)) == (403, "tier_too_low")


def test_a_stranger_finds_nothing(instance):
    grace = person(instance, "grace")
    stranger = instance.tenant("rival")
    body = {"organizationId": instance.organization_id, "userId": grace.id, "role": "admin"}
    with nothing_happens(instance):
        assert refusal(stranger.api("GET", of(instance))) == (404, "not_found")
        assert refusal(stranger.api("POST", PATH, body)) == (404, "not_found")
        assert refusal(stranger.api("POST", PATH, {**body, "organizationId": stranger.organization_id})) == (
            404,
            "not_found",
        )
        answer = stranger.api("DELETE", f"{PATH}/{instance.organization_id}/{grace.id}")
        assert refusal(answer) == (404, "not_found")
