from __future__ import annotations

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

PATH = "/api/workspaces"


def create(instance: Instance, handle: str = "lab", **more: Any) -> Any:
    body = {"organizationId": instance.organization_id, "name": "Lab", "handle": handle, **more}
    return instance.ok("POST", PATH, body)


def test_makes_a_workspace_whose_owner_is_its_first_admin(instance):
    body = {"organizationId": instance.organization_id, "name": "Lab", "handle": "lab"}
    answer = instance.api("POST", PATH, body)
    made = answer.json
    assert answer.status == 201
    assert made == {
        "id": made["id"],
        "organizationId": instance.organization_id,
        "name": "Lab",
        "handle": "lab",
        "ownerId": f"usr_{instance.user_id}",
        "defaultServiceUserId": None,
        "deletedAt": None,
        "retentionTier": None,
        "createdAt": NOW,
        "updatedAt": NOW,
    }
    members = instance.ok("GET", f"/api/workspace-members?workspace_id={made['id']}")["data"]
    assert [(row["userId"], row["role"]) for row in members] == [(made["ownerId"], "admin")]
    assert instance.ok("GET", f"{PATH}/{made['id']}") == made


def test_lists_the_caller_s_workspaces(instance):
    instance.tenant("rival")
    lab = create(instance)
    viewer = person(instance, "grace", "viewer")
    assert listed(instance.ok("GET", f"{PATH}?handle=lab&name=AB")) == page(lab)
    assert (
        listed(instance.ok("GET", f"{PATH}?organization_id={instance.organization_id}"))["pageInfo"]["total"]
        == 2
    )
    assert [row["handle"] for row in viewer.ok("GET", PATH)["data"]] == ["main"]


def test_changes_what_is_given_and_nothing_else(instance):
    lab = create(instance)
    path = f"{PATH}/{lab['id']}"
    named = instance.ok("PATCH", path, {"name": "Laboratory", "handle": "laboratory"})
    assert named == {**lab, "name": "Laboratory", "handle": "laboratory"}
    user = f"usr_{instance.user_id}"
    served = instance.ok("PATCH", path, {"defaultServiceUserId": user})
    assert served == {**named, "defaultServiceUserId": user}
    assert instance.ok("PATCH", path, {}) == served
    assert instance.ok("PATCH", path, {"defaultServiceUserId": None}) == named


def test_a_workspace_goes_and_returns_with_what_is_in_it(instance):
    function = instance.entity("functions", "charge", {})
    path = f"{PATH}/{instance.workspace_id}"
    assert instance.ok("DELETE", path) == {"success": True}
    deleted = instance.ok("GET", path)
    assert (deleted["deletedAt"], deleted["retentionTier"]) == (NOW, "medium")
    assert instance.ok("GET", PATH)["data"] == []
    assert listed(instance.ok("GET", f"{PATH}?include_deleted=only")) == page(deleted)
    assert instance.ok("GET", "/api/functions")["data"] == []
    with nothing_happens(instance):
        assert instance.ok("DELETE", path) == {"success": True}
    restored = instance.ok("POST", f"{path}/restore")
    assert (restored["deletedAt"], restored["retentionTier"]) == (None, None)
    assert instance.ok("GET", f"/api/functions/{function['id']}") == function


def test_a_deleted_workspace_is_purged_with_what_is_in_it(instance):
    lab = create(instance)
    home = {"workspaceId": lab["id"]}
    function = instance.entity("functions", "charge", {}, **home)
    draft = instance.integration("shop", [member("charge", function, "function")], **home)
    instance.publish(draft["id"], "1.0.0")
    install = instance.install(draft["id"], **home)
    instance.ok("POST", "/api/secrets", {**home, "name": "key", "value": "s3cret-s3cret"})
    instance.ok("DELETE", f"{PATH}/{lab['id']}")
    assert instance.ok("DELETE", f"{PATH}/{lab['id']}/purge") == {"success": True}
    assert refusal(instance.api("GET", f"{PATH}/{lab['id']}")) == (404, "not_found")
    assert refusal(instance.api("GET", f"/api/solutions/{install['solutionId']}")) == (404, "not_found")
    assert events(instance)[-2:] == ["workspace.purging", "workspace.purged"]


def test_a_live_workspace_is_not_purged(instance):
    lab = create(instance)
    with nothing_happens(instance):
        assert refusal(instance.api("DELETE", f"{PATH}/{lab['id']}/purge")) == (409, "not_deleted")


def test_a_deleted_workspace_is_not_changed(instance):
    lab = create(instance)
    instance.ok("DELETE", f"{PATH}/{lab['id']}")
    with nothing_happens(instance):
        assert refusal(instance.api("PATCH", f"{PATH}/{lab['id']}", {"name": "New"})) == (409, "deleted")


@pytest.mark.parametrize(
    ("body", "places"),
    [
        ({"handle": "lab"}, ["name"]),
        ({"name": " "}, ["name"]),
        ({"handle": "-"}, ["handle"]),
        ({"organizationId": "acme"}, ["organizationId"]),
        ({"ownerId": "usr_1"}, ["ownerId"]),
        ({"deletedAt": None}, ["deletedAt"]),
    ],
)
def test_refuses_a_malformed_workspace(instance, body, places):
    whole = {"organizationId": instance.organization_id, "name": "Lab", "handle": "lab", **body}
    if body == {"handle": "lab"}:
        del whole["name"]
    with nothing_happens(instance):
        assert refused_at(instance.api("POST", PATH, whole)) == (400, places)


def test_refuses_a_handle_that_any_workspace_has(instance):
    instance.tenant("rival")
    lab = create(instance)
    with nothing_happens(instance):
        for handle in ("main", "rival-main"):
            body = {"organizationId": instance.organization_id, "name": "Lab", "handle": handle}
            assert refusal(instance.api("POST", PATH, body)) == (409, "handle_taken")
            answer = instance.api("PATCH", f"{PATH}/{lab['id']}", {"handle": handle})
            assert refusal(answer) == (409, "handle_taken")


def test_an_editor_reads_but_does_not_look_after_it(instance):
    editor = person(instance, "grace", "editor")
    path = f"{PATH}/{instance.workspace_id}"
    assert editor.ok("GET", path)["handle"] == "main"
    with nothing_happens(instance):
        for method, rest, body in (("PATCH", "", {"name": "x"}), ("DELETE", "", b"")):
            assert refusal(editor.api(method, path + rest, body)) == (403, "tier_too_low")
        body = {"organizationId": instance.organization_id, "name": "Lab", "handle": "lab"}
        assert refusal(editor.api("POST", PATH, body)) == (403, "tier_too_low")
    instance.ok("DELETE", path)
    assert refusal(editor.api("GET", path)) == (404, "not_found")


def test_a_stranger_finds_nothing(instance):
    stranger = instance.tenant("rival")
    path = f"{PATH}/{instance.workspace_id}"
    with nothing_happens(instance):
        for method, rest, body in (
            ("GET", "", b""),
            ("PATCH", "", {"name": "Mine"}),
            ("DELETE", "", b""),
            ("DELETE", "/purge", b""),
            ("POST", "/restore", b""),
        ):
            assert refusal(stranger.api(method, path + rest, body)) == (404, "not_found")
        body = {"organizationId": instance.organization_id, "name": "Lab", "handle": "lab"}
        assert refusal(stranger.api("POST", PATH, body)) == (404, "not_found")
