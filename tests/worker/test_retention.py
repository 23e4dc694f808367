"""What is past its deadline is purged, nothing else, and a clock that jumps empties nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.instance import Instance, member
from trunkline import bootstrap
from trunkline.infra.jobs import JobContext
from trunkline.kit.actor import system_actor
from trunkline.worker.retention import Retention


class Sweep:
    """The retention job with a clock that cannot jump, moved by hand."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self.seconds = 0.0
        self._job = Retention(bootstrap.PURGERS, monotonic=lambda: self.seconds)

    def run(self) -> None:
        context = JobContext(self._instance.database, {}, system_actor("retention"), self._instance.clock)
        self._job.run(context)

    def confirmed(self) -> None:
        """Two rounds an hour apart."""
        self.run()
        self.seconds += 3_600
        self.run()


@pytest.fixture
def sweep(instance: Instance) -> Sweep:
    return Sweep(instance)


@pytest.fixture
def install(instance: Instance) -> dict[str, Any]:
    source = instance.entity("functions", "f", {})
    draft = instance.integration("i", [member("f", source, "function")])
    instance.publish(draft["id"], "1.0.0")
    made = instance.install(draft["id"])
    return {"draft": draft, "source": source, "path": f"/api/integration-installs/{made['id']}"}


def test_purges_what_is_past_its_deadline_and_only_that(instance, sweep, install):
    instance.ok("DELETE", install["path"])
    instance.clock.advance(timedelta(days=30) - timedelta(seconds=1))
    sweep.confirmed()
    assert instance.api("GET", install["path"]).status == 200
    instance.clock.advance(timedelta(seconds=2))
    sweep.confirmed()
    assert instance.api("GET", install["path"]).status == 404
    assert instance.api("GET", f"/api/integrations/{install['draft']['id']}").status == 200
    assert bootstrap.verify(instance.database) == []


@pytest.mark.parametrize(("tier", "days"), [("short", 7), ("medium", 30), ("long", 90), ("none", None)])
def test_keeps_to_the_tier_recorded_at_deletion(instance, sweep, tier, days):
    path = f"/api/organizations/{instance.organization_id}"
    instance.ok("PATCH", path, {"retentionTier": tier})
    entity = instance.entity("functions", "f", {})
    instance.ok("DELETE", f"/api/functions/{entity['id']}")
    # A later setting does not reach back.
    instance.ok("PATCH", path, {"retentionTier": "short"})
    instance.clock.advance(timedelta(days=(days or 10_000)) - timedelta(seconds=1))
    sweep.confirmed()
    assert instance.api("GET", f"/api/functions/{entity['id']}").status == 200
    instance.clock.advance(timedelta(seconds=2))
    sweep.confirmed()
    assert instance.api("GET", f"/api/functions/{entity['id']}").status == (200 if days is None else 404)


def test_a_clock_that_jumps_ahead_for_a_moment_empties_nothing(instance, sweep, install):
    instance.ok("DELETE", install["path"])
    instance.clock.advance(timedelta(days=3_650))
    sweep.run()
    instance.clock.advance(timedelta(days=-3_650))
    sweep.seconds += 3_600
    sweep.run()
    instance.clock.advance(timedelta(days=3_650))
    sweep.run()
    assert instance.api("GET", install["path"]).status == 200


def test_an_integration_waits_until_its_installs_are_gone(instance, sweep, install):
    path = f"/api/integrations/{install['draft']['id']}"
    instance.ok("DELETE", path)
    instance.clock.advance(timedelta(days=31))
    sweep.confirmed()
    assert instance.api("GET", path).status == 200
    instance.ok("DELETE", install["path"])
    instance.clock.advance(timedelta(days=31))
    sweep.confirmed()
    assert instance.api("GET", install["path"]).status == 404
    assert instance.api("GET", path).status == 404


def test_a_restored_object_is_not_purged(instance, sweep, install):
    instance.ok("DELETE", install["path"])
    instance.clock.advance(timedelta(days=31))
    sweep.run()
    instance.ok("POST", f"{install['path']}/restore")
    sweep.seconds += 3_600
    sweep.run()
    assert instance.ok("GET", install["path"])["deletedAt"] is None


def test_a_deleted_workspace_goes_with_everything_in_it(instance, sweep, install):
    instance.ok("DELETE", f"/api/workspaces/{instance.workspace_id}")
    instance.clock.advance(timedelta(days=31))
    sweep.confirmed()
    for table in ("workspaces", "installs", "integrations", "entities", "members", "solutions"):
        assert instance.count(f"SELECT count(*) FROM {table}") == 0
    assert bootstrap.verify(instance.database) == []
