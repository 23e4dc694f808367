"""What every operation has in common, whatever it is about: shapes, order, bounds, and the trail of a write."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import jsonschema_rs
import pytest

from tests.asgi import Response
from tests.conformance.client import Client
from tests.conformance.operations import (
    LISTS,
    OPERATIONS,
    WRITES,
    Operation,
    assert_error_shape,
    document,
    named,
)
from tests.conformance.parties import Parties, on_one_engine
from tests.conformance.snapshot import Changes, changes, contents, tables
from tests.conformance.vocabulary import Example, vocabulary
from trunkline.dialects import discover
from trunkline.infra.db import Database, Tx
from trunkline.web import Dialect

REPEATABLE = [operation for operation in WRITES if operation.route.honours_idempotency_key]
CONDITIONAL = [operation for operation in WRITES if operation.route.resource is not None]
TAGGED = [
    operation
    for operation in OPERATIONS
    if operation.route.method == "GET" and operation.route.answers_representation
]
ENOUGH = 10  # rows: pages of two, four and eight all have a next one, behind the first row, too


def operator(parties: Parties, operation: Operation) -> Client:
    return parties.client(vocabulary(operation).credential(parties.tokens["operator"]))


def example(parties: Parties, operation: Operation) -> Example:
    return vocabulary(operation).example(operation, parties.operator)


@contextmanager
def watched(parties: Parties) -> Iterator[list[Changes]]:
    """What changes meanwhile, in the list once it is over."""
    found: list[Changes] = []
    before = contents(parties.instance.database)
    yield found
    found.append(changes(before, contents(parties.instance.database)))


def assert_answered(operation: Operation, answer: Response) -> None:
    """The documented success, with every member its document has and no other."""
    route = operation.route
    assert answer.status == route.status, (operation, answer.status, answer.body)
    described = operation.document["responses"][str(answer.status)]
    if route.returns is None or route.returns is bytes:
        return
    assert answer.headers["content-type"] == (route.media_type or operation.dialect.media_type)
    answer_validator(operation).validate(answer.body.decode() if route.returns is str else answer.json)
    for name in described["headers"]:
        assert name in answer.headers or name == "idempotency-replayed"


@cache
def answer_validator(operation: Operation) -> Any:
    """Checks a success against its schema, which is read as naming every member there is."""
    described = operation.document["responses"][str(operation.route.status)]
    schema = described["content"][operation.route.media_type or operation.dialect.media_type]["schema"]
    components = document(operation.dialect)["components"]["schemas"]
    closed = {name: {"additionalProperties": False, **part} for name, part in components.items()}
    return jsonschema_rs.validator_for({**schema, "components": {"schemas": closed}})


def rows(found: dict[str, list[Any]], table: str, *columns: str) -> list[tuple[Any, ...]]:
    [described] = [one for one in tables() if one.name == table]
    indexes = [list(described.c.keys()).index(column) for column in columns]
    return [tuple(row[index] for index in indexes) for row in found.get(table, ())]


@pytest.mark.parametrize("operation", **named(OPERATIONS))
def test_an_operation_answers_as_documented_and_every_effect_is_on_record(
    parties: Parties, operation: Operation
) -> None:
    asked = example(parties, operation)
    with watched(parties) as seen:
        client = operator(parties, operation)
        answer = client.ask(operation, asked.path, asked.query, asked.sent, headers=asked.headers)
    assert_answered(operation, answer)
    [found] = seen
    if not operation.route.writes:
        touched = {*found.new, *found.gone}
        assert touched <= vocabulary(operation).browsing.get(operation.route.operation_id, frozenset()), found
        if "audit_entries" not in touched:
            return
    audited = rows(dict(found.new), "audit_entries", "action", "subject_id", "organization_id")
    told = rows(dict(found.new), "events", "type", "subject_id", "organization_id")
    assert audited, "an effect without a trace"
    assert Counter(audited) == Counter(told)
    if operation.route.public:
        return  # done for whoever was named, and nobody asked who that is
    requests = rows(dict(found.new), "audit_entries", "request_id", "actor_user_id", "reason")
    assert set(requests) == {(answer.headers["x-request-id"], parties.operator.owner_id, None)}
    assert found.gone.keys().isdisjoint(
        {"audit_entries", "events", "integration_versions"} - _purged(operation)
    )


def _purged(operation: Operation) -> set[str]:
    """Versions go with what they are of, and with nothing else."""
    return {"integration_versions"} if operation.route.path.endswith("/purge") else set()


@pytest.mark.parametrize("operation", **named(REPEATABLE))
def test_a_request_repeated_under_its_key_has_one_effect(parties: Parties, operation: Operation) -> None:
    asked = example(parties, operation)
    client = operator(parties, operation)
    headers = {**client.headers, "idempotency-key": parties.operator.name("repeat")}
    first = client.ask(operation, asked.path, asked.query, asked.sent, headers=headers)
    assert_answered(operation, first)
    with watched(parties) as seen:
        again = client.ask(operation, asked.path, asked.query, asked.sent, headers=headers)
    assert (again.status, again.body) == (first.status, first.body)
    its_own = {"idempotency-replayed": "true", "x-request-id": again.headers["x-request-id"]}
    assert again.headers == {**first.headers, **its_own}
    assert not seen[0], seen


@on_one_engine
@pytest.mark.parametrize("operation", **named(CONDITIONAL))
def test_a_write_on_another_representation_is_refused(parties: Parties, operation: Operation) -> None:
    asked = example(parties, operation)
    client = operator(parties, operation)
    headers = {**client.headers, "if-match": '"another"'}
    with watched(parties) as seen:
        answer = client.ask(operation, asked.path, asked.query, asked.sent, headers=headers)
    assert answer.status == 412
    assert answer.status in operation.statuses
    assert_error_shape(operation, answer)
    assert not seen[0], seen


@on_one_engine
@pytest.mark.parametrize("operation", **named(TAGGED))
def test_a_representation_is_sent_once(parties: Parties, operation: Operation) -> None:
    asked = example(parties, operation)
    client = operator(parties, operation)
    first = client.ask(operation, asked.path, asked.query)
    headers = {**client.headers, "if-none-match": first.headers["etag"]}
    again = client.ask(operation, asked.path, asked.query, headers=headers)
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", first.headers["etag"])


# Lists ----------------------------------------------------------------------------------------------------


def page(parties: Parties, operation: Operation, **query: str) -> dict[str, Any]:
    """A list's answer; every answer to it has the same shape."""
    asked = example(parties, operation).with_query(**query)
    answer = operator(parties, operation).ask(operation, asked.path, asked.query)
    assert_answered(operation, answer)
    decoded: dict[str, Any] = answer.json
    return decoded


def enough(parties: Parties, operation: Operation) -> None:
    words = vocabulary(operation)
    while words.pages.total(page(parties, operation, limit="1")) < ENOUGH:
        words.add_row(operation, parties.operator)


@pytest.mark.parametrize("operation", **named(LISTS))
def test_a_list_is_a_bounded_page_of_a_total(parties: Parties, operation: Operation) -> None:
    enough(parties, operation)
    pages = vocabulary(operation).pages
    whole = page(parties, operation)
    pages.shape(whole)
    total = pages.total(whole)
    assert len(pages.rows(whole)) == min(total, pages.size)
    assert (pages.has_next(whole), pages.has_previous(whole)) == (total > pages.size, False)
    for limit in (1, 2, ENOUGH):
        part = page(parties, operation, limit=str(limit))
        assert pages.rows(part) == pages.rows(whole)[:limit]
        assert pages.total(part) == total


@pytest.mark.parametrize("operation", **named(LISTS))
def test_every_order_of_a_list_is_total(parties: Parties, operation: Operation) -> None:
    """Pages meet every row once, in the order of the whole, there and back."""
    enough(parties, operation)
    pages = vocabulary(operation).pages
    for order in vocabulary(operation).orders(operation):
        whole = pages.rows(page(parties, operation, **order, limit="9"))
        first = page(parties, operation, **order, limit="4")
        second = page(parties, operation, **order, limit="5", **pages.behind(first))
        assert pages.rows(first) + pages.rows(second) == whole
        assert [pages.has_previous(one) for one in (first, second)] == [False, True]
        back = page(parties, operation, **order, limit="3", **pages.before(second, 3))
        assert pages.rows(back) == whole[1:4]


@on_one_engine
@pytest.mark.parametrize("operation", **named(LISTS))
def test_a_list_takes_as_many_statements_for_twice_the_rows(parties: Parties, operation: Operation) -> None:
    enough(parties, operation)
    pages = vocabulary(operation).pages
    for place in ({}, pages.behind(page(parties, operation, limit="1"))):
        taken = []
        for limit in ("2", "4", "8"):
            asked = example(parties, operation).with_query(limit=limit, **place)
            with statements(parties.instance.database) as counted:
                answer = operator(parties, operation).ask(operation, asked.path, asked.query)
            assert len(pages.rows(answer.json)) == int(limit)
            taken.append(sum(tx.statements for tx in counted))
        # One more where some of the rows are read as they were published.
        assert max(taken) - min(taken) <= 1, taken


@contextmanager
def statements(database: Database) -> Iterator[list[Tx]]:
    """The transactions that are opened meanwhile."""
    opened: list[Tx] = []
    begin = database.transaction

    def transaction(cursor: Any, *, writable: bool) -> Tx:
        opened.append(begin(cursor, writable=writable))
        return opened[-1]

    vars(database)["transaction"] = transaction
    try:
        yield opened
    finally:
        del vars(database)["transaction"]


# Documents and what lies beside the operations ------------------------------------------------------------


@on_one_engine
@pytest.mark.parametrize("dialect", discover(), ids=lambda dialect: dialect.name)
def test_every_route_is_in_the_served_document(parties: Parties, dialect: Dialect) -> None:
    answer = parties.client().send("GET", f"/openapi/{dialect.name}.json")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    served = answer.json
    assert {(path, method.upper()) for path, methods in served["paths"].items() for method in methods} == {
        (route.path.replace("...}", "}"), route.method) for route in dialect.routes
    }
    assert served == document(dialect)


def test_a_document_names_every_status_and_leaves_none_open() -> None:
    for operation in OPERATIONS:
        described = operation.document["responses"]
        assert "default" not in described, operation
        assert all(status.isdigit() for status in described), operation
        assert operation.route.status in operation.statuses, operation
        assert operation.route.public or {401, 403} <= operation.statuses, operation
        assert not operation.route.parameters or 404 in operation.statuses, operation
        assert 503 in operation.statuses, operation


@on_one_engine
@pytest.mark.parametrize("dialect", discover(), ids=lambda dialect: dialect.name)
def test_a_path_of_no_operation_is_refused_in_the_dialects_words(parties: Parties, dialect: Dialect) -> None:
    [first, *_] = [one for one in OPERATIONS if one.dialect.name == dialect.name]
    for path in ("/no/such/path", "/api", f"{first.route.path}/", f"/{first.route.path}", "/api/\u00e9"):
        answer = parties.client().send("GET", f"/{dialect.name}{path}")
        assert answer.status == 404
        assert_error_shape(first, answer)


@on_one_engine
@pytest.mark.parametrize("operation", **named(list({one.route.path: one for one in OPERATIONS}.values())))
def test_allow_names_the_methods_a_path_answers(parties: Parties, operation: Operation) -> None:
    url = operation.url(dict.fromkeys(operation.route.parameters, "x"))
    client = parties.client()
    refused = client.send("TRACE", url)
    assert refused.status == 405
    assert_error_shape(operation, refused)
    methods = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
    answered = {method for method in methods if client.send(method, url).status != 405}
    assert refused.headers["allow"] == ", ".join(sorted(answered))
    assert operation.route.method in answered
