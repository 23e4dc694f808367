"""Nobody outside learns anything of what a tenant owns, and nobody without a tier changes it.

For every operation and every place it takes an id at: a foreign id is answered exactly like one that nothing
has. That the same requests succeed with ids of one's own is shown in `test_shapes`. Operations and places are
found at run time; see `places` and `vocabulary` for what a new one needs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from zlib import crc32

import pytest

from tests.asgi import Response
from tests.conformance.client import Client
from tests.conformance.holdings import DELETERS, Holdings, draft, entity
from tests.conformance.operations import LISTS, OPERATIONS, WRITES, Operation, assert_refused, named
from tests.conformance.parties import Parties, on_one_engine
from tests.conformance.places import places
from tests.conformance.snapshot import changes, contents
from tests.conformance.turns import turn
from tests.conformance.vocabulary import Example, Place, vocabulary
from trunkline.core import entities
from trunkline.infra.db import Tx
from trunkline.kit.ids import format_id, new_id

# What members of an organization see of it, whatever workspace they are in.
OF_THE_ORGANIZATION = frozenset({"organization", "user", "team", "provider", "tag"})

# What resolves the references that a draft may hold unresolved.
READING_DRAFTS = [
    operation
    for operation in OPERATIONS
    if operation.route.method != "DELETE"
    and [
        vocabulary(operation).kind_of_path_parameter(operation, name)
        for name in vocabulary(operation).ids_in_path(operation)
    ]
    == ["integration"]
]

_REQUEST_ID = re.compile(r'"requestId":"[^"]*"')
_UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_FRESH = re.compile(
    rf"(?<![0-9a-f])(?:[0-9a-f]{{32}}|{_UUID})(?![0-9a-f])|(?:sec|pub|tok|ses|inf)_[0-9A-Za-z]{{43}}|…\w{{4}}|-n\d+\b"
)
_OF_THIS_ANSWER = frozenset({"x-request-id"})
_OF_FRESH_CONTENT = frozenset({"etag", "content-length"})


def told(answer: Response, probe: str, *, fresh: bool = False) -> tuple[Any, ...]:
    """All an answer tells, without what is this request's own: its id and the id that was asked about.

    Where `fresh` objects were asked about or made, what differs between any two of them is left out, too.
    """
    canonical = "-".join((probe[:8], probe[8:12], probe[12:16], probe[16:20], probe[20:]))
    text = _REQUEST_ID.sub("", answer.body.decode()).replace(probe, "?").replace(canonical, "?")
    skipped = _OF_THIS_ANSWER
    if fresh or answer.status < 400:
        text = _FRESH.sub("!", text)
        skipped |= _OF_FRESH_CONTENT
    return answer.status, {n: v for n, v in answer.headers.items() if n not in skipped}, text


@contextmanager
def only_changes(parties: Parties, column: str, *mine: str) -> Iterator[None]:
    """Rows of others stay as they are."""
    before = contents(parties.instance.database)
    yield
    found = changes(before, contents(parties.instance.database)).outside(column, frozenset(mine))
    assert found == []


@contextmanager
def changes_nothing(parties: Parties) -> Iterator[None]:
    before = contents(parties.instance.database)
    yield
    found = changes(before, contents(parties.instance.database))
    assert not found, found


def ask(client: Client, operation: Operation, example: Example) -> Response:
    return client.ask(operation, example.path, example.query, example.sent)


def client_of(parties: Parties, operation: Operation, caller: str) -> Client:
    return parties.client(vocabulary(operation).credential(parties.tokens[caller]))


class Probe:
    """Asks about a foreign id and about one that nothing has, and compares what is told."""

    def __init__(self, parties: Parties, operation: Operation, caller: str, own: Holdings) -> None:
        self._parties = parties
        self._operation = operation
        self._words = vocabulary(operation)
        self._client = client_of(parties, operation, caller)
        self._own = own

    def run(self, column: str, mine: str, shared: frozenset[str]) -> None:
        """Every place of the operation; `mine` in `column` tells which rows the caller may change."""
        accepted: list[Place] = []
        others: list[Place] = []
        for place in places(self._operation):
            where = f"{self._operation.route.operation_id} {place.where}"
            (accepted if where in self._words.accepts_unknown else others).append(place)
        foreign = [one for place in others for one in self._foreign(place, shared)]
        example = self._example()
        with changes_nothing(self._parties):
            for place, kind, hex_id in foreign:
                self._compare(place, kind, hex_id, example, example)
        # Whatever succeeds leaves its trace: neither example nor object can be asked about again.
        asked = [
            (place, kind, self._parties.target.make(kind), self._example(), self._example())
            for place in accepted
            for kind in set(place.kinds) - shared
        ]
        with only_changes(self._parties, column, mine):
            for one in asked:
                self._compare(*one)

    def _example(self) -> Example:
        return self._words.example(self._operation, self._own)

    def _foreign(self, place: Place, shared: frozenset[str]) -> Iterator[tuple[Place, str, str]]:
        for kind in place.kinds:
            if kind not in shared:
                yield place, kind, self._parties.target.held(kind)
                if place.where.startswith("path") and kind in DELETERS:
                    yield place, kind, self._parties.target.held(kind, deleted=True)
                if kind in self._parties.tied:
                    yield place, kind, self._parties.tied[kind]

    def _compare(self, place: Place, kind: str, foreign: str, first: Example, second: Example) -> None:
        asked, unknown = self._ask(place, kind, foreign, first), self._ask(place, kind, new_id(), second)
        assert asked == unknown, (self._operation, place.where, kind)

    def _ask(self, place: Place, kind: str, hex_id: str, example: Example) -> tuple[Any, ...]:
        probe = place.put(example, self._words.spell(kind, hex_id))
        return told(ask(self._client, self._operation, probe), hex_id)


@pytest.mark.parametrize("operation", **named(OPERATIONS))
def test_a_foreign_id_is_answered_like_an_unknown_one(parties: Parties, operation: Operation) -> None:
    stranger = parties.stranger
    Probe(parties, operation, "stranger", stranger).run(
        "organization_id", stranger.organization_id, shared=frozenset()
    )


@pytest.mark.parametrize("operation", **named(OPERATIONS))
def test_a_key_bound_to_a_workspace_reaches_no_other_one(parties: Parties, operation: Operation) -> None:
    sibling = parties.sibling
    Probe(parties, operation, "sibling", sibling).run(
        "workspace_id", sibling.workspace_id, shared=OF_THE_ORGANIZATION
    )


@pytest.mark.parametrize(
    "operation", **named([each for each in OPERATIONS if len(vocabulary(each).ids_in_path(each)) > 1])
)
def test_foreign_ids_that_belong_together_are_answered_like_unknown_ones(
    parties: Parties, operation: Operation
) -> None:
    words = vocabulary(operation)
    client = client_of(parties, operation, "stranger")
    kinds = {name: words.kind_of_path_parameter(operation, name) for name in words.ids_in_path(operation)}
    example = words.example(operation, parties.stranger)

    def asked(ids: dict[str, str]) -> tuple[Any, ...]:
        path = {name: words.spell(kinds[name], hex_id) for name, hex_id in ids.items()}
        return told(ask(client, operation, example.with_path(**path)), "")

    foreign = {name: parties.target.held(kind) for name, kind in kinds.items()}
    with changes_nothing(parties):
        assert asked(foreign) == asked({name: new_id() for name in kinds})
        assert asked(foreign)[0] == 404


@pytest.mark.parametrize("operation", **named(READING_DRAFTS))
def test_a_draft_that_names_foreign_entities_tells_nothing_of_them(
    parties: Parties, operation: Operation
) -> None:
    words = vocabulary(operation)
    client = client_of(parties, operation, "stranger")
    kinds = _rotated(list(entities.KINDS), operation)
    named = {
        "foreign": {kind: format_id(kind, parties.target.held(kind)) for kind in kinds},
        "unknown": {kind: format_id(kind, new_id()) for kind in kinds},
    }
    examples = {}
    for which, ids in named.items():
        example = words.example(operation, parties.stranger)
        for make in (_declaring, _referring):
            integration_id = make(parties.stranger, ids)
            path = {"id": words.spell("integration", integration_id)}
            examples[which, make] = example.with_path(**path)
    before = contents(parties.instance.database)
    answers = {
        which: told(ask(client, operation, one), new_id(), fresh=True) for which, one in examples.items()
    }
    for make in (_declaring, _referring):
        assert answers["foreign", make] == answers["unknown", make]
    stranger = frozenset({parties.stranger.organization_id})
    found = changes(before, contents(parties.instance.database))
    assert found.outside("organization_id", stranger) == []


def _rotated(kinds: list[str], operation: Operation) -> list[str]:
    """The kinds from another one on for each operation: what refuses a draft speaks of its first member."""
    start = (crc32(repr(operation).encode()) + turn()) % len(kinds)
    return kinds[start:] + kinds[:start]


def _declaring(held: Holdings, ids: Mapping[str, str]) -> str:
    """A draft whose members are the entities."""
    declared = [
        {"slug": kind, "entityId": entity_id, "kind": kind, "forkOnInstall": True}
        for kind, entity_id in ids.items()
    ]
    return str(held.write(lambda tx: draft(held, tx, declared)))


def _referring(held: Holdings, ids: Mapping[str, str]) -> str:
    """A draft whose member refers to the entities."""

    def work(tx: Tx) -> str:
        function = entity(held, tx, held.actor(tx), "function", {"uses": list(ids.values())})
        declared = {"slug": "run", "entityId": format_id("function", function), "kind": "function"}
        return draft(held, tx, [declared])

    return str(held.write(work))


@pytest.mark.parametrize("operation", **named([each for each in LISTS if vocabulary(each).pages.cursors]))
def test_a_foreign_cursor_is_no_cursor(parties: Parties, operation: Operation) -> None:
    words = vocabulary(operation)
    words.add_row(operation, parties.target)
    target = words.example(operation, parties.target)
    page = ask(client_of(parties, operation, "target"), operation, target.with_query(limit="1"))
    cursors = {page.json["pageInfo"]["startCursor"], page.json["pageInfo"]["endCursor"]}
    assert None not in cursors
    stranger = client_of(parties, operation, "stranger")
    own = words.example(operation, parties.stranger)
    for cursor in cursors:
        for name in ("after", "before"):
            answer = ask(stranger, operation, own.with_query(**{name: cursor}))
            assert_refused(operation, answer, 400)


@on_one_engine
@pytest.mark.parametrize("operation", **named([each for each in WRITES if not each.route.public]))
def test_a_caller_without_the_tier_changes_nothing(parties: Parties, operation: Operation) -> None:
    example = parties.request(operation)
    own = vocabulary(operation).for_oneself.get(operation.route.operation_id, frozenset())
    before = contents(parties.instance.database)
    reader = ask(client_of(parties, operation, "publishable"), operation, example)
    viewer = ask(client_of(parties, operation, "viewer"), operation, example)
    found = changes(before, contents(parties.instance.database))
    assert_refused(operation, reader, 403)
    if own:
        assert (viewer.status, found.gone) == (operation.route.status, {})
        assert set(found.new) <= own
    else:
        assert_refused(operation, viewer, 403, 404)
        assert not found, found


@on_one_engine
@pytest.mark.parametrize("operation", **named([each for each in OPERATIONS if not each.route.public]))
def test_a_key_that_has_ended_opens_nothing(parties: Parties, operation: Operation) -> None:
    example = parties.request(operation)
    with changes_nothing(parties):
        for caller in ("revoked", "expired"):
            assert_refused(operation, ask(client_of(parties, operation, caller), operation, example), 401)
