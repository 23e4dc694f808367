from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.instance import Instance, member
from trunkline import bootstrap
from trunkline.kit.ids import parse_any


@pytest.fixture
def shop(instance: Instance) -> dict[str, Any]:
    """A draft with a schema, a function that refers to it and an agent that uses the function; not published."""
    money = instance.entity("schemas", "money", {"type": "object"})
    charge = instance.entity("functions", "charge", {"inputSchemaId": money["id"], "steps": [1]})
    helper = instance.entity("agents", "helper", {"tools": [charge["id"]]})
    integration = instance.integration(
        "shop",
        [member("charge", charge, "function"), member("helper", helper, "agent", dependsOn=["charge"])],
    )
    return {"integration": integration, "money": money, "charge": charge, "helper": helper}


def publish_and_install(instance: Instance, shop: dict[str, Any], **members: Any) -> Any:
    instance.publish(shop["integration"]["id"], "1.0.0")
    return instance.install(shop["integration"]["id"], **members)


def definition(instance: Instance, found: dict[str, Any]) -> Any:
    return instance.ok("GET", f"/api/{found['kind']}s/{found['entityId']}")["definition"]


def edit(instance: Instance, entity: dict[str, Any], kind: str, new: dict[str, Any]) -> None:
    instance.ok("PATCH", f"/api/{kind}s/{entity['id']}", {"definition": new})


def upgrade(instance: Instance, install: dict[str, Any]) -> Any:
    return instance.ok("POST", f"/api/integration-installs/{install['id']}/upgrade")


NOTHING: dict[str, list[str]] = {"updated": [], "added": [], "removed": [], "skipped": []}


class TestInstall:
    def test_clones_members_with_references_pointing_at_the_clones(self, instance, shop):
        install = publish_and_install(instance, shop)
        members = instance.members(install["id"])
        assert set(members) == {"charge", "helper", "schema:money"}
        assert definition(instance, members["helper"]) == {"tools": [members["charge"]["entityId"]]}
        assert definition(instance, members["charge"]) == {
            "inputSchemaId": members["schema:money"]["entityId"],
            "steps": [1],
        }
        assert members["charge"]["entityId"] != shop["charge"]["id"]
        assert bootstrap.verify(instance.database) == []

    def test_groups_the_clones_in_a_solution_named_after_the_integration(self, instance, shop):
        install = publish_and_install(instance, shop)
        solution = instance.ok("GET", f"/api/solutions/{install['solutionId']}")
        assert solution["name"] == "shop"
        listed = instance.ok("GET", f"/api/solution-members?solution_id={install['solutionId']}")["data"]
        clones = {found["entityId"] for found in instance.members(install["id"]).values()}
        assert {found["entityId"] for found in listed} == clones

    def test_takes_what_selected_members_need(self, instance, shop):
        install = publish_and_install(instance, shop, selectedMemberSlugs=["charge"])
        assert set(instance.members(install["id"])) == {"charge", "schema:money"}

    def test_takes_required_members_whatever_is_selected(self, instance, shop):
        extra = instance.entity("functions", "audit", {})
        members = shop["integration"]["manifest"]["members"]
        members.append(member("audit", extra, "function", required=True, defaultEnabled=False))
        path = f"/api/integrations/{shop['integration']['id']}"
        instance.ok("PATCH", path, {"manifest": {"members": members}})
        install = publish_and_install(instance, shop, selectedMemberSlugs=[])
        assert set(instance.members(install["id"])) == {"audit"}

    @pytest.mark.parametrize(
        ("policy", "taken"),
        [("auto_all", {"on", "off"}), ("auto_defaults", {"on"}), ("manual", {"on"})],
    )
    def test_lets_the_policy_choose_when_nothing_is_selected(self, instance, policy, taken):
        on, off = (instance.entity("functions", slug, {}) for slug in ("on", "off"))
        integration = instance.integration(
            "p", [member("on", on, "function"), member("off", off, "function", defaultEnabled=False)]
        )
        instance.publish(integration["id"], "1.0.0")
        install = instance.install(integration["id"], memberPolicy=policy)
        assert set(instance.members(install["id"])) == taken
        assert install["memberPolicy"] == policy

    def test_refuses_a_draft_and_leaves_no_trace(self, instance, shop):
        before = instance.count("SELECT count(*) FROM audit_entries")
        path = f"/api/integrations/{shop['integration']['id']}/install"
        answer = instance.api("POST", path, {"workspaceId": instance.workspace_id})
        assert (answer.status, answer.json["error"]["code"]) == (409, "integration_not_published")
        assert instance.count("SELECT count(*) FROM audit_entries") == before
        assert instance.count("SELECT count(*) FROM solutions") == 0

    def test_refuses_an_unknown_slug_naming_it(self, instance, shop):
        instance.publish(shop["integration"]["id"], "1.0.0")
        path = f"/api/integrations/{shop['integration']['id']}/install"
        body = {"workspaceId": instance.workspace_id, "selectedMemberSlugs": ["charge", "nope"]}
        answer = instance.api("POST", path, body)
        assert answer.status == 400
        assert answer.json["error"]["details"][0]["path"] == "selectedMemberSlugs[1]"

    def test_refuses_the_same_install_twice(self, instance, shop):
        publish_and_install(instance, shop)
        path = f"/api/integrations/{shop['integration']['id']}/install"
        answer = instance.api("POST", path, {"workspaceId": instance.workspace_id})
        assert (answer.status, answer.json["error"]["code"]) == (409, "duplicate_install")

    def test_fills_variables_with_defaults_and_checks_them(self, instance):
        schema = {
            "type": "object",
            "required": ["region"],
            "properties": {"region": {"type": "string"}, "limit": {"type": "integer", "default": 5}},
        }
        integration = instance.integration("v", [], variablesSchema=schema)
        instance.publish(integration["id"], "1.0.0")
        path = f"/api/integrations/{integration['id']}/install"
        missing = instance.api("POST", path, {"workspaceId": instance.workspace_id})
        assert missing.status == 400
        assert missing.json["error"]["details"][0]["path"] == "variables"
        install = instance.install(integration["id"], variables={"region": "eu"})
        assert install["variables"] == {"region": "eu", "limit": 5}

    def test_needs_a_connection_of_the_workspace_where_the_version_needs_one(self, instance):
        integration = instance.integration("a", [], authConfig={"type": "api_key"})
        instance.publish(integration["id"], "1.0.0")
        path = f"/api/integrations/{integration['id']}/install"
        body = {"workspaceId": instance.workspace_id}
        answer = instance.api("POST", path, body)
        assert answer.json["error"]["details"][0]["path"] == "authStateId"
        secret = {"workspaceId": instance.workspace_id, "name": "key", "value": "s3cret-s3cret"}
        made = instance.ok("POST", "/api/secrets", secret)
        assert instance.install(integration["id"], authStateId=made["id"])["authStateId"] == made["id"]
        other = instance.tenant("other")
        foreign = other.ok("POST", "/api/secrets", {**secret, "workspaceId": other.workspace_id})
        answer = instance.api("POST", path, {**body, "authStateId": foreign["id"]})
        assert answer.status == 404

    def test_wants_dependencies_installed_first(self, instance):
        base = instance.integration("base", [])
        instance.publish(base["id"], "1.4.0")
        needs = {"dependencies": [{"publisher": "acme", "slug": "base", "version": "^1.2"}]}
        top = instance.ok(
            "POST",
            "/api/integrations",
            {"workspaceId": instance.workspace_id, "slug": "top", "name": "top", "manifest": needs},
        )
        instance.publish(top["id"], "1.0.0")
        path = f"/api/integrations/{top['id']}/install"
        answer = instance.api("POST", path, {"workspaceId": instance.workspace_id})
        assert (answer.status, answer.json["error"]["code"]) == (409, "dependency_missing")
        instance.install(base["id"])
        instance.install(top["id"])

    def test_references_read_as_the_pinned_version_until_upgraded(self, instance):
        other = instance.tenant("customer")
        schema = instance.entity("schemas", "shared", {"type": "object", "title": "one"})
        integration = instance.integration("ref", [member("shared", schema, "schema", forkOnInstall=False)])
        instance.publish(integration["id"], "1.0.0")
        path = f"/api/schemas/{schema['id']}"
        assert other.api("GET", path).status == 404
        instance.ok("PATCH", f"/api/integrations/{integration['id']}", {"visibility": "public"})
        body = {"workspaceId": other.workspace_id}
        install = other.ok("POST", f"/api/integrations/{integration['id']}/install", body)
        edit(instance, schema, "schema", {"type": "object", "title": "two"})
        assert other.ok("GET", path)["definition"] == {"type": "object", "title": "one"}
        instance.publish(integration["id"], "1.1.0")
        done = other.ok("POST", f"/api/integration-installs/{install['id']}/upgrade")
        assert done == {**NOTHING, "updated": ["shared"]}
        assert other.ok("GET", path)["definition"] == {"type": "object", "title": "two"}
        assert other.api("PATCH", path, {"name": "mine"}).status == 403
        other.ok("DELETE", f"/api/integration-installs/{install['id']}")
        assert other.api("GET", path).status == 404
        other.ok("POST", f"/api/integration-installs/{install['id']}/restore")
        assert other.ok("GET", path)["definition"] == {"type": "object", "title": "two"}


class TestUpgrade:
    def test_updates_changed_members_in_place_and_nothing_else(self, instance, shop):
        install = publish_and_install(instance, shop)
        before = instance.members(install["id"])
        edit(instance, shop["money"], "schema", {"type": "object", "title": "Money"})
        instance.publish(shop["integration"]["id"], "1.1.0")
        assert upgrade(instance, install) == {**NOTHING, "updated": ["schema:money"]}
        after = instance.members(install["id"])
        assert {slug: m["entityId"] for slug, m in before.items()} == {
            slug: m["entityId"] for slug, m in after.items()
        }
        assert definition(instance, after["schema:money"]) == {"type": "object", "title": "Money"}
        assert upgrade(instance, install) == NOTHING
        assert bootstrap.verify(instance.database) == []

    def test_adds_new_members_by_policy_and_removes_gone_ones(self, instance, shop):
        install = publish_and_install(instance, shop)
        fresh = instance.entity("functions", "fresh", {})
        quiet = instance.entity("functions", "quiet", {})
        members = [
            member("charge", shop["charge"], "function"),
            member("fresh", fresh, "function"),
            member("quiet", quiet, "function", defaultEnabled=False),
        ]
        path = f"/api/integrations/{shop['integration']['id']}"
        instance.ok("PATCH", path, {"manifest": {"members": members}})
        instance.publish(shop["integration"]["id"], "2.0.0")
        gone = instance.members(install["id"])["helper"]
        assert upgrade(instance, install) == {
            "updated": [],
            "added": ["fresh"],
            "removed": ["helper"],
            "skipped": ["quiet"],
        }
        assert set(instance.members(install["id"])) == {"charge", "fresh", "schema:money"}
        assert instance.ok("GET", f"/api/agents/{gone['entityId']}")["deletedAt"] is not None
        assert bootstrap.verify(instance.database) == []

    def test_does_not_bring_back_what_was_not_selected(self, instance, shop):
        install = publish_and_install(instance, shop, selectedMemberSlugs=["charge"])
        edit(instance, shop["charge"], "function", {"inputSchemaId": shop["money"]["id"], "steps": [2]})
        instance.publish(shop["integration"]["id"], "1.1.0")
        assert upgrade(instance, install) == {**NOTHING, "updated": ["charge"]}

    def test_leaves_a_detached_member_byte_identical(self, instance, shop):
        install = publish_and_install(instance, shop)
        mine = instance.members(install["id"])["charge"]
        instance.ok("PATCH", f"/api/functions/{mine['entityId']}", {"definition": {"mine": True}})
        assert instance.members(install["id"])["charge"]["detached"] is True
        before = instance.api("GET", f"/api/functions/{mine['entityId']}").body
        edit(instance, shop["charge"], "function", {"inputSchemaId": shop["money"]["id"], "steps": [9]})
        instance.publish(shop["integration"]["id"], "1.1.0")
        instance.clock.advance(timedelta(hours=1))
        assert upgrade(instance, install) == {**NOTHING, "skipped": ["charge"]}
        assert instance.api("GET", f"/api/functions/{mine['entityId']}").body == before

    def test_repairs_a_member_that_was_attached_again_even_at_the_same_version(self, instance, shop):
        install = publish_and_install(instance, shop)
        mine = instance.members(install["id"])["charge"]
        instance.ok("PATCH", f"/api/functions/{mine['entityId']}", {"definition": {"mine": True}})
        instance.ok("POST", f"/api/integration-members/{mine['id']}/detach", {"detached": False})
        assert upgrade(instance, install) == {**NOTHING, "updated": ["charge"]}
        assert definition(instance, instance.members(install["id"])["charge"])["steps"] == [1]
        versions = instance.ok("GET", f"/api/functions/{mine['entityId']}/versions")["data"]
        assert [version["definition"].get("mine") for version in versions].count(True) == 1
        assert upgrade(instance, install) == NOTHING

    def test_turns_a_reference_into_a_clone_and_rewrites_who_refers_to_it(self, instance, shop):
        members = [
            member("charge", shop["charge"], "function"),
            member("money", shop["money"], "schema", forkOnInstall=False),
        ]
        path = f"/api/integrations/{shop['integration']['id']}"
        instance.ok("PATCH", path, {"manifest": {"members": members}})
        install = publish_and_install(instance, shop)
        held = instance.members(install["id"])
        assert held["money"]["isClone"] is False
        assert definition(instance, held["charge"])["inputSchemaId"] == shop["money"]["id"]
        members[1]["forkOnInstall"] = True
        instance.ok("PATCH", path, {"manifest": {"members": members}})
        instance.publish(shop["integration"]["id"], "1.1.0")
        assert upgrade(instance, install) == {**NOTHING, "updated": ["charge", "money"]}
        held = instance.members(install["id"])
        assert held["money"]["isClone"] is True
        assert definition(instance, held["charge"])["inputSchemaId"] == held["money"]["entityId"]
        assert bootstrap.verify(instance.database) == []

    def test_brings_along_what_was_attached_again_after_the_upgrade_before(self, instance, shop):
        install = publish_and_install(instance, shop)
        path = f"/api/integration-members/{instance.members(install['id'])['charge']['id']}/detach"
        instance.ok("POST", path, {"detached": True})
        edit(instance, shop["charge"], "function", {"inputSchemaId": shop["money"]["id"], "steps": [1, 2]})
        instance.publish(shop["integration"]["id"], "1.1.0")
        assert upgrade(instance, install)["skipped"] == ["charge"]
        instance.ok("POST", path, {"detached": False})
        assert bootstrap.verify(instance.database) == []  # it waits, which nothing is wrong with
        assert upgrade(instance, install) == {**NOTHING, "updated": ["charge"]}
        assert definition(instance, instance.members(install["id"])["charge"])["steps"] == [1, 2]
        assert bootstrap.verify(instance.database) == []

    def test_keeps_a_removed_schema_that_a_detached_member_still_uses(self, instance, shop):
        install = publish_and_install(instance, shop)
        held = instance.members(install["id"])
        instance.ok("PATCH", f"/api/functions/{held['charge']['entityId']}", {"name": "Mine"})
        edit(instance, shop["charge"], "function", {"steps": []})
        instance.publish(shop["integration"]["id"], "1.1.0")
        assert upgrade(instance, install) == {**NOTHING, "skipped": ["charge", "schema:money"]}
        assert "schema:money" in instance.members(install["id"])

    def test_changes_nothing_when_the_new_version_needs_a_missing_variable(self, instance, shop):
        install = publish_and_install(instance, shop)
        edit(instance, shop["charge"], "function", {"steps": [3]})
        path = f"/api/integrations/{shop['integration']['id']}"
        instance.ok("PATCH", path, {"variablesSchema": {"type": "object", "required": ["region"]}})
        instance.publish(shop["integration"]["id"], "2.0.0")
        before = instance.api("GET", f"/api/integration-installs/{install['id']}").body
        answer = instance.api("POST", f"/api/integration-installs/{install['id']}/upgrade")
        assert answer.status == 400
        assert instance.api("GET", f"/api/integration-installs/{install['id']}").body == before
        assert definition(instance, instance.members(install["id"])["charge"])["steps"] == [1]

    def test_is_refused_once_the_integration_is_deleted(self, instance, shop):
        install = publish_and_install(instance, shop)
        instance.ok("DELETE", f"/api/integrations/{shop['integration']['id']}")
        answer = instance.api("POST", f"/api/integration-installs/{install['id']}/upgrade")
        assert (answer.status, answer.json["error"]["code"]) == (409, "integration_deleted")


class TestDetach:
    def test_is_refused_for_a_reference(self, instance, shop):
        path = f"/api/integrations/{shop['integration']['id']}"
        members = [member("money", shop["money"], "schema", forkOnInstall=False)]
        instance.ok("PATCH", path, {"manifest": {"members": members}})
        install = publish_and_install(instance, shop)
        found = instance.members(install["id"])["money"]
        answer = instance.api("POST", f"/api/integration-members/{found['id']}/detach", {"detached": True})
        assert (answer.status, answer.json["error"]["code"]) == (409, "not_a_clone")

    def test_is_idempotent_and_journalled_once(self, instance, shop):
        install = publish_and_install(instance, shop)
        found = instance.members(install["id"])["charge"]
        for _ in range(2):
            path = f"/api/integration-members/{found['id']}/detach"
            assert instance.ok("POST", path, {"detached": True}) == {"success": True}
        sql = "SELECT count(*) FROM events WHERE type = 'integration_member.detached'"
        assert instance.count(sql) == 1


class TestUninstall:
    def test_takes_everything_the_install_brought_and_restore_returns_exactly_that(self, instance, shop):
        install = publish_and_install(instance, shop)
        members = instance.members(install["id"])
        helper = members["helper"]
        instance.ok("DELETE", f"/api/agents/{helper['entityId']}")
        assert set(instance.members(install["id"])) == {"charge", "schema:money"}
        assert instance.ok("DELETE", f"/api/integration-installs/{install['id']}") == {"success": True}
        for found in members.values():
            assert instance.ok("GET", f"/api/{found['kind']}s/{found['entityId']}")["deletedAt"] is not None
        assert instance.ok("GET", f"/api/solutions/{install['solutionId']}")["deletedAt"] is not None
        restored = instance.ok("POST", f"/api/integration-installs/{install['id']}/restore")
        assert restored == install
        assert set(instance.members(install["id"])) == {"charge", "schema:money"}
        assert instance.ok("GET", f"/api/agents/{helper['entityId']}")["deletedAt"] is not None
        instance.ok("POST", f"/api/agents/{helper['entityId']}/restore")
        assert set(instance.members(install["id"])) == {"charge", "helper", "schema:money"}
        assert bootstrap.verify(instance.database) == []

    def test_records_the_retention_tier_and_repeats_as_a_no_op(self, instance, shop):
        install = publish_and_install(instance, shop)
        path = f"/api/integration-installs/{install['id']}"
        instance.ok("DELETE", path)
        first = instance.ok("GET", path)
        assert first["retentionTier"] == "medium"
        instance.clock.advance(timedelta(hours=1))
        instance.ok("DELETE", path)
        assert instance.ok("GET", path) == first

    def test_takes_child_installs_along_and_brings_them_back(self, instance, shop):
        parent = publish_and_install(instance, shop)
        child = instance.install(shop["integration"]["id"], parentInstallId=parent["id"])
        instance.ok("DELETE", f"/api/integration-installs/{parent['id']}")
        assert instance.ok("GET", f"/api/integration-installs/{child['id']}")["deletedAt"] is not None
        answer = instance.api("POST", f"/api/integration-installs/{child['id']}/restore")
        assert answer.status == 409
        instance.ok("POST", f"/api/integration-installs/{parent['id']}/restore")
        assert instance.ok("GET", f"/api/integration-installs/{child['id']}") == child

    def test_child_installs_nest_ten_deep_and_all_of_them_go(self, instance, shop):
        top = lowest = publish_and_install(instance, shop)
        for _ in range(9):
            lowest = instance.install(shop["integration"]["id"], parentInstallId=lowest["id"])
        path = f"/api/integrations/{shop['integration']['id']}/install"
        body = {"workspaceId": instance.workspace_id, "parentInstallId": lowest["id"]}
        answer = instance.api("POST", path, body)
        assert (answer.status, answer.json["error"]["details"][0]["path"]) == (400, "parentInstallId")
        instance.ok("DELETE", f"/api/integration-installs/{top['id']}")
        assert instance.count("SELECT count(*) FROM installs WHERE deleted_at IS NULL") == 0

    def test_nothing_comes_back_into_a_deleted_workspace(self, instance, shop):
        install = publish_and_install(instance, shop)
        paths = [f"/api/integration-installs/{install['id']}", f"/api/agents/{shop['helper']['id']}"]
        for path in paths:
            instance.ok("DELETE", path)
        instance.ok("DELETE", f"/api/workspaces/{instance.workspace_id}")
        for path in paths:
            answer = instance.api("POST", f"{path}/restore")
            assert (answer.status, answer.json["error"]["code"]) == (409, "workspace_deleted")
        instance.ok("POST", f"/api/workspaces/{instance.workspace_id}/restore")
        for path in paths:
            assert instance.ok("POST", f"{path}/restore")["deletedAt"] is None
        assert bootstrap.verify(instance.database) == []

    def test_restore_is_refused_when_the_same_install_was_made_again(self, instance, shop):
        install = publish_and_install(instance, shop)
        instance.ok("DELETE", f"/api/integration-installs/{install['id']}")
        instance.install(shop["integration"]["id"])
        answer = instance.api("POST", f"/api/integration-installs/{install['id']}/restore")
        assert (answer.status, answer.json["error"]["code"]) == (409, "duplicate_install")

    def test_keeps_installs_working_when_the_integration_is_deleted(self, instance, shop):
        install = publish_and_install(instance, shop)
        instance.ok("DELETE", f"/api/integrations/{shop['integration']['id']}")
        assert instance.ok("GET", f"/api/integration-installs/{install['id']}") == install
        path = f"/api/integrations/{shop['integration']['id']}/install"
        assert instance.api("POST", path, {"workspaceId": instance.workspace_id}).status == 404


class TestPurge:
    def test_removes_every_row_of_a_deleted_install(self, instance, shop):
        install = publish_and_install(instance, shop)
        path = f"/api/integration-installs/{install['id']}"
        assert instance.api("DELETE", f"{path}/purge").status == 409
        instance.ok("DELETE", path)
        assert instance.ok("DELETE", f"{path}/purge") == {"success": True}
        assert instance.api("GET", path).status == 404
        found = parse_any(install["id"])
        assert found is not None
        for sql in (
            "SELECT count(*) FROM members WHERE install_id = :id",
            "SELECT count(*) FROM entities WHERE namespace = :id",
            "SELECT count(*) FROM installs WHERE id = :id",
        ):
            assert instance.count(sql, id=found[1]) == 0
        assert instance.count("SELECT count(*) FROM solutions") == 0
        assert bootstrap.verify(instance.database) == []

    def test_of_an_integration_waits_for_its_installs(self, instance, shop):
        install = publish_and_install(instance, shop)
        path = f"/api/integrations/{shop['integration']['id']}"
        instance.ok("DELETE", path)
        answer = instance.api("DELETE", f"{path}/purge")
        assert (answer.status, answer.json["error"]["code"]) == (409, "installed")
        instance.ok("DELETE", f"/api/integration-installs/{install['id']}")
        instance.ok("DELETE", f"/api/integration-installs/{install['id']}/purge")
        assert instance.ok("DELETE", f"{path}/purge") == {"success": True}
        assert instance.count("SELECT count(*) FROM integration_versions") == 0

    def test_of_a_pinned_entity_is_refused(self, instance, shop):
        instance.publish(shop["integration"]["id"], "1.0.0")
        path = f"/api/schemas/{shop['money']['id']}"
        instance.ok("DELETE", path)
        answer = instance.api("DELETE", f"{path}/purge")
        assert (answer.status, answer.json["error"]["code"]) == (409, "pinned")

    def test_of_a_workspace_takes_everything_in_it(self, instance, shop):
        publish_and_install(instance, shop)
        path = f"/api/workspaces/{instance.workspace_id}"
        instance.ok("DELETE", path)
        assert instance.ok("GET", "/api/integration-installs")["pageInfo"]["total"] == 0
        instance.ok("POST", f"{path}/restore")
        assert instance.ok("GET", "/api/integration-installs")["pageInfo"]["total"] == 1
        instance.ok("DELETE", path)
        instance.ok("DELETE", f"{path}/purge")
        for table in (
            "installs",
            "members",
            "entities",
            "integrations",
            "integration_versions",
            "workspaces",
        ):
            assert instance.count(f"SELECT count(*) FROM {table}") == 0
        assert bootstrap.verify(instance.database) == []


class TestReachOfDeletingAClone:
    def test_a_required_member_stays(self, instance, shop):
        path = f"/api/integrations/{shop['integration']['id']}"
        members = [member("charge", shop["charge"], "function", required=True)]
        instance.ok("PATCH", path, {"manifest": {"members": members}})
        install = publish_and_install(instance, shop)
        found = instance.members(install["id"])["charge"]
        answer = instance.api("DELETE", f"/api/functions/{found['entityId']}")
        assert (answer.status, answer.json["error"]["code"]) == (409, "required")

    def test_of_what_an_upgrade_removed_each_comes_back_alone(self, instance, shop):
        install = publish_and_install(instance, shop)
        before = instance.members(install["id"])
        path = f"/api/integrations/{shop['integration']['id']}"
        other = instance.entity("functions", "other", {})
        instance.ok("PATCH", path, {"manifest": {"members": [member("other", other, "function")]}})
        instance.publish(shop["integration"]["id"], "1.1.0")
        assert upgrade(instance, install)["removed"] == ["charge", "helper", "schema:money"]
        instance.ok("POST", f"/api/agents/{before['helper']['entityId']}/restore")
        assert set(instance.members(install["id"])) == {"helper", "other"}
        assert bootstrap.verify(instance.database) == []

    def test_a_clone_that_another_refers_to_stays(self, instance, shop):
        install = publish_and_install(instance, shop)
        found = instance.members(install["id"])["schema:money"]
        answer = instance.api("DELETE", f"/api/schemas/{found['entityId']}")
        assert (answer.status, answer.json["error"]["code"]) == (409, "in_use")
