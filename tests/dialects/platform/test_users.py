from __future__ import annotations

from typing import Any

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
from tests.instance import Instance

PATH = "/api/users"


def new(instance: Instance, **more: Any) -> dict[str, Any]:
    body = {"organizationId": instance.organization_id, "email": "grace@acme.example", "name": "Grace"}
    return {**body, **more}


def test_makes_a_user_of_an_organization(instance):
    answer = instance.api("POST", PATH, new(instance, email="Grace@Acme.example", role="admin"))
    made = answer.json
    assert answer.status == 201
    assert made == {
        "id": made["id"],
        "organizationId": instance.organization_id,
        "email": "grace@acme.example",
        "username": "grace",
        "name": "Grace",
        "fields": {},
        "operator": False,
        "active": True,
        "createdAt": NOW,
        "updatedAt": NOW,
    }
    assert instance.ok("GET", f"{PATH}/{made['id']}") == made
    members = f"/api/organization-members?organization_id={instance.organization_id}&user_id={made['id']}"
    assert [row["role"] for row in instance.ok("GET", members)["data"]] == ["admin"]


def test_makes_a_user_with_a_name_and_fields_of_their_own(instance):
    fields = {"department": "sales", "level": 3, "remote": True, "desk": None}
    made = instance.ok("POST", PATH, new(instance, username="Grace.H", fields=fields))
    assert (made["username"], made["fields"]) == ("grace.h", fields)
    assert listed(instance.ok("GET", f"{PATH}?username=grace.h")) == page(made)
    assert listed(instance.ok("GET", filtered(PATH, username={"startsWith": "grace."}))) == page(made)
    after = instance.ok("PATCH", f"{PATH}/{made['id']}", {"username": "GRACE", "fields": {"level": 4}})
    assert after == {**made, "username": "grace", "fields": {"level": 4}}
    with nothing_happens(instance):
        answer = instance.api("PATCH", f"{PATH}/usr_{instance.user_id}", {"username": "grace"})
        assert refusal(answer) == (409, "username_taken")


def test_lists_the_users_of_the_caller_s_organizations(instance):
    stranger = instance.tenant("rival")
    grace = instance.ok("POST", PATH, new(instance))
    assert listed(instance.ok("GET", f"{PATH}?email=grace@acme.example")) == page(grace)
    assert listed(instance.ok("GET", f"{PATH}?name=RAC&active=true")) == page(grace)
    assert listed(instance.ok("GET", f"{PATH}?active=false")) == page()
    assert instance.ok("GET", f"{PATH}?organization_id={instance.organization_id}")["pageInfo"]["total"] == 2
    assert [row["id"] for row in stranger.ok("GET", PATH)["data"]] == [f"usr_{stranger.owner_id}"]


def test_keys_of_a_user_who_is_not_active_do_not_work(instance):
    grace = person(instance, "grace")
    before = grace.ok("GET", f"{PATH}/{grace.id}")
    assert instance.ok("PATCH", f"{PATH}/{grace.id}", {"active": False}) == {**before, "active": False}
    assert refusal(grace.api("GET", PATH)) == (401, "unauthenticated")
    assert instance.ok("PATCH", f"{PATH}/{grace.id}", {"active": True}) == before
    assert grace.ok("GET", f"{PATH}/{grace.id}") == before
    assert events(instance)[-2:] == ["user.updated", "user.updated"]


def test_users_rename_themselves_and_nobody_else(instance):
    grace = person(instance, "grace")
    assert grace.ok("PATCH", f"{PATH}/{grace.id}", {"name": "Grace H."})["name"] == "Grace H."
    with nothing_happens(instance):
        path = f"{PATH}/usr_{instance.user_id}"
        assert refusal(grace.api("PATCH", path, {"name": "Eve"})) == (403, "tier_too_low")
        for change in ({"active": False}, {"username": "ada2"}, {"fields": {"level": 9}}):
            assert refusal(grace.api("PATCH", f"{PATH}/{grace.id}", change)) == (403, "tier_too_low")
        assert refusal(grace.api("POST", PATH, new(instance, email="eve@acme.example"))) == (
            403,
            "tier_too_low",
        )


@pytest.mark.parametrize(
    ("more", "places"),
    [
        ({"email": "grace"}, ["email"]),
        ({"name": ""}, ["name"]),
        ({"name": None}, ["name"]),
        ({"role": "king"}, ["role"]),
        ({"organizationId": "acme"}, ["organizationId"]),
        ({"username": "a b"}, ["username"]),
        ({"username": "usr_" + "0" * 32}, ["username"]),
        ({"fields": []}, ["fields"]),
        ({"fields": {"a": []}}, ["fields[...]"]),
        ({"fields": {"a b": 1}}, ["fields"]),
        ({"fields": {"password": "x"}}, ["fields.password"]),
        ({"operator": True}, ["operator"]),
        ({"active": False}, ["active"]),
    ],
)
def test_refuses_a_malformed_user(instance, more, places):
    with nothing_happens(instance):
        assert refused_at(instance.api("POST", PATH, new(instance, **more))) == (400, places)


def test_refuses_to_change_what_stays(instance):
    with nothing_happens(instance):
        for member in ("email", "operator", "organizationId"):
            answer = instance.api("PATCH", f"{PATH}/usr_{instance.user_id}", {member: "x"})
            assert refused_at(answer) == (400, [member])
        answer = instance.api("PATCH", f"{PATH}/usr_{instance.user_id}", {"active": None})
        assert refused_at(answer) == (400, ["active"])


def test_refuses_an_address_that_is_taken_in_the_organization(instance):
    stranger = instance.tenant("rival")
    body = new(instance, email="ADA@acme.example")
    with nothing_happens(instance):
        assert refusal(instance.api("POST", PATH, body)) == (409, "email_taken")
    elsewhere = stranger.ok("POST", PATH, {**body, "organizationId": stranger.organization_id})
    assert elsewhere["email"] == "ada@acme.example"


def test_the_owner_of_an_organization_stays_active(instance):
    with nothing_happens(instance):
        answer = instance.api("PATCH", f"{PATH}/usr_{instance.user_id}", {"active": False})
        assert refusal(answer) == (409, "organization_owner")


def test_a_stranger_finds_nothing(instance):
    stranger = instance.tenant("rival")
    path = f"{PATH}/usr_{instance.user_id}"
    with nothing_happens(instance):
        assert refusal(stranger.api("GET", path)) == (404, "not_found")
        assert refusal(stranger.api("PATCH", path, {"name": "Eve"})) == (404, "not_found")
        assert refusal(stranger.api("POST", PATH, new(instance))) == (404, "not_found")
