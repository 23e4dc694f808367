"""Listing a group's installations in a project of 100 installations and in one of 10,000.

    python -m bench.installations [--rows 100 10000] [--postgresql] [--json]

Each group has one installation with its own connection and configuration, as customers of a busy publisher have.
A list is what the Ampersand dialect answers with: the page, and everything its items are of.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from typing import Any

from bench.measure import Subject, side_by_side
from bench.world import database_url, folder, opened, settle
from trunkline import bootstrap
from trunkline.core import access, installs, integrations, workspaces
from trunkline.core.connections.tables import connections
from trunkline.core.manifests import read_manifest
from trunkline.infra.db import Engine, Tx
from trunkline.kit.actor import Actor
from trunkline.kit.filters import OrderKey
from trunkline.kit.pages import ListQuery

ROWS = (100, 10_000)
CHUNK = 250  # installations per write
ASKED = 50  # groups that are asked about in turn
PAGE = 100  # of the list of a whole integration
MANIFEST = """\
specVersion: 1.0.0
integrations:
  - name: crm
    provider: hubspot
    read:
      objects:
        - objectName: contact
          destination: contacts
          schedule: "*/30 * * * *"
          requiredFields:
            - fieldName: email
          optionalFieldsAuto: all
        - objectName: deal
          destination: deals
          schedule: "0 * * * *"
    write:
      objects:
        - objectName: contact
"""
CONTENT = {
    "provider": "hubspot",
    "read": {"objects": {"contact": {"objectName": "contact", "selectedFields": {"phone": True}}}},
    "write": {"objects": {"contact": {"objectName": "contact"}}},
}
Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Project:
    """A project with installations, and who lists them."""

    platform: bootstrap.Platform
    id: str
    integration_id: str
    user_id: str
    rows: int

    def actor(self, tx: Tx) -> Actor:
        """As the dialect makes it."""
        return access.bind_to_project(tx, access.act_as(tx, self.user_id), self.id)

    def listing(self, refs: Sequence[str | None], limit: int = 1_000) -> Subject:
        """What the dialect asks the core for, for each group in turn; None is for all of them."""
        turn = cycle(refs)

        def run() -> tuple[int, int]:
            ref = next(turn)

            def work(tx: Tx) -> tuple[int, int]:
                actor = self.actor(tx)
                query = ListQuery(order=(OrderKey("installed_at"),), limit=limit, count=False)
                page = installs.list_project_installs(
                    tx, actor, self.id, query, integration_id=self.integration_id, group_ref=ref
                )
                return len(installs.with_details(tx, actor, page.rows)), tx.statements

            return self.platform.database.read_now(work)

        return run


def project(platform: bootstrap.Platform, rows: int) -> Project:
    """Fill an empty instance with a project of so many installations."""
    database = platform.database
    made = database.write_now(
        lambda tx: workspaces.bootstrap_instance(
            tx,
            workspaces.BootstrapInstance(
                organization_name="Acme",
                organization_handle="acme",
                workspace_name="Main",
                workspace_handle="main",
                owner_email="ada@acme.example",
                owner_name="Ada",
            ),
        )
    )
    manifest = read_manifest(MANIFEST).manifest
    assert manifest is not None

    def deploy(tx: Tx) -> str:
        actor = access.act_as(tx, made.user_id)
        return integrations.deploy_manifest(tx, actor, made.workspace_id, manifest)[0].integration.id

    found = Project(platform, made.workspace_id, database.write_now(deploy), made.user_id, rows)
    for start in range(0, rows, CHUNK):
        numbers = range(start, min(start + CHUNK, rows))
        database.write_now(partial(_install, there=found, numbers=numbers))
    return found


def _install(tx: Tx, there: Project, numbers: range) -> None:
    actor = there.actor(tx)
    for number in numbers:
        group = workspaces.ensure_group(tx, actor, there.id, f"org_{number}", f"Customer {number}")
        consumer = workspaces.ensure_consumer(tx, actor, there.id, f"user_{number}", f"User {number}")
        tx.insert(connections, **_connection(tx, group, consumer.id, there.user_id))
        request = installs.InstallForGroup(
            project_id=there.id,
            integration_id=there.integration_id,
            group_ref=f"org_{number}",
            connection_id=None,
            config=installs.GivenConfig(CONTENT, f"consumer:user_{number}"),
        )
        installs.install_for_group(tx, actor, request)


def _connection(tx: Tx, group: workspaces.WorkspaceRow, consumer_id: str, user_id: str) -> dict[str, Any]:
    return {
        "id": tx.new_id(),
        "organization_id": group.organization_id,
        "workspace_id": group.id,
        "provider": "hubspot",
        "consumer_id": consumer_id,
        "scheme": "oauth2",
        "grant_type": "authorization_code",
        "status": "ok",
        "name": "hubspot",
        "hint": "",
        "metadata": "{}",
        "generation": 1,
        "created_by": user_id,
        "created_at": tx.now,
        "updated_at": tx.now,
    }


def compared(small: Project, large: Project) -> Iterator[tuple[str, Figures]]:
    """The same lists in both projects."""
    subjects: dict[str, Subject] = {}
    for size, one in (("small", small), ("large", large)):
        step = max(one.rows // ASKED, 1)
        subjects[f"{size} group"] = one.listing([f"org_{number}" for number in range(0, one.rows, step)])
        subjects[f"{size} page"] = one.listing([None], PAGE)
    answers: dict[str, Any] = {name: subject() for name, subject in subjects.items()}
    assert {answers["small group"][0], answers["large group"][0]} == {1}, answers
    assert {answers["small page"][0], answers["large page"][0]} == {min(small.rows, PAGE)}, answers
    timings = side_by_side(subjects)
    for kind, title in (("group", "one group's"), ("page", f"the first {PAGE}")):
        yield (
            title,
            {
                f"{small.rows:,} installations µs": timings.median(f"small {kind}") * 1e6,
                f"{large.rows:,} installations µs": timings.median(f"large {kind}") * 1e6,
                "ratio": timings.ratio(f"large {kind}", f"small {kind}"),
                "statements": answers[f"large {kind}"][1],
                "statements of the small one": answers[f"small {kind}"][1],
            },
        )


def run(engine: Engine, rows: Sequence[int]) -> dict[str, Figures]:
    """Every figure of one engine."""
    with ExitStack() as places:
        made = []
        for count in (min(rows), max(rows)):
            root = places.enter_context(folder())
            url = places.enter_context(database_url(engine, root))
            made.append(project(places.enter_context(opened(url, root)), count))
            settle(url)
        return dict(compared(*made))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.installations", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--rows", nargs=2, type=int, default=list(ROWS), help="of the two projects")
    parser.add_argument("--postgresql", action="store_true", help="measure PostgreSQL as well")
    parser.add_argument("--json", action="store_true", help="print one JSON object at the end")
    given = parser.parse_args(arguments)
    engines = [Engine.SQLITE, *([Engine.POSTGRESQL] if given.postgresql else [])]
    found = {engine.value: run(engine, given.rows) for engine in engines}
    out = sys.stderr if given.json else sys.stdout
    for engine_name, lists in found.items():
        for name, figures in lists.items():
            shown = ", ".join(f"{key} {value:,.2f}" for key, value in figures.items())
            print(f"{engine_name}: {name}: {shown}", file=out)
    if given.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
