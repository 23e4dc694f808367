from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.asgi import call
from tests.dialects.gestal.desk import Desk, basic
from trunkline import bootstrap
from trunkline.web import Application


@pytest.fixture
def other_process(desk: Desk) -> Iterator[Application]:
    """Another server on the same database, which shares nothing else."""
    platform = bootstrap.open_platform(desk.instance.settings, clock=desk.instance.clock)
    yield bootstrap.application(platform)
    platform.close()


def activations(desk: Desk) -> str:
    return f"/api/workspaces/{desk.shop.workspace_id}/activations"


def test_switching_on_twice_is_switching_on_once(desk: Desk) -> None:
    integration_id = desk.made()
    first = desk.shop.api("PUT", f"{activations(desk)}/{integration_id}", {})
    again = desk.shop.api("PUT", f"{activations(desk)}/{integration_id}", {})
    assert (first.status, again.status) == (200, 200)
    assert first.json == again.json
    assert (first.json["integrationId"], first.json["workspaceId"]) == (
        integration_id,
        desk.shop.workspace_id,
    )
    assert desk.instance.count("SELECT count(*) FROM installs") == 1
    assert desk.shop.ok("GET", f"/api/integration-installs/{first.json['id']}") == first.json
    assert desk.shop.ok("GET", activations(desk))["data"] == [first.json]


def test_switching_off_ends_the_keys_and_on_again_restores_the_installation(
    desk: Desk, other_process: Application
) -> None:
    integration_id = desk.made()
    install_id = desk.activate(integration_id)
    key = desk.key(install_id)

    def statuses() -> list[int]:
        return [
            call(app, "GET", path, basic(key)).status
            for app in (desk.instance.app, other_process)
            for path in ("/ping", "/integration")
        ]

    assert statuses() == [204, 200, 204, 200]
    desk.deactivate(integration_id)
    assert statuses() == [401, 401, 401, 401]
    assert desk.ok("GET", f"/integrations/{integration_id}/installations")["data"] == []
    assert desk.send("GET", f"/integrations/installations/{install_id}/accesskeys").status == 404
    desk.deactivate(integration_id)
    assert desk.activate(integration_id) == install_id
    assert statuses() == [204, 200, 204, 200]


def test_a_key_may_be_revoked_while_its_installation_is_off(desk: Desk) -> None:
    integration_id = desk.made()
    install_id = desk.activate(integration_id)
    key, (row,) = desk.key(install_id), desk.keys(install_id)
    desk.deactivate(integration_id)
    assert desk.send("DELETE", f"/integrations/accesskeys/{row['id']}").status == 204
    desk.activate(integration_id)
    assert desk.as_installation(key, "GET", "/ping").status == 401


def test_a_deleted_integration_or_site_ends_the_keys(desk: Desk, other_process: Application) -> None:
    integration_id = desk.made()
    key = desk.key(desk.activate(integration_id))

    def status() -> int:
        return call(other_process, "GET", "/ping", basic(key)).status

    assert status() == 204
    desk.shop.ok("DELETE", f"/api/workspaces/{desk.shop.workspace_id}")
    assert status() == 401
    desk.shop.ok("POST", f"/api/workspaces/{desk.shop.workspace_id}/restore")
    assert status() == 204
    desk.instance.ok("DELETE", f"/api/integrations/{integration_id}")  # the platform's: installs stay
    assert status() == 401
    desk.instance.ok("POST", f"/api/integrations/{integration_id}/restore")
    assert status() == 204


def test_installations_are_listed_by_their_last_change(desk: Desk) -> None:
    integration_id, clock = desk.made(), desk.instance.clock
    tenants = [desk.instance.tenant(name) for name in ("one", "two", "three")]
    installs = []
    for tenant in tenants:
        clock.advance(timedelta(seconds=1))
        installs.append(desk.activate(integration_id, tenant))

    def listed(path: str = f"/integrations/{integration_id}/installations") -> list[str]:
        return [one["cloud_id"] for one in desk.ok("GET", path)["data"]]

    assert listed() == installs[::-1]
    clock.advance(timedelta(seconds=1))
    desk.deactivate(integration_id, tenants[0])
    assert listed() == [installs[2], installs[1]]
    desk.activate(integration_id, tenants[0])
    assert listed() == [installs[0], installs[2], installs[1]]
    clock.advance(timedelta(seconds=1))
    desk.ok("PATCH", f"/integrations/{integration_id}", {"name": "New"})
    tenants[1].ok("POST", f"/api/integration-installs/{installs[1]}/upgrade")
    assert listed() == [installs[1], installs[0], installs[2]]
    assert listed("/integrator/installations") == [installs[1], installs[0], installs[2]]


def test_the_third_generation_tells_more_of_an_installation(desk: Desk) -> None:
    integration_id = desk.made()
    install_id = desk.activate(integration_id)
    path = f"/integrator/{integration_id}/installations"
    (before,) = desk.ok("GET", path)["data"]
    assert (before["access_key"], before["type"]) == (None, "third_party")
    desk.key(install_id)
    desk.instance.clock.advance(timedelta(seconds=1))
    key = desk.key(install_id)
    (item,) = desk.ok("GET", path)["data"]
    assert item["access_key"]["access_key"] == f"ak_{'x' * 28}{key[-4:]}"
    assert (item["name"], item["url"], item["updated_at"]) == (
        "Acme Plus",
        "https://acme.com/products/acme-plus",
        "2026-03-01T12:00:00.000Z",
    )


def test_an_operators_trust_is_what_signs_an_integration(desk: Desk) -> None:
    integration_id = desk.made()
    key = desk.key(desk.activate(integration_id))
    for tier, kind, signed in (
        ("verified_partner", "third_party", True),
        ("first_party", "first_party", True),
        ("verified_publisher", "third_party", False),
    ):
        desk.instance.database.write_now(
            lambda tx, tier=tier: tx.run(  # type: ignore[misc]
                "UPDATE integrations SET trust_tier = :tier WHERE id = :id", tier=tier, id=integration_id[4:]
            )
        )
        seen = desk.as_installation(key, "GET", "/integration").json
        assert (seen["type"], seen["signed"]) == (kind, signed)


def test_what_a_tenant_cannot_see_it_cannot_switch_on(desk: Desk) -> None:
    private = desk.ok("POST", "/integrations", {"name": "x", "url": "https://x.example"})["cloud_id"]
    assert desk.shop.api("PUT", f"{activations(desk)}/{private}", {}).status == 404
    assert desk.shop.api("DELETE", f"{activations(desk)}/{private}").status == 404
    grant = {"entityId": private, "subjectId": desk.shop.organization_id, "tier": "viewer"}
    made = desk.instance.ok("POST", "/api/permissions", grant)
    install_id = desk.activate(private)
    desk.deactivate(private)
    desk.instance.ok("DELETE", f"/api/permissions/{made['id']}")
    assert desk.shop.api("PUT", f"{activations(desk)}/{private}", {}).status == 404
    assert desk.shop.ok("GET", f"/api/integration-installs/{install_id}")["deletedAt"] is not None


def test_installs_made_otherwise_are_activations_too(desk: Desk) -> None:
    integration_id = desk.made()
    body = {"workspaceId": desk.shop.workspace_id}
    made = desk.shop.ok("POST", f"/api/integrations/{integration_id}/install", body)
    assert desk.activate(integration_id) == made["id"]
    (listed,) = desk.ok("GET", f"/integrations/{integration_id}/installations")["data"]
    assert listed["cloud_id"] == made["id"]
