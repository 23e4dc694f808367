"""Conditional and repeated writes on the operations where they matter most."""

from __future__ import annotations

from typing import Any

import pytest

from tests.instance import Instance, member


@pytest.fixture
def shop(instance: Instance) -> dict[str, Any]:
    source = instance.entity("functions", "f", {"n": 1})
    draft = instance.integration("i", [member("f", source, "function")])
    instance.publish(draft["id"], "1.0.0")
    return {"source": source, "draft": draft}


def tag(instance: Instance, path: str) -> str:
    return instance.api("GET", path).headers["etag"]


def test_an_install_sent_again_under_its_key_is_made_once(instance, shop):
    path = f"/api/integrations/{shop['draft']['id']}/install"
    body = {"workspaceId": instance.workspace_id}
    headers = {"idempotency-key": "one"}
    first, second = (instance.api("POST", path, body, headers=headers) for _ in range(2))
    assert (first.status, second.status) == (201, 201)
    assert first.body == second.body
    assert (first.headers.get("idempotency-replayed"), second.headers["idempotency-replayed"]) == (
        None,
        "true",
    )
    assert instance.count("SELECT count(*) FROM installs") == 1
    other = instance.api("POST", path, {**body, "memberPolicy": "manual"}, headers=headers)
    assert (other.status, other.json["error"]["code"]) == (409, "idempotency_key_reused")


def test_a_publish_sent_again_under_its_key_publishes_once(instance, shop):
    path = f"/api/integrations/{shop['draft']['id']}/publish"
    answers = [
        instance.api("POST", path, {"version": "2.0.0"}, headers={"idempotency-key": "p"}) for _ in range(3)
    ]
    assert {answer.body for answer in answers} == {answers[0].body}
    assert instance.count("SELECT count(*) FROM integration_versions") == 2


@pytest.mark.parametrize(
    ("method", "suffix", "body"),
    [("PATCH", "", {"name": "x"}), ("DELETE", "", b""), ("POST", "/publish", {"version": "2.0.0"})],
)
def test_a_stale_tag_changes_nothing(instance, shop, method, suffix, body):
    path = f"/api/integrations/{shop['draft']['id']}"
    stale = tag(instance, path)
    instance.ok("PATCH", path, {"name": "renamed meanwhile"})
    before = instance.api("GET", path).body
    answer = instance.api(method, path + suffix, body, headers={"if-match": stale})
    assert (answer.status, answer.json["error"]["code"]) == (412, "precondition_failed")
    assert instance.api("GET", path).body == before
    assert instance.count("SELECT count(*) FROM integration_versions") == 1
    fresh = instance.api(method, path + suffix, body, headers={"if-match": tag(instance, path)})
    assert fresh.status in (200, 201)


def test_an_upgrade_can_be_tied_to_the_state_it_was_decided_on(instance, shop):
    install = instance.install(shop["draft"]["id"])
    path = f"/api/integration-installs/{install['id']}"
    stale = tag(instance, path)
    instance.ok("PATCH", f"/api/functions/{shop['source']['id']}", {"definition": {"n": 2}})
    instance.publish(shop["draft"]["id"], "1.1.0")
    assert instance.api("POST", f"{path}/upgrade", headers={"if-match": stale}).status == 200
    instance.ok("PATCH", f"/api/functions/{shop['source']['id']}", {"definition": {"n": 3}})
    instance.publish(shop["draft"]["id"], "1.2.0")
    assert instance.api("POST", f"{path}/upgrade", headers={"if-match": stale}).status == 412


def test_an_unchanged_object_is_not_sent_twice(instance, shop):
    path = f"/api/integrations/{shop['draft']['id']}"
    again = instance.api("GET", path, headers={"if-none-match": tag(instance, path)})
    assert (again.status, again.body) == (304, b"")
