"""What is remembered between requests is never what decides them."""

from __future__ import annotations

from typing import Any

from tests.core.proxy.conftest import Desk
from trunkline.core.connections.flows.authorized import look_up
from trunkline.kit.ids import parse_id

TOKEN = "t0ken-value-x"  # made up


def sent(desk: Desk, connection_id: str, token: str | None = None) -> tuple[int, str | None]:
    answer = desk.send("GET", connection_id, "x", token=token)
    return answer.status, None if answer.status == 200 else answer.json["error"]["code"]


def test_a_disconnected_connection_is_not_used_again(desk: Desk) -> None:
    connection_id = desk.connection(desk.integration(type="bearer"), token=TOKEN)
    assert [sent(desk, connection_id) for _ in range(2)] == [(200, None)] * 2
    desk.instance.ok("DELETE", f"/api/connections/{connection_id}")
    status, code = sent(desk, connection_id)
    assert (status, code) != (200, None)
    assert len(desk.log()) == 2


def test_a_changed_base_counts_at_the_next_request_and_another_origin_sends_nothing(desk: Desk) -> None:
    integration_id = desk.integration(type="bearer")
    connection_id = desk.connection(integration_id, token=TOKEN)
    assert desk.echoed("GET", connection_id, "x")["path"] == "/echo/base/x"
    for base, seen in (("echo/other", "/echo/other/x"), ("echo/base", "/echo/base/x")):
        auth = {"type": "bearer", "mode": "shared", "apiBaseUri": f"{desk.simulated.url}/{base}"}
        desk.instance.ok("PATCH", f"/api/integrations/{integration_id}", {"authConfig": auth})
        assert desk.echoed("GET", connection_id, "x")["path"] == seen
    auth = {"type": "bearer", "mode": "shared", "apiBaseUri": "https://elsewhere.example.com"}
    desk.instance.ok("PATCH", f"/api/integrations/{integration_id}", {"authConfig": auth})
    assert [sent(desk, connection_id) for _ in range(2)] == [(409, "connection_suspended")] * 2
    assert len(desk.log()) == 3


def test_a_changed_provider_counts_at_the_next_request(desk: Desk) -> None:
    instance = desk.instance
    organization = instance.ok("GET", "/api/organizations")["data"][0]["id"]
    provider = instance.ok(
        "POST",
        "/api/providers",
        {
            "organizationId": organization,
            "name": "echoing",
            "baseUrl": f"{desk.simulated.url}/echo/one",
            "auth": {"scheme": "bearer"},
        },
    )
    body: dict[str, Any] = {
        "workspaceId": instance.workspace_id,
        "slug": "by-provider",
        "name": "By provider",
        "authConfig": {"provider": "echoing", "mode": "shared"},
    }
    integration_id = instance.ok("POST", "/api/integrations", body)["id"]
    connection_id = desk.connection(integration_id, token=TOKEN)
    assert desk.echoed("GET", connection_id, "x")["path"] == "/echo/one/x"
    there = {"baseUrl": f"{desk.simulated.url}/echo/two"}
    instance.ok("PATCH", f"/api/providers/{provider['id']}", there)
    assert desk.echoed("GET", connection_id, "x")["path"] == "/echo/two/x"
    instance.ok("PATCH", f"/api/providers/{provider['id']}", {"auth": {"scheme": "basic"}})
    assert sent(desk, connection_id) == (409, "connection_needs_reauth")


def test_a_revoked_key_sends_nothing_more(desk: Desk) -> None:
    instance = desk.instance
    connection_id = desk.connection(desk.integration(type="bearer"), token=TOKEN)
    key = instance.key_of(instance.user_id)
    assert sent(desk, connection_id, key) == (200, None)
    instance.database.write_now(
        lambda tx: tx.run("UPDATE access_keys SET revoked_at = :now WHERE revoked_at IS NULL", now=tx.now)
    )
    assert sent(desk, connection_id, key) == (401, "unauthenticated")
    assert len(desk.log()) == 1


def test_callers_of_one_kind_share_a_statement_and_nothing_else(desk: Desk) -> None:
    connection_id = desk.connection(desk.integration(type="bearer"), token=TOKEN)
    strangers = [desk.instance.tenant(name) for name in ("first", "second")]
    for _ in range(2):
        assert sent(desk, connection_id) == (200, None)
        for stranger in strangers:
            assert sent(desk, connection_id, stranger.token) == (404, "not_found")


def test_one_transaction_with_three_statements_admits_and_opens(desk: Desk) -> None:
    connection_id = parse_id("connection", desk.connection(desk.integration(type="bearer"), token=TOKEN))
    assert connection_id is not None
    vault = desk.instance.platform.services.vault
    for _ in range(2):  # the first may have the tenant's key to unwrap
        count = desk.instance.database.read_now(
            lambda tx: (look_up(tx, vault, None, connection_id), tx.statements)[1]
        )
    assert count == 1
