"""Integrations are deployed from manifests; each change is a revision."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from typing import Any

import pytest

from tests.core.manifests.corpus import SHARED, manifests, needs_corpus
from tests.dialects.ampersand.crm import MANIFEST, Crm
from tests.dialects.ampersand.desk import Desk, hex_of
from trunkline.core import access, providers
from trunkline.infra.db import Tx

TABLES = (
    "integrations",
    "integration_versions",
    "entities",
    "entity_versions",
    "audit_entries",
    "events",
    "jobs",
)


def counts(desk: Desk) -> dict[str, int]:
    return {name: desk.instance.count(f"SELECT count(*) FROM {name}") for name in TABLES}


@pytest.fixture
def crm(desk: Desk) -> Crm:
    return Crm(desk)


def batch(desk: Desk, text: str = MANIFEST) -> tuple[str, str, dict[str, str]]:
    return "PUT", desk.path("/integrations:batch"), {"sourceYaml": text}


class TestDeploying:
    def test_a_manifest_becomes_integrations_with_revisions(self, desk):
        (made,) = desk.ok(*batch(desk))
        content = made["latestRevision"].pop("content")
        assert made == {
            "id": made["id"],
            "projectId": desk.project_id,
            "name": "crm",
            "provider": "salesforce",
            "createTime": "2026-03-01T12:00:00.000000Z",
            "latestRevision": {
                "id": made["latestRevision"]["id"],
                "specVersion": "1.0.0",
                "createTime": "2026-03-01T12:00:00.000000Z",
            },
        }
        assert [one["objectName"] for one in content["read"]["objects"]] == ["account", "contact"]
        assert content["write"]["objects"] == [{"objectName": "account"}, {"objectName": "contact"}]

    def test_deploying_again_answers_the_same_and_writes_nothing(self, desk):
        first = desk.ok(*batch(desk))
        before = counts(desk)
        assert desk.ok(*batch(desk)) == first
        assert counts(desk) == before

    def test_a_change_is_a_revision_of_the_same_integration(self, desk):
        (first,) = desk.ok(*batch(desk))
        (second,) = desk.ok(*batch(desk, MANIFEST.replace("*/15", "*/30")))
        assert second["id"] == first["id"]
        assert second["latestRevision"]["id"] != first["latestRevision"]["id"]
        path = f"/api/integrations/int_{hex_of('integration', first['id'])}"
        assert desk.instance.ok("GET", path)["currentVersion"] == "0.0.2"

    def test_the_vendors_command_line_sends_an_archive(self, desk):
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w") as archive:
            archive.writestr("amp.yaml", MANIFEST)
        md5 = base64.b64encode(hashlib.md5(held.getvalue()).digest()).decode()
        place = desk.ok("GET", f"/v1/generate-upload-url?md5={md5.replace('+', '%2B')}")
        path = place["url"].partition("/v1/")[2]
        answer = desk.bare("PUT", f"/v1/{path}", held.getvalue(), [("content-md5", md5)])
        assert answer.status in (200, 204)
        url = f"gs://{place['bucket']}/{place['path']}"
        (made,) = desk.ok("PUT", desk.path("/integrations:batch"), {"sourceZipUrl": url})
        assert made["name"] == "crm"

    def test_what_is_wrong_is_told_with_its_line_and_deploys_nothing(self, desk):
        before = counts(desk)
        wrong = MANIFEST.replace("*/15", "*/5").replace(
            "objectName: contact\n          destination", "destination"
        )
        problem = desk.refused(422, *batch(desk, wrong))
        assert [issue["name"] for issue in problem["issues"]] == ["amp.yaml:10:21", "amp.yaml:16:11"]
        assert problem["issues"][0]["detail"].startswith("[schedule-interval] ")
        assert problem["causes"][0].startswith("amp.yaml:10:21: [schedule-interval] ")
        assert problem["remedy"]
        assert counts(desk) == before

    def test_an_unknown_provider_is_refused_at_its_line(self, desk):
        problem = desk.refused(422, *batch(desk, MANIFEST.replace("salesforce", "nosuchcrm")))
        assert [issue["name"] for issue in problem["issues"]] == ["amp.yaml:4:15"]

    @pytest.mark.parametrize("body", [{}, {"sourceYaml": MANIFEST, "sourceZipUrl": "gs://a/b"}])
    def test_there_is_one_source(self, desk, body):
        desk.refused(400, "PUT", desk.path("/integrations:batch"), body)

    @pytest.mark.parametrize("url", ["gs://nobody/nothing", "https://example.com/a.zip", "", "gs://"])
    def test_an_archive_that_is_not_there_is_refused(self, desk, url):
        desk.refused(400, "PUT", desk.path("/integrations:batch"), {"sourceZipUrl": url})

    @pytest.mark.parametrize("text", ["", "\x00", "a: [", "- 1", "&a [*a]", "x" * 900_000])
    def test_what_is_no_manifest_is_refused(self, desk, text):
        assert desk.send(*batch(desk, text)).status in (400, 422)

    def test_a_name_taken_otherwise_is_refused(self, desk):
        made = desk.instance.integration("other", [], name="crm")
        desk.instance.publish(made["id"], "1.0.0")
        assert desk.refused(409, *batch(desk))["type"].endswith(":integration_not_deployed")

    def test_readers_do_not_deploy(self, desk):
        key = desk.instance.key_of(desk.instance.user_id, operations=("integrations:read",))
        before = counts(desk)
        desk.refused(403, *batch(desk), key=key)
        assert counts(desk) == before

    def test_another_tenants_project_is_not_found(self, desk):
        other = desk.instance.tenant("other")
        desk.refused(404, *batch(desk), key=other.token)


class TestReading:
    def test_an_integration_goes_by_its_id_in_any_spelling_and_by_its_exact_name(self, desk, crm):
        prefixed = f"int_{hex_of('integration', crm.id)}"
        for text in (crm.id, crm.id.upper(), prefixed, "crm"):
            assert desk.ok("GET", desk.path(f"/integrations/{text}"))["id"] == crm.id
        for text in ("CRM", "crm ", "x" * 500, "550e8400-e29b-41d4-a716-446655440000"):
            desk.refused(404, "GET", desk.path(f"/integrations/{text.replace(' ', '%20')}"))

    def test_only_the_projects_own_integrations_are_there(self, desk, crm):
        other = desk.project("other")
        assert desk.ok("GET", f"/v1/projects/{other}/integrations") == []
        desk.refused(404, "GET", f"/v1/projects/{other}/integrations/{crm.id}")
        desk.refused(404, "GET", f"/v1/projects/{other}/integrations/crm")

    def test_what_was_made_on_the_platform_is_an_integration_too_once_it_is_published(self, desk, crm):
        made = desk.instance.integration("plain", [], authConfig={"type": "api_key", "provider": "hubspot"})
        assert [one["name"] for one in desk.ok("GET", desk.path("/integrations"))] == ["crm"]
        uuid = made["id"].removeprefix("int_")
        desk.refused(404, "GET", desk.path(f"/integrations/{made['id']}"))
        desk.instance.publish(made["id"], "1.0.0")
        listed = desk.ok("GET", desk.path("/integrations"))
        assert [(one["name"], one["provider"]) for one in listed] == [
            ("crm", "salesforce"),
            ("plain", "hubspot"),
        ]
        found = desk.ok("GET", desk.path(f"/integrations/{made['id']}"))
        assert found["latestRevision"]["content"] == {"name": "plain", "provider": "hubspot"}
        assert hex_of("integration", found["id"]) == uuid

    def test_a_long_list_is_read_piece_by_piece(self, desk):
        for name in ("a", "b", "c"):
            desk.ok(*batch(desk, MANIFEST.replace("name: crm", f"name: {name}")))
        seen, query = [], "?limit=2"
        while query:
            answer = desk.send("GET", desk.path(f"/integrations{query}"))
            seen += [one["name"] for one in answer.json]
            cursor = answer.headers.get("x-next-cursor")
            query = f"?limit=2&cursor={cursor}" if cursor else ""
        assert seen == ["a", "b", "c"]


BODY: dict[str, Any] = {
    "name": "second",
    "provider": "hubspot",
    "latestRevision": {
        "specVersion": "1.0.0",
        "content": {
            "name": "whatever",
            "provider": "other",
            "read": {"objects": [{"objectName": "contact", "destination": "d", "schedule": ""}]},
        },
    },
}


class TestOneByOne:
    def test_an_integration_is_made_of_its_content(self, desk):
        answer = desk.send("POST", desk.path("/integrations"), BODY)
        assert (answer.status, answer.body) == (201, b"")
        found = desk.ok("GET", desk.path("/integrations/second"))
        assert (found["provider"], found["latestRevision"]["content"]["name"]) == ("hubspot", "second")
        desk.refused(409, "POST", desk.path("/integrations"), BODY)

    def test_content_that_breaks_a_rule_is_refused_at_its_place(self, desk):
        wrong = json.loads(json.dumps(BODY))
        wrong["latestRevision"]["content"]["read"]["objects"][0]["schedule"] = "* * * * *"
        problem = desk.refused(422, "POST", desk.path("/integrations"), wrong)
        assert problem["issues"][0]["name"] == "latestRevision.content.read.objects[0].schedule"
        unknown = {**BODY, "provider": "nosuchcrm"}
        problem = desk.refused(422, "POST", desk.path("/integrations"), unknown)
        assert problem["issues"][0]["name"] == "latestRevision.content.provider"
        version = {**BODY, "latestRevision": {**BODY["latestRevision"], "specVersion": "2"}}
        problem = desk.refused(422, "POST", desk.path("/integrations"), version)
        assert problem["issues"][0]["name"] == "latestRevision.specVersion"

    def test_a_revision_of_one_leaves_the_others_alone(self, desk, crm):
        both = MANIFEST.replace("*/15", "*/20") + MANIFEST[MANIFEST.index("  - name") :].replace(
            "name: crm", "name: two"
        )
        path = desk.path(f"/integrations/{crm.id}/revisions")
        answer = desk.send("POST", path, {"sourceYaml": both})
        assert (answer.status, answer.body) == (201, b"")
        (found,) = desk.ok("GET", desk.path("/integrations"))
        assert found["latestRevision"]["content"]["read"]["objects"][0]["schedule"] == "*/20 * * * *"
        desk.refused(422, "POST", path, {"sourceYaml": MANIFEST.replace("name: crm", "name: two")})

    def test_deleting_takes_its_installations_along(self, desk, crm):
        installed = crm.installed("org_1")
        assert desk.send("DELETE", desk.path(f"/integrations/{crm.id}")).status == 204
        desk.refused(404, "GET", desk.path(f"/integrations/{crm.id}"))
        desk.refused(404, "GET", crm.path(f"/{installed['id']}"))
        assert desk.ok("GET", desk.path("/installations")) == []
        assert crm.findings() == []
        # The name is free again.
        assert desk.ok(*batch(desk))[0]["id"] != crm.id


class TestHydrating:
    def test_every_object_has_a_display_name_and_the_fields_it_names(self, desk, crm):
        connection_id = crm.connection("org_1")
        path = desk.path(f"/integrations/{crm.id}/revisions/{crm.revision_id}:hydrate")
        found = desk.ok("GET", f"{path}?connectionId={connection_id}")
        account, contact = found["content"]["read"]["objects"]
        assert account["displayName"] == "account"
        assert account["requiredFields"] == [{"displayName": "name", "fieldName": "name"}]
        assert account["allFieldsMetadata"]["phone"] == {"fieldName": "phone", "displayName": "phone"}
        assert [one["fieldName"] for one in account["allFields"]] == ["name", "industry", "phone"]
        assert (contact["optionalFieldsAuto"], contact["allFields"]) == ("all", [])
        assert found["content"]["write"]["objects"][0] == {"objectName": "account", "displayName": "account"}
        assert "error" not in account

    def test_the_connection_must_be_there_and_the_revision_of_the_integration(self, desk, crm):
        path = desk.path(f"/integrations/{crm.id}/revisions/{crm.revision_id}:hydrate")
        desk.refused(400, "GET", path)
        desk.refused(400, "GET", f"{path}?connectionId=x")
        desk.refused(404, "GET", f"{path}?connectionId={crm.id}")
        second = Desk(desk.instance)
        second.project_id = desk.project("second")
        own = crm.connection("org_2")  # in the project itself, where the platform's API makes them
        sql = "UPDATE connections SET workspace_id = :here WHERE id = :id"
        ids = {"here": crm.project_hex, "id": own.replace("-", "")}
        desk.instance.database.write_now(lambda tx: tx.run(sql, **ids))
        for elsewhere in (Crm(second).connection("org_1"), own):
            desk.refused(404, "GET", f"{path}?connectionId={elsewhere}")
        ended = crm.connection("org_1")
        desk.ok("DELETE", desk.path(f"/connections/{ended}"))
        desk.ok("GET", f"{path}?connectionId={ended}")  # as the vendor's client asks when it has uninstalled
        other = desk.path(f"/integrations/{crm.id}/revisions/{crm.id}:hydrate")
        desk.refused(404, "GET", f"{other}?connectionId={crm.connection('org_1')}")


@needs_corpus
def test_every_sample_deploys_over_the_wire_and_hydrates(desk):
    document = json.loads((SHARED / "catalog.json").read_text("utf-8"))

    def stock(tx: Tx) -> None:
        actor = access.act_as(tx, desk.instance.user_id)
        providers.import_catalog(tx, actor, desk.instance.organization_id.removeprefix("org_"), document)

    desk.instance.database.write_now(stock)
    crm = Crm(desk)
    connection_id = crm.connection("org_1")
    refused = {}
    for name, text in manifests().items():
        answer = desk.send(*batch(desk, text))
        if answer.status != 200:
            refused[name] = (answer.status, answer.json["issues"][0]["detail"].partition("]")[0][1:])
            continue
        for one in answer.json:
            path = f"/integrations/{one['id']}/revisions/{one['latestRevision']['id']}:hydrate"
            hydrated = desk.ok("GET", desk.path(f"{path}?connectionId={connection_id}"))
            assert hydrated["id"] == one["latestRevision"]["id"]
    # The catalog cannot say how this one authenticates, so no provider of that name is known.
    assert refused == {"microsoftAdminConsent.yaml": (422, "provider-unknown")}
