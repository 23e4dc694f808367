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
from tests.instance import Instance

PATH = "/api/workspace-members"


def of(instance: Instance, **more: str) -> str:
    return f"{PATH}?workspace_id={instance.workspace_id}" + "".join(f"&{k}={v}" for k, v in more.items())


def test_gives_a_user_a_role(instance):
    grace = person(instance, "grace")
    answer = instance.api("POST", PATH, {"workspaceId": instance.workspace_id, "userId": grace.id})
    made = answer.json
    assert answer.status == 201
    assert made == {
        "id": made["id"],
        "workspaceId": instance.workspace_id,
        "userId": grace.id,
        "role": "viewer",
        "createdAt": NOW,
        "userName": "grace",
        "userEmail": "grace@acme.example",
        "userRole": "member",
    }
    assert made["id"].startswith("wspmem_")
    assert instance.ok("GET", f"{PATH}/{made['id']}") == made
    assert listed(grace.ok("GET", of(instance, role="viewer"))) == page(made)
    assert listed(grace.ok("GET", of(instance, user_id=grace.id, ids=made["id"]))) == page(made)


def test_changes_a_role_and_takes_it_away(instance):
    grace = person(instance, "grace", "viewer")
    (found,) = instance.ok("GET", of(instance, user_id=grace.id))["data"]
    path = f"{PATH}/{found['id']}"
    assert instance.ok("PATCH", path, {"role": "editor"}) == {**found, "role": "editor"}
    with nothing_happens(instance):
        assert instance.ok("PATCH", path, {"role": "editor"}) == {**found, "role": "editor"}
    assert instance.ok("DELETE", path) == {"success": True}
    assert refusal(instance.api("GET", path)) == (404, "not_found")
    assert refusal(grace.api("GET", of(instance))) == (404, "not_found")
    assert events(instance)[-2:] == ["workspace_member.updated", "workspace_member.deleted"]


def test_asks_for_the_workspace(instance):
    assert refused_at(instance.api("GET", PATH)) == (400, ["workspace_id"])
    assert refused_at(instance.api("GET", f"{PATH}?workspace_id=main")) == (400, ["workspace_id"])
    assert refused_at(instance.api("GET", of(instance, role="king"))) == (400, ["role"])


@pytest.mark.parametrize(
    ("body", "places"),
    [
        ({"workspaceId": "main"}, ["workspaceId"]),
        ({"userId": "grace"}, ["userId"]),
        ({"role": "owner"}, ["role"]),
        ({"role": None}, ["role"]),
        ({"userName": "Grace"}, ["userName"]),
    ],
)
def test_refuses_a_malformed_membership(instance, body, places):
    grace = person(instance, "grace")
    whole = {"workspaceId": instance.workspace_id, "userId": grace.id, **body}
    with nothing_happens(instance):
        assert refused_at(instance.api("POST", PATH, whole)) == (400, places)


def test_refuses_a_second_role_for_a_user(instance):
    grace = person(instance, "grace", "viewer")
    body = {"workspaceId": instance.workspace_id, "userId": grace.id, "role": "admin"}
    with nothing_happens(instance):
        assert refusal(instance.api("POST", PATH, body)) == (409, "already_member")


def test_an_editor_sees_members_but_does_not_choose_them(instance):
    editor = person(instance, "grace", "editor")
    (own,) = editor.ok("GET", of(instance, user_id=editor.id))["data"]
    with nothing_happens(instance):
        answer = editor.api("POST", PATH, {"workspaceId": instance.workspace_id, "userId": editor.id})
        assert refusal(answer) == (403, "tier_too_low")
        assert refusal(editor.api("PATCH", f"{PATH}/{own['id']}", {"role": "admin"})) == (403, "tier_too_low")
        assert refusal(editor.api("DELETE", f"{PATH}/{own['id']}")) == (403, "tier_too_low")


def test_a_stranger_finds_nothing_and_nobody_can_be_taken_from_elsewhere(instance):
    stranger = instance.tenant("rival")
    (own,) = instance.ok("GET", of(instance))["data"]
    path = f"{PATH}/{own['id']}"
    with nothing_happens(instance):
        assert refusal(stranger.api("GET", of(instance))) == (404, "not_found")
        assert refusal(stranger.api("GET", path)) == (404, "not_found")
        assert refusal(stranger.api("PATCH", path, {"role": "viewer"})) == (404, "not_found")
        assert refusal(stranger.api("DELETE", path)) == (404, "not_found")
        body = {"workspaceId": instance.workspace_id, "userId": f"usr_{stranger.owner_id}"}
        assert refusal(stranger.api("POST", PATH, body)) == (404, "not_found")
        assert refusal(instance.api("POST", PATH, body)) == (404, "not_found")
