from __future__ import annotations

import pytest

from tests.dialects.informer.desk import Desk


@pytest.mark.parametrize("mount", ["", "/informer"])
def test_a_tag_is_made_found_changed_and_removed(desk: Desk, mount: str) -> None:
    answer = desk.send("POST", f"{mount}/api/tags", {"name": "Blue", "color": "#00f"})
    tag = answer.json
    assert (answer.status, answer.headers["location"]) == (201, f"{mount}/api/tags/{tag['id']}")
    assert (tag["name"], tag["color"], tag["createdAt"]) == ("Blue", "#00f", "2026-03-01T12:00:00.000Z")
    assert desk.ok("GET", f"{mount}/api/tags/{tag['id']}") == tag
    desk.ok("POST", f"{mount}/api/tags", {"name": "Red"})
    assert [one["name"] for one in desk.ok("GET", f"{mount}/api/tags")["_embedded"]["inf:tag"]] == [
        "Blue",
        "Red",
    ]
    found = desk.ok("GET", f"{mount}/api/tags?name=Blue")
    assert (found["total"], found["_embedded"]["inf:tag"][0]["id"]) == (1, tag["id"])
    again = desk.send("POST", f"{mount}/api/tags", {"name": "Blue"})
    assert (again.status, again.json["error"]) == (409, "Conflict")
    after = desk.ok("PUT", f"{mount}/api/tags/{tag['id']}", {"name": "Navy", "color": ""})
    assert (after["name"], "color" in after) == ("Navy", False)
    assert desk.send("DELETE", f"{mount}/api/tags/{tag['id']}").status == 204
    assert desk.send("GET", f"{mount}/api/tags/{tag['id']}").status == 404


def test_an_integration_is_tagged(desk: Desk) -> None:
    made = desk.made()
    path = f"/informer/api/integrations/{made['slug']}/tags"
    tag = desk.ok("POST", "/informer/api/tags", {"name": "Blue"})
    entity = desk.ok("PUT", f"{path}/{tag['id']}", {})
    assert (entity["tagId"], entity["integrationId"]) == (tag["id"], made["id"])
    assert entity["_embedded"]["inf:tag"]["name"] == "Blue"
    assert desk.ok("PUT", f"{path}/{tag['id']}")["id"] == entity["id"]
    listed = desk.ok("GET", path)
    assert [one["id"] for one in listed["_embedded"]["inf:tag-entity"]] == [entity["id"]]
    assert desk.ok("GET", f"{path}/{tag['id']}")["id"] == entity["id"]
    assert desk.send("DELETE", f"{path}/{tag['id']}").status == 204
    assert desk.send("GET", f"{path}/{tag['id']}").status == 404
    assert desk.ok("GET", path)["total"] == 0


def test_members_look_at_tags_and_authors_make_them(desk: Desk) -> None:
    author, member = desk.member("alice", "author"), desk.member("bob")
    assert desk.send("POST", "/api/tags", {"name": "Hers"}, token=member).status == 403
    tag = desk.ok("POST", "/api/tags", {"name": "Hers"}, token=author)
    assert desk.ok("GET", "/api/tags", token=member)["total"] == 1
    made = desk.made()
    path = f"/informer/api/integrations/{made['id']}"
    assert desk.send("PUT", f"{path}/tags/{tag['id']}", token=member).status == 404
    desk.ok("PUT", f"{path}/shares/bob")
    assert desk.send("PUT", f"{path}/tags/{tag['id']}", token=member).status == 403


def test_drivers_tell_what_there_are_presets_for(desk: Desk) -> None:
    listed = desk.ok("GET", "/api/integration-drivers")["_embedded"]["inf:integration-driver"]
    found = {driver["id"]: driver for driver in listed}
    names = {"custom", "google-drive", "onedrive", "sharepoint", "dropbox", "salesforce", "slack"}
    assert names <= set(found)
    drive = desk.ok("GET", "/api/integration-drivers/google-drive")
    assert drive["supportsUpload"] is True
    assert drive["authTypes"] == ["oauth2"]
    assert drive["options"]["tokenUri"] == "https://oauth2.googleapis.com/token"
    assert drive["features"] == ["directories", "upload"]
    assert found["custom"]["options"] == {}
    assert desk.send("GET", "/api/integration-drivers/nothing").status == 404


@pytest.mark.parametrize(
    "driver", ["custom", "google-drive", "onedrive", "sharepoint", "dropbox", "salesforce", "slack"]
)
def test_every_preset_makes_an_integration(desk: Desk, driver: str) -> None:
    options = desk.ok("GET", f"/informer/api/integration-drivers/{driver}")["options"]
    made = desk.made(name=driver, type=driver)
    assert {name: made.get(name) for name in options} == options
