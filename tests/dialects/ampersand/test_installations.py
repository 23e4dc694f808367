"""Installations: an integration for a group, configured, paused, changed and removed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dialects.ampersand.crm import ACCOUNT, MANIFEST, Crm
from tests.dialects.ampersand.desk import Desk
from tests.dialects.ampersand.installing import FILLED, UI_ACCOUNT, account, content, mask
from trunkline import bootstrap
from trunkline.core import connections, installs
from trunkline.infra.jobs import claim, run_job


@pytest.fixture
def crm(desk: Desk) -> Crm:
    return Crm(desk)


class TestInstalling:
    def test_what_a_page_sends_first_becomes_a_whole_configuration(self, desk, crm):
        connection_id = crm.connection("org_1")
        first = {"provider": "salesforce", "read": {"objects": {"account": UI_ACCOUNT}}}
        made = crm.install("org_1", first, connectionId=connection_id)
        assert made["config"]["content"] == {
            "provider": "salesforce",
            "read": {"objects": {"account": {**UI_ACCOUNT, **FILLED}}},
        }
        assert made["config"]["createdBy"] == made["createdBy"] == "api:create-installation"
        assert made["connection"]["id"] == connection_id
        assert made["config"]["revisionId"] == crm.revision_id
        assert (made["healthStatus"], "lastOperationStatus" in made, "updateTime" in made) == (
            "healthy",
            False,
            False,
        )
        assert crm.members(made) == {"read:account"}
        assert desk.ok("GET", crm.path(f"/{made['id']}")) == made
        assert desk.ok("GET", crm.path()) == desk.ok("GET", desk.path("/installations")) == [made]
        assert crm.findings() == []

    def test_the_group_is_made_on_its_first_use_and_its_connection_found(self, desk, crm):
        old, broken = crm.connection("org_1"), crm.connection("org_1", status="needs_reauth")
        crm.connection("org_1", provider="hubspot")
        made = crm.install("org_1")
        assert made["connection"]["id"] == old != broken
        assert made["group"] == {
            "groupRef": "org_1",
            "groupName": "org_1",
            "projectId": desk.project_id,
            "createTime": "2026-03-01T12:00:00.000000Z",
        }

    def test_a_group_without_a_connection_is_refused_and_not_made(self, desk, crm):
        before = desk.instance.count("SELECT count(*) FROM workspaces")
        problem = desk.refused(422, "POST", crm.path(), {"groupRef": "new", "config": {"content": ACCOUNT}})
        assert problem["issues"][0]["name"] == "connectionId"
        assert desk.instance.count("SELECT count(*) FROM workspaces") == before

    def test_each_group_has_one(self, desk, crm):
        crm.installed("org_1")
        crm.connection("org_1")
        problem = desk.refused(409, "POST", crm.path(), {"groupRef": "org_1", "config": {"content": ACCOUNT}})
        assert problem["type"].endswith(":duplicate_install")
        crm.installed("org_2")
        assert len(desk.ok("GET", crm.path())) == 2
        assert [one["group"]["groupRef"] for one in desk.ok("GET", crm.path("?groupRef=org_2"))] == ["org_2"]

    def test_a_configuration_that_does_not_fit_is_refused_at_its_places(self, desk, crm):
        crm.connection("org_1")
        wrong = {
            "provider": "hubspot",
            "read": {"objects": {"lead": {}, "account": {"selectedFields": {"x": True}}}},
        }
        problem = desk.refused(422, "POST", crm.path(), {"groupRef": "org_1", "config": {"content": wrong}})
        assert [issue["name"] for issue in problem["issues"]] == [
            "config.content.provider",
            "config.content.read.objects.lead",
            "config.content.read.objects.account.selectedFields.x",
        ]
        assert crm.configs() == 0

    @pytest.mark.parametrize(
        "created_by", ["user_1", "consumer:", "root:1", "consumer:\n", "api:" + "x" * 301]
    )
    def test_a_creator_is_said_in_its_format(self, desk, crm, created_by):
        crm.connection("org_1")
        config = {"content": ACCOUNT, "createdBy": created_by}
        problem = desk.refused(400, "POST", crm.path(), {"groupRef": "org_1", "config": config})
        assert problem["issues"][0]["name"] == "config.createdBy"

    def test_another_groups_connection_is_not_found(self, desk, crm):
        foreign = crm.connection("org_2")
        body = {"groupRef": "org_1", "connectionId": foreign, "config": {"content": ACCOUNT}}
        desk.refused(404, "POST", crm.path(), body)

    def test_objects_of_every_action_become_members(self, desk, crm):
        everything = {
            "provider": "salesforce",
            "read": {"objects": {"contact": {"selectedFields": {"x__c": True}}}},
            "write": {"objects": {"account": {"objectName": "account"}}},
        }
        made = crm.installed("org_1", everything)
        assert crm.members(made) == {"read:contact", "write:account"}

    def test_the_same_install_reads_right_on_the_platform(self, desk, crm):
        made = crm.installed("org_1")
        install_id = f"inst_{made['id'].replace('-', '')}"
        seen = desk.instance.ok("GET", f"/api/integration-installs/{install_id}")
        assert seen["integrationId"] == f"int_{crm.id.replace('-', '')}"
        assert (seen["memberPolicy"], seen["authStateId"]) == (
            "manual",
            f"con_{made['connection']['id'].replace('-', '')}",
        )
        (member,) = desk.instance.members(install_id).values()
        assert (member["kind"], member["isClone"]) == ("sync", True)
        sync = desk.instance.ok("GET", f"/api/syncs/{member['entityId']}")
        assert sync["definition"]["objectName"] == "account"
        # What the configuration takes is taken out there.
        answer = desk.instance.api("DELETE", f"/api/syncs/{member['entityId']}")
        assert (answer.status, answer.json["error"]["code"]) == (409, "in_use")

    def test_an_install_made_on_the_platform_is_an_installation_once_it_is_in_a_group(self, desk, crm):
        group_id = crm.group("org_1")
        connection_id = crm.connection("org_1").replace("-", "")
        body = {
            "workspaceId": f"wsp_{group_id}",
            "authStateId": f"con_{connection_id}",
            "selectedMemberSlugs": ["read:contact", "write:account"],
        }
        desk.instance.ok("POST", f"/api/integrations/int_{crm.id.replace('-', '')}/install", body)
        (found,) = desk.ok("GET", crm.path())
        assert list(found["config"]["content"]["read"]["objects"]) == ["contact"]
        assert found["config"]["content"]["write"]["objects"] == {"account": {"objectName": "account"}}
        assert found["createdBy"].startswith("builder:")

    def test_an_integration_of_another_making_is_installed_without_a_configuration(self, desk, crm):
        made = desk.instance.integration("plain", [])
        desk.instance.publish(made["id"], "1.0.0")
        body = {"workspaceId": f"wsp_{crm.group('org_1')}"}
        install = desk.instance.ok("POST", f"/api/integrations/{made['id']}/install", body)
        path = desk.path(f"/integrations/{made['id']}/installations")
        (found,) = desk.ok("GET", path)
        assert (found["config"]["content"], found["connection"]["authScheme"]) == (
            {"provider": "custom"},
            "none",
        )
        install_id = install["id"]
        change = {"updateMask": ["config.content.write.objects"], "installation": content(write={})}
        refused = desk.refused(409, "PATCH", f"{path}/{install_id}", change)
        assert refused["type"].endswith(":not_configurable")
        new = {"groupRef": "org_2", "config": {"content": {"provider": "custom"}}}
        desk.refused(400, "POST", path, new)

    def test_the_same_install_reads_right_for_an_integrator_of_gestals(self, desk, crm):
        crm.group("org_1", "Acme Corp")
        made = crm.installed("org_1")
        path = f"/gestal/integrations/int_{crm.id.replace('-', '')}/installations"
        (seen,) = desk.instance.ok("GET", path)["data"]
        assert seen["cloud_id"] == f"inst_{made['id'].replace('-', '')}"
        assert seen["site"]["name"] == "Acme Corp"


class TestPages:
    """What a publisher's page in a customer's browser does, with a key that is made for it."""

    @pytest.fixture
    def key(self, desk, crm):
        made = desk.ok("POST", desk.path("/api-keys"), {"label": "page", "scopes": ["frontend"]})
        return made["key"]

    def test_it_installs_changes_pauses_and_removes(self, desk, crm, key):
        crm.connection("org_1")
        assert [one["id"] for one in desk.ok("GET", desk.path("/integrations"), key=key)] == [crm.id]
        body = {"groupRef": "org_1", "config": {"content": ACCOUNT, "createdBy": "consumer:user_67890"}}
        made = desk.ok("POST", crm.path(), body, key=key)
        assert made["config"]["content"]["read"]["objects"]["account"] == FILLED
        assert desk.ok("GET", crm.path("?groupRef=org_1"), key=key) == [made]
        path = crm.path(f"/{made['id']}")
        given = content(
            read={"account": {"objectName": "account", "schedule": "0 * * * *"}}, write={"account": {}}
        )
        masks = ["config.content.read.objects.account", "config.content.write.objects"]
        changed = desk.ok("PATCH", path, {"updateMask": masks, "installation": given}, key=key)
        assert account(changed)["schedule"] == "0 * * * *"
        assert crm.members(made) == {"read:account", "write:account"}
        revision = desk.path(f"/integrations/{crm.id}/revisions/{crm.revision_id}:hydrate")
        desk.ok("GET", f"{revision}?connectionId={made['connection']['id']}", key=key)
        assert desk.send("POST", f"{path}:pause", key=key).status == 204
        assert desk.send("DELETE", path, key=key).status == 204
        assert _status(desk, made) == "disconnected"
        assert crm.findings() == []

    def test_it_follows_the_project_to_a_newer_revision(self, desk, crm, key):
        made = crm.installed("org_1")
        (newer,) = crm.deploy(MANIFEST.replace("*/15", "*/30"))
        body = {
            "updateMask": ["config.content.write.objects"],
            "installation": content(write={"account": {}}),
        }
        changed = desk.ok("PATCH", crm.path(f"/{made['id']}"), body, key=key)
        assert changed["config"]["revisionId"] == newer["latestRevision"]["id"]

    def test_it_deploys_and_deletes_no_integration(self, desk, crm, key):
        desk.refused(403, "PUT", desk.path("/integrations:batch"), {"sourceYaml": MANIFEST}, key=key)
        desk.refused(403, "DELETE", desk.path(f"/integrations/{crm.id}"), key=key)


class TestRemoving:
    def test_the_connection_that_nothing_else_uses_goes_along(self, desk, crm):
        made = crm.installed("org_1")
        assert desk.send("DELETE", crm.path(f"/{made['id']}")).status == 204
        desk.refused(404, "GET", crm.path(f"/{made['id']}"))
        assert desk.ok("GET", crm.path()) == []
        assert _status(desk, made) == "disconnected"
        assert crm.findings() == []
        # And the group may install it again.
        crm.installed("org_1")

    def test_a_connection_that_another_installation_uses_stays(self, desk, crm):
        (second,) = crm.deploy(MANIFEST.replace("name: crm", "name: two"))
        made = crm.installed("org_1")
        body = {"groupRef": "org_1", "config": {"content": ACCOUNT}}
        other = desk.ok("POST", desk.path(f"/integrations/{second['id']}/installations"), body)
        assert other["connection"]["id"] == made["connection"]["id"]
        desk.ok("DELETE", crm.path(f"/{made['id']}"))
        assert _status(desk, made) == "ok"
        desk.ok("DELETE", desk.path(f"/integrations/{second['id']}/installations/{other['id']}"))
        assert _status(desk, made) == "disconnected"

    def test_an_installation_of_another_integration_is_not_found(self, desk, crm):
        (second,) = crm.deploy(MANIFEST.replace("name: crm", "name: two"))
        made = crm.installed("org_1")
        desk.refused(404, "DELETE", desk.path(f"/integrations/{second['id']}/installations/{made['id']}"))
        assert desk.ok("GET", crm.path(f"/{made['id']}")) == made


def _status(desk: Desk, installation: dict[str, Any]) -> Any:
    sql = "SELECT status FROM connections WHERE id = :id"
    hex_id = installation["connection"]["id"].replace("-", "")
    return desk.instance.database.read_now(lambda tx: tx.value(sql, id=hex_id))


class TestHealth:
    def test_it_follows_the_connection_in_the_same_transaction(self, desk, crm):
        made = crm.installed("org_1")
        hex_id = made["connection"]["id"].replace("-", "")
        crm.as_owner(connections.disconnect_connection, hex_id)
        seen = desk.ok("GET", crm.path(f"/{made['id']}"))
        assert (seen["healthStatus"], seen["connection"]["status"]) == ("unhealthy", "bad_credentials")
        assert "updateTime" not in seen
        assert crm.told(made)[-1] == "integration_install.health_changed"
        assert crm.findings() == []
        other = crm.connection("org_1")
        changed = mask(desk, crm, made, ["connectionId"], {"connectionId": other})
        assert changed["healthStatus"] == "healthy"

    def test_an_installation_with_a_connection_that_is_refused_begins_unhealthy(self, desk, crm):
        connection_id = crm.connection("org_1", status="needs_reauth")
        made = crm.install("org_1", connectionId=connection_id)
        assert made["healthStatus"] == "unhealthy"
        assert crm.findings() == []

    @pytest.mark.parametrize(
        ("columns", "status", "scheme"),
        [
            ({"last_used_at": None}, "created", "oauth2/authorizationCode"),
            ({"grant_type": "client_credentials"}, "working", "oauth2/clientCredentials"),
            ({"status": "suspended"}, "bad_credentials", "oauth2/authorizationCode"),
            ({"scheme": "api_key", "grant_type": None}, "working", "apiKey"),
            ({"scheme": "basic", "grant_type": None}, "working", "basic"),
        ],
    )
    def test_connections_are_spelled_by_their_scheme_and_status(self, desk, crm, columns, status, scheme):
        made = crm.install("org_1", connectionId=crm.connection("org_1", **columns))
        assert (made["connection"]["status"], made["connection"]["authScheme"]) == (status, scheme)


class TestRevisions:
    DROPPED = (
        MANIFEST[: MANIFEST.index("        - objectName: contact")] + MANIFEST[MANIFEST.index("    write:") :]
    )

    def test_installations_stay_until_they_are_configured(self, desk, crm):
        made = crm.installed("org_1")
        (newer,) = crm.deploy(MANIFEST.replace("*/15", "*/30"))
        assert desk.ok("GET", crm.path(f"/{made['id']}")) == made
        changed = mask(desk, crm, made, ["config.content.write.objects"], content(write={"account": {}}))
        assert changed["config"]["revisionId"] == newer["latestRevision"]["id"] != crm.revision_id
        assert account(changed)["schedule"] == "*/30 * * * *"
        assert crm.told(made)[-2:] == ["integration_install.upgraded", "integration_install.configured"]
        assert crm.findings() == []

    def test_an_object_that_is_dropped_stays_in_the_configuration_until_it_is_taken_out(self, desk, crm):
        made = crm.installed("org_1", {"read": {"objects": {"account": {}, "contact": {}}}})
        crm.deploy(self.DROPPED)
        assert crm.members(made) == {"read:account", "read:contact"}
        changed = mask(desk, crm, made, ["config.content.write.objects"], content(write={"account": {}}))
        assert crm.members(made) == {"read:account", "write:account"}
        assert set(changed["config"]["content"]["read"]["objects"]) == {"account", "contact"}
        crm.deploy(MANIFEST)
        install_id = f"inst_{made['id'].replace('-', '')}"
        done = desk.instance.ok("POST", f"/api/integration-installs/{install_id}/upgrade")
        assert done["added"] == ["read:contact"]
        assert crm.findings() == []

    def test_a_destructive_deploy_pauses_reads_of_what_it_drops_and_a_plain_one_does_not(self, desk, crm):
        made = crm.installed("org_1", {"read": {"objects": {"account": {}, "contact": {}}}})
        other = crm.installed("org_2")
        crm.deploy(self.DROPPED, destructive=True)
        seen = desk.ok("GET", crm.path(f"/{made['id']}"))
        objects = seen["config"]["content"]["read"]["objects"]
        assert (objects["contact"]["disabled"], "disabled" in objects["account"]) == (True, False)
        assert (seen["config"]["createdBy"], seen["config"]["revisionId"]) == ("api:deploy", crm.revision_id)
        assert desk.ok("GET", crm.path(f"/{other['id']}")) == other
        before = crm.configs()
        crm.deploy(self.DROPPED, destructive=True)
        assert crm.configs() == before

    def test_an_installation_at_a_version_of_no_manifest_keeps_nobody_from_deploying(self, desk, crm):
        reading: dict[str, Any] = {"read": {"objects": {"account": {}, "contact": {}}}}
        made, other = crm.installed("org_1", reading), crm.installed("org_2", reading)
        api, integration = desk.instance.ok, f"/api/integrations/int_{crm.id.replace('-', '')}"
        manifest = api("GET", integration)["manifest"]
        api("PATCH", integration, {"manifest": {**manifest, "source": None}})
        api("POST", f"{integration}/publish", {"version": "0.0.2"})
        api("POST", f"/api/integration-installs/inst_{made['id'].replace('-', '')}/upgrade")
        api("PATCH", integration, {"manifest": manifest})
        crm.deploy(self.DROPPED, destructive=True)
        objects = desk.ok("GET", crm.path(f"/{other['id']}"))["config"]["content"]["read"]["objects"]
        assert objects["contact"]["disabled"] is True

    def test_many_installations_are_paused_piece_by_piece(self, desk, crm, monkeypatch):
        monkeypatch.setattr("trunkline.core.installs.dropping.BATCH", 2)
        reading: dict[str, Any] = {"read": {"objects": {"contact": {}}}}
        made = [crm.installed(f"org_{number}", reading) for number in range(5)]
        crm.deploy(self.DROPPED, destructive=True)
        assert _paused(desk, crm) == 2
        for done in (4, 5):
            (job,) = _jobs(desk)
            assert set(job.payload) == {"integrationId", "versionId", "after"}
            run_job(desk.instance.database, bootstrap.HANDLERS, job)
            assert _paused(desk, crm) == done
        assert _jobs(desk) == []
        assert crm.configs() == 2 * len(made)

    def test_every_installation_upgrades(self, desk, crm):
        made = [crm.installed(f"org_{number}") for number in range(3)]
        crm.deploy(MANIFEST.replace("*/15", "*/30"))
        for one in made:
            install_id = f"inst_{one['id'].replace('-', '')}"
            done = desk.instance.ok("POST", f"/api/integration-installs/{install_id}/upgrade")
            assert done == {"updated": ["read:account"], "added": [], "removed": [], "skipped": []}
        assert {account(one)["schedule"] for one in desk.ok("GET", crm.path())} == {"*/30 * * * *"}
        assert crm.findings() == []


def _jobs(desk: Desk) -> list[Any]:
    found = desk.instance.database.write_now(lambda tx: claim(tx, worker="test", limit=10))
    return [job for job in found if job.kind == installs.PAUSE_DROPPED_JOB]


def _paused(desk: Desk, crm: Crm) -> int:
    listed = desk.ok("GET", crm.path())
    return sum(
        one["config"]["content"]["read"]["objects"]["contact"].get("disabled", False) for one in listed
    )


class TestOperations:
    def test_there_are_none_yet(self, desk, crm):
        made = crm.installed("org_1")
        path = crm.path(f"/{made['id']}")
        assert desk.ok("GET", f"{path}/operations?pageSize=10") == {
            "results": [],
            "pagination": {"done": True},
        }
        desk.refused(400, "GET", f"{path}/operations?pageSize=0")
        desk.refused(404, "GET", f"{path}/objects/account/backfill-progress")
        desk.refused(404, "GET", desk.path(f"/operations/{made['id']}"))
        desk.refused(404, "GET", desk.path(f"/operations/{made['id']}/logs"))
        desk.refused(404, "GET", crm.path(f"/{crm.id}/operations"))


class TestScope:
    def test_another_tenant_sees_and_changes_nothing(self, desk, crm):
        made = crm.installed("org_1")
        other = desk.instance.tenant("other").token
        before = desk.instance.count("SELECT count(*) FROM events")
        for method, path, body in (
            ("GET", crm.path(), b""),
            ("GET", crm.path(f"/{made['id']}"), b""),
            ("DELETE", crm.path(f"/{made['id']}"), b""),
            ("PATCH", crm.path(f"/{made['id']}"), {"updateMask": ["connectionId"], "installation": {}}),
            ("POST", crm.path(), {"groupRef": "org_1", "config": {"content": ACCOUNT}}),
            ("GET", desk.path("/installations"), b""),
        ):
            desk.refused(404, method, path, body, key=other)
        assert desk.instance.count("SELECT count(*) FROM events") == before

    def test_a_project_lists_its_own_installations_only(self, desk, crm):
        crm.installed("org_1")
        other = desk.project("other")
        assert desk.ok("GET", f"/v1/projects/{other}/installations") == []
        desk.refused(404, "GET", f"/v1/projects/{other}/integrations/{crm.id}/installations")

    def test_a_key_that_may_only_read_changes_nothing(self, desk, crm):
        made = crm.installed("org_1")
        key = desk.instance.key_of(desk.instance.user_id, operations=("installs:read", "integrations:read"))
        assert desk.ok("GET", crm.path("?groupRef=org_1"), key=key) == [made]
        desk.refused(403, "DELETE", crm.path(f"/{made['id']}"), key=key)
        body = {"updateMask": ["config.createdBy"], "installation": {"config": {"createdBy": "api:x"}}}
        desk.refused(403, "PATCH", crm.path(f"/{made['id']}"), body, key=key)
        desk.refused(403, "POST", crm.path(), {"groupRef": "o", "config": {"content": ACCOUNT}}, key=key)

    def test_a_long_list_is_read_piece_by_piece(self, desk, crm):
        made = [crm.installed(f"org_{number}")["id"] for number in range(3)]
        seen, query = [], "?limit=2"
        while query:
            answer = desk.send("GET", crm.path(query))
            seen += [one["id"] for one in answer.json]
            cursor = answer.headers.get("x-next-cursor")
            query = f"?limit=2&cursor={cursor}" if cursor else ""
        assert seen == made
