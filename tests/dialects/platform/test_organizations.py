from __future__ import annotations

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

PATH = "/api/organizations"


def test_an_operator_makes_an_organization_with_its_owner(instance):
    body = {"name": "Globex", "handle": "globex", "ownerEmail": "Hank@Globex.example", "ownerName": "Hank"}
    answer = instance.api("POST", PATH, body)
    made = answer.json
    assert answer.status == 201
    assert made == {
        "id": made["id"],
        "name": "Globex",
        "handle": "globex",
        "ownerId": made["ownerId"],
        "retentionTier": "medium",
        "settings": {},
        "defaultWorkspaceId": None,
        "createdAt": NOW,
        "updatedAt": NOW,
    }
    assert (made["id"][:4], made["ownerId"][:4]) == ("org_", "usr_")
    hank = instance.key_of(made["ownerId"].removeprefix("usr_"))
    assert instance.ok("GET", f"{PATH}/{made['id']}", token=hank) == made
    assert instance.ok("GET", f"/api/users/{made['ownerId']}", token=hank)["email"] == "hank@globex.example"


def test_whoever_makes_an_organization_for_somebody_else_does_not_see_it(instance):
    body = {"name": "Globex", "handle": "globex", "ownerEmail": "hank@globex.example", "ownerName": "Hank"}
    made = instance.ok("POST", PATH, body)
    assert [row["handle"] for row in instance.ok("GET", PATH)["data"]] == ["acme"]
    assert refusal(instance.api("GET", f"{PATH}/{made['id']}")) == (404, "not_found")


def test_without_an_owner_it_is_the_caller_s(instance):
    made = instance.ok("POST", PATH, {"name": "Globex", "handle": "globex", "retentionTier": "short"})
    assert (made["ownerId"], made["retentionTier"]) == (f"usr_{instance.user_id}", "short")
    assert {row["handle"] for row in instance.ok("GET", PATH)["data"]} == {"acme", "globex"}


def test_lists_the_caller_s_organizations(instance):
    stranger = instance.tenant("rival")
    mine = instance.ok("GET", f"{PATH}/{instance.organization_id}")
    assert listed(instance.ok("GET", PATH)) == page(mine)
    assert listed(instance.ok("GET", f"{PATH}?name=CM&handle=acme&owner_id={mine['ownerId']}")) == page(mine)
    assert [row["id"] for row in stranger.ok("GET", PATH)["data"]] == [stranger.organization_id]


def test_changes_what_is_given_and_nothing_else(instance):
    before = instance.ok("GET", f"{PATH}/{instance.organization_id}")
    after = instance.ok("PATCH", f"{PATH}/{instance.organization_id}", {"retentionTier": "long"})
    assert after == {**before, "retentionTier": "long"}
    assert events(instance)[-1] == "organization.updated"


def test_says_what_it_is_and_where_things_go(instance):
    path = f"{PATH}/{instance.organization_id}"
    change = {"settings": {"region": "eu", "seats": 5}, "defaultWorkspaceId": instance.workspace_id}
    before = instance.ok("GET", path)
    assert instance.ok("PATCH", path, change) == {**before, **change}
    assert instance.ok("PATCH", path, {"settings": {}, "defaultWorkspaceId": None}) == before
    stranger = instance.tenant("rival")
    with nothing_happens(instance):
        answer = instance.api("PATCH", path, {"defaultWorkspaceId": stranger.workspace_id})
        assert refusal(answer) == (404, "not_found")
        for wrong, place in (
            ({"defaultWorkspaceId": "main"}, "defaultWorkspaceId"),
            ({"settings": {"secret": "x"}}, "settings.secret"),
            ({"settings": None}, "settings"),
        ):
            assert refused_at(instance.api("PATCH", path, wrong)) == (400, [place])


def test_is_handed_over_to_somebody_who_holds_the_owner_role(instance):
    grace = person(instance, "grace")
    path = f"{PATH}/{instance.organization_id}"
    with nothing_happens(instance):
        assert refused_at(instance.api("PATCH", path, {"ownerId": grace.id})) == (400, ["ownerId"])
    role = {"organizationId": instance.organization_id, "userId": grace.id, "role": "owner"}
    instance.ok("POST", "/api/organization-members", role)
    assert instance.ok("PATCH", path, {"ownerId": grace.id})["ownerId"] == grace.id


@pytest.mark.parametrize(
    ("body", "places"),
    [
        ({"handle": "globex"}, ["name"]),
        ({"name": "", "handle": "globex"}, ["name"]),
        ({"name": "Globex", "handle": "Globex"}, ["handle"]),
        ({"name": "Globex", "handle": "globex", "retentionTier": "forever"}, ["retentionTier"]),
        ({"name": "Globex", "handle": "globex", "ownerEmail": "hank"}, ["ownerEmail"]),
        ({"name": "Globex", "handle": "globex", "ownerEmail": "h@g.example"}, ["ownerName"]),
        ({"name": "Globex", "handle": "globex", "ownerId": "usr_1"}, ["ownerId"]),
    ],
)
def test_refuses_a_malformed_organization(instance, body, places):
    with nothing_happens(instance):
        assert refused_at(instance.api("POST", PATH, body)) == (400, places)


def test_refuses_everybody_but_operators(instance):
    stranger = instance.tenant("rival")
    with nothing_happens(instance):
        answer = stranger.api("POST", PATH, {"name": "Globex", "handle": "globex"})
        assert refusal(answer) == (403, "operator_required")


def test_refuses_a_handle_that_is_taken_even_by_one_not_seen(instance):
    instance.tenant("rival")
    with nothing_happens(instance):
        for handle in ("acme", "rival"):
            answer = instance.api("POST", PATH, {"name": "Globex", "handle": handle})
            assert refusal(answer) == (409, "handle_taken")


def test_a_plain_member_reads_but_does_not_change(instance):
    member = person(instance, "grace")
    path = f"{PATH}/{instance.organization_id}"
    assert member.ok("GET", path)["name"] == "Acme"
    with nothing_happens(instance):
        assert refusal(member.api("PATCH", path, {"name": "Mine"})) == (403, "tier_too_low")


def test_a_stranger_finds_nothing(instance):
    stranger = instance.tenant("rival")
    path = f"{PATH}/{instance.organization_id}"
    with nothing_happens(instance):
        assert refusal(stranger.api("GET", path)) == (404, "not_found")
        assert refusal(stranger.api("PATCH", path, {"name": "Mine"})) == (404, "not_found")


def test_a_change_can_be_made_conditional(instance):
    path = f"{PATH}/{instance.organization_id}"
    etag = instance.api("GET", path).headers["etag"]
    instance.ok("PATCH", path, {"name": "Acme Corporation"})
    with nothing_happens(instance):
        answer = instance.api("PATCH", path, {"name": "Acme Limited"}, headers={"if-match": etag})
        assert refusal(answer) == (412, "precondition_failed")
