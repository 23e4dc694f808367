"""No secret that was ever entered stands anywhere it could be read: see `canaries` for how they get in."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator

import pytest
import structlog

from tests.cli.command import log_settings_kept
from tests.conformance import canary_connections, canary_plants, canary_webhooks
from tests.conformance.canaries import World
from tests.conformance.scanning import Scanner
from tests.databases import Databases
from tests.instance import Instance
from trunkline.dialects import discover
from trunkline.infra.log import configure_log

LEAST = 40
PLANTS = (*canary_plants.PLANTS, *canary_connections.PLANTS, *canary_webhooks.PLANTS)


@pytest.fixture
def log(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What the product logs, at its most talkative; for people on one database, as JSON on the other."""
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    with log_settings_kept():
        configure_log(json_lines=database_url.startswith("postgresql"), level="debug")
        yield written


@pytest.fixture
def world(log: io.StringIO, instance: Instance) -> World:
    return World(instance, log)


def read_everything(world: World) -> None:
    """Every list and page there is, so that events and whatever else tells of the plants is said."""
    for dialect in discover():
        for route in dialect.routes:
            if route.method == "GET" and "{" not in route.path:
                world.ask("GET", f"/{dialect.name}{route.path}")
    for page in ("/", "/docs", "/openapi.json", "/healthz", "/readyz"):
        world.ask("GET", page)


def mark(world: World) -> str:
    """A text that is no secret, put where it must be found: it shows that the search reaches there."""
    marker = world.canary("marker")
    body = {
        "workspaceId": world.instance.workspace_id,
        "name": "marked",
        "value": "x",
        "metadata": {"m": marker},
    }
    world.ask("POST", "/api/secrets", body, status=201)
    structlog.get_logger("test").debug("marked", note=marker)
    return marker


def test_no_secret_is_kept_said_or_logged(world: World, databases: Databases) -> None:
    for plant in PLANTS:
        plant(world)
    mark(world)
    read_everything(world)
    assert len(world.secrets) - 1 >= LEAST
    assert len(set(world.secrets.values())) == len(world.secrets)
    scanner = Scanner(world.secrets)
    places = list(world.places(databases))
    found = [(place, hit) for place, text in places for hit in scanner.hits(text)]
    leaks = [f"{hit.name}: {place}, {hit.encoding}" for place, hit in found if hit.name != "marker"]
    assert not leaks, "\n".join(leaks)
    print(
        f"{len(world.secrets)} secrets, {sum(len(text) for _, text in places):,} bytes in {len(places)} places"
    )
    reached = {place for place, hit in found if hit.name == "marker"}
    assert {place.partition(":")[0].partition(" ")[0] for place in reached} == {
        "database",
        "log",
        "POST",
        "GET",
    }
    on_sqlite = world.instance.settings.sqlite_path is not None
    assert any(place.endswith("-wal") for place in reached) is on_sqlite
