from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.asgi import acall, call, send_chunks
from tests.web.conftest import READER, WRITER, Witness
from tests.web.notes import NOTES, Key, Note, NoteServices
from trunkline.app import create_app
from trunkline.infra.db import Database
from trunkline.infra.db.tx import transaction_is_open
from trunkline.kit.clock import FixedClock
from trunkline.kit.errors import ForbiddenError, NotFoundError
from trunkline.kit.ids import new_id
from trunkline.web import Application, FlowCall, Incoming, Reply, Route, Services, Upload

closed: list[str] = []
gates: list[tuple[asyncio.Event, asyncio.Event]] = []  # reached, opened


async def copy(flow: FlowCall) -> Any:
    """Two transactions with something else between them, as every flow has."""
    assert not transaction_is_open()
    title = await flow.database.read(
        lambda tx: tx.value("SELECT title FROM notes WHERE id = :id", id=flow.path["id"])
    )
    await asyncio.sleep(0)
    if title is None:
        raise NotFoundError("note")
    if flow.body.key == "waiting":
        reached, opened = gates[-1]
        reached.set()
        await opened.wait()
    note = Note(new_id(), f"{flow.body.key} {title}", None, archived=False)
    await flow.database.write(
        lambda tx: tx.run("INSERT INTO notes VALUES (:id, :title, NULL, 0)", id=note.id, title=note.title)
    )
    return note


async def numbers(limit: int) -> AsyncGenerator[bytes, None]:
    try:
        for number in range(limit):
            yield b"%d\n" % number
        if limit == 13:
            raise ForbiddenError("no further")
    finally:
        closed.append("numbers")


async def count(flow: FlowCall) -> Reply:
    return Reply(body=numbers(int(flow.path["limit"])), media_type="text/plain", headers={"x-kind": "count"})


async def echo(flow: FlowCall) -> Reply:
    async def back() -> AsyncGenerator[bytes, None]:
        async for chunk in flow.incoming.chunks(10):
            yield chunk.upper()

    return Reply(body=back(), status=207, media_type="text/plain")


def look(call_: Any) -> str:
    assert transaction_is_open()
    assert call_.actor is not None
    title = call_.tx.value("SELECT title FROM notes WHERE id = :id", id=call_.path["id"])
    if title is None:
        raise NotFoundError("note")
    return str(title)


async def title(flow: FlowCall) -> dict[str, Any]:
    assert not transaction_is_open()
    return {"title": flow.looked}


def keep(call_: Any) -> dict[str, Any]:
    upload: Upload = call_.body
    return {"size": len(upload.content), "type": upload.media_type, "name": upload.filename}


def route(method: str, path: str, handler: Any, **more: Any) -> Route:
    return Route(
        method=method,
        path=path,
        handler=handler,
        operation_id=handler.__name__,
        summary=handler.__name__,
        permission="notes:write",
        **more,
    )


ROUTES = (
    route("POST", "/api/notes/{id}/copies", copy, flow=True, body=Key, returns=Note, status=201),
    route("GET", "/api/numbers/{limit}", count, flow=True, returns=bytes, media_type="text/plain"),
    route("GET", "/api/notes/{id}/title", title, flow=True, look=look, returns=dict[str, Any]),
    route("POST", "/api/echo", echo, flow=True, raw=True, returns=bytes),
    route("PUT", "/api/icon", keep, upload=True, body_limit=200, returns=dict[str, Any]),
)


FORM = (
    b'--x\r\ncontent-disposition: form-data; name="f"; filename="a.png"\r\n'
    b"content-type: image/gif\r\n\r\n123\r\n--x--\r\n"
)


class StrictKey(Key, frozen=True, forbid_unknown_fields=True):
    pass


@pytest.fixture
def app(witness: Witness, services: NoteServices) -> Application:
    routes = (replace(ROUTES[0], body=StrictKey), *ROUTES[1:])
    return create_app(witness, services, [replace(NOTES, routes=(*NOTES.routes, *routes))])


@pytest.fixture
def note_id(app: Application) -> str:
    return str(call(app, "POST", "/api/notes", WRITER, {"title": "One"}).json["id"])


def test_a_flow_opens_its_transactions_by_itself(app: Application, note_id: str, witness: Witness) -> None:
    witness.asked.clear()
    answer = call(app, "POST", f"/api/notes/{note_id}/copies", WRITER, {"key": "Two"})
    assert (answer.status, answer.json["title"]) == (201, "Two One")
    assert witness.asked == ["inline read", "read", "write"]
    missing = call(app, "POST", "/api/notes/none/copies", WRITER, {"key": "Two"})
    assert (missing.status, missing.json["failure"]["code"]) == (404, "not_found")


@pytest.mark.parametrize(("headers", "status"), [({}, 401), (READER, 403)])
def test_nobody_comes_into_a_flow_unadmitted(
    app: Application, note_id: str, headers: dict[str, str], status: int
) -> None:
    assert call(app, "POST", f"/api/notes/{note_id}/copies", headers, {"key": "Two"}).status == status
    assert call(app, "GET", "/api/numbers/3", headers).status == status
    assert call(app, "POST", "/api/echo", headers, b"abc").status == status


def test_a_flow_looks_in_the_transaction_that_admits_its_caller(
    app: Application, note_id: str, witness: Witness
) -> None:
    witness.asked.clear()
    answer = call(app, "GET", f"/api/notes/{note_id}/title", WRITER)
    assert (answer.status, answer.json, witness.asked) == (200, {"title": "One"}, ["inline read"])
    missing = call(app, "GET", "/api/notes/none/title", WRITER)
    assert (missing.status, missing.json["failure"]["code"]) == (404, "not_found")
    assert call(app, "GET", "/api/notes/none/title").status == 401
    assert call(app, "GET", "/api/notes/none/title", READER).status == 403


@pytest.mark.parametrize("members", [{"flow": False}, {"public": True, "permission": None}])
def test_only_a_flow_with_a_caller_looks_first(members: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="looks first"):
        replace(ROUTES[2], **members)


def test_a_flow_repeated_under_its_key_is_answered_from_its_record(app: Application, note_id: str) -> None:
    path, headers = f"/api/notes/{note_id}/copies", {**WRITER, "idempotency-key": "k1"}
    first = call(app, "POST", path, headers, {"key": "Two"})
    again = call(app, "POST", path, headers, {"key": "Two"})
    assert (first.status, again.status, again.body) == (201, 201, first.body)
    assert ("idempotency-replayed" in first.headers, again.headers["idempotency-replayed"]) == (False, "true")
    other = call(app, "POST", path, headers, {"key": "Three"})
    assert (other.status, other.json["failure"]["code"]) == (409, "idempotency_key_reused")


def test_a_flow_under_way_is_not_begun_again_and_one_that_failed_is(
    app: Application, note_id: str, clock: FixedClock
) -> None:
    path, headers = "/api/notes/none/copies", {**WRITER, "idempotency-key": "k1"}
    for _ in range(2):
        assert call(app, "POST", path, headers, {"key": "Two"}).status == 404
    slow = f"/api/notes/{note_id}/copies"

    async def both() -> tuple[int, str]:
        gates.append((asyncio.Event(), asyncio.Event()))
        first = asyncio.create_task(acall(app, "POST", slow, headers, {"key": "waiting"}))
        await gates[-1][0].wait()
        second = await acall(app, "POST", slow, headers, {"key": "waiting"})
        first.cancel()  # as when the process dies: nobody gives the request up
        await asyncio.gather(first, return_exceptions=True)
        return second.status, second.json["failure"]["code"]

    assert asyncio.run(both()) == (409, "request_under_way")
    assert call(app, "POST", slow, headers, {"key": "waiting"}).status == 409
    clock.advance(timedelta(minutes=3))

    async def resumed() -> int:
        gates.append((asyncio.Event(), asyncio.Event()))
        gates[-1][1].set()
        return (await acall(app, "POST", slow, headers, {"key": "waiting"})).status

    assert asyncio.run(resumed()) == 201


def test_a_flow_reads_its_body_as_strictly_as_others(app: Application, note_id: str) -> None:
    path = f"/api/notes/{note_id}/copies"
    assert call(app, "POST", path, WRITER, {"key": 1}).status == 400
    assert call(app, "POST", path, WRITER, {"key": "a", "more": 1}).status == 400
    assert call(app, "POST", path, [*WRITER.items(), ("content-type", "text/plain")], b"{}").status == 415


def test_a_stream_is_passed_on_as_it_comes(app: Application) -> None:
    answer = call(app, "GET", "/api/numbers/3", WRITER)
    assert (answer.status, answer.body) == (200, b"0\n1\n2\n")
    assert (answer.headers["content-type"], answer.headers["x-kind"]) == ("text/plain", "count")
    assert "content-length" not in answer.headers


def test_a_stream_is_let_go_however_it_ends(app: Application) -> None:
    closed.clear()
    assert call(app, "HEAD", "/api/numbers/3", WRITER).body == b""
    with pytest.raises(
        ForbiddenError
    ):  # the server closes the connection: half an answer must not look whole
        call(app, "GET", "/api/numbers/13", WRITER)
    assert closed == ["numbers"]


def test_a_raw_body_is_read_piece_by_piece_and_within_its_limit(app: Application) -> None:
    async def run() -> None:
        answer = await send_chunks(app, "POST", "/api/echo", WRITER, [b"abc", b"", b"def"])
        assert (answer.status, answer.body) == (207, b"ABCDEF")

    asyncio.run(run())


@pytest.mark.parametrize(
    ("content_type", "body", "answer"),
    [
        ("image/png", b"12345", {"size": 5, "type": "image/png", "name": None}),
        ("IMAGE/PNG; a=b", b"1", {"size": 1, "type": "image/png", "name": None}),
        (
            "multipart/form-data; boundary=x",
            FORM,
            {"size": 3, "type": "image/gif", "name": "a.png"},
        ),
    ],
)
def test_a_file_is_taken_as_it_is_or_out_of_a_form(
    app: Application, content_type: str, body: bytes, answer: dict[str, Any]
) -> None:
    given = call(app, "PUT", "/api/icon", [*WRITER.items(), ("content-type", content_type)], body)
    assert (given.status, given.json) == (200, answer)


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        (None, b"123", 415),
        ("image/png", b"", 400),
        ("image/png", b"1" * 201, 413),
        ("multipart/form-data", b"123", 400),
        ("multipart/form-data; boundary=x", b"123", 400),
        ("multipart/form-data; boundary=x", b"--x--\r\n", 400),
        ("multipart/form-data; boundary=x", b'--x\r\ncontent-disposition: form-data; name="f"\r\n\r\n1', 400),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\n1\r\n" * 6 + b"--x--", 400),
    ],
)
def test_what_is_no_file_is_refused(
    app: Application, content_type: str | None, body: bytes, status: int
) -> None:
    headers = [*WRITER.items()]
    if content_type is not None:
        headers.append(("content-type", content_type))
    assert call(app, "PUT", "/api/icon", headers, body).status == status


def test_a_dialect_may_verify_a_slow_credential_before_any_transaction(
    witness: Witness, services: NoteServices
) -> None:
    async def verify(_database: Database, _services: Services, incoming: Incoming) -> str | None:
        assert not transaction_is_open()
        return "writer" if incoming.headers.get("authorization") == "Basic right" else None

    app = create_app(witness, services, [replace(NOTES, verify=verify)])

    async def run(given: str) -> int:
        return (await acall(app, "GET", "/api/notes", {"authorization": given})).status

    assert asyncio.run(run("Basic right")) == 200
    assert asyncio.run(run("Basic wrong")) == 401
    assert asyncio.run(run("Bearer reader")) == 200
