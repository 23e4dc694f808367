"""What the tests must be told of a dialect: which of its members take ids, and a request that succeeds.

Everything else is found in its declarations. A dialect joins with one module beside this one that defines
`VOCABULARY`; whatever it leaves out fails a test that says what to add.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import import_module
from random import Random
from typing import Any

import pytest

from tests.asgi import File
from tests.conformance.holdings import Holdings
from tests.conformance.operations import Operation
from trunkline.infra.db import Database


@dataclass(frozen=True)
class Example:
    """A request; `body` is None where none is sent, or a `file` instead.

    `headers` are sent in place of the caller's credential: what ends a session must be asked for in one.
    """

    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    file: File | None = None
    headers: Mapping[str, str] | None = None

    def with_path(self, **values: str) -> Example:
        return replace(self, path={**self.path, **values})

    def with_query(self, **values: str) -> Example:
        return replace(self, query={**self.query, **values})

    def with_body(self, values: Mapping[str, Any]) -> Example:
        return replace(self, body={**(self.body or {}), **values})

    @property
    def sent(self) -> Any:
        if self.file is not None:
            return self.file
        return b"" if self.body is None else self.body


Ask = Callable[[Operation, Sequence[Mapping[str, str]]], dict[str, str]]
Put = Callable[[Example, str], Example]


@dataclass(frozen=True)
class Place:
    """Somewhere an operation takes an id of one of `kinds`; `put` writes one there."""

    where: str
    kinds: tuple[str, ...]
    put: Put


@dataclass(frozen=True, kw_only=True)
class Pages:
    """How a dialect's lists answer, read from the decoded answer.

    Attributes:
        shape: fails where members are missing or too many.
        behind: parameters of the page behind this one.
        before: parameters of the page in front of this one, of so many rows.
        cursors: the cursors of an answer; None where places are numbers.
        size: rows of a page where none is asked for.
    """

    shape: Callable[[Any], None]
    rows: Callable[[Any], list[Any]]
    total: Callable[[Any], int]
    has_next: Callable[[Any], bool]
    has_previous: Callable[[Any], bool]
    behind: Callable[[Any], Mapping[str, str]]
    before: Callable[[Any, int], Mapping[str, str]]
    cursors: Callable[[Any], Sequence[str]] | None
    size: int


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """One dialect's.

    Attributes:
        credential: the headers that carry a key.
        spell: an id of a kind as the dialect prints it.
        pages: how its lists answer.
        malformed: what is nearly the id of something that is there, from the id and its kind.
        example: a request to an operation that succeeds for the holdings' owner, on fresh objects where it
            changes them.
        body_places: where members that hold any JSON take ids.
        list_places: where the parameters that all lists share take ids.
        orders: queries that sort a list by everything it can be sorted by.
        add_row: gives a list one row more.
        asker: makes random queries of a list: out of a source of randomness, the database whose values they
            name, and parameters that name the ends of pages seen before.
        bad_queries: what is wrong, and the query string, for every mistake a list must refuse.
        collections: kinds of `{id}` by the path segment before it.
        members: kinds by the name of a path parameter, query parameter or body member; by
            `<operation id>.<name>` where one operation means other kinds.
        plain: names of text members that take no id; by `<operation id>.<name>` where others of the name do.
        free: names of members that hold any JSON.
        words: names of path parameters that are no ids of a tenant's.
        accepts_unknown: places, as `<operation id> <where>`, where an unknown id is no mistake, and why.
        for_oneself: tables that an operation without a tier adds to, by operation id.
        browsing: tables that reading with a browser touches, by operation id: there and back again.
        at_home: operations that name no place: whoever sends them does it in their own tenant.
    """

    credential: Callable[[str], Mapping[str, str]]
    spell: Callable[[str, str], str]
    pages: Pages
    malformed: Callable[[str, str], Iterable[str]]
    example: Callable[[Operation, Holdings], Example]
    body_places: Callable[[Operation], list[Place]]
    list_places: Callable[[Operation], list[Place]]
    orders: Callable[[Operation], list[Mapping[str, str]]]
    add_row: Callable[[Operation, Holdings], None]
    asker: Callable[[Random, Database], Ask]
    bad_queries: Callable[[Operation], Iterable[tuple[str, str]]]
    collections: Mapping[str, str]
    members: Mapping[str, tuple[str, ...]]
    plain: frozenset[str]
    free: frozenset[str]
    words: frozenset[str] = frozenset()
    accepts_unknown: Mapping[str, str]
    for_oneself: Mapping[str, frozenset[str]]
    at_home: frozenset[str] = frozenset()
    browsing: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def ids_in_path(self, operation: Operation) -> tuple[str, ...]:
        """Names of the path's parameters that take ids."""
        return tuple(
            name
            for name in operation.route.parameters
            if self.words.isdisjoint({name, f"{operation.route.operation_id}.{name}"})
        )

    def kind_of_path_parameter(self, operation: Operation, name: str) -> str:
        """The kind of id in the path under this name."""
        segments = operation.route.path.split("/")
        [at] = [index for index, one in enumerate(segments) if one.partition(":")[0] == f"{{{name}}}"]
        before = segments[at - 1]
        if name == "id" and before in self.collections:
            return self.collections[before]
        if name == "version_id":
            return f"{self.kind_of_path_parameter(operation, 'id')}_version"
        if name in self.members:
            return self.members[name][0]
        pytest.fail(f"{operation}: say in the vocabulary of which kind {{{name}}} is")

    def kinds_of_member(self, operation: Operation, pointer: str) -> tuple[str, ...]:
        """The kinds of ids that a query parameter or body member takes; none where it takes no id."""
        name = pointer.rpartition(".")[2].removesuffix("[]")
        for known in (f"{operation.route.operation_id}.{name}", name):
            if known in self.members:
                return self.members[known]
        if self.plain.isdisjoint({name, f"{operation.route.operation_id}.{name}"}):
            pytest.fail(f"{operation}: say in the vocabulary whether {pointer} takes ids, and of which kinds")
        return ()


@cache
def _vocabulary(name: str) -> Vocabulary:
    try:
        found = import_module(f"{__package__}.{name}").VOCABULARY
    except (ImportError, AttributeError) as error:
        told = f"the dialect {name} is not tested: add tests/conformance/{name}.py with its VOCABULARY"
        pytest.fail(f"{told} ({error})")
    assert isinstance(found, Vocabulary)
    return found


def vocabulary(operation: Operation) -> Vocabulary:
    return _vocabulary(operation.dialect.name)


__all__ = ["Example", "Pages", "Place", "Put", "Vocabulary", "vocabulary"]
