"""A tenant's answers are the same bytes whether or not the instance holds other tenants' data.

Both instances start from one database, so ids, cursors and times are the same. Random requests name the ids,
names and times of the other tenants too; in the instance without them nothing has those.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.asgi import Response
from tests.conformance.operations import LISTS, OPERATIONS, WRITES, Operation
from tests.conformance.seeding import FIXED, announce, fresh_seed
from tests.conformance.twins import Twins, number_events, twins
from tests.conformance.vocabulary import Example, vocabulary
from tests.databases import Databases
from tests.instance import Instance
from trunkline.kit.ids import new_id

READS = [operation for operation in OPERATIONS if operation.route.method == "GET"]
# What goes out to somebody else tells of it what is never the same twice.
DETAILS = [operation for operation in READS if not operation.is_list and not operation.route.flow]
REFUSED = [
    one
    for one in WRITES
    if not one.route.public
    and one.route.operation_id not in {*vocabulary(one).for_oneself, *vocabulary(one).at_home}
]
PLACES_KEPT = 50

OF_FRESH_CONTENT = frozenset({"etag", "content-length", "x-request-id"})
_CURSOR = r"[A-Za-z0-9_-]{80,}"
_STATE = r"(?<=[=])[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])"  # of an authorization, and the challenge beside it
_UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_FRESH = re.compile(
    rf"(?<![0-9a-f])(?:[0-9a-f]{{32}}|{_UUID})(?![0-9a-f])|{_CURSOR}|{_STATE}|(?:sec|pub|tok|ses|inf)_[0-9A-Za-z]{{43}}"
    r"|ak_[0-9A-Za-z]{32}|…\w{4}|(?:state|code_challenge)=[A-Za-z0-9_-]{43}"
)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def both(
    request: pytest.FixtureRequest,
    databases: Databases,
    runner: asyncio.Runner,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Twins]:
    url = databases.sqlite() if request.param == "sqlite" else databases.postgresql()
    with twins(url, tmp_path_factory.mktemp("twins"), runner) as made:
        yield made


class Interrogation:
    """Random requests of the tenant's callers, each sent to both instances."""

    def __init__(self, both: Twins, seed: int) -> None:
        self._both = both
        self._random = Random(seed)
        self._askers = {
            operation.dialect.name: vocabulary(operation).asker(self._random, both.among.database)
            for operation in LISTS
        }
        self._bad = {operation: list(vocabulary(operation).bad_queries(operation)) for operation in LISTS}
        self._places: dict[Operation, list[dict[str, str]]] = {}
        self.statuses: Counter[int] = Counter()
        self.shown = 0

    def ask(self) -> None:
        """One request; the answers must be the same bytes."""
        caller = self._random.choice(list(self._both.tokens))
        operation, url, body = self._request()
        headers = dict(vocabulary(operation).credential(self._both.tokens[caller]))
        headers["x-request-id"] = f"r-{self.statuses.total()}"
        alone, among = (
            self._both.client(instance, headers).send(operation.route.method, url, body)
            for instance in (self._both.alone, self._both.among)
        )
        asked = (caller, operation.route.method, url, body)
        assert (alone.status, alone.headers) == (among.status, among.headers), asked
        assert alone.body == among.body, asked
        self.statuses[alone.status] += 1
        if operation.is_list and alone.status == 200:
            self._learn(operation, url, alone)

    def _learn(self, operation: Operation, url: str, answer: Response) -> None:
        page, pages = answer.json, vocabulary(operation).pages
        self.shown += len(pages.rows(page))
        if pages.cursors is None:
            return
        order = {name: text for name, text in parse_qsl(urlsplit(url).query) if name == "orderBy"}
        known = self._places.setdefault(operation, [])
        for way, cursor in (("before", "startCursor"), ("after", "endCursor")):
            if page["pageInfo"][cursor]:
                known.append({way: page["pageInfo"][cursor], **order})
        del known[:-PLACES_KEPT]

    def _request(self) -> tuple[Operation, str, Any]:
        choice = self._random.random()
        if choice < 0.65:
            operation = self._random.choice(LISTS)
            query = self._askers[operation.dialect.name](operation, self._places.get(operation, []))
            example = self._addressed(operation)
            return operation, operation.url(example.path, {**example.query, **query}), b""
        if choice < 0.75:
            operation = self._random.choice(LISTS)
            _what, wrong = self._random.choice(self._bad[operation])
            return operation, f"{operation.url(self._addressed(operation).path)}?{wrong}", b""
        if choice < 0.95:
            operation = self._random.choice(DETAILS)
            example = self._addressed(operation)
            return operation, operation.url(example.path, example.query), b""
        return self._refused_write()

    def _addressed(self, operation: Operation) -> Example:
        """A read of what the tenant has, of what the others have, or of what nobody has."""
        words = vocabulary(operation)
        owner = self._random.choice([*[self._both.held] * 6, *self._both.foreign])
        example = words.example(operation, self._both.held)
        for name in words.ids_in_path(operation):
            kind = words.kind_of_path_parameter(operation, name)
            hex_id = new_id() if self._random.random() < 0.1 else owner.held(kind)
            example = example.with_path(**{name: words.spell(kind, hex_id)})
        return example

    def _refused_write(self) -> tuple[Operation, str, Any]:
        """What would succeed for one of the others; if the tenant could do it, too, the ids would differ."""
        operation = self._random.choice(REFUSED)
        example = self._both.theirs(operation)
        return operation, operation.url(example.path, example.query), example.sent


def interrogate(both: Twins, count: int, seed: int) -> None:
    asked = Interrogation(both, seed)
    for _ in range(count):
        asked.ask()
    announce(f"non-interference, {dict(sorted(asked.statuses.items()))}, {asked.shown} rows", count, seed)
    assert asked.statuses[200] > count / 2, asked.statuses
    assert asked.shown > count, "the tenant was shown hardly anything, so nothing could interfere"


def test_other_tenants_change_no_byte_of_an_answer(both: Twins) -> None:
    interrogate(both, 400, FIXED)


@pytest.mark.soak
def test_other_tenants_change_no_byte_of_many_answers(both: Twins) -> None:
    interrogate(both, 20_000, fresh_seed())


def test_what_a_tenant_does_beside_others_reads_as_if_it_were_alone(both: Twins) -> None:
    """Every write of the tenant after the others came, then every list; only fresh ids may differ."""
    told = [list(continued(both, instance)) for instance in (both.alone, both.among)]
    for alone, among in zip(*told, strict=True):
        assert alone == among


def continued(both: Twins, instance: Instance) -> Iterator[tuple[Any, ...]]:
    """What the tenant is answered; ids and cursors are spelled by when they were first seen."""
    held = both.held.on(instance)
    names: dict[str, str] = {}

    def renamed(found: re.Match[str]) -> str:
        return names.setdefault(found[0], f"#{len(names)}")

    for operation in [*WRITES, *LISTS]:
        words = vocabulary(operation)
        example = words.example(operation, held)
        client = both.client(instance, words.credential(both.tokens["owner"]))
        answer = client.ask(operation, example.path, example.query, example.sent)
        number_events(instance)
        headers = {
            name: _FRESH.sub(renamed, value)
            for name, value in answer.headers.items()
            if name not in OF_FRESH_CONTENT
        }
        yield str(operation), answer.status, headers, _FRESH.sub(renamed, answer.body.decode())
