"""The ampersand dialect's ids and lists, and a succeeding request to each of its operations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from random import Random

import pytest

from tests.conformance.ampersand_parts import Whole, merged, united
from tests.conformance.holdings import Holdings
from tests.conformance.informer import malformed, no_places
from tests.conformance.operations import Operation
from tests.conformance.vocabulary import Ask, Example, Pages, Vocabulary
from trunkline.infra.db import Database
from trunkline.kit.ids import format_uuid

# Lists are bare arrays: where they go on stands in the headers, and `tests/dialects/ampersand` reads those.
PAGES = Pages(
    shape=lambda answer: None,
    rows=list,
    total=len,
    has_next=lambda answer: False,
    has_previous=lambda answer: False,
    behind=lambda answer: {},
    before=lambda answer, _count: {},
    cursors=None,
    size=1_000,
)


_READ: dict[tuple[str, str], Example] = {}  # by operation and project


def spell(_kind: str, hex_id: str) -> str:
    return format_uuid(hex_id)


def near_misses(known: str, kind: str) -> list[str]:
    """What is nearly an id. An integration may be called anything, and other questions call theirs what is short."""
    found = malformed(known, kind)
    return [text for text in found if known[:-1] in text] if kind == "integration" else found


def example(operation: Operation, held: Holdings) -> Example:
    """Fresh objects where the operation changes them, held ones where it looks; all in the holdings' project."""
    name = operation.route.operation_id
    wholes, bodies, queries = merged("wholes"), merged("bodies"), merged("queries")
    if name in wholes:
        return _whole(operation, held, wholes[name])
    path = {}
    for parameter in VOCABULARY.ids_in_path(operation):
        kind = VOCABULARY.kind_of_path_parameter(operation, parameter)
        fresh = operation.route.writes and parameter != "project"
        path[parameter] = spell(kind, held.make(kind) if fresh else held.held(kind))
    if operation.route.body is not None and name not in bodies:
        pytest.fail(f"{operation}: add the body of a succeeding request to the PART of its modules")
    body = bodies[name](held) if name in bodies else None
    return Example(path, query=queries[name](held) if name in queries else {}, body=body)


def _whole(operation: Operation, held: Holdings, make: Whole) -> Example:
    """What a read looks at is made once, so that it can be asked for where nothing can be made."""
    if operation.route.writes:
        return make(held)
    asked = operation.route.operation_id, held.workspace_id
    if asked not in _READ:
        _READ[asked] = make(held)
    return _READ[asked]


def one_order(_operation: Operation) -> list[Mapping[str, str]]:
    return [{}]


def add_row(operation: Operation, held: Holdings) -> None:
    last = operation.route.path.rpartition("/")[2]
    held.make(merged("kinds")[last][0])


def asker(random: Random, _database: Database) -> Ask:
    def ask(_operation: Operation, _places: Sequence[Mapping[str, str]]) -> dict[str, str]:
        return {"limit": str(random.randint(1, 5))}

    return ask


def bad_queries(_operation: Operation) -> Iterator[tuple[str, str]]:
    for text in ("0", "-1", "x", "", "1.5", "%ff", "9" * 70, "1001"):
        yield "limit is no number of rows", f"limit={text}"


VOCABULARY = Vocabulary(
    credential=lambda token: {"x-api-key": token},
    spell=spell,
    pages=PAGES,
    malformed=near_misses,
    example=example,
    body_places=no_places,
    list_places=no_places,
    orders=one_order,
    add_row=add_row,
    asker=asker,
    bad_queries=bad_queries,
    collections={},
    members=merged("kinds"),
    plain=united("plain"),
    free=united("free"),
    words=united("words"),
    accepts_unknown=merged("accepts_unknown"),
    for_oneself=merged("for_oneself"),
    browsing=merged("browsing"),
    at_home=united("at_home"),
)
