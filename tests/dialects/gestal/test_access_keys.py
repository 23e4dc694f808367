from __future__ import annotations

import re
from datetime import timedelta

import pytest

from tests.dialects.gestal.desk import Desk, hex_of
from trunkline.core import installs

KEY = re.compile(r"ak_[0-9A-Za-z]{32}")


@pytest.fixture
def install_id(desk: Desk) -> str:
    return desk.activate(desk.made())


def test_a_key_is_shown_once_and_masked_afterwards(desk: Desk, install_id: str) -> None:
    path = f"/integrations/installations/{install_id}/accesskeys"
    answer = desk.send("POST", path)
    made = answer.json
    assert (answer.status, list(made)) == (201, ["id", "access_key", "last_active_at", "created_at"])
    assert answer.headers["cache-control"] == "no-store"
    key = made["access_key"]
    assert KEY.fullmatch(key)
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", made["id"])
    masked = {**made, "access_key": f"ak_{'x' * 28}{key[-4:]}"}
    assert desk.ok("GET", path)["data"] == [masked]
    assert desk.ok("GET", f"/integrations/accesskeys/{made['id']}") == masked
    assert desk.ok("GET", f"/integrator/access-keys/{made['id']}") == masked
    assert desk.ok("GET", "/integrator/access-keys")["data"] == [masked]


def test_nothing_that_is_kept_holds_the_key(desk: Desk, install_id: str) -> None:
    secret = desk.key(install_id)[3:]
    for table, columns in (
        ("install_keys", "id || digest || ending || created_by"),
        ("event_payloads", "data"),
        ("audit_entries", "changed || subject_id"),
    ):
        sql = f"SELECT {columns} FROM {table}"
        rows = desk.instance.database.read_now(lambda tx, sql=sql: tx.column(sql))  # type: ignore[misc]
        assert rows
        assert not [row for row in rows if secret in row]


def test_a_repeated_request_is_given_the_same_key(desk: Desk, install_id: str) -> None:
    path, headers = f"/integrations/installations/{install_id}/accesskeys", {"idempotency-key": "one"}
    first, again = (desk.send("POST", path, headers=headers) for _ in range(2))
    assert first.json == again.json
    assert len(desk.keys(install_id)) == 1


def test_a_revoked_key_opens_nothing_and_is_gone(desk: Desk, install_id: str) -> None:
    made = desk.ok("POST", f"/integrations/installations/{install_id}/accesskeys")
    other = desk.key(install_id)
    assert desk.as_installation(made["access_key"], "GET", "/ping").status == 204
    path = f"/integrations/accesskeys/{made['id']}"
    assert desk.send("DELETE", path).status == 204
    assert desk.as_installation(made["access_key"], "GET", "/ping").status == 401
    assert desk.as_installation(other, "GET", "/ping").status == 204
    for method in ("GET", "DELETE"):
        assert desk.send(method, path).status == 404
    assert len(desk.keys(install_id)) == 1


def test_a_replaced_key_is_good_for_a_while(desk: Desk, install_id: str) -> None:
    old = desk.key(install_id)
    (key,) = desk.shop.ok("GET", f"/api/integration-installs/{install_id}/access-keys")["accessKeys"]
    made = desk.shop.ok("POST", f"/api/install-keys/{key['id']}/rotate", {"overlapSeconds": 60})
    assert KEY.fullmatch(made["key"])
    assert (made["expiresAt"], made["keyHint"][-4:]) == (None, made["key"][-4:])
    keys = {
        one["id"]: one["expiresAt"]
        for one in desk.shop.ok("GET", f"/api/integration-installs/{install_id}/access-keys")["accessKeys"]
    }
    assert keys == {key["id"]: "2026-03-01T12:01:00.000Z", made["id"]: None}
    assert [desk.as_installation(one, "GET", "/ping").status for one in (old, made["key"])] == [204, 204]
    desk.instance.clock.advance(timedelta(seconds=59))
    assert [desk.as_installation(one, "GET", "/ping").status for one in (old, made["key"])] == [204, 204]
    desk.instance.clock.advance(timedelta(seconds=1))
    assert [desk.as_installation(one, "GET", "/ping").status for one in (old, made["key"])] == [401, 204]
    assert desk.shop.api("POST", f"/api/install-keys/{key['id']}/rotate", {}).status == 404


def test_a_key_is_replaced_for_a_day_unless_said_otherwise_and_never_lasts_longer(
    desk: Desk, install_id: str
) -> None:
    desk.key(install_id)
    path = f"/api/integration-installs/{install_id}/access-keys"
    (key,) = desk.shop.ok("GET", path)["accessKeys"]
    desk.shop.ok("POST", f"/api/install-keys/{key['id']}/rotate", {})
    found = {one["id"]: one["expiresAt"] for one in desk.shop.ok("GET", path)["accessKeys"]}
    assert found[key["id"]] == "2026-03-02T12:00:00.000Z"
    desk.shop.ok("POST", f"/api/install-keys/{key['id']}/rotate", {"overlapSeconds": 2_592_000})
    found = {one["id"]: one["expiresAt"] for one in desk.shop.ok("GET", path)["accessKeys"]}
    assert found[key["id"]] == "2026-03-02T12:00:00.000Z"
    for overlap in (-1, 2_592_001):
        refused = desk.shop.api("POST", f"/api/install-keys/{key['id']}/rotate", {"overlapSeconds": overlap})
        assert refused.status == 400


def test_replacing_at_once_ends_the_old_key_with_this_request(desk: Desk, install_id: str) -> None:
    old = desk.key(install_id)
    (key,) = desk.shop.ok("GET", f"/api/integration-installs/{install_id}/access-keys")["accessKeys"]
    desk.shop.ok("POST", f"/api/install-keys/{key['id']}/rotate", {"overlapSeconds": 0})
    assert desk.as_installation(old, "GET", "/ping").status == 401


def test_an_install_has_so_many_keys_and_no_more(desk: Desk, install_id: str) -> None:
    path = f"/integrations/installations/{install_id}/accesskeys"
    for _ in range(installs.KEYS_MAX):
        desk.key(install_id)
    refused = desk.send("POST", path)
    assert (refused.status, refused.json["type"]) == (409, "install_keys_full")
    assert desk.ok("GET", path)["meta"]["total"] == installs.KEYS_MAX


def test_last_use_is_written_behind_the_requests_and_never_goes_back(desk: Desk, install_id: str) -> None:
    key = desk.key(install_id)

    def last_active() -> str | None:
        return desk.keys(install_id)[0]["last_active_at"]  # type: ignore[no-any-return]

    writes = desk.instance.count("SELECT count(*) FROM audit_entries")
    assert desk.as_installation(key, "GET", "/ping").status == 204
    assert last_active() is None
    desk.instance.clock.advance(timedelta(seconds=25))
    assert desk.as_installation(key, "GET", "/integration").status == 200
    desk.flush()
    assert last_active() == "2026-03-01T12:00:25.000Z"
    activity = desk.instance.platform.services.activity
    (stored,) = desk.instance.database.read_now(lambda tx: tx.column("SELECT id FROM install_keys"))
    activity.note(stored, "2026-03-01T12:00:10.000000Z")
    desk.flush()
    assert last_active() == "2026-03-01T12:00:25.000Z"
    desk.flush()
    assert desk.instance.count("SELECT count(*) FROM audit_entries") == writes


def test_every_change_of_a_key_is_on_record(desk: Desk, install_id: str) -> None:
    made = desk.ok("POST", f"/integrations/installations/{install_id}/accesskeys")
    key_id = hex_of("install_key", made["id"])
    desk.shop.ok("POST", f"/api/install-keys/ikey_{key_id}/rotate", {"overlapSeconds": 5})
    desk.ok("DELETE", f"/integrations/accesskeys/{made['id']}")
    sql = "SELECT action FROM audit_entries WHERE subject_kind = 'install_key' ORDER BY id"
    recorded = desk.instance.database.read_now(lambda tx: tx.column(sql))
    told = desk.instance.database.read_now(
        lambda tx: tx.column(sql.replace("audit_entries", "events").replace("action", "type"))
    )
    assert sorted(recorded) == sorted(told)
    assert sorted(recorded) == [
        "install_key.created",
        "install_key.created",
        "install_key.replaced",
        "install_key.revoked",
    ]


def test_keys_are_for_editors_on_either_side(desk: Desk, install_id: str) -> None:
    farm = desk.instance.tenant("farm")
    path = f"/integrations/installations/{install_id}/accesskeys"
    assert desk.send("POST", path).status == 201  # who publishes it
    assert desk.send("POST", path, token=desk.shop.token).status == 201  # whose site it is
    for method in ("GET", "POST"):
        assert desk.send(method, path, token=farm.token).status == 404
    (key, _) = desk.keys(install_id)
    for method in ("GET", "DELETE"):
        assert desk.send(method, f"/integrations/accesskeys/{key['id']}", token=farm.token).status == 404
    user = desk.shop.ok(
        "POST",
        "/api/users",
        {"organizationId": desk.shop.organization_id, "email": "v@shop.example", "name": "V"},
    )
    desk.shop.ok(
        "POST",
        "/api/workspace-members",
        {"workspaceId": desk.shop.workspace_id, "userId": user["id"], "role": "viewer"},
    )
    viewer = desk.instance.key_of(user["id"][4:])
    assert desk.send("POST", path, token=viewer).status == 403
    assert desk.send("GET", f"/integrations/accesskeys/{key['id']}", token=viewer).status == 404


def test_purging_an_install_takes_its_keys(desk: Desk, install_id: str) -> None:
    desk.key(install_id)
    desk.shop.ok("DELETE", f"/api/integration-installs/{install_id}")
    desk.shop.ok("DELETE", f"/api/integration-installs/{install_id}/purge")
    assert desk.instance.count("SELECT count(*) FROM install_keys") == 0


def test_purging_a_site_takes_its_keys(desk: Desk, install_id: str) -> None:
    desk.key(install_id)
    site = desk.shop.workspace_id
    desk.shop.ok("DELETE", f"/api/workspaces/{site}")
    desk.shop.ok("DELETE", f"/api/workspaces/{site}/purge")
    assert desk.instance.count("SELECT count(*) FROM install_keys") == 0
