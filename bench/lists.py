"""Reading lists: a page of 100 integrations of 100,000 and of 1,000,000, in this process and over HTTP.

    python -m bench.lists [--rows 100000 1000000] [--postgresql] [--json]

Every list filters by publisher, in the default order. Where it can, each call asks for another of 22 publishers
with 2,000 integrations each, so that it is not the same rows that are read all the time.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from itertools import cycle
from typing import Any

import apsw
import msgspec
import psycopg

from bench.measure import ROUNDS, Subject, side_by_side
from bench.server import Load, get, load, serving
from bench.world import (
    FEW,
    MARKET,
    MATCHES,
    TEAM,
    TENTH,
    Caller,
    World,
    database_url,
    folder,
    opened,
    populate,
    settle,
)
from trunkline.core import integrations
from trunkline.core.integrations import IntegrationRow
from trunkline.infra.db import Database, Engine, Tx
from trunkline.infra.db.sqlite import SqliteDatabase
from trunkline.infra.db.statements import for_psycopg
from trunkline.kit.filters import Compare, Op
from trunkline.kit.pages import ListQuery, Page

FAR = 1_000  # the page that is compared with the first
HTTP_CLIENTS = (1, 16)
HTTP_S = 1.5  # per round and number of clients
Statement = tuple[str, dict[str, Any]]
Figures = dict[str, float]


def asked(publisher: str | None, **more: Any) -> ListQuery:
    """What a call asks for; None is for everything the caller may see."""
    where = None if publisher is None else Compare("publisher", Op.EQ, publisher)
    return ListQuery(where=where, **more)


def core_list(
    world: World, caller: Caller, queries: Sequence[ListQuery], *, counted: bool = False
) -> Subject:
    """`list_integrations` in a transaction, for each query in turn.

    Args:
        world: where.
        caller: who asks.
        queries: what for.
        counted: count every total anew, as if something had been written since the last one.
    """
    database = world.platform.database
    actor = database.read_now(caller.actor)
    turn = cycle(queries)

    def run() -> Page[IntegrationRow]:
        if counted:
            forget_totals(database)
        query = next(turn)
        return database.read_now(lambda tx: integrations.list_integrations(tx, actor, query))

    return run


def forget_totals(database: Database) -> None:
    """Make every reader count again; only SQLite's remember anything."""
    if isinstance(database, SqliteDatabase):
        for connection in database._readers.queue:
            if connection is not None:
                connection._totals.clear()


def page_statement(world: World, caller: Caller, query: ListQuery) -> Statement:
    """The very statement, with its parameters, that fetches the rows of a list."""
    seen: list[Statement] = []

    def run(tx: Tx) -> None:
        fetch = tx.fetch

        def noted(sql: str, params: Any) -> list[tuple[Any, ...]]:
            seen.append((sql, dict(params)))
            return fetch(sql, params)

        tx.fetch = noted  # type: ignore[method-assign]
        integrations.list_integrations(tx, caller.actor(tx), query)

    world.platform.database.check_now(
        run
    )  # the first reading may wait for the disk longer than a request may
    return next(one for one in seen if "FROM integrations t0" in one[0])


@contextmanager
def bare_select(world: World, caller: Caller, publishers: Sequence[str | None]) -> Iterator[Subject]:
    """The rows' SELECT alone on a connection of its own: execute and fetch all."""
    statements = [page_statement(world, caller, asked(publisher)) for publisher in publishers]
    turn = cycle(statements)
    database = world.platform.database
    if isinstance(database, SqliteDatabase):
        connection = apsw.Connection(str(database.path))
        connection.execute("PRAGMA mmap_size=0; PRAGMA cache_size=-65536")
        yield lambda: connection.execute(*next(turn)).fetchall()
        connection.close()
        return
    with psycopg.connect(world.platform.settings.database_url, autocommit=True) as remote:
        cursor = remote.cursor(binary=True)
        spelled = [(for_psycopg(sql), params) for sql, params in statements]
        for sql, params in spelled * 10:  # until the driver has prepared them
            cursor.execute(sql, params).fetchall()
        turn = cycle(spelled)
        yield lambda: cursor.execute(*next(turn)).fetchall()


def first_page(world: World) -> Iterator[tuple[str, Figures]]:
    """The core's list, with and without its total, against the bare SELECT of the same rows."""
    cases: tuple[tuple[str, Caller, Sequence[str | None]], ...] = (
        ("2,000 match: organization admin", world.admin, FEW),
        ("2,000 match: key bound to the workspace", world.bound, (TEAM,)),
        ("2,000 match: member of the workspace", world.member, (TEAM,)),
        ("2,000 match: others' public listings", world.admin, (MARKET,)),
        ("10 % match: organization admin", world.admin, (TENTH,)),
        ("no filter: organization admin", world.admin, (None,)),
        ("no filter: key bound to a workspace", world.bound, (None,)),
    )
    for name, caller, publishers in cases:
        with_total = [asked(one) for one in publishers]
        without = [asked(one, count=False) for one in publishers]
        with bare_select(world, caller, publishers) as bare:
            subjects = {
                "bare": bare,
                "counted": core_list(world, caller, with_total, counted=True),
                "list": core_list(world, caller, with_total),
                "without total": core_list(world, caller, without),
            }
            total = check_same(subjects, world, publishers)
            timings = side_by_side(subjects)
        yield (
            name,
            {
                "matches": total,
                "bare SELECT µs": timings.median("bare") * 1e6,
                "list µs": timings.median("list") * 1e6,
                "total counted / bare": timings.ratio("counted", "bare"),
                "list / bare": timings.ratio("list", "bare"),
                "without total / bare": timings.ratio("without total", "bare"),
            },
        )


def check_same(subjects: dict[str, Subject], world: World, publishers: Sequence[str | None]) -> int:
    """Refuse to compare what does not read the same rows, or the wrong number of them; how many match."""
    bare: Any = subjects["bare"]()
    pages: list[Any] = [subjects[name]() for name in ("counted", "list", "without total")]
    total = int(pages[0].total)
    known: dict[tuple[str | None, ...], int] = {(TENTH,): world.rows // 10, (None,): total}
    matches = known.get(tuple(publishers), MATCHES)
    assert [page.total for page in pages] == [matches, matches, None], pages
    for page in pages:
        assert [row[0] for row in bare[:100]] == [row.id for row in page.rows]
    return total


def walk_to(world: World, caller: Caller, publisher: str, number: int) -> ListQuery:
    """The query for a page, its place found by walking there from the first."""
    actor = world.platform.database.read_now(caller.actor)
    query = asked(publisher, count=False)
    for _ in range(number - 1):
        page = world.platform.database.read_now(
            partial(integrations.list_integrations, actor=actor, query=query)
        )
        assert page.end is not None
        query = replace(query, after=page.end)
    return query


def far_page(world: World) -> Iterator[tuple[str, Figures]]:
    """The thousandth page against the first, of the list that every tenth integration is on."""
    number = min(FAR, world.rows // 10 // 100)
    far = walk_to(world, world.admin, TENTH, number)
    first = asked(TENTH, count=False)
    subjects = {
        "first": core_list(world, world.admin, [first]),
        "far": core_list(world, world.admin, [far]),
        "first with total": core_list(world, world.admin, [replace(first, count=True)]),
        "far with total": core_list(world, world.admin, [replace(far, count=True)]),
        "first with total counted": core_list(world, world.admin, [replace(first, count=True)], counted=True),
        "far with total counted": core_list(world, world.admin, [replace(far, count=True)], counted=True),
    }
    timings = side_by_side(subjects)
    for total in ("", " with total", " with total counted"):
        yield (
            f"page {number:,}{total}",
            {
                "page 1 µs": timings.median(f"first{total}") * 1e6,
                "µs": timings.median(f"far{total}") * 1e6,
                "/ page 1": timings.ratio(f"far{total}", f"first{total}"),
            },
        )


def sizes(small: World, large: World) -> Iterator[tuple[str, Figures]]:
    """The same lists among ten times as many rows."""
    kinds: dict[str, Sequence[str | None]] = {
        "2,000 match": FEW,
        "10 % match": (TENTH,),
        "no filter": (None,),
    }
    ways = {"total counted": True, "total remembered": False}
    subjects: dict[str, Subject] = {}
    for size, world in (("small", small), ("large", large)):
        for kind, publishers in kinds.items():
            queries = [asked(publisher) for publisher in publishers]
            for way, counted in ways.items():
                subjects[f"{size}, {kind}, {way}"] = core_list(world, world.admin, queries, counted=counted)
    timings = side_by_side(subjects)
    for kind in kinds:
        for way in ways:
            one, other = f"small, {kind}, {way}", f"large, {kind}, {way}"
            yield (
                f"{kind}, {way}",
                {
                    f"{small.rows:,} rows µs": timings.median(one) * 1e6,
                    f"{large.rows:,} rows µs": timings.median(other) * 1e6,
                    "ratio": timings.ratio(other, one),
                },
            )


def over_http(world: World) -> Iterator[tuple[str, Figures]]:
    """Lists per second from the server against the same lists made into bytes in its process."""
    paths = [f"/api/integrations?publisher={publisher}" for publisher in FEW]
    publishers = "".join(f"&publisher={publisher}" for publisher in FEW)
    measure = f"/bench?user={world.admin.user_id}&seconds=1{publishers}"
    inside: list[Load] = []
    seen: dict[int, list[Load]] = {clients: [] for clients in HTTP_CLIENTS}
    with serving(world.platform.settings) as server:
        body = get(server, paths[0], world.admin.key)
        for _ in range(ROUNDS):
            inside.append(msgspec.json.decode(get(server, measure, world.admin.key), type=Load))
            for clients in HTTP_CLIENTS:
                seen[clients].append(load(server, paths, world.admin.key, clients=clients, seconds=HTTP_S))
    for clients, rounds in seen.items():
        pairs = list(zip(rounds, inside, strict=True))
        yield (
            f"{clients} client{'s' if clients > 1 else ''}",
            {
                "in process lists/s": statistics.median([one.rate for one in inside]),
                "HTTP lists/s": statistics.median([one.rate for one in rounds]),
                "HTTP / in process": statistics.median([one.rate / base.rate for one, base in pairs]),
                "in process CPU µs": statistics.median([one.cpu_s for one in inside]) * 1e6,
                "HTTP CPU µs": statistics.median([one.cpu_s for one in rounds]) * 1e6,
                "CPU in process / HTTP": statistics.median([base.cpu_s / one.cpu_s for one, base in pairs]),
                "p99 ms": statistics.median([one.p99_s for one in rounds]) * 1e3,
                "body bytes": len(body),
            },
        )


def run(engine: Engine, sizes_of: Sequence[int], say: Callable[[str], None]) -> dict[str, dict[str, Figures]]:
    """Every figure of one engine."""
    found: dict[str, dict[str, Figures]] = {}

    def note(title: str, figures: Iterator[tuple[str, Figures]]) -> None:
        say(f"\n{engine.value}: {title}")
        found[title] = {}
        for name, values in figures:
            found[title][name] = values
            say(f"  {name}: " + ", ".join(f"{key} {_short(value)}" for key, value in values.items()))

    with ExitStack() as places:
        with ExitStack() as open_there:
            worlds = []
            for rows in sizes_of:
                say(f"{engine.value}: writing {rows:,} integrations")
                worlds.append(_written(places, open_there, engine, rows))
            for world in worlds:
                note(f"first page of {world.rows:,}", first_page(world))
            for world in worlds:
                note(f"a page far behind, of {world.rows:,}", far_page(world))
            if len(worlds) > 1:
                note("size", sizes(worlds[0], worlds[-1]))
        note(f"over HTTP, of {worlds[0].rows:,}", over_http(worlds[0]))
    return found


def _written(places: ExitStack, open_there: ExitStack, engine: Engine, rows: int) -> World:
    root = places.enter_context(folder())
    url = places.enter_context(database_url(engine, root))
    world = populate(open_there.enter_context(opened(url, root)), rows)
    settle(url)
    return world


def _short(value: float) -> str:
    return f"{value:,.2f}" if value < 100 else f"{value:,.0f}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(prog="python -m bench.lists", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--rows", nargs="+", type=int, default=[100_000, 1_000_000], help="multiples of 100,000"
    )
    parser.add_argument("--postgresql", action="store_true", help="measure PostgreSQL as well")
    parser.add_argument("--json", action="store_true", help="print one JSON object at the end")
    given = parser.parse_args(arguments)
    engines = [Engine.SQLITE, *([Engine.POSTGRESQL] if given.postgresql else [])]
    say = partial(print, file=sys.stderr if given.json else sys.stdout, flush=True)
    say(f"load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    found = {engine.value: run(engine, sorted(given.rows), say) for engine in engines}
    say(f"load after: {os.getloadavg()[0]:.1f}")
    if given.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
