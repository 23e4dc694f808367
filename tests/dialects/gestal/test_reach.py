"""An access key reaches its own installation on its own site, and nothing else of any API."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dialects.gestal.desk import Desk, basic
from trunkline.dialects import discover
from trunkline.dialects.gestal import DIALECT
from trunkline.web import Route

OWN = frozenset({"/integration", "/ping"})
GUARDED = [route for route in DIALECT.routes if not route.public and route.path not in OWN]
ELSEWHERE = [
    (dialect.name, route)
    for dialect in discover()
    if dialect.name != DIALECT.name
    for route in dialect.routes
    if not route.public
]


def named(route: Route) -> str:
    return f"{route.method} {route.path}"


class Site:
    """A tenant's site with an installation, its key, and a neighbour on another site of the same tenant."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.integration_id = desk.made()
        self.install_id = desk.activate(self.integration_id)
        self.key = desk.key(self.install_id)
        self.key_id = desk.keys(self.install_id)[0]["id"]
        self.neighbour = desk.activate(self.integration_id, site=desk.site(desk.shop, "north"))
        self.neighbours_key = desk.key(self.neighbour)

    def path(self, route: Route) -> str:
        """With an id of the installation's own wherever there is one."""
        own = {
            "installations": self.install_id,
            "integrations": self.integration_id,
            "integrator": self.integration_id,
        }
        before = route.path.partition("/{id}")[0].rpartition("/")[2]
        return route.path.replace("{id}", own.get(before, self.key_id))


@pytest.fixture
def site(desk: Desk) -> Site:
    return Site(desk)


@pytest.mark.parametrize("mount", ["", "/gestal"])
def test_every_other_operation_refuses_an_access_key(site: Site, mount: str) -> None:
    assert {named(route) for route in GUARDED} >= {"GET /integrations", "DELETE /integrations/{id}"}
    before = site.desk.instance.count("SELECT count(*) FROM audit_entries")
    for route in GUARDED:
        body: Any = {"name": "x", "url": "https://x.example"} if route.body is not None else b""
        answer = site.desk.bare(route.method, mount + site.path(route), body, basic(site.key))
        assert (answer.status, answer.json["title"]) == (403, "Forbidden"), named(route)
    assert site.desk.instance.count("SELECT count(*) FROM audit_entries") == before


def test_each_key_sees_its_own_site(site: Site) -> None:
    for key, install_id, name in (
        (site.key, site.install_id, "shop"),
        (site.neighbours_key, site.neighbour, "north"),
    ):
        seen = site.desk.as_installation(key, "GET", "/integration").json
        assert (seen["cloud_id"], seen["site"]["name"]) == (install_id, name)


def test_what_else_there_is_changes_no_byte_of_what_a_key_sees(site: Site) -> None:
    def seen() -> tuple[int, bytes]:
        answer = site.desk.as_installation(site.key, "GET", "/integration?cloud_id=x")
        return answer.status, answer.body

    before = seen()
    farm = site.desk.instance.tenant("farm")
    site.desk.activate(site.integration_id, farm)
    site.desk.key(site.install_id)
    site.desk.deactivate(site.integration_id, farm)
    site.desk.ok("POST", "/integrations", {"name": "Other", "url": "https://other.example"})
    assert seen() == before


@pytest.mark.parametrize("name", sorted({name for name, _ in ELSEWHERE}))
def test_no_other_api_knows_an_access_key(site: Site, name: str) -> None:
    routes = [route for other, route in ELSEWHERE if other == name and "{" not in route.path]
    assert routes
    for route in routes:
        if route.method != "GET":
            continue
        for credential in (basic(site.key), {"authorization": f"Bearer {site.key}"}):
            answer = site.desk.bare("GET", f"/{name}{route.path}", headers=credential)
            assert answer.status in (401, 429), (name, named(route), answer.status)


def test_an_integrator_is_no_installation(site: Site) -> None:
    answer = site.desk.send("GET", "/integration")
    assert (answer.status, answer.json["type"]) == (403, "installation_required")


def test_an_integrator_reads_no_more_of_a_site_than_its_name(site: Site) -> None:
    (first, _) = site.desk.ok("GET", f"/integrations/{site.integration_id}/installations")["data"]
    assert list(first) == ["cloud_id", "created_at", "tenant", "site"]
    path = f"/platform/api/integration-installs/{site.install_id}"
    assert site.desk.instance.api("GET", path).status == 404
    assert site.desk.instance.api("DELETE", path).status == 404
    workspace = f"/platform/api/workspaces/{site.desk.shop.workspace_id}"
    assert site.desk.instance.api("GET", f"{workspace}/activations").status == 404
