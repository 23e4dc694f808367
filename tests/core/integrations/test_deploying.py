"""A project's manifest becomes integrations, members and versions; what has not changed is not written."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.core.manifests.corpus import SHARED, manifests, needs_corpus
from tests.instance import Instance
from trunkline import bootstrap
from trunkline.core import access, integrations, providers
from trunkline.core.integrations import Deployed, NotDeployedError, ProviderUnknownError
from trunkline.core.manifests import Manifest, read_manifest
from trunkline.infra.db import Tx
from trunkline.kit.errors import ForbiddenError
from trunkline.kit.ids import format_id

CRM = """\
specVersion: 1.0.0
integrations:
  - name: CRM sync
    provider: hubspot
    read:
      objects:
        - objectName: contact
          destination: contacts
          schedule: "*/30 * * * *"
          requiredFields:
            - fieldName: email
        - objectName: deal
          destination: deals
          schedule: "0 * * * *"
          enabled: always
          requiredFields:
            - fieldName: amount
    write:
      objects:
        - objectName: contact
"""


def parsed(text: str) -> Manifest:
    found = read_manifest(text)
    assert found.manifest is not None, found.findings
    return found.manifest


def deploy(instance: Instance, text: str, **more: Any) -> tuple[Deployed, ...]:
    def work(tx: Tx) -> tuple[Deployed, ...]:
        actor = access.act_as(tx, instance.user_id)
        workspace_id = instance.workspace_id.removeprefix("wsp_")
        return integrations.deploy_manifest(tx, actor, workspace_id, parsed(text), **more)

    return instance.database.write_now(work)


def tables(instance: Instance) -> dict[str, int]:
    """How many rows there are in every table that a deploy could write to."""
    names = (
        "integrations", "integration_versions", "version_members", "entities", "entity_versions",
        "audit_entries", "events", "event_payloads", "jobs", "idempotency_records",
    )  # fmt: skip
    return {name: instance.count(f"SELECT count(*) FROM {name}") for name in names}


def test_an_integration_becomes_a_published_version_whose_members_are_its_objects(instance):
    (done,) = deploy(instance, CRM)
    assert (done.version.version, done.changed) == ("0.0.1", True)
    assert done.created == ("read:contact", "read:deal", "write:contact")
    assert (done.integration.name, done.integration.slug, done.integration.driver) == (
        "CRM sync", "crm-sync", "hubspot",
    )  # fmt: skip
    seen = instance.ok("GET", f"/api/integrations/{format_id('integration', done.integration.id)}")
    assert [
        (m["slug"], m["kind"], m["required"], m["defaultEnabled"], m["forkOnInstall"])
        for m in seen["manifest"]["members"]
    ] == [
        ("read:contact", "sync", False, False, True),
        ("read:deal", "sync", True, False, True),
        ("write:contact", "action", False, False, True),
    ]
    assert seen["authConfig"] == {"type": "oauth2", "provider": "hubspot", "mode": "shared"}
    assert seen["manifest"]["source"]["content"]["read"]["objects"][0]["objectName"] == "contact"
    assert {one["slug"] for one in instance.ok("GET", "/api/syncs")["data"]} == {
        "crm-sync:read:contact", "crm-sync:read:deal",
    }  # fmt: skip
    assert bootstrap.verify(instance.database) == []


def test_deploying_the_same_again_writes_nothing_at_all(instance):
    deploy(instance, CRM)
    before = tables(instance)
    (again,) = deploy(instance, CRM)
    assert tables(instance) == before
    assert (again.changed, again.version.version, again.created, again.updated) == (False, "0.0.1", (), ())


def test_the_order_of_members_in_the_file_changes_nothing(instance):
    deploy(instance, CRM)
    moved = CRM.replace(
        "  - name: CRM sync\n    provider: hubspot\n", "  - provider: hubspot\n    name: CRM sync\n"
    )
    assert not deploy(instance, moved)[0].changed


def test_a_change_publishes_the_next_revision_and_edits_only_what_differs(instance):
    (first,) = deploy(instance, CRM)
    (second,) = deploy(instance, CRM.replace('"*/30 * * * *"', '"*/20 * * * *"'))
    assert (second.version.version, second.integration.id) == ("0.0.2", first.integration.id)
    assert (second.created, second.updated, second.removed) == ((), ("read:contact",), ())


def test_an_object_that_is_dropped_and_declared_again_is_the_same_entity(instance):
    without = CRM[: CRM.index("    write:")]
    members = []
    for text in (CRM, without, CRM):
        (done,) = deploy(instance, text)
        members.append(json.loads(bytes(done.version.member_entity_versions)))
    assert set(members[0]) - set(members[1]) == {"write:contact"}
    assert members[2] == members[0]
    assert done.version.version == "0.0.3"
    assert deploy(instance, without)[0].removed == ("write:contact",)


def test_two_integrations_of_a_project_may_have_objects_of_the_same_name(instance):
    second = CRM[CRM.index("  - name") :].replace("CRM sync", "CRM sync!")
    one, other = deploy(instance, CRM + second)
    assert (one.integration.slug, other.integration.slug) == ("crm-sync", "crm-sync-2")
    assert other.created == one.created
    assert [done.changed for done in deploy(instance, CRM + second)] == [False, False]


def test_names_as_long_as_the_format_allows_fit(instance):
    text = CRM.replace("CRM sync", "n" * 200).replace("contact\n", f"{'o' * 118}\n")
    (done,) = deploy(instance, text)
    slugs = {one["slug"] for one in instance.ok("GET", "/api/syncs")["data"]}
    assert max(len(slug) for slug in slugs) == 128
    assert not deploy(instance, text)[0].changed
    assert done.version.version == "0.0.1"


def test_an_unknown_provider_is_refused_at_its_place_and_leaves_no_trace(instance):
    before = tables(instance)
    with pytest.raises(ProviderUnknownError) as refused:
        deploy(instance, CRM.replace("hubspot", "no-such-crm"))
    assert refused.value.details[0].path == "integrations[0].provider"
    assert tables(instance) == before


def test_an_integration_made_otherwise_is_not_overwritten(instance):
    made = instance.integration("other", [], name="CRM sync")
    instance.publish(made["id"], "1.0.0")
    before = tables(instance)
    with pytest.raises(NotDeployedError):
        deploy(instance, CRM)
    assert tables(instance) == before


def test_what_people_added_to_a_deployed_integration_stays(instance):
    (done,) = deploy(instance, CRM)
    extra = instance.entity("functions", "extra", {})
    path = f"/api/integrations/{format_id('integration', done.integration.id)}"
    manifest = instance.ok("GET", path)["manifest"]
    manifest["members"].append({"slug": "extra", "entityId": extra["id"], "kind": "function"})
    auth = {**instance.ok("GET", path)["authConfig"], "headers": {"X-Team": "blue"}}
    instance.ok("PATCH", path, {"manifest": manifest, "authConfig": auth})
    (again,) = deploy(instance, CRM)
    assert (again.changed, again.version.version) == (True, "0.0.2")
    seen = instance.ok("GET", path)
    assert [m["slug"] for m in seen["manifest"]["members"]][-1] == "extra"
    assert seen["authConfig"]["headers"] == {"X-Team": "blue"}


def test_pruning_deletes_what_is_declared_no_more_and_nothing_made_otherwise(instance):
    instance.integration("hand-made", [])
    other = CRM.replace("CRM sync", "Other")
    deploy(instance, CRM)
    deploy(instance, other, prune=True)
    names = {one["name"] for one in instance.ok("GET", "/api/integrations")["data"]}
    assert names == {"Other", "hand-made"}


def test_a_source_that_is_not_of_its_format_is_refused(instance):
    integration = instance.integration("plain", [])
    source = {"format": "amp", "specVersion": "1.0.0", "content": {"name": "x"}}
    answer = instance.api("PATCH", f"/api/integrations/{integration['id']}", {"manifest": {"source": source}})
    assert answer.status == 400
    assert answer.json["error"]["details"][0]["path"] == "manifest.source.content"


def test_only_admins_of_the_project_deploy(instance):
    def work(tx: Tx, role: str) -> None:
        owner = access.act_as(tx, instance.user_id)
        acme, main = (one.partition("_")[2] for one in (instance.organization_id, instance.workspace_id))
        user = access.CreateUser(organization_id=acme, email=f"{role}@acme.example", name=role)
        made = access.create_user(tx, owner, user)
        member = access.AddWorkspaceMember(workspace_id=main, user_id=made.id, role=role)
        access.add_workspace_member(tx, owner, member)
        integrations.deploy_manifest(tx, access.act_as(tx, made.id), main, parsed(CRM))

    before = tables(instance)
    for role in ("viewer", "editor"):
        with pytest.raises(ForbiddenError):
            instance.database.write_now(lambda tx, role=role: work(tx, role))
    assert tables(instance) == before
    instance.database.write_now(lambda tx: work(tx, "admin"))


@pytest.fixture
def stocked(instance: Instance) -> Instance:
    """An instance whose organization has the vendor's catalog beside the built-in one."""
    document = json.loads((SHARED / "catalog.json").read_text("utf-8"))

    def work(tx: Tx) -> None:
        actor = access.act_as(tx, instance.user_id)
        providers.import_catalog(tx, actor, instance.organization_id.removeprefix("org_"), document)

    instance.database.write_now(work)
    return instance


# Its provider authenticates with consent to a whole directory, which no catalog of ours can say: there is none of
# that name, and the manifest is refused by `provider_unknown`.
REFUSED = {"microsoftAdminConsent.yaml": "integrations[0].provider"}


@needs_corpus
def test_every_sample_deploys_and_deploying_it_again_changes_nothing(stocked):
    refused = {}
    for name, text in manifests().items():
        try:
            first = deploy(stocked, text)
        except ProviderUnknownError as error:
            refused[name] = error.details[0].path
            continue
        before = tables(stocked)
        second = deploy(stocked, text)
        assert tables(stocked) == before, name
        assert [one.changed for one in second] == [False] * len(first), name
    assert refused == REFUSED
    assert bootstrap.verify(stocked.database) == []
