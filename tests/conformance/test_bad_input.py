"""Whatever is malformed is refused as documented, in the dialect's words, and changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

import jsonschema_rs
import pytest

from tests.asgi import Response
from tests.conformance.client import Client
from tests.conformance.operations import (
    LISTS,
    OPERATIONS,
    WITH_BODY,
    WRITES,
    Operation,
    assert_refused,
    document,
    named,
)
from tests.conformance.parties import Parties, on_one_engine
from tests.conformance.snapshot import changes, contents
from tests.conformance.vocabulary import Example, vocabulary
from trunkline.kit.ids import new_id
from trunkline.kit.strictjson import MAX_DEPTH

GUARDED = [operation for operation in OPERATIONS if not operation.route.public]
WITH_IDS = [operation for operation in OPERATIONS if vocabulary(operation).ids_in_path(operation)]
REPEATABLE = [operation for operation in WRITES if operation.route.honours_idempotency_key]
WITH_CURSORS = [operation for operation in LISTS if vocabulary(operation).pages.cursors]
STRICT = [operation for operation in OPERATIONS if operation.dialect.forbid_unknown]

SCALARS: tuple[Any, ...] = (None, True, 0, 1.5, "no such thing", [], {}, [1], [[]], {"a": 1}, ["x", None])
NAUGHTY = (
    "' OR 1=1 --",
    "%",
    "_",
    "\\",
    "\u2028\u2029",
    "\u0001\u001b[2J",
    "\r\nset-cookie: a=b",
    "\U0001f4a9\u200d\u0301",
    "\u202etxt.exe",
    "{{7*7}}${7*7}",
    "../../etc/passwd",
    " ",
    "",
    "x" * 100_000,
)


@contextmanager
def changes_nothing(parties: Parties) -> Iterator[None]:
    before = contents(parties.instance.database)
    yield
    found = changes(before, contents(parties.instance.database))
    assert not found, found


class Sender:
    """Sends one operation's request with something wrong about it."""

    def __init__(self, parties: Parties, operation: Operation) -> None:
        self.operation = operation
        self.credential = vocabulary(operation).credential(parties.tokens["operator"])
        self.client: Client = parties.client(self.credential)
        self.example: Example = parties.request(operation, parties.operator)

    def raw(self, data: bytes, headers: Mapping[str, str] | None = None) -> Response:
        """A body as it is."""
        given = {"content-type": self.operation.dialect.request_media_types[0], **(headers or {})}
        url = self.operation.url(self.example.path, self.example.query)
        return self.client.send(self.operation.route.method, url, data, headers={**self.credential, **given})

    def body(self, body: Any) -> Response:
        return self.raw(json.dumps(body).encode())

    def headed(self, headers: Any) -> Response:
        """Other headers; the rest as it would succeed."""
        url = self.operation.url(self.example.path, self.example.query)
        return self.client.send(self.operation.route.method, url, self.example.sent, headers=headers)

    def refused(self, what: object, answer: Response, *statuses: int) -> None:
        try:
            assert_refused(self.operation, answer, *statuses)
        except AssertionError as error:
            error.add_note(f"what was wrong: {what!r}"[:300])
            raise


@cache
def body_schema(operation: Operation) -> dict[str, Any]:
    content = operation.document["requestBody"]["content"]
    [media_type, *_] = operation.dialect.request_media_types
    schema: dict[str, Any] = content[media_type]["schema"]
    return {**schema, "components": document(operation.dialect)["components"]}


@cache
def fits(operation: Operation) -> Any:
    return jsonschema_rs.validator_for(body_schema(operation)).is_valid


def resolved(operation: Operation, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in schema:
        schema = document(operation.dialect)["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def members(
    operation: Operation, schema: Mapping[str, Any] | None = None, below: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Path and schema of every documented member of a body, however deep."""
    whole = resolved(operation, body_schema(operation) if schema is None else schema)
    for option in whole.get("anyOf", ()):
        yield from members(operation, option, below)
    for name, member in whole.get("properties", {}).items():
        yield (*below, name), member
        yield from members(operation, member, (*below, name))


def placed(body: Mapping[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    """The body with another value at `path`."""
    changed = deepcopy(dict(body))
    here = changed
    for name in path[:-1]:
        if not isinstance(here.get(name), dict):
            here[name] = {}
        here = here[name]
    here[path[-1]] = value
    return changed


def spelled(body: Mapping[str, Any], path: tuple[str, ...], literal: str) -> bytes:
    """The body as text, with any text for a value at `path`."""
    mark = "a mark that stands for it"
    return json.dumps(placed(body, path, mark)).replace(json.dumps(mark), literal).encode()


def holds_anything(schema: Mapping[str, Any]) -> bool:
    """Whether a member takes any JSON object."""
    return any(
        option.get("type") == "object" and "properties" not in option
        for option in (schema, *schema.get("anyOf", ()))
    )


def nested(depth: int) -> str:
    return '{"a":' * (depth - 1) + "{}" + "}" * (depth - 1)


@on_one_engine
@pytest.mark.parametrize("operation", **named(WITH_BODY))
def test_a_body_that_is_no_json_object(parties: Parties, operation: Operation) -> None:
    send = Sender(parties, operation)
    whole = json.dumps(send.example.body).encode()
    [first, *_] = send.example.body or {"x": 1}
    twice = whole[:-1] + b", " + json.dumps({first: (send.example.body or {})[first]}).encode()[1:]
    bad = [
        b"{",
        b"}",
        b"nul",
        b"[]",
        b'"x"',
        b"null",
        b"1",
        b"{'a': 1}",
        b'{"a":1,}',
        b"\xff\xfe{}",
        b"\xef\xbb\xbf",
    ]
    bad += [whole[:-1], whole + b"{}", whole + b"\x00", whole.decode().encode("utf-16"), b"\x80", twice, b" "]
    bad += [b"[" * 100_000, b"{" * 10, b'{"a":' * 10_000 + b"1" + b"}" * 10_000, b"/*x*/" + whole]
    with changes_nothing(parties):
        for data in bad:
            send.refused(data[:80], send.raw(data), 400)
        if operation.document["requestBody"]["required"]:
            send.refused("no body", send.raw(b""), 400)
    empty = send.raw(b"")
    if empty.status != operation.route.status:
        send.refused("no body", empty, 400)  # of several members, it takes one


@on_one_engine
@pytest.mark.parametrize("operation", **named(WITH_BODY))
def test_a_body_of_another_type_or_size(parties: Parties, operation: Operation) -> None:
    send = Sender(parties, operation)
    whole = json.dumps(send.example.body).encode()
    types = (
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "*/*",
        "json",
        "",
    )
    with changes_nothing(parties):
        for media_type in (
            *types,
            "application/json; charset=latin-1",
            "application/jsonp",
            "application/xml",
        ):
            send.refused(media_type, send.raw(whole, {"content-type": media_type}), 415)
        untyped = send.client.send(
            operation.route.method,
            operation.url(send.example.path, send.example.query),
            whole,
            headers=send.credential,
        )
        send.refused("no media type", untyped, 415)
        for encoding in ("gzip", "br", "deflate, gzip"):
            send.refused(encoding, send.raw(whole, {"content-encoding": encoding}), 415)
        limit = operation.route.body_limit
        send.refused("huge", send.raw(b" " * (limit + 1)), 413)
        send.refused("huge", send.raw(whole + b" " * limit), 413)
        send.refused("said to be huge", send.raw(whole, {"content-length": str(limit + 1)}), 413)
        send.refused("said to be huge", send.raw(whole, {"content-length": "9" * 70}), 413)


@on_one_engine
@pytest.mark.parametrize("operation", **named(WITH_BODY))
def test_members_of_other_types(parties: Parties, operation: Operation) -> None:
    send = Sender(parties, operation)
    body = send.example.body or {}
    assert fits(operation)(body), "the example itself breaks the documented schema"
    tried = 0
    with changes_nothing(parties):
        for path, _schema in members(operation):
            for value in SCALARS:
                wrong = placed(body, path, value)
                if not fits(operation)(wrong):
                    send.refused(wrong, send.body(wrong), 400)
                    tried += 1
        for name in resolved(operation, body_schema(operation)).get("required", ()):
            without = {key: value for key, value in body.items() if key != name}
            send.refused(without, send.body(without), 400)
    assert tried


@on_one_engine
@pytest.mark.parametrize("operation", **named([one for one in WITH_BODY if one.dialect.forbid_unknown]))
def test_members_that_are_not_there_to_be_written(parties: Parties, operation: Operation) -> None:
    send = Sender(parties, operation)
    body = send.example.body or {}
    paths = [path for path, _ in members(operation)]
    places = {(), *(path[:-1] for path in paths)}
    answered = operation.document["responses"][str(operation.route.status)]["content"]
    shown = resolved(operation, answered[operation.dialect.media_type]["schema"]).get("properties", {})
    known = {path[0] for path in paths}
    names = ["unknown", "__proto__", "", "\u00e9", "deletionId", "organization_id", "operator", "insider"]
    with changes_nothing(parties):
        for place in places:
            for name in names:
                wrong = placed(body, (*place, name), "x")
                send.refused(wrong, send.body(wrong), 400)
        for name in shown.keys() - known:
            send.refused(name, send.body({**body, name: "x"}), 400)


@on_one_engine
@pytest.mark.parametrize("operation", **named(WITH_BODY))
def test_values_that_json_or_a_database_cannot_hold(parties: Parties, operation: Operation) -> None:
    send = Sender(parties, operation)
    body = send.example.body or {}
    literals = {
        "NaN": "NaN",
        "Infinity": "-Infinity",
        "beyond doubles": "1e400",
        "70 digits": "9" * 70,
        "beyond 64 bits": str(2**63),
        "U+0000": '"a\\u0000b"',
        "a lone surrogate": '"\\ud800"',
        "a lone low surrogate": '"a\\udc00"',
        "U+0000 in a name": '{"a\\u0000b": 1}',
        "a lone surrogate in a name": '{"\\ud800": 1}',
        "a name twice": '{"a": 1, "a": 1}',
        "nested deeper than is read": nested(MAX_DEPTH + 1),
        "nested much deeper": nested(10_000),
        "deep lists": "[" * 10_000 + "]" * 10_000,
    }
    with changes_nothing(parties):
        for path, _schema in members(operation):
            for what, literal in literals.items():
                send.refused((path, what), send.raw(spelled(body, path, literal)), 400)
                inside = f'{{"a": [{literal}]}}'
                send.refused((path, what, "inside"), send.raw(spelled(body, path, inside)), 400)


@pytest.mark.parametrize("operation", **named(WITH_BODY))
def test_any_text_is_either_kept_or_refused(parties: Parties, operation: Operation) -> None:
    send = Sender(parties, operation)
    words = vocabulary(operation)
    for path, schema in members(operation):
        for text in NAUGHTY:
            value: Any = {text[:1_000]: text} if holds_anything(schema) else text
            body = placed(send.example.body or {}, path, value)
            if not fits(operation)(body):
                body = placed(send.example.body or {}, path, [text])
            answer = send.body(body)
            if answer.status < 400:
                # It was kept, so what the example was about is another now.
                assert answer.status == operation.route.status
                send.example = words.example(operation, parties.operator)
            else:
                # What is refused by somebody else, or for want of a password, has a status of its own.
                statuses = () if operation.route.flow else (400, 403, 404, 409, *operation.route.also)
                send.refused((path, text[:80]), answer, *statuses)


@on_one_engine
@pytest.mark.parametrize("operation", **named(LISTS))
def test_a_list_refuses_what_it_cannot_mean(parties: Parties, operation: Operation) -> None:
    send = Sender(parties, operation)
    path = operation.url(send.example.path)
    tried = 0
    with changes_nothing(parties):
        for what, query in vocabulary(operation).bad_queries(operation):
            named_here = {part.partition("=")[0] for part in query.split("&")}
            required = urlencode({n: v for n, v in send.example.query.items() if n not in named_here})
            send.refused((what, query[:200]), send.client.send("GET", f"{path}?{required}&{query}"), 400)
            tried += 1
        for name in send.example.query:
            others = {n: v for n, v in send.example.query.items() if n != name}
            send.refused(f"no {name}", send.client.ask(operation, send.example.path, others), 400)
    assert tried > 100


@pytest.mark.parametrize("operation", **named(WITH_CURSORS))
def test_a_cursor_belongs_to_its_list_and_order(parties: Parties, operation: Operation) -> None:
    words = vocabulary(operation)
    send = Sender(parties, operation)

    def page(**query: str) -> Response:
        return send.client.ask(operation, send.example.path, {**send.example.query, **query})

    words.add_row(operation, parties.operator)
    cursor = page(limit="1").json["pageInfo"]["endCursor"]
    assert page(after=cursor).status == 200
    order = words.orders(operation)[1]
    flipped = "B" if cursor[-1] == "A" else "A"
    bad = [cursor[:-1] + flipped, cursor[1:], f"{cursor}=", f"{cursor}A", cursor.swapcase(), cursor[:20]]
    with changes_nothing(parties):
        for text in bad:
            for name in ("after", "before"):
                send.refused(text, page(**{name: text}), 400)
        send.refused("two places", page(after=cursor, before=cursor), 400)
        send.refused("another order", page(after=cursor, **order), 400)
        for other in LISTS:
            if words is vocabulary(other) and lists_alike(other) != lists_alike(operation):
                example = parties.request(other, parties.operator)
                answer = send.client.ask(other, example.path, {**example.query, "after": cursor})
                assert_refused(other, answer, 400)


def lists_alike(operation: Operation) -> str:
    """What kind of rows a list has: lists of one kind share their cursors."""
    answered = operation.document["responses"]["200"]["content"][operation.dialect.media_type]["schema"]
    return str(answered)


def assert_canonical(answer: Response, code: str) -> None:
    """The shape that seeds 000 and 001 leave open and the platform dialect settles for every answer."""
    error = answer.json["error"]
    assert list(answer.json) == ["error"]
    assert list(error) == ["code", "message", "details", "requestId"]
    assert (error["code"], error["details"]) == (code, [])
    assert error["requestId"] == answer.headers["x-request-id"]


@on_one_engine
@pytest.mark.parametrize("operation", **named(GUARDED))
def test_a_missing_or_malformed_credential(parties: Parties, operation: Operation) -> None:
    send = Sender(parties, operation)
    [(name, value)] = send.credential.items()
    malformed = ["", " ", value[:-1], value + "x", value.swapcase(), value + " x", value.partition(" ")[2]]
    malformed += [value.replace("sec_", prefix) for prefix in ("pub_", "tok_", "SEC_", "")]
    malformed += ["Basic " + value.partition(" ")[2], "Bearer " + "x" * 10_000, "Bearer s\u00e9c", "Bearer\t"]
    with changes_nothing(parties):
        bare = send.headed({})
        send.refused("no credential", bare, 401)
        if operation.dialect.name == "platform":
            assert_canonical(bare, "unauthenticated")
        for text in malformed:
            send.refused(text[:80], send.headed({name: text}), 401)
        twice = [(name, value), (name, value)]
        send.refused("two credentials", send.headed(twice), 400)


@on_one_engine
@pytest.mark.parametrize("operation", **named(WITH_IDS))
def test_ids_that_nothing_has(parties: Parties, operation: Operation) -> None:
    words = vocabulary(operation)
    send = Sender(parties, operation)
    with changes_nothing(parties):
        for name in words.ids_in_path(operation):
            kind = words.kind_of_path_parameter(operation, name)
            where = f"{operation.route.operation_id} path {name}"
            statuses = (200, 404) if where in words.accepts_unknown else (404,)
            unknown = words.spell(kind, new_id())
            assert send.client.ask(operation, *asked(send, name, unknown)).status in statuses
            for text in words.malformed(send.example.path[name], kind):
                answer = send.client.ask(operation, *asked(send, name, text))
                send.refused((name, text[:80]), answer, 404)


def asked(send: Sender, name: str, text: str) -> tuple[Mapping[str, str], Mapping[str, str], Any]:
    example = send.example.with_path(**{name: text})
    return example.path, example.query, example.sent


@on_one_engine
@pytest.mark.parametrize("operation", **named(STRICT))
def test_what_an_operation_does_not_take(parties: Parties, operation: Operation) -> None:
    send = Sender(parties, operation)
    url = operation.url(send.example.path, send.example.query)
    mark = "&" if "?" in url else "?"
    method, sent = operation.route.method, send.example.sent
    with changes_nothing(parties):
        for query in ("unknown=1", "=", "a%00=1", "%ff=1", "access_token=x", quote("\u00e9") + "=1"):
            send.refused(query, send.client.send(method, f"{url}{mark}{query}", sent), 400)
        if operation.route.body is None and method != "GET":
            for body in (b'{"a":1}', b"[]", b"x", b"null", b"x" * 5_000):
                send.refused(body[:20], send.raw(body), 400)
        if operation.route.resource is None and method != "GET":
            send.refused("If-Match", send.headed({**send.credential, "if-match": "*"}), 400)


@on_one_engine
@pytest.mark.parametrize("operation", **named(REPEATABLE))
def test_a_malformed_idempotency_key(parties: Parties, operation: Operation) -> None:
    send = Sender(parties, operation)
    with changes_nothing(parties):
        for key in ("", " ", "a b", "x" * 256, "\u00e9", "a\tb"):
            headers = {**send.credential, "idempotency-key": key}
            send.refused(key[:20], send.headed(headers), 400)
        twice = [*send.credential.items(), ("idempotency-key", "a"), ("idempotency-key", "b")]
        send.refused("two keys", send.headed(twice), 400)
