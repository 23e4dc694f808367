"""Installing and upgrading: 1,000 members against a bare executemany of the same rows; many small installs.

    python -m bench.lifecycle [--members 1000] [--installs 10000] [--postgresql] [--json]

The bare subject writes exactly the rows an install (or upgrade) writes, with fresh ids made beforehand, by
executemany into the same tables in one durable transaction: what is left of the time is what the platform does
besides (reading the version, choosing members, rewriting references, hashing).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any

from sqlalchemy import Table

from bench.world import database_url, folder, opened, settle
from trunkline import bootstrap
from trunkline.core import access, entities, installs, integrations, workspaces
from trunkline.core.entities.tables import entities as entity_rows
from trunkline.core.entities.tables import entity_versions
from trunkline.core.installs.tables import installs as install_rows
from trunkline.core.installs.tables import members, solution_members, solutions
from trunkline.core.journal.tables import audit_entries, event_payloads, events
from trunkline.infra.db import Engine, Tx
from trunkline.kit.actor import Actor
from trunkline.kit.ids import format_id, new_id

ROUNDS = 9
WRITERS = 16
Figures = dict[str, float]
Rows = list[tuple[Table, tuple[str, ...], list[tuple[Any, ...]]]]

# The rows of one install by table, in an order in which foreign keys hold.
CAPTURED: tuple[tuple[Table, str], ...] = (
    (solutions, "id = (SELECT solution_id FROM installs WHERE id = :id)"),
    (install_rows, "id = :id"),
    (entity_rows, "namespace = :id"),
    (entity_versions, "entity_id IN (SELECT id FROM entities WHERE namespace = :id)"),
    (members, "install_id = :id"),
    (solution_members, "solution_id = (SELECT solution_id FROM installs WHERE id = :id)"),
    (audit_entries, "subject_id = :id"),
    (events, "subject_id = :id"),
    (event_payloads, "event_id IN (SELECT id FROM events WHERE subject_id = :id)"),
)
MOVE = "UPDATE entities SET version_id = :version_id, name = :name, updated_at = :now WHERE id = :id"
PIN = """
UPDATE members SET base_version_id = :base, applied_version_id = :applied, source_version_id = :source WHERE id = :id
"""


@dataclass(frozen=True, slots=True)
class Shop:
    """An instance with one integration in its source workspace."""

    platform: bootstrap.Platform
    actor: Actor
    organization_id: str
    workspace_id: str
    integration_id: str
    member_ids: list[str]

    def destination(self, name: str) -> str:
        """A fresh workspace."""
        request = workspaces.CreateWorkspace(organization_id=self.organization_id, name=name, handle=name)
        return self.platform.database.write_now(
            lambda tx: workspaces.create_workspace(tx, self.actor, request)
        ).id

    def publish(self, version: str) -> None:
        request = integrations.PublishIntegration(integration_id=self.integration_id, version=version)
        self.platform.database.write_now(lambda tx: integrations.publish_version(tx, self.actor, request))

    def installing(self, workspace_id: str) -> Callable[[Tx], str]:
        request = installs.InstallIntegration(integration_id=self.integration_id, workspace_id=workspace_id)
        return lambda tx: installs.install_integration(tx, self.actor, request).id

    def edit_everything(self, text: str) -> None:
        """A new version of each function."""

        def work(tx: Tx) -> None:
            for number, entity_id in enumerate(self.member_ids):
                request = entities.UpdateEntity(
                    kind="function", id=entity_id, definition=definition(number, text)
                )
                entities.update_entity(tx, self.actor, request)

        self.platform.database.write_now(work)


def definition(number: int, text: str, schema_id: str | None = None) -> dict[str, Any]:
    """About a kilobyte; nine in ten refer to a schema."""
    steps = [{"call": f"step-{i}", "with": {"text": text, "number": number}} for i in range(12)]
    reference = {} if schema_id is None else {"inputSchemaId": format_id("schema", schema_id)}
    return {**reference, "steps": steps}


def make_shop(platform: bootstrap.Platform, size: int) -> Shop:
    """`size` members: one schema in ten, the functions referring to them."""

    def work(tx: Tx) -> Shop:
        made = workspaces.bootstrap_instance(
            tx,
            workspaces.BootstrapInstance(
                organization_name="Bench",
                organization_handle="bench",
                workspace_name="Source",
                workspace_handle="source",
                owner_email="bench@bench.example",
                owner_name="Bench",
            ),
        )
        actor = access.act_as(tx, made.user_id)

        def create(kind: str, slug: str, content: dict[str, Any]) -> str:
            request = entities.CreateEntity(
                kind=kind, workspace_id=made.workspace_id, slug=slug, name=slug, definition=content
            )
            return entities.create_entity(tx, actor, request).id

        schemas = [create("schema", f"s{i}", {"type": "object"}) for i in range(size // 10)]
        functions = [
            create("function", f"f{i}", definition(i, "one", schemas[i % len(schemas)] if schemas else None))
            for i in range(size - len(schemas))
        ]
        declared = [
            {"slug": f"{kind}-{i}", "kind": kind, "entityId": format_id(kind, entity_id)}
            | {"forkOnInstall": True, "defaultEnabled": True}
            for kind, ids in (("schema", schemas), ("function", functions))
            for i, entity_id in enumerate(ids)
        ]
        request = integrations.CreateIntegration(
            workspace_id=made.workspace_id, slug="bench", name="Bench", manifest={"members": declared}
        )
        integration = integrations.create_integration(tx, actor, request)
        return Shop(platform, actor, made.organization_id, made.workspace_id, integration.id, functions)

    shop = platform.database.write_now(work)
    shop.publish("1.0.0")
    return shop


def captured(tx: Tx, install_id: str) -> Rows:
    """Every row an install wrote."""
    rows: Rows = []
    for table, where in CAPTURED:
        columns = tuple(column.name for column in table.columns)
        found = tx.fetch(f"SELECT {', '.join(columns)} FROM {table.name} WHERE {where}", {"id": install_id})
        rows.append((table, columns, found))
    return rows


def renewed(rows: Rows) -> Rows:
    """The same rows under fresh ids, so that they can be written once more."""
    fresh = {
        row[columns.index("id")]: new_id() for _, columns, found in rows if "id" in columns for row in found
    }
    again: Rows = []
    for table, columns, found in rows:
        values = [[fresh.get(value, value) for value in row] for row in found]
        if table is install_rows:
            for row in values:
                row[columns.index("distinct_key")] = new_id()
        if table is events:
            for row in values:
                row[columns.index("seq")] = None
        again.append((table, columns, [tuple(row) for row in values]))
    return again


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def insert_all(rows: Rows) -> Callable[[Tx], None]:
    def work(tx: Tx) -> None:
        for table, columns, values in rows:
            tx.insert_many(table, columns, values)

    return work


def installing(shop: Shop, size: int) -> Figures:
    """An install of many members against the executemany of its rows."""
    database = shop.platform.database
    first = database.write_now(shop.installing(shop.destination("first")))
    rows = database.read_now(lambda tx: captured(tx, first))
    assert sum(len(found) for table, _, found in rows if table is members) == size
    bare: list[float] = []
    real: list[float] = []
    for number in range(ROUNDS):
        copy = insert_all(renewed(rows))
        work = shop.installing(shop.destination(f"round-{number}"))
        pair: list[tuple[list[float], Callable[[Tx], object]]] = [(bare, copy), (real, work)]
        for taken, one in pair if number % 2 else pair[::-1]:
            taken.append(timed(partial(database.write_now, one)))
    return figures(bare, real)


def upgrading(shop: Shop) -> Figures:
    """An upgrade that changes every function against the executemany of what it writes."""
    database = shop.platform.database
    targets = [database.write_now(shop.installing(shop.destination(f"up-{i}"))) for i in range(ROUNDS)]
    shop.edit_everything("two")
    shop.publish("2.0.0")
    bare: list[float] = []
    real: list[float] = []
    for install_id in targets:
        versions = partial(versions_of, install_id=install_id)
        before = {row[0] for row in database.read_now(versions)}
        upgrade = partial(installs.upgrade_install, actor=shop.actor, install_id=install_id)
        real.append(timed(partial(database.write_now, upgrade)))
        written = [row for row in database.read_now(versions) if row[0] not in before]
        bare.append(timed(partial(database.write_now, rewriting(written, install_id, database))))
    return figures(bare, real)


VERSION_COLUMNS = tuple(column.name for column in entity_versions.columns)


def versions_of(tx: Tx, install_id: str) -> list[tuple[Any, ...]]:
    where = "entity_id IN (SELECT id FROM entities WHERE namespace = :id)"
    return tx.fetch(
        f"SELECT {', '.join(VERSION_COLUMNS)} FROM entity_versions WHERE {where}", {"id": install_id}
    )


def rewriting(written: list[tuple[Any, ...]], install_id: str, database: Any) -> Callable[[Tx], None]:
    """The versions an upgrade added, added once more under fresh ids, with the moves of entities and members."""
    at = {name: i for i, name in enumerate(VERSION_COLUMNS)}
    again = []
    for row in written:
        values = list(row)
        values[at["id"]] = new_id()
        values[at["number"]] += 1
        again.append(tuple(values))
    pins = database.read_now(
        lambda tx: tx.fetch(
            "SELECT id, base_version_id, applied_version_id, source_version_id FROM members WHERE install_id = :id",
            {"id": install_id},
        )
    )

    def work(tx: Tx) -> None:
        tx.insert_many(entity_versions, VERSION_COLUMNS, again)
        moves = [
            {"id": r[at["entity_id"]], "version_id": r[at["id"]], "name": r[at["name"]], "now": tx.now}
            for r in again
        ]
        tx.run_many(MOVE, moves)
        tx.run_many(PIN, [{"id": p[0], "base": p[1], "applied": p[2], "source": p[3]} for p in pins])

    return work


def figures(bare: list[float], real: list[float]) -> Figures:
    ratios = [mine / theirs for mine, theirs in zip(real, bare, strict=True)]
    return {
        "bare ms": statistics.median(bare) * 1e3,
        "real ms": statistics.median(real) * 1e3,
        "share of bare": 1 / statistics.median(ratios),
    }


def many_small(shop: Shop, total: int) -> Figures:
    """Installs of a small integration: one by one, and by concurrent writers."""
    names = count()
    places = [shop.destination(f"small-{next(names)}") for _ in range(total)]
    half = total // 2
    database = shop.platform.database
    alone = timed(lambda: [database.write_now(shop.installing(place)) for place in places[:half]])

    async def crowd() -> None:
        waiting = iter(places[half:])

        async def writer() -> None:
            for place in waiting:
                await database.write(shop.installing(place))

        await asyncio.gather(*(writer() for _ in range(WRITERS)))

    together = timed(lambda: asyncio.run(crowd()))
    return {
        "one by one /s": half / alone,
        f"{WRITERS} writers /s": (total - half) / together,
        "gain": alone / together,
    }


def run(engine: Engine, size: int, total: int) -> Iterator[tuple[str, Figures]]:
    with folder() as root, database_url(engine, root) as url, opened(url, root) as platform:
        shop = make_shop(platform, size)
        settle(url)
        yield f"install of {size:,} members", installing(shop, size)
        yield f"upgrade of {size:,} members", upgrading(shop)
    with folder() as root, database_url(engine, root) as url, opened(url, root) as platform:
        shop = make_shop(platform, 10)
        yield f"{total:,} installs of 10 members", many_small(shop, total)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(prog="python -m bench.lifecycle", description=__doc__.partition("\n")[0])
    parser.add_argument("--members", type=int, default=1_000)
    parser.add_argument("--installs", type=int, default=10_000)
    parser.add_argument("--postgresql", action="store_true", help="measure PostgreSQL as well")
    parser.add_argument("--json", action="store_true", help="print one JSON object at the end")
    given = parser.parse_args(arguments)
    say = partial(print, file=sys.stderr if given.json else sys.stdout, flush=True)
    say(f"load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    found: dict[str, dict[str, Figures]] = {}
    for engine in [Engine.SQLITE, *([Engine.POSTGRESQL] if given.postgresql else [])]:
        for name, measured in run(engine, given.members, given.installs):
            found.setdefault(engine.value, {})[name] = measured
            say(f"{engine.value:10}  {name:30}  " + "  ".join(f"{k}: {v:,.2f}" for k, v in measured.items()))
    say(f"load after: {os.getloadavg()[0]:.1f}")
    if given.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
