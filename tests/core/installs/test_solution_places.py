"""A clone's places in other solutions follow the clone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.instance import Instance, member


@pytest.fixture
def placed(instance: Instance) -> dict[str, Any]:
    """An install whose one clone also stands in a solution of people's own."""
    source = instance.entity("functions", "f", {})
    draft = instance.integration("i", [member("f", source, "function")])
    instance.publish(draft["id"], "1.0.0")
    install = instance.install(draft["id"])
    clone = instance.members(install["id"])["f"]["entityId"]
    body = {"workspaceId": instance.workspace_id, "name": "mine"}
    mine = instance.ok("POST", "/api/solutions", body)
    instance.ok("POST", "/api/solution-members", {"solutionId": mine["id"], "entityId": clone})
    return {"draft": draft, "install": install, "clone": clone, "mine": mine}


def places(instance: Instance, placed: dict[str, Any]) -> list[str]:
    listed = instance.ok("GET", f"/api/solution-members?solution_id={placed['mine']['id']}")
    return [found["entityId"] for found in listed["data"]]


def test_uninstalling_takes_them_and_restoring_returns_them(instance, placed):
    path = f"/api/integration-installs/{placed['install']['id']}"
    instance.ok("DELETE", path)
    assert places(instance, placed) == []
    instance.ok("POST", f"{path}/restore")
    assert places(instance, placed) == [placed["clone"]]


def test_upgrading_to_a_version_without_the_member_takes_them(instance, placed):
    path = f"/api/integrations/{placed['draft']['id']}"
    instance.ok("PATCH", path, {"manifest": {"members": []}})
    instance.publish(placed["draft"]["id"], "2.0.0")
    done = instance.ok("POST", f"/api/integration-installs/{placed['install']['id']}/upgrade")
    assert done["removed"] == ["f"]
    assert places(instance, placed) == []


def test_restoring_the_clone_leaves_a_solution_that_was_deleted_meanwhile(instance, placed):
    clone = f"/api/functions/{placed['clone']}"
    instance.ok("DELETE", clone)
    instance.ok("DELETE", f"/api/solutions/{placed['mine']['id']}")
    instance.ok("POST", f"{clone}/restore")
    assert places(instance, placed) == []
    assert set(instance.members(placed["install"]["id"])) == {"f"}
