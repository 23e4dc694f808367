from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.asgi import call, send_chunks
from tests.web.conftest import READER, WRITER, Witness
from tests.web.notes import NOTES, NoteServices
from trunkline.app import create_app
from trunkline.infra.db import Database
from trunkline.web import Application

JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/api/notes"), ("GET", "/api/notes/x"), ("POST", "/api/notes")]
)
def test_a_caller_without_a_credential_is_refused(app: Application, method: str, path: str) -> None:
    for headers in ({}, {"authorization": "Bearer nobody"}):
        answer = call(app, method, path, headers)
        assert (answer.status, answer.json["failure"]["code"]) == (401, "unauthenticated")
        assert answer.headers["www-authenticate"] == "Bearer"


def test_a_key_that_is_not_scoped_for_the_operation_is_refused(app: Application) -> None:
    answer = call(app, "POST", "/api/notes", READER, {"title": "a"})
    assert (answer.status, answer.json["failure"]["code"]) == (403, "scope_missing")
    assert call(app, "GET", "/api/notes", READER).json["notes"] == []


@pytest.mark.parametrize("headers", [{}, READER])
def test_who_may_not_write_is_refused_before_the_body_is_read_or_the_writer_asked(
    witness: Witness, services: NoteServices, headers: dict[str, str]
) -> None:
    app = create_app(witness, services, [NOTES])
    # The client hangs up at the first read, so an answer proves that there was none.
    answer = asyncio.run(send_chunks(app, "POST", "/api/notes", {**JSON, **headers}, [None]))
    assert answer.status == (403 if headers else 401)
    assert witness.asked == ["inline read"]


def test_a_malformed_body_never_reaches_the_writer(witness: Witness, services: NoteServices) -> None:
    app = create_app(witness, services, [NOTES])
    assert call(app, "POST", "/api/notes", WRITER, {"title": 1}).status == 400
    assert witness.asked == ["inline read"]


@pytest.mark.parametrize(
    ("method", "path", "body", "asked"),
    [
        ("GET", "/api/notes", b"", ["read"]),
        ("GET", "/api/notes/x", b"", ["inline read"]),
        ("POST", "/api/notes", {"title": "a"}, ["inline read", "write"]),
        ("POST", "/api/notes/search", {"title": "a"}, ["inline read", "read"]),
        ("GET", "/docs/notes", b"", []),
        ("GET", "/nowhere", b"", []),
        ("PUT", "/api/notes", b"", []),
    ],
)
def test_no_request_costs_more_transactions_than_it_needs(
    witness: Witness, services: NoteServices, method: str, path: str, body: Any, asked: list[str]
) -> None:
    call(create_app(witness, services, [NOTES]), method, path, WRITER, body)
    assert witness.asked == asked


@pytest.mark.parametrize("query", ["?nonsense=1", "?limit=x"])
def test_a_stranger_learns_nothing_about_parameters(app: Application, query: str) -> None:
    assert call(app, "GET", f"/api/notes{query}").status == 401


def test_a_credential_revoked_while_the_body_travels_no_longer_counts(
    app: Application, database: Database
) -> None:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        database.write_now(lambda tx: tx.run("DELETE FROM callers WHERE token = 'writer'"))
        return {"type": "http.request", "body": b'{"title": "late"}', "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    headers = [(name.encode(), value.encode()) for name, value in {**WRITER, **JSON}.items()]
    scope = {"type": "http", "method": "POST", "path": "/api/notes", "query_string": b"", "headers": headers}
    asyncio.run(app(scope, receive, send))  # type: ignore[arg-type]
    assert sent[0]["status"] == 401
    assert call(app, "GET", "/api/notes", READER).json["notes"] == []


def test_a_public_operation_asks_nobody(app: Application) -> None:
    answer = call(app, "GET", "/api/open", {"x-name": "Ada", "authorization": "Bearer nobody"})
    assert (answer.status, answer.json) == (200, {"hello": "Ada", "has_caller": False})
