"""What revoking a key ends besides the key."""

from __future__ import annotations

from tests.instance import Instance


def test_revoking_a_key_ends_its_sessions_but_not_the_keys_made_with_it(instance: Instance):
    first = instance.ok("POST", "/api/keys", {"name": "first", "kind": "secret"})
    second = instance.ok("POST", "/api/keys", {"name": "second", "kind": "secret"}, token=first["key"])
    session = instance.ok("POST", "/api/tokens", {"workspaceId": instance.workspace_id}, token=first["key"])
    path = "/api/integrations"
    assert instance.api("GET", path, token=session["key"]).status == 200
    instance.ok("DELETE", f"/api/keys/{first['id']}")
    assert instance.api("GET", path, token=first["key"]).status == 401
    assert instance.api("GET", path, token=session["key"]).status == 401
    assert instance.api("GET", path, token=second["key"]).status == 200
