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
from tests.instance import Instance

PATH = "/api/permissions"


@pytest.fixture
def shop(instance):
    return instance.integration("shop", [])


def share(instance: Instance, entity: dict[str, Any], subject_id: str | None, tier: str = "viewer") -> Any:
    return instance.ok("POST", PATH, {"entityId": entity["id"], "subjectId": subject_id, "tier": tier})


def test_gives_a_user_a_tier_on_one_object(instance, shop):
    grace = person(instance, "grace")
    assert refusal(grace.api("GET", f"/api/integrations/{shop['id']}")) == (404, "not_found")
    answer = instance.api("POST", PATH, {"entityId": shop["id"], "subjectId": grace.id, "tier": "editor"})
    made = answer.json
    assert answer.status == 201
    assert made == {
        "id": made["id"],
        "workspaceId": instance.workspace_id,
        "entityId": shop["id"],
        "subjectId": grace.id,
        "tier": "editor",
        "createdBy": f"usr_{instance.user_id}",
        "deletedAt": None,
        "deletedBy": None,
        "retentionTier": None,
        "createdAt": NOW,
        "updatedAt": NOW,
    }
    assert made["id"].startswith("prm_")
    assert instance.ok("GET", f"{PATH}/{made['id']}") == made
    assert grace.ok("PATCH", f"/api/integrations/{shop['id']}", {"name": "Shop"})["name"] == "Shop"


def test_every_kind_of_subject_and_object_is_spelled_with_its_prefix(instance, shop):
    stranger = instance.tenant("rival")
    team = instance.ok("POST", "/api/teams", {"organizationId": instance.organization_id, "name": "Core"})
    for subject_id in (team["id"], stranger.organization_id, None):
        assert share(instance, shop, subject_id)["subjectId"] == subject_id
    function = instance.entity("functions", "charge", {})
    assert share(instance, function, stranger.organization_id)["entityId"] == function["id"]
    assert stranger.ok("GET", f"/api/functions/{function['id']}")["slug"] == "charge"
    assert stranger.ok("GET", f"/api/integrations/{shop['id']}")["slug"] == "shop"


def test_who_everybody_is_has_to_be_said(instance, shop):
    with nothing_happens(instance):
        answer = instance.api("POST", PATH, {"entityId": shop["id"], "tier": "viewer"})
        assert refused_at(answer) == (400, ["subjectId"])


def test_lists_by_what_is_shared_and_with_whom(instance, shop):
    grace = person(instance, "grace")
    function = instance.entity("functions", "charge", {})
    one = share(instance, shop, grace.id)
    share(instance, function, None, "admin")
    assert listed(instance.ok("GET", f"{PATH}?entity_id={shop['id']}")) == page(one)
    assert listed(instance.ok("GET", f"{PATH}?subject_id={grace.id}&tier=viewer")) == page(one)
    assert instance.ok("GET", f"{PATH}?workspace_id={instance.workspace_id}")["pageInfo"]["total"] == 2
    assert instance.ok("GET", f"{PATH}?tier=editor")["data"] == []


def test_a_permission_is_changed_revoked_restored_and_purged(instance, shop):
    grace = person(instance, "grace")
    made = share(instance, shop, grace.id)
    path = f"{PATH}/{made['id']}"
    changed = instance.ok("PATCH", path, {"tier": "admin"})
    assert changed == {**made, "tier": "admin"}
    with nothing_happens(instance):
        assert refusal(instance.api("DELETE", f"{path}/purge")) == (409, "not_deleted")
    assert instance.ok("DELETE", path) == {"success": True}
    assert refusal(grace.api("GET", f"/api/integrations/{shop['id']}")) == (404, "not_found")
    tombstone = {"deletedAt": NOW, "deletedBy": f"usr_{instance.user_id}", "retentionTier": "medium"}
    revoked = {**changed, **tombstone}
    assert instance.ok("GET", PATH)["data"] == []
    assert listed(instance.ok("GET", f"{PATH}?include_deleted=only")) == page(revoked)
    with nothing_happens(instance):
        assert instance.ok("DELETE", path) == {"success": True}
        assert refusal(instance.api("PATCH", path, {"tier": "viewer"})) == (409, "deleted")
    assert instance.ok("POST", f"{path}/restore") == changed
    assert grace.ok("GET", f"/api/integrations/{shop['id']}")["slug"] == "shop"
    instance.ok("DELETE", path)
    assert instance.ok("DELETE", f"{path}/purge") == {"success": True}
    assert refusal(instance.api("GET", path)) == (404, "not_found")
    assert [type_ for type_ in events(instance) if type_.startswith("permission.")] == [
        f"permission.{verb}" for verb in ("created", "updated", "revoked", "restored", "revoked", "purged")
    ]


def test_refuses_a_second_permission_of_one_subject_on_one_object(instance, shop):
    grace = person(instance, "grace")
    first = share(instance, shop, grace.id)
    with nothing_happens(instance):
        answer = instance.api("POST", PATH, {"entityId": shop["id"], "subjectId": grace.id, "tier": "admin"})
        assert refusal(answer) == (409, "already_granted")
    instance.ok("DELETE", f"{PATH}/{first['id']}")
    share(instance, shop, grace.id, "admin")
    with nothing_happens(instance):
        answer = instance.api("POST", f"{PATH}/{first['id']}/restore")
        assert refusal(answer) == (409, "already_granted")


@pytest.mark.parametrize(
    ("more", "places"),
    [
        ({"tier": "owner"}, ["tier"]),
        ({"entityId": "shop"}, ["entityId"]),
        ({"entityId": "0197a001-0000-7000-8000-000000000000"}, ["entityId"]),
        ({"entityId": "inst_" + "0" * 32}, ["entityId"]),
        ({"subjectId": "grace"}, ["subjectId"]),
        ({"subjectId": "wsp_" + "0" * 32}, ["subjectId"]),
        ({"createdBy": None}, ["createdBy"]),
    ],
)
def test_refuses_a_malformed_permission(instance, shop, more, places):
    body = {"entityId": shop["id"], "subjectId": None, "tier": "viewer", **more}
    with nothing_happens(instance):
        assert refused_at(instance.api("POST", PATH, body)) == (400, places)


def test_only_admins_of_an_object_share_it(instance, shop):
    editor = person(instance, "grace", "editor")
    made = share(instance, shop, None)
    path = f"{PATH}/{made['id']}"
    assert editor.ok("GET", path) == made
    with nothing_happens(instance):
        for method, where, body in (
            ("POST", PATH, {"entityId": shop["id"], "subjectId": editor.id, "tier": "admin"}),
            ("PATCH", path, {"tier": "admin"}),
            ("DELETE", path, b""),
        ):
            assert refusal(editor.api(method, where, body)) == (403, "tier_too_low")


def test_a_stranger_finds_nothing_and_foreign_people_are_not_named(instance, shop):
    stranger = instance.tenant("rival")
    made = share(instance, shop, f"usr_{instance.user_id}")
    path = f"{PATH}/{made['id']}"
    with nothing_happens(instance):
        assert stranger.ok("GET", PATH)["data"] == []
        for method, where, body in (
            ("GET", path, b""),
            ("PATCH", path, {"tier": "admin"}),
            ("DELETE", path, b""),
            ("DELETE", f"{path}/purge", b""),
            ("POST", f"{path}/restore", b""),
            ("POST", PATH, {"entityId": shop["id"], "subjectId": None, "tier": "viewer"}),
        ):
            assert refusal(stranger.api(method, where, body)) == (404, "not_found")
        body = {"entityId": shop["id"], "subjectId": f"usr_{stranger.owner_id}", "tier": "viewer"}
        assert refusal(instance.api("POST", PATH, body)) == (404, "not_found")
