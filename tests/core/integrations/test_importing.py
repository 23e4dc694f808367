"""The main job on real input: an OpenAPI document is imported, published, installed, changed and upgraded."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from tests.instance import Instance
from trunkline import bootstrap
from trunkline.core import access, integrations
from trunkline.core.entities import find_references
from trunkline.kit.ids import format_id, parse_id
from trunkline.kit.openapi import convert

DOCUMENT = Path(__file__).parents[4] / "shared" / "ampersand" / "api.bundled.json"
METHODS = ("get", "post", "put", "patch", "delete")
SMALL: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Pets", "version": "1"},
    "paths": {
        "/pets": {
            "get": {
                "operationId": "listPets",
                "responses": {
                    "200": {
                        "description": "pets",
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pets"}}},
                    }
                },
            }
        },
    },
    "components": {
        "schemas": {
            "Pets": {"type": "array", "items": {"$ref": "#/components/schemas/Pet"}},
            "Pet": {"type": "object", "properties": {"parent": {"$ref": "#/components/schemas/Pet"}}},
            "Unused": {"type": "string"},
        }
    },
}


def import_document(instance: Instance, document: dict[str, Any]) -> integrations.ImportResult:
    workspace_id = parse_id("workspace", instance.workspace_id)
    assert workspace_id is not None
    request = integrations.ImportOpenApi(workspace_id=workspace_id, slug="api", conversion=convert(document))
    return instance.database.write_now(
        lambda tx: integrations.import_openapi(tx, access.act_as(tx, instance.user_id), request)
    )


def no_reference_dangles(instance: Instance, install_id: str) -> bool:
    members = instance.members(install_id).values()
    here = {parse_id(m["kind"], m["entityId"]) for m in members}
    return all(
        entity_id in here
        for m in members
        for _, entity_id in find_references(
            json.dumps(
                instance.ok("GET", f"/api/{m['kind']}s/{m['entityId']}")["definition"], separators=(",", ":")
            )
        )
    )


class TestSmallDocument:
    def test_becomes_members_that_are_cloned_and_enabled(self, instance):
        done = import_document(instance, SMALL)
        assert done.created == ("schema:Pets", "schema:Pet", "schema:Unused", "listPets")
        draft = instance.ok("GET", f"/api/integrations/{format_id('integration', done.integration_id)}")
        assert [(m["slug"], m["kind"]) for m in draft["manifest"]["members"]] == [
            ("schema:Pets", "schema"),
            ("schema:Pet", "schema"),
            ("schema:Unused", "schema"),
            ("listPets", "function"),
        ]
        assert all(m["forkOnInstall"] and m["defaultEnabled"] for m in draft["manifest"]["members"])

    def test_imported_again_unchanged_touches_nothing(self, instance):
        first = import_document(instance, SMALL)
        events = instance.count("SELECT count(*) FROM events WHERE subject_kind <> 'integration'")
        again = import_document(instance, SMALL)
        assert (again.created, again.updated, again.removed) == ((), (), ())
        assert again.unchanged == first.created
        assert instance.count("SELECT count(*) FROM events WHERE subject_kind <> 'integration'") == events

    def test_keeps_flags_and_members_people_set(self, instance):
        done = import_document(instance, SMALL)
        path = f"/api/integrations/{format_id('integration', done.integration_id)}"
        agent = instance.entity("agents", "mine", {})
        manifest = instance.ok("GET", path)["manifest"]
        manifest["members"][2]["defaultEnabled"] = False
        manifest["members"].append({"slug": "mine", "entityId": agent["id"], "kind": "agent"})
        instance.ok("PATCH", path, {"manifest": manifest})
        import_document(instance, SMALL)
        assert instance.ok("GET", path)["manifest"] == manifest

    def test_installs_a_selected_operation_with_the_schemas_it_reaches(self, instance):
        done = import_document(instance, SMALL)
        integration_id = format_id("integration", done.integration_id)
        instance.publish(integration_id, "1.0.0")
        install = instance.install(integration_id, selectedMemberSlugs=["listPets"])
        assert set(instance.members(install["id"])) == {"listPets", "schema:Pets", "schema:Pet"}
        assert no_reference_dangles(instance, install["id"])


@pytest.mark.skipif(not DOCUMENT.exists(), reason="the vendor's document is not beside the project")
class TestRealDocument:
    def test_is_published_installed_changed_and_upgraded(self, instance):
        document = json.loads(DOCUMENT.read_text())
        done = import_document(instance, document)
        assert len(done.created) == 257
        integration_id = format_id("integration", done.integration_id)
        instance.publish(integration_id, "1.0.0")
        whole = instance.install(integration_id)
        before = instance.members(whole["id"])
        assert (len(before), {m["isClone"] for m in before.values()}) == (257, {True})
        changed = copy.deepcopy(document)
        added, removed, schemas = self.change(changed)
        mine = before["schema:Project"]
        instance.ok("PATCH", f"/api/schemas/{mine['entityId']}", {"definition": {"type": "object"}})
        kept = instance.api("GET", f"/api/schemas/{mine['entityId']}").body
        again = import_document(instance, changed)
        assert (again.created, set(again.updated), again.removed) == ((added,), schemas, (removed,))
        instance.publish(integration_id, "1.1.0")
        upgrade = f"/api/integration-installs/{whole['id']}/upgrade"
        assert {slug: sorted(found) for slug, found in instance.ok("POST", upgrade).items()} == {
            "updated": sorted(schemas),
            "added": [added],
            "removed": [removed],
            "skipped": ["schema:Project"],
        }
        after = instance.members(whole["id"])
        assert instance.api("GET", f"/api/schemas/{mine['entityId']}").body == kept
        staying = set(before) - {removed}
        assert set(after) == staying | {added}
        assert {s: before[s]["entityId"] for s in staying} == {s: after[s]["entityId"] for s in staying}
        journal = instance.count("SELECT count(*) FROM audit_entries")
        nothing: dict[str, list[str]] = {"updated": [], "added": [], "removed": [], "skipped": []}
        assert instance.ok("POST", upgrade) == nothing
        assert instance.count("SELECT count(*) FROM audit_entries") == journal
        assert bootstrap.verify(instance.database) == []

    @staticmethod
    def change(document: dict[str, Any]) -> tuple[str, str, set[str]]:
        """One operation more, one fewer, three schemas different."""
        item = document["paths"]["/projects"]
        removed = item.pop("post")["operationId"]
        document["paths"]["/trunkline-test"] = {
            "get": {"operationId": "brandNew", "responses": {"204": {"description": "nothing"}}}
        }
        names = ("Org", "Connection", "Installation")
        for name in names:
            document["components"]["schemas"][name]["description"] = "another description"
        return "brandNew", str(removed), {f"schema:{name}" for name in names}

    def test_every_selected_operation_brings_its_whole_closure(self, instance):
        done = import_document(instance, json.loads(DOCUMENT.read_text()))
        integration_id = format_id("integration", done.integration_id)
        instance.publish(integration_id, "1.0.0")
        install = instance.install(integration_id, selectedMemberSlugs=["listInstallations", "getProvider"])
        members = instance.members(install["id"])
        assert {slug for slug in members if not slug.startswith("schema:")} == {
            "listInstallations",
            "getProvider",
        }
        assert {"schema:Installation", "schema:Connection", "schema:ProviderInfo"} <= set(members)
        assert len(members) < 120
        assert no_reference_dangles(instance, install["id"])
        assert bootstrap.verify(instance.database) == []
