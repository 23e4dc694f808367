from __future__ import annotations

from typing import Any

from tests.dialects.platform.people import NOW, filtered, nothing_happens, person, refusal, refused_at
from tests.instance import Instance
from trunkline.core.providers import app_of
from trunkline.dialects.platform.provider_apps import CreateProviderAppBody, UpdateProviderAppBody
from trunkline.infra.db.schema import metadata

PATH = "/api/provider-apps"
SECRET = "clientsecret-f00dfeed-f00dfeed"


def body(instance: Instance, provider: str = "github", **members: Any) -> dict[str, Any]:
    return {
        "workspaceId": instance.workspace_id,
        "provider": provider,
        "clientId": "client",
        "clientSecret": SECRET,
        **members,
    }


def create(instance: Instance, provider: str = "github", **members: Any) -> Any:
    return instance.ok("POST", PATH, body(instance, provider, **members))


def secret_of(instance: Instance, provider: str = "github") -> str | None:
    vault, workspace_id = instance.platform.services.vault, instance.workspace_id.removeprefix("wsp_")
    found = instance.database.read_now(lambda tx: app_of(tx, vault, workspace_id, provider))
    return None if found is None else found.client_secret.reveal()


def test_keeps_a_client_and_never_shows_its_secret(instance):
    answer = instance.api("POST", PATH, body(instance, scopes=["repo"]))
    made = answer.json
    assert answer.status == 201
    assert made == {
        "id": made["id"],
        "workspaceId": instance.workspace_id,
        "provider": "github",
        "name": "GitHub",
        "clientId": "client",
        "hint": "…feed",
        "scopes": ["repo"],
        "createdBy": f"usr_{instance.user_id}",
        "deletedAt": None,
        "retentionTier": None,
        "createdAt": NOW,
        "updatedAt": NOW,
    }
    assert made["id"].startswith("app_")
    assert instance.ok("GET", f"{PATH}/{made['id']}") == made
    assert secret_of(instance) == SECRET


def test_the_secret_is_nowhere_but_sealed(instance, caplog, capsys):
    headers = {"idempotency-key": "once"}
    made = instance.api("POST", PATH, body(instance), headers=headers).json
    instance.ok("PATCH", f"{PATH}/{made['id']}", {"clientSecret": SECRET + SECRET})
    refused = instance.api("PATCH", f"{PATH}/{made['id']}", {"clientSecret": SECRET, "name": ""})
    bodies = [
        instance.api("GET", path).body.decode() for path in (PATH, f"{PATH}/{made['id']}", "/api/events")
    ]
    bodies.append(instance.api("POST", PATH, body(instance), headers=headers).body.decode())
    stored = instance.database.read_now(
        lambda tx: str([tx.fetch(f"SELECT * FROM {name}", {}) for name in sorted(metadata.tables)])
    )
    output = capsys.readouterr()
    for text in (*bodies, refused.body.decode(), stored, caplog.text, output.out, output.err):
        assert SECRET not in text


def test_bodies_do_not_print_their_secrets():
    made = CreateProviderAppBody(workspace_id="w", provider="p", client_id="c", client_secret="hidden")
    assert "hidden" not in repr(made)
    assert "hidden" not in f"{UpdateProviderAppBody(client_secret='hidden')}"


def test_changes_deletes_restores_and_purges(instance):
    made = create(instance)
    changed = instance.ok("PATCH", f"{PATH}/{made['id']}", {"name": "Ours", "clientSecret": "another-5678"})
    assert changed == {**made, "name": "Ours", "hint": "…5678"}
    assert instance.ok("DELETE", f"{PATH}/{made['id']}") == {"success": True}
    assert secret_of(instance) is None
    assert refusal(instance.api("PATCH", f"{PATH}/{made['id']}", {"name": "x"})) == (409, "deleted")
    assert instance.ok("GET", PATH)["data"] == []
    [gone] = instance.ok("GET", f"{PATH}?include_deleted=only")["data"]
    assert gone == {**changed, "deletedAt": NOW, "retentionTier": "medium"}
    assert instance.ok("POST", f"{PATH}/{made['id']}/restore") == changed
    assert secret_of(instance) == "another-5678"
    assert refusal(instance.api("DELETE", f"{PATH}/{made['id']}/purge")) == (409, "not_deleted")
    instance.ok("DELETE", f"{PATH}/{made['id']}")
    assert instance.ok("DELETE", f"{PATH}/{made['id']}/purge") == {"success": True}
    assert instance.api("GET", f"{PATH}/{made['id']}").status == 404


def test_lists_and_filters(instance):
    viewer = person(instance, "grace", "viewer")
    made = create(instance)
    create(instance, "zoom", name="Calls")
    assert viewer.ok("GET", PATH)["pageInfo"]["total"] == 2
    for query in ("?provider=github", "?name=GITH"):
        assert viewer.ok("GET", f"{PATH}{query}")["data"] == [made]
    assert viewer.ok("GET", filtered(PATH, provider={"neq": "zoom"}))["data"] == [made]
    for member in ("clientSecret", "hint", "generation"):
        assert refused_at(instance.api("GET", filtered(PATH, **{member: "x"}))) == (400, [f"filter.{member}"])


def test_says_what_is_wrong_and_where(instance):
    create(instance)
    with nothing_happens(instance):
        assert refusal(instance.api("POST", PATH, body(instance))) == (409, "provider_app_exists")
        assert refused_at(instance.api("POST", PATH, body(instance, "nothing"))) == (400, ["provider"])
        assert refused_at(instance.api("POST", PATH, body(instance, "zoom", scopes=["a b"]))) == (
            400,
            ["scopes[0]"],
        )
        assert refused_at(instance.api("POST", PATH, body(instance, "zoom", clientSecret=""))) == (
            400,
            ["clientSecret"],
        )


def test_only_admins_of_the_workspace_write(instance):
    made = create(instance)
    editor = person(instance, "grace", "editor")
    assert editor.ok("GET", f"{PATH}/{made['id']}") == made
    assert editor.api("POST", PATH, body(instance, "zoom")).status == 403
    assert editor.api("PATCH", f"{PATH}/{made['id']}", {"name": "x"}).status == 403
    assert editor.api("DELETE", f"{PATH}/{made['id']}").status == 403
