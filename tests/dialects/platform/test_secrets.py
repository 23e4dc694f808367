from __future__ import annotations

from typing import Any

import pytest

from tests.dialects.platform.people import (
    NOW,
    events,
    filtered,
    listed,
    nothing_happens,
    page,
    person,
    refusal,
    refused_at,
)
from tests.instance import Instance, member
from trunkline.core.connections import reveal
from trunkline.dialects.platform.secrets import CreateSecretBody, UpdateSecretBody
from trunkline.infra.db.schema import metadata

PATH = "/api/secrets"
VALUE = "whsec_f00dfeed-f00dfeed"


def create(instance: Instance, name: str = "billing", **more: Any) -> Any:
    return instance.ok(
        "POST", PATH, {"workspaceId": instance.workspace_id, "name": name, "value": VALUE, **more}
    )


def value_of(instance: Instance, secret_id: str) -> str:
    vault = instance.platform.services.vault
    return instance.database.read_now(lambda tx: reveal(tx, vault, secret_id.removeprefix("scr_")).reveal())


def everything_stored(instance: Instance) -> str:
    return instance.database.read_now(
        lambda tx: str([tx.fetch(f"SELECT * FROM {name}", {}) for name in sorted(metadata.tables)])
    )


def test_keeps_a_secret_and_never_shows_its_value(instance):
    body = {
        "workspaceId": instance.workspace_id,
        "name": "billing",
        "value": VALUE,
        "metadata": {"kind": "hmac"},
    }
    answer = instance.api("POST", PATH, body)
    made = answer.json
    assert answer.status == 201
    assert made == {
        "id": made["id"],
        "workspaceId": instance.workspace_id,
        "name": "billing",
        "hint": "…feed",
        "metadata": {"kind": "hmac"},
        "createdBy": f"usr_{instance.user_id}",
        "deletedAt": None,
        "retentionTier": None,
        "createdAt": NOW,
        "updatedAt": NOW,
    }
    assert made["id"].startswith("scr_")
    assert instance.ok("GET", f"{PATH}/{made['id']}") == made
    assert value_of(instance, made["id"]) == VALUE


def test_the_value_is_nowhere_but_sealed(instance, caplog, capsys):
    headers = {"idempotency-key": "once"}
    body = {"workspaceId": instance.workspace_id, "name": "billing", "value": VALUE}
    made = instance.api("POST", PATH, body, headers=headers).json
    instance.ok("PATCH", f"{PATH}/{made['id']}", {"value": VALUE + VALUE})
    instance.api("PATCH", f"{PATH}/{made['id']}", {"value": VALUE, "name": ""})
    bodies = [
        instance.api("GET", path).body.decode() for path in (PATH, f"{PATH}/{made['id']}", "/api/events")
    ]
    bodies.append(instance.api("POST", PATH, body, headers=headers).body.decode())
    output = capsys.readouterr()
    for text in (*bodies, everything_stored(instance), caplog.text, output.out, output.err):
        assert VALUE not in text


def test_a_repeated_request_makes_one_secret(instance):
    body = {"workspaceId": instance.workspace_id, "name": "billing", "value": VALUE}
    answers = [instance.api("POST", PATH, body, headers={"idempotency-key": "k"}) for _ in range(2)]
    assert answers[0].json == answers[1].json
    other = instance.api("POST", PATH, {**body, "value": "another"}, headers={"idempotency-key": "k"})
    assert refusal(other) == (409, "idempotency_key_reused")


def test_bodies_do_not_print_their_values():
    assert "hidden" not in repr(CreateSecretBody(workspace_id="w", name="n", value="hidden"))
    assert "hidden" not in f"{UpdateSecretBody(value='hidden')}"


def test_lists_the_secrets_of_the_caller_s_workspaces(instance):
    viewer = person(instance, "grace", "viewer")
    made = create(instance, metadata={"kind": "hmac"})
    create(instance, "other")
    assert listed(viewer.ok("GET", f"{PATH}?name=BILL&workspace_id={instance.workspace_id}")) == page(made)
    assert listed(viewer.ok("GET", filtered(PATH, metadata={"hasKey": "kind"}))) == page(made)
    assert viewer.ok("GET", PATH)["pageInfo"]["total"] == 2


@pytest.mark.parametrize("member", ["value", "credential", "hint", "generation"])
def test_nothing_about_the_value_can_be_asked_for(instance, member):
    create(instance)
    assert refused_at(instance.api("GET", filtered(PATH, **{member: "x"}))) == (400, [f"filter.{member}"])


def test_changes_what_is_given_and_nothing_else(instance):
    made = create(instance, metadata={"a": 1})
    path = f"{PATH}/{made['id']}"
    assert instance.ok("PATCH", path, {"name": "invoices"}) == {**made, "name": "invoices"}
    assert value_of(instance, made["id"]) == VALUE
    changed = instance.ok("PATCH", path, {"value": "another-value-9876", "metadata": {}})
    assert changed == {**made, "name": "invoices", "hint": "…9876", "metadata": {}}
    assert value_of(instance, made["id"]) == "another-value-9876"


def test_a_secret_is_deleted_restored_and_purged(instance):
    made = create(instance)
    path = f"{PATH}/{made['id']}"
    with nothing_happens(instance):
        assert refusal(instance.api("DELETE", f"{path}/purge")) == (409, "not_deleted")
    assert instance.ok("DELETE", path) == {"success": True}
    deleted = {**made, "deletedAt": NOW, "retentionTier": "medium"}
    assert instance.ok("GET", PATH)["data"] == []
    assert listed(instance.ok("GET", f"{PATH}?include_deleted=true")) == page(deleted)
    with nothing_happens(instance):
        assert instance.ok("DELETE", path) == {"success": True}
        assert refusal(instance.api("PATCH", path, {"name": "x"})) == (409, "deleted")
    assert instance.ok("POST", f"{path}/restore") == made
    assert value_of(instance, made["id"]) == VALUE
    instance.ok("DELETE", path)
    assert instance.ok("DELETE", f"{path}/purge") == {"success": True}
    assert refusal(instance.api("GET", path)) == (404, "not_found")
    assert [type_ for type_ in events(instance) if type_.startswith("secret.")] == [
        f"secret.{verb}" for verb in ("created", "deleted", "restored", "deleted", "purged")
    ]


def test_names_are_unique_among_the_live_secrets_of_a_workspace(instance):
    first = create(instance)
    other = create(instance, "other")
    body = {"workspaceId": instance.workspace_id, "name": "billing", "value": "x"}
    with nothing_happens(instance):
        assert refusal(instance.api("POST", PATH, body)) == (409, "name_taken")
        answer = instance.api("PATCH", f"{PATH}/{other['id']}", {"name": "billing"})
        assert refusal(answer) == (409, "name_taken")
    instance.ok("DELETE", f"{PATH}/{first['id']}")
    create(instance)
    with nothing_happens(instance):
        assert refusal(instance.api("POST", f"{PATH}/{first['id']}/restore")) == (409, "name_taken")


def test_a_secret_that_an_install_uses_is_not_purged(instance):
    made = create(instance)
    function = instance.entity("functions", "charge", {})
    draft = instance.integration("shop", [member("charge", function, "function")])
    instance.publish(draft["id"], "1.0.0")
    install = instance.install(draft["id"], authStateId=made["id"])
    assert install["authStateId"] == made["id"]
    instance.ok("DELETE", f"{PATH}/{made['id']}")
    with nothing_happens(instance):
        assert refusal(instance.api("DELETE", f"{PATH}/{made['id']}/purge")) == (409, "in_use")


@pytest.mark.parametrize(
    ("more", "places"),
    [
        ({"name": ""}, ["name"]),
        ({"value": ""}, ["value"]),
        ({"value": None}, ["value"]),
        ({"value": 7}, ["value"]),
        ({"value": "x" * 65_537}, ["value"]),
        ({"metadata": []}, ["metadata"]),
        ({"metadata": {"note": "x" * 16_384}}, ["metadata"]),
        ({"workspaceId": "main"}, ["workspaceId"]),
        ({"hint": "x"}, ["hint"]),
    ],
)
def test_refuses_a_malformed_secret(instance, more, places):
    body = {"workspaceId": instance.workspace_id, "name": "billing", "value": VALUE, **more}
    with nothing_happens(instance):
        answer = instance.api("POST", PATH, body)
        assert refused_at(answer) == (400, places)
        assert VALUE.encode() not in answer.body


def test_a_viewer_reads_and_an_editor_does_not_purge(instance):
    viewer, editor = person(instance, "grace", "viewer"), person(instance, "alan", "editor")
    made = create(instance)
    path = f"{PATH}/{made['id']}"
    with nothing_happens(instance):
        body = {"workspaceId": instance.workspace_id, "name": "mine", "value": "x"}
        for method, where, sent in (
            ("POST", PATH, body),
            ("PATCH", path, {"value": "x"}),
            ("DELETE", path, b""),
        ):
            assert refusal(viewer.api(method, where, sent)) == (403, "tier_too_low")
    editor.ok("DELETE", path)
    with nothing_happens(instance):
        assert refusal(editor.api("DELETE", f"{path}/purge")) == (403, "tier_too_low")
        assert refusal(viewer.api("GET", path)) == (404, "not_found")


def test_a_stranger_finds_nothing(instance):
    stranger = instance.tenant("rival")
    made = create(instance)
    path = f"{PATH}/{made['id']}"
    with nothing_happens(instance):
        assert stranger.ok("GET", PATH)["data"] == []
        for method, where, body in (
            ("GET", path, b""),
            ("PATCH", path, {"value": "x"}),
            ("DELETE", path, b""),
            ("DELETE", f"{path}/purge", b""),
            ("POST", f"{path}/restore", b""),
            ("POST", PATH, {"workspaceId": instance.workspace_id, "name": "mine", "value": "x"}),
        ):
            assert refusal(stranger.api(method, where, body)) == (404, "not_found")
