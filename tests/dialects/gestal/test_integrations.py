from __future__ import annotations

from typing import Any

import pytest

from tests.dialects.gestal.desk import ACME, Desk


def test_an_integration_is_made_published_and_private(desk: Desk) -> None:
    answer = desk.send("POST", "/integrations", ACME)
    made = answer.json
    assert (answer.status, list(made)) == (
        201,
        ["cloud_id", "name", "url", "description", "created_at", "updated_at"],
    )
    assert {name: made[name] for name in ACME} == ACME
    assert made["created_at"] == "2026-03-01T12:00:00.000Z"
    seen = desk.instance.ok("GET", f"/platform/api/integrations/{made['cloud_id']}")
    assert (seen["slug"], seen["visibility"], seen["currentVersion"]) == ("acme-plus", "private", "1.0.0")
    assert seen["workspaceId"] == desk.instance.workspace_id
    assert desk.ok("GET", f"/integrations/{made['cloud_id']}") == made
    uuid = made["cloud_id"][4:]
    spelled = "-".join((uuid[:8], uuid[8:12], uuid[12:16], uuid[16:20], uuid[20:]))
    assert desk.ok("GET", f"/integrations/{spelled}") == made


def test_every_change_is_published(desk: Desk) -> None:
    path = f"/integrations/{desk.ok('POST', '/integrations', ACME)['cloud_id']}"
    changed = desk.ok("PATCH", path, {"name": "Acme", "description": None})
    assert (changed["name"], changed["url"], changed["description"]) == ("Acme", ACME["url"], None)
    seen = desk.instance.ok("GET", f"/platform/api{path}")
    assert (seen["name"], seen["currentVersion"]) == ("Acme", "1.0.1")
    assert desk.ok("PATCH", path, {"something": "else"}) == changed
    assert desk.instance.ok("GET", f"/platform/api{path}")["currentVersion"] == "1.0.1"


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({"name": "x"}, {"url": ["can't be blank"]}),
        ({"url": ACME["url"]}, {"name": ["can't be blank"]}),
        ({**ACME, "url": "ftp://acme"}, {"url": ["must be an http or https URL of at most 2000 characters"]}),
        ({**ACME, "url": "javascript:alert(1)"}, None),
        ({**ACME, "url": "https://user@acme.example/"}, None),
        ({**ACME, "url": "https://acme example/"}, None),
        ({**ACME, "name": " "}, {"name": ["must be 1-200 characters and not blank"]}),
        ({**ACME, "name": 1}, {"name": ["expected str, got int"]}),
        ({**ACME, "description": "x" * 10_001}, None),
    ],
)
def test_refuses_what_does_not_fit_and_makes_nothing(desk: Desk, body: Any, errors: Any) -> None:
    answer = desk.send("POST", "/integrations", body)
    assert (answer.status, answer.json["type"]) == (422, "validation_error")
    assert (answer.json["title"], answer.json["status"]) == ("Unprocessable Entity", 422)
    assert errors is None or answer.json["errors"] == errors
    assert desk.instance.count("SELECT count(*) FROM integrations") == 0


def test_an_integrator_sees_what_it_may_edit_in_its_own_organization(desk: Desk) -> None:
    mine = desk.made()
    theirs = desk.shop.ok("POST", "/gestal/integrations", ACME)["cloud_id"]
    desk.shop.ok("PATCH", f"/platform/api/integrations/{theirs}", {"visibility": "unlisted"})
    desk.instance.database.write_now(
        lambda tx: tx.run("UPDATE integrations SET visibility = 'public' WHERE id = :id", id=theirs[4:])
    )
    assert [one["cloud_id"] for one in desk.ok("GET", "/integrations")["data"]] == [mine]
    assert desk.instance.api("GET", f"/platform/api/integrations/{theirs}").status == 200
    for method in ("GET", "DELETE"):
        assert desk.send(method, f"/integrations/{theirs}").status == 404
    assert desk.send("PATCH", f"/integrations/{theirs}", {"name": "x"}).status == 404
    assert desk.send("GET", f"/integrations/{theirs}/installations").status == 404


def test_integrations_of_other_apis_are_listed_and_have_no_page(desk: Desk) -> None:
    made = desk.instance.integration("plain", [])
    (listed,) = desk.ok("GET", "/integrations")["data"]
    assert (listed["cloud_id"], listed["url"], listed["description"]) == (made["id"], None, None)


def test_deleting_uninstalls_everywhere_and_its_keys_open_nothing(desk: Desk) -> None:
    integration_id = desk.made()
    other = desk.instance.tenant("farm")
    installs = [desk.activate(integration_id), desk.activate(integration_id, other)]
    keys = [desk.key(one) for one in installs]
    assert [desk.as_installation(key, "GET", "/ping").status for key in keys] == [204, 204]
    assert desk.send("DELETE", f"/integrations/{integration_id}").status == 204
    assert [desk.as_installation(key, "GET", "/ping").status for key in keys] == [401, 401]
    for path in (
        f"/integrations/{integration_id}",
        f"/integrations/{integration_id}/installations",
        f"/integrations/installations/{installs[0]}/accesskeys",
    ):
        assert desk.send("GET", path).status == 404
    assert desk.send("DELETE", f"/integrations/{integration_id}").status == 404
    for tenant, install_id in zip((desk.shop, other), installs, strict=True):
        assert tenant.ok("GET", f"/api/integration-installs/{install_id}")["deletedAt"] is not None
        events = tenant.ok("GET", f"/api/events?subject_id={install_id}")["data"]
        assert "integration_install.deleted" in {event["type"] for event in events}


def test_no_tenants_restoring_reaches_another_tenant(desk: Desk) -> None:
    integration_id = desk.made()
    other = desk.instance.tenant("farm")
    mine, theirs = desk.activate(integration_id), desk.activate(integration_id, other)
    desk.ok("DELETE", f"/integrations/{integration_id}")
    desk.shop.ok("POST", f"/api/integration-installs/{mine}/restore")
    assert other.ok("GET", f"/api/integration-installs/{theirs}")["deletedAt"] is not None


def test_an_editor_who_is_no_admin_publishes_nothing(desk: Desk) -> None:
    integration_id = desk.made()
    user = desk.instance.ok(
        "POST",
        "/api/users",
        {"organizationId": desk.instance.organization_id, "email": "ed@acme.example", "name": "Ed"},
    )
    grant = {"entityId": integration_id, "subjectId": user["id"], "tier": "editor"}
    desk.instance.ok("POST", "/api/permissions", grant)
    token = desk.instance.key_of(user["id"][4:])
    assert [one["cloud_id"] for one in desk.ok("GET", "/integrations", token=token)["data"]] == [
        integration_id
    ]
    refused = desk.send("PATCH", f"/integrations/{integration_id}", {"name": "x"}, token=token)
    assert (refused.status, refused.json["type"]) == (403, "tier_too_low")
    assert desk.ok("GET", f"/integrations/{integration_id}")["name"] == ACME["name"]
