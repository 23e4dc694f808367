from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest

from tests.core.access.world import SYSTEM, World
from tests.core.events.conftest import opened
from trunkline.core.events import assign_sequence, has_unnumbered
from trunkline.core.journal import Change, record
from trunkline.infra.db import Tx
from trunkline.kit.ids import new_id


def happen(tx: Tx, world: World, name: str) -> None:
    change = Change(
        type=f"test.{name}",
        subject_kind="agent",
        subject_id=new_id(),
        organization_id=world.acme,
        workspace_id=world.one,
    )
    record(tx, SYSTEM, change)


def add(world: World, *names: str) -> None:
    for name in names:
        world.write(partial(happen, world=world, name=name))


def number(world: World, limit: int = 500) -> int:
    return world.write(lambda tx: assign_sequence(tx, limit))


def sequence(world: World) -> list[tuple[int, str]]:
    sql = "SELECT seq, type FROM events WHERE seq IS NOT NULL ORDER BY seq"
    return world.read(lambda tx: tx.fetch(sql, {}))


def of_test(world: World) -> list[tuple[int, str]]:
    """What a test numbered, counting from 1."""
    base = sum(not name.startswith("test.") for _, name in sequence(world))
    found = [(seq - base, name.removeprefix("test.")) for seq, name in sequence(world)]
    return [(seq, name) for seq, name in found if seq > 0]


@pytest.fixture(autouse=True)
def numbered(request: pytest.FixtureRequest) -> None:
    """Everything that made the two tenants is numbered already."""
    if "world" in request.fixturenames:
        assert number(request.getfixturevalue("world")) > 0


def test_numbers_start_at_one_without_gaps(world):
    seqs = [seq for seq, _ in sequence(world)]
    assert seqs == list(range(1, len(seqs) + 1))


def test_committed_events_get_the_next_numbers(world):
    add(world, "a", "b")
    assert number(world) == 2
    world.clock.advance(timedelta(hours=-1))
    add(world, "c")
    assert number(world) == 1
    assert of_test(world) == [(1, "a"), (2, "b"), (3, "c")]


def test_knows_whether_there_is_anything_to_number(world):
    assert world.read(has_unnumbered) is False
    add(world, "a")
    assert world.read(has_unnumbered) is True
    number(world)
    assert world.read(has_unnumbered) is False
    assert number(world) == 0


def test_numbers_no_more_at_once_than_it_is_told(world):
    add(world, *"abcde")
    assert [number(world, 2) for _ in range(4)] == [2, 2, 1, 0]
    assert of_test(world) == list(enumerate("abcde", start=1))


def test_a_rolled_back_event_leaves_no_gap(world):
    def fails(tx: Tx) -> None:
        happen(tx, world, "never")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        world.write(fails)
    add(world, "a")
    number(world)
    assert of_test(world) == [(1, "a")]


def test_an_event_that_commits_late_comes_after_what_was_numbered_before(databases):
    """It began first, and its id and time say so; whoever reads by seq still gets it."""
    with opened(databases.postgresql()) as world:  # on SQLite, with its one writer, none commits late
        number(world)
        commit_late(world)


def commit_late(world: World) -> None:
    written, go_on = threading.Event(), threading.Event()

    def late(tx: Tx) -> None:
        happen(tx, world, "late")
        written.set()
        assert go_on.wait(30)

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(world.write, late)
        assert written.wait(30)
        add(world, "quick")
        assert number(world) == 1
        go_on.set()
        running.result()
    assert number(world) == 1
    assert of_test(world) == [(1, "quick"), (2, "late")]


def test_dispatchers_and_writers_at_once_give_each_event_one_number(world):
    finished = threading.Event()

    def write(worker):
        add(world, *(f"{worker}.{i}" for i in range(10)))

    def dispatch():
        count = 0
        while not finished.is_set():
            count += number(world, 3)
        return count

    with ThreadPoolExecutor(6) as pool:
        dispatchers = [pool.submit(dispatch) for _ in range(3)]
        list(pool.map(write, range(3)))
        finished.set()
        counted = sum(each.result() for each in dispatchers)
    counted += number(world)
    found = of_test(world)
    assert counted == 30
    assert [seq for seq, _ in found] == list(range(1, 31))
    assert sorted(name for _, name in found) == sorted(f"{w}.{i}" for w in range(3) for i in range(10))
    for worker in range(3):  # one writer's events keep their order
        mine = [name for _, name in found if name.startswith(f"{worker}.")]
        assert mine == [f"{worker}.{i}" for i in range(10)]


def test_a_reader_who_has_seen_a_number_has_seen_all_before_it(world):
    finished = threading.Event()
    gaps = []

    def follow():
        while not finished.is_set():
            seqs = [seq for seq, _ in sequence(world)]
            if seqs != list(range(1, len(seqs) + 1)):
                gaps.append(seqs)

    with ThreadPoolExecutor(4) as pool:
        reader = pool.submit(follow)
        writers = [pool.submit(add, world, *(f"{w}.{i}" for i in range(10))) for w in range(2)]
        while not all(writer.done() for writer in writers):
            number(world, 2)
        finished.set()
        reader.result()
    assert gaps == []
