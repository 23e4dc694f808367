from __future__ import annotations

from datetime import timedelta

import pytest

from tests.instance import Instance, member
from trunkline.kit.keys import generate
from trunkline.kit.strictjson import encode


def refused(instance: Instance, integration_id: str, version: str = "1.0.0") -> tuple[int, str]:
    """Status and the first place of a publish that must not succeed, having changed nothing."""
    before = instance.count("SELECT count(*) FROM audit_entries")
    answer = instance.api("POST", f"/api/integrations/{integration_id}/publish", {"version": version})
    assert instance.count("SELECT count(*) FROM audit_entries") == before
    error = answer.json["error"]
    return answer.status, error["details"][0]["path"] if error["details"] else error["code"]


def test_pins_members_and_takes_the_schema_closure(instance):
    leaf = instance.entity("schemas", "leaf", {"type": "string"})
    node = instance.entity("schemas", "node", {"$ref": f"{leaf['id']}#/x", "not": {"$ref": leaf["id"]}})
    function = instance.entity("functions", "f", {"outputSchemaId": node["id"]})
    draft = instance.integration("i", [member("f", function, "function")])
    version = instance.publish(draft["id"], "1.0.0")
    assert set(version["memberEntityVersions"]) == {"f", "schema:node", "schema:leaf"}
    assert version["memberEntityVersions"]["f"] == function["versionId"]
    assert version["manifestSnapshot"] == draft["manifest"]
    preview = instance.ok("GET", f"/api/integrations/{draft['id']}/members")["members"]
    assert [(m["slug"], m["implicit"], m["forkOnInstall"]) for m in preview] == [
        ("f", False, True),
        ("schema:node", True, True),
        ("schema:leaf", True, True),
    ]
    assert instance.ok("GET", f"/api/integrations/{draft['id']}")["currentVersion"] == "1.0.0"


def test_previews_the_draft_while_nothing_is_published(instance):
    function = instance.entity("functions", "f", {})
    draft = instance.integration("i", [member("f", function, "function")])
    preview = instance.ok("GET", f"/api/integrations/{draft['id']}/members")["members"]
    assert [(m["slug"], m["entityVersionId"]) for m in preview] == [("f", function["versionId"])]


def test_keeps_what_it_pinned_when_the_source_is_edited_or_deleted(instance):
    function = instance.entity("functions", "f", {"v": 1})
    draft = instance.integration("i", [member("f", function, "function")])
    instance.publish(draft["id"], "1.0.0")
    instance.ok("PATCH", f"/api/functions/{function['id']}", {"definition": {"v": 2}})
    instance.ok("DELETE", f"/api/functions/{function['id']}")
    install = instance.install(draft["id"])
    clone = instance.members(install["id"])["f"]["entityId"]
    assert instance.ok("GET", f"/api/functions/{clone}")["definition"] == {"v": 1}


@pytest.mark.parametrize("version", ["1", "v1.0.0", "1.0.0-", "latest"])
def test_wants_a_semantic_version(instance, version):
    assert refused(instance, instance.integration("i", [])["id"], version) == (400, "version")


def test_refuses_a_version_twice_and_going_back(instance):
    draft = instance.integration("i", [])
    instance.publish(draft["id"], "1.1.0")
    assert refused(instance, draft["id"], "1.1.0") == (409, "version_exists")
    assert refused(instance, draft["id"], "1.0.9") == (409, "version_not_newer")
    assert refused(instance, draft["id"], "1.1.0-rc.1") == (409, "version_not_newer")


def test_a_pre_release_is_published_without_becoming_current(instance):
    draft = instance.integration("i", [])
    instance.publish(draft["id"], "1.0.0")
    preview = instance.publish(draft["id"], "2.0.0-rc.1")
    assert instance.ok("GET", f"/api/integrations/{draft['id']}")["currentVersion"] == "1.0.0"
    install = instance.install(draft["id"], integrationVersionId=preview["id"])
    assert install["integrationVersionId"] == preview["id"]
    nothing: dict[str, list[str]] = {"updated": [], "added": [], "removed": [], "skipped": []}
    assert instance.ok("POST", f"/api/integration-installs/{install['id']}/upgrade") == nothing


def test_refuses_members_that_do_not_resolve(instance):
    function = instance.entity("functions", "f", {})
    foreign = instance.tenant("other")
    body = {"workspaceId": foreign.workspace_id, "slug": "x", "name": "x", "definition": {}}
    elsewhere = foreign.ok("POST", "/api/functions", body)
    gone = instance.entity("functions", "gone", {})
    instance.ok("DELETE", f"/api/functions/{gone['id']}")
    for i, (entity, kind) in enumerate([(elsewhere, "function"), (gone, "function"), (function, "agent")]):
        draft = instance.integration(f"i{i}", [member("m", entity, kind)])
        assert refused(instance, draft["id"]) == (400, "manifest.members[0].entityId")


def test_refuses_a_reference_that_would_dangle(instance):
    tool = instance.entity("functions", "tool", {})
    agent = instance.entity("agents", "a", {"tools": [tool["id"]]})
    draft = instance.integration("i", [member("a", agent, "agent")])
    assert refused(instance, draft["id"]) == (400, "manifest.members[0]")


def test_refuses_unknown_and_circular_dependencies(instance):
    one, two = (instance.entity("functions", slug, {}) for slug in ("one", "two"))
    unknown = instance.integration("u", [member("one", one, "function", dependsOn=["nope"])])
    assert refused(instance, unknown["id"]) == (400, "manifest.members[0].dependsOn[0]")
    members = [
        member("one", one, "function", dependsOn=["two"]),
        member("two", two, "function", dependsOn=["one"]),
    ]
    circle = instance.integration("c", members)
    assert refused(instance, circle["id"]) == (400, "manifest.members")


@pytest.mark.parametrize(
    ("part", "value", "path"),
    [
        ("manifest", {"note": generate("sec_").reveal()}, "manifest.note"),
        ("variablesSchema", {"default": "ghp_" + "a" * 36}, "variablesSchema.default"),
        ("variablesSchema", {"type": "nonsense"}, "variablesSchema.type"),
        ("variablesSchema", {"$ref": "https://elsewhere.example/schema"}, "variablesSchema"),
        ("variablesSchema", {"pattern": "(?=a)b"}, "variablesSchema.pattern"),
    ],
)
def test_refuses_credentials_and_unusable_schemas(instance, part, value, path):
    draft = instance.integration("i", [])
    instance.ok("PATCH", f"/api/integrations/{draft['id']}", {part: value})
    assert refused(instance, draft["id"]) in {(400, path), (400, "variablesSchema")}


def test_a_credential_gets_neither_into_a_draft_nor_into_a_version(instance):
    draft = instance.integration("i", [])
    config = {"type": "oauth2", "clientSecret": "hunter2hunter2"}
    answer = instance.api("PATCH", f"/api/integrations/{draft['id']}", {"authConfig": config})
    assert (answer.status, answer.json["error"]["details"][0]["path"]) == (400, "authConfig.clientSecret")
    sql = "UPDATE integrations SET auth_config = :config"  # as a draft from before drafts were looked at
    instance.database.write_now(lambda tx: tx.run(sql, config=encode(config)))
    assert refused(instance, draft["id"]) == (400, "authConfig.clientSecret")


def test_needs_an_admin(instance):
    draft = instance.integration("i", [])
    user = instance.ok(
        "POST",
        "/api/users",
        {"organizationId": instance.organization_id, "email": "eve@acme.example", "name": "Eve"},
    )
    body = {"workspaceId": instance.workspace_id, "userId": user["id"], "role": "editor"}
    instance.ok("POST", "/api/workspace-members", body)
    token = instance.key_of(user["id"].removeprefix("usr_"))
    path = f"/api/integrations/{draft['id']}"
    assert instance.api("PATCH", path, {"name": "edited"}, token=token).status == 200
    assert instance.api("POST", f"{path}/publish", {"version": "1.0.0"}, token=token).status == 403


def test_versions_cannot_be_rewritten(instance):
    draft = instance.integration("i", [])
    version = instance.publish(draft["id"], "1.0.0")
    for table in ("integration_versions", "entity_versions", "version_members", "audit_entries"):
        instance.entity("functions", f"f-{table}".replace("_", "-"), {})
        column = "action" if table == "audit_entries" else "id"
        if table == "version_members":
            continue
        with pytest.raises(Exception, match="never changed"):
            instance.database.write_now(lambda tx, t=table, c=column: tx.run(f"UPDATE {t} SET {c} = {c}"))
    instance.clock.advance(timedelta(days=1))
    assert instance.ok("GET", f"/api/integration-versions/{version['id']}") == version
