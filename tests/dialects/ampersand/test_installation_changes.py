"""Installations that are changed: by masks, by object, paused and unpaused."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.dialects.ampersand.crm import Crm
from tests.dialects.ampersand.desk import Desk
from tests.dialects.ampersand.installing import FILLED, account, content, mask
from trunkline.core import installs


@pytest.fixture
def crm(desk: Desk) -> Crm:
    return Crm(desk)


class TestChanging:
    def test_only_what_a_mask_names_is_changed(self, desk, crm):
        made = crm.installed("org_1")
        desk.instance.clock.advance(timedelta(minutes=1))
        given = content(
            read={"account": {"objectName": "account", "schedule": "0 * * * *"}, "contact": {}},
            write={"account": {"objectName": "account"}},
        )
        changed = mask(desk, crm, made, ["config.content.read.objects.account"], given)
        assert account(changed) == {**FILLED, "schedule": "0 * * * *"}
        assert set(changed["config"]["content"]["read"]["objects"]) == {"account"}
        assert "write" not in changed["config"]["content"]
        assert changed["config"]["id"] != made["config"]["id"]
        assert changed["updateTime"] == changed["config"]["createTime"] == "2026-03-01T12:01:00.000000Z"
        assert changed["config"]["createdBy"] == "api:update-installation"
        assert changed["createdBy"] == made["createdBy"]

    def test_objects_come_and_go_with_their_members(self, desk, crm):
        made = crm.installed("org_1")
        both = content(write={"account": {"objectName": "account"}, "contact": {"objectName": "contact"}})
        changed = mask(desk, crm, made, ["config.content.write.objects"], both)
        assert crm.members(made) == {"read:account", "write:account", "write:contact"}
        mask(desk, crm, changed, ["config.content.write.objects"], content(write={}))
        assert crm.members(made) == {"read:account"}
        mask(desk, crm, changed, ["config.content.read.objects.account"], content(read={"account": None}))
        assert crm.members(made) == set()
        assert crm.findings() == []

    def test_the_pages_pause_toggle_works(self, desk, crm):
        made = crm.installed("org_1")
        name = "config.content.read.objects.account.disabled"
        paused = mask(desk, crm, made, [name], content(read={"account": {"disabled": True}}))
        assert account(paused) == {**FILLED, "disabled": True}

    def test_the_same_change_again_writes_nothing(self, desk, crm):
        made = crm.installed("org_1")
        given = content(read={"account": {"objectName": "account", "schedule": "0 * * * *"}})
        masks = ["config.content.read.objects.account"]
        first = mask(desk, crm, made, masks, given)
        before = (crm.configs(), desk.instance.count("SELECT count(*) FROM events"))
        assert mask(desk, crm, made, masks, given) == first
        # What it comes to may be sent back as it is.
        mask(desk, crm, made, masks, {"config": {"content": first["config"]["content"]}})
        assert mask(desk, crm, made, [], given) == desk.ok("GET", crm.path(f"/{made['id']}"))
        assert before[0] + 1 == crm.configs()

    def test_an_unknown_mask_is_refused_with_those_that_are_known(self, desk, crm):
        made = crm.installed("org_1")
        body = {"updateMask": ["config.content.read.objects"], "installation": content(read={})}
        problem = desk.refused(400, "PATCH", crm.path(f"/{made['id']}"), body)
        assert problem["issues"][0]["name"] == "updateMask[0]"
        assert all(one in problem["remedy"] for one in installs.ALLOWED_MASKS)

    def test_a_mask_without_a_value_is_refused(self, desk, crm):
        made = crm.installed("org_1")
        for name in (
            "connectionId",
            "config.createdBy",
            "config.content.proxy.enabled",
            "config.content.write.objects",
        ):
            body = {"updateMask": [name], "installation": {}}
            desk.refused(400, "PATCH", crm.path(f"/{made['id']}"), body)
        assert crm.configs() == 1

    def test_a_change_that_does_not_fit_is_refused_and_changes_nothing(self, desk, crm):
        made = crm.installed("org_1")
        body = {
            "updateMask": ["config.content.write.objects", "config.content.read.objects.account"],
            "installation": content(write={"account": {}}, read={"account": {"schedule": "soon"}}),
        }
        problem = desk.refused(422, "PATCH", crm.path(f"/{made['id']}"), body)
        assert problem["issues"][0]["name"] == "config.content.read.objects.account.schedule"
        assert desk.ok("GET", crm.path(f"/{made['id']}")) == made
        assert crm.members(made) == {"read:account"}

    def test_the_connection_may_be_switched_within_the_group(self, desk, crm):
        made = crm.installed("org_1")
        other, foreign = crm.connection("org_1"), crm.connection("org_2")
        changed = mask(desk, crm, made, ["connectionId"], {"connectionId": other})
        assert changed["connection"]["id"] == other
        assert changed["config"] == made["config"]
        body = {"updateMask": ["connectionId"], "installation": {"connectionId": foreign}}
        desk.refused(404, "PATCH", crm.path(f"/{made['id']}"), body)
        assert crm.told(made)[-1] == "integration_install.connection_changed"

    def test_somebody_else_may_sign_the_configuration(self, desk, crm):
        made = crm.installed("org_1")
        given = {"config": {"createdBy": "consumer:user_9"}}
        changed = mask(desk, crm, made, ["config.createdBy"], given)
        assert changed["config"]["createdBy"] == "consumer:user_9"
        assert changed["config"]["content"] == made["config"]["content"]

    def test_a_change_made_on_what_was_seen_before_is_refused(self, desk, crm):
        made = crm.installed("org_1")
        path = crm.path(f"/{made['id']}")
        tag = desk.send("GET", path).headers["etag"]
        body = {
            "updateMask": ["config.content.write.objects"],
            "installation": content(write={"account": {}}),
        }
        desk.ok("PATCH", path, body, headers={"if-match": tag})
        desk.refused(412, "PATCH", path, body, headers={"if-match": tag})


class TestObjectChanges:
    def test_the_documents_example_is_made_for_a_group_or_by_id(self, desk, crm):
        made = crm.installed("org_1")
        path = desk.path(f"/integrations/{crm.id}/objects/account/config-content")
        changes = [
            {"op": "replace", "path": "/schedule", "value": "*/10 * * * *"},
            {"op": "add", "path": "/selectedFields/phone", "value": True},
        ]
        changed = desk.ok("PATCH", path, {"groupRef": "org_1", "action": "read", "changes": changes})
        assert account(changed)["selectedFields"] == {"name": True, "phone": True}
        removal = [{"op": "remove", "path": "/selectedFields/phone"}]
        body = {"installationId": made["id"], "action": "read", "changes": removal}
        assert account(desk.ok("PATCH", path, body)) == {**FILLED, "schedule": "*/10 * * * *"}

    @pytest.mark.parametrize(
        ("status", "name", "changes"),
        [
            (404, "account", {"groupRef": "org_2", "action": "read"}),
            (404, "lead", {"groupRef": "org_1", "action": "read"}),
            (404, "account", {"groupRef": "org_1", "action": "subscribe"}),
            (400, "account", {"action": "read"}),
            (400, "account", {"groupRef": "org_1", "action": "delete"}),
            (400, "account", {"groupRef": "org_1", "action": "read", "changes": []}),
            (400, "account", {"groupRef": "org_1", "action": "read", "changes": [{"op": "move", "path": "/a"}]}),
            (400, "account", {"groupRef": "org_1", "action": "read", "changes": [{"op": "remove", "path": "/nothing"}]}),
            (400, "account", {"groupRef": "org_1", "action": "read", "changes": [{"op": "add", "path": "/schedule", "value": "x"}]}),
        ],
    )  # fmt: skip
    def test_what_is_not_there_or_does_not_fit_is_refused(self, desk, crm, status, name, changes):
        crm.installed("org_1")
        body = {"changes": [{"op": "add", "path": "/disabled", "value": True}], **changes}
        desk.refused(
            status, "PATCH", desk.path(f"/integrations/{crm.id}/objects/{name}/config-content"), body
        )
        assert crm.configs() == 1


class TestPausing:
    def test_reads_are_paused_and_go_on_and_a_repeat_changes_nothing(self, desk, crm):
        made = crm.installed("org_1", {"read": {"objects": {"account": {}, "contact": {}}}})
        path = crm.path(f"/{made['id']}")
        for _ in range(2):
            assert desk.send("POST", f"{path}:pause", {"objects": ["company"], "note": "quota"}).status == 204
        objects = desk.ok("GET", path)["config"]["content"]["read"]["objects"]
        assert (objects["account"]["disabled"], "disabled" in objects["contact"]) == (True, False)
        assert crm.configs() == 2
        assert desk.send("POST", f"{path}:pause").status == 204
        objects = desk.ok("GET", path)["config"]["content"]["read"]["objects"]
        assert [one["disabled"] for one in objects.values()] == [True, True]
        for _ in range(2):
            assert desk.send("POST", f"{path}:unpause", {}).status == 204
        objects = desk.ok("GET", path)["config"]["content"]["read"]["objects"]
        assert [one["disabled"] for one in objects.values()] == [False, False]
        assert crm.configs() == 4
        notes = desk.instance.database.read_now(
            lambda tx: tx.column("SELECT note FROM install_configs ORDER BY created_at, id")
        )
        assert notes == [None, "quota", None, None]

    def test_an_object_that_is_not_read_is_refused(self, desk, crm):
        made = crm.installed("org_1")
        for objects in (["contact"], ["nothing"], [""]):
            assert desk.send("POST", crm.path(f"/{made['id']}:pause"), {"objects": objects}).status == 400
        assert desk.send("POST", crm.path(f"/{made['id']}:pause"), {"note": "x" * 1_001}).status == 400
        assert desk.send("POST", crm.path(f"/{crm.id}:pause")).status == 404
        assert crm.configs() == 1
