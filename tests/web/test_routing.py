from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import quote

import pytest
import structlog

from tests.asgi import call
from tests.web.conftest import READER, WRITER
from tests.web.notes import NOTES, NoteServices, get_note, greet
from trunkline.app import create_app
from trunkline.infra.db import Database
from trunkline.web import Application, Claims, Dialect, Reply, Route


def public(path: str, name: str, **more: Any) -> Route:
    return Route(
        method="GET",
        path=path,
        handler=lambda call: {"name": name, **call.path},
        operation_id=name,
        summary=name,
        public=True,
        **more,
    )


def _given(reply: Reply, _call: Any) -> Reply:
    return reply


def serving(database: Database, *routes: Route, name: str = "notes") -> Dialect:
    return replace(NOTES, name=name, routes=routes)


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/api",
        "/api/notes/",
        "/api/notes/x/y/z",
        "//api/notes",
        "/notes",
        "/notes/",
        "/api/notes/a%00b",
        "/api/notes/a%0Ab",
        "/api/notes/a%C2%85b",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_an_unknown_path_is_a_404_in_the_dialects_words(app: Application, method: str, path: str) -> None:
    answer = call(app, method, path, WRITER)
    assert answer.status == 404
    assert answer.json["failure"]["message"] == "path not found"


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "/api/notes", "GET, HEAD, POST"),
        ("PUT", "/notes/api/notes/x", "DELETE, GET, HEAD, PATCH"),
        ("GET", "/api/notes/x/archive", "POST"),
        ("OPTIONS", "/api/notes", "GET, HEAD, POST"),
        ("POST", "/docs", "GET, HEAD"),
        ("BREW", "/health/live", "GET, HEAD"),
    ],
)
def test_a_known_path_with_another_method_is_a_405(
    app: Application, method: str, path: str, allow: str
) -> None:
    answer = call(app, method, path, WRITER)
    assert (answer.status, answer.headers["allow"]) == (405, allow)
    assert answer.json["failure"]["code"] == "method_not_allowed"


def test_head_answers_like_get_without_the_body(app: Application) -> None:
    note = call(app, "POST", "/api/notes", WRITER, {"title": "a"}).json["id"]
    for path in ("/api/notes", f"/api/notes/{note}", "/docs/notes", "/nowhere"):
        get, head = call(app, "GET", path, READER), call(app, "HEAD", path, READER)
        assert (head.status, head.body) == (get.status, b"")
        same = {name: value for name, value in get.headers.items() if name != "x-request-id"}
        assert {name: value for name, value in head.headers.items() if name != "x-request-id"} == same
        assert head.headers["content-length"] == str(len(get.body))


def test_an_answer_may_be_bytes_of_its_own_type(app: Application) -> None:
    answer = call(app, "GET", "/api/notes/x/icon", READER)
    assert (answer.status, answer.body) == (200, b"\x89PNG")
    assert (answer.headers["content-type"], answer.headers["x-made-of"]) == ("image/png", "pixels")


def test_an_unforeseen_failure_is_logged_and_tells_nothing(app: Application) -> None:
    with structlog.testing.capture_logs() as logs:
        answer = call(app, "POST", "/api/crash", WRITER | {"x-request-id": "r-1"})
    assert (answer.status, answer.headers["x-request-id"]) == (500, "r-1")
    assert answer.json["failure"]["code"] == "internal"
    assert b"hunter2" not in answer.body
    assert b"Runtime" not in answer.body
    [entry] = logs
    assert (entry["event"], entry["request_id"], entry["dialect"]) == ("request_failed", "r-1", "notes")
    assert "RuntimeError: the password is hunter2" in entry["trace"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("location", "https://\u65e5.example/"),
        ("location", "/a\r\nset-cookie: a=b"),
        ("x-a", "\x7f"),
        ("x\nb", "c"),
    ],
)
def test_a_header_that_cannot_be_sent_is_a_failure_that_is_answered(
    database: Database, services: NoteServices, name: str, value: str
) -> None:
    closed: list[int] = []

    async def body() -> AsyncGenerator[bytes, None]:
        yield b"never"

    class Body:
        def __init__(self) -> None:
            self._inner = body()

        def __aiter__(self) -> AsyncIterator[bytes]:
            return self._inner

        async def __anext__(self) -> bytes:
            return await anext(self._inner)

        async def aclose(self) -> None:
            closed.append(1)
            await self._inner.aclose()

    contents: tuple[Any, ...] = ({}, Body())
    for content in contents:
        reply = Reply(body=content, headers={name: value})
        route = replace(public("/a", "bad"), handler=partial(_given, reply))
        with structlog.testing.capture_logs() as logs:
            answer = call(create_app(database, services, [serving(database, route)]), "GET", "/a")
        assert (answer.status, answer.json["failure"]["code"]) == (500, "internal")
        assert name not in answer.headers
        assert [entry["event"] for entry in logs] == ["request_failed"]
    assert closed == [1]


def test_a_failure_is_logged_with_its_path_as_declared(database: Database, services: NoteServices) -> None:
    """A credential may stand in a path."""
    canary = "amp_canary0horse0battery0staple"

    def fail(_call: Any) -> None:
        raise RuntimeError("no reason")

    app = create_app(
        database, services, [serving(database, replace(public("/keys/{key}", "k"), handler=fail))]
    )
    with structlog.testing.capture_logs() as logs:
        assert call(app, "GET", f"/keys/{canary}").status == 500
    assert [entry["path"] for entry in logs] == ["/keys/{key}"]
    assert canary not in repr(logs)


@pytest.mark.parametrize("name", ["Sales\u3000Team", "Ops\u200bTeam", "a\u2028b", "\U0010ffff", "\ue000"])
def test_whatever_a_stored_name_may_hold_may_stand_in_a_path(
    database: Database, services: NoteServices, name: str
) -> None:
    app = create_app(database, services, [serving(database, public("/a/{x}", "named"))])
    assert call(app, "GET", f"/a/{quote(name)}").json == {"name": "named", "x": name}


def test_fixed_segments_win_and_patterns_complete_each_other(
    database: Database, services: NoteServices
) -> None:
    routes = (
        public("/a/{x}/c", "param"),
        public("/a/b/{y}", "fixed"),
        public("/a/b/c", "whole"),
        public("/a/{x}/{y}/{z}", "deep"),
        Route(method="POST", path="/a/b/c", handler=greet, operation_id="post", summary="Post", public=True),
        Route(
            method="DELETE", path="/a/{key}/c", handler=greet, operation_id="del", summary="Del", public=True
        ),
    )
    app = create_app(database, services, [serving(database, *routes)])
    found = {path: call(app, "GET", path).json for path in ("/a/b/c", "/a/b/d", "/a/d/c", "/notes/a/b/c/d")}
    assert found == {
        "/a/b/c": {"name": "whole"},
        "/a/b/d": {"name": "fixed", "y": "d"},
        "/a/d/c": {"name": "param", "x": "d"},
        "/notes/a/b/c/d": {"name": "deep", "x": "b", "y": "c", "z": "d"},
    }
    assert call(app, "DELETE", "/a/b/c").status == 200
    assert call(app, "PUT", "/a/b/c").headers["allow"] == "DELETE, GET, HEAD, POST"


def test_two_operations_at_one_place_fail_at_start(database: Database, services: NoteServices) -> None:
    dialect = serving(database, public("/a/{x}", "one"), public("/a/{y}", "two"))
    with pytest.raises(ValueError, match=r"GET /notes/a/\{y\} is both notes.one and notes.two"):
        create_app(database, services, [dialect])


def test_two_operations_of_one_name_fail_at_start(database: Database, services: NoteServices) -> None:
    dialect = serving(database, public("/a", "one"), public("/b", "one"))
    with pytest.raises(ValueError, match="notes has two operations called one"):
        create_app(database, services, [dialect])


def test_of_dialects_that_share_an_operation_at_the_root_the_claims_decide(
    database: Database, services: NoteServices
) -> None:
    one = serving(database, public("/a/{x}", "one"), name="first")
    two = serving(database, public("/a/{y}", "two"), public("/b", "only"), name="second")
    two = replace(two, claims=Claims(media_types=("text/second",), own_id=re.compile("two-.*")))
    app = create_app(database, services, [one, two], default_dialect="first")
    plain = call(app, "GET", "/a/1")
    assert plain.json == {"name": "one", "x": "1"}
    assert plain.headers["integration-dialect"] == "first; by=default"
    assert plain.headers["vary"] == "Accept, Authorization, Cookie"
    named = call(app, "GET", "/a/1", {"accept": "text/second"})
    assert (named.json, named.headers["integration-dialect"]) == (
        {"name": "two", "y": "1"},
        "second; by=media-type",
    )
    assert call(app, "GET", "/a/two-1").headers["integration-dialect"] == "second; by=id"
    final = call(app, "GET", "/second/a/1")
    assert (final.json, "integration-dialect" in final.headers) == ({"name": "two", "y": "1"}, False)
    assert call(app, "GET", "/b").json == {"name": "only"}


def test_a_last_parameter_can_take_the_rest_of_the_path_as_it_was_sent(
    database: Database, services: NoteServices
) -> None:
    rest = public("/files/{id}/at/{path...}", "rest")
    dialect = serving(database, rest, public("/files/{id}/at/fixed", "fixed"))
    app = create_app(database, services, [dialect])
    found = {
        path: call(app, "GET", path).json.get("path")
        for path in (
            "/files/1/at/a",
            "/files/1/at/a/b%2Fc/",
            "/files/1/at/",
            "/files/1/at//x",
            "/notes/files/1/at/%C3%A4/%2e%2e",
            "/files/1/at/fixed",
        )
    }
    assert list(found.values()) == ["a", "a/b%2Fc/", "", "/x", "%C3%A4/%2e%2e", None]
    assert call(app, "GET", "/files/1/at").status == 404
    assert call(app, "POST", "/files/1/at/a/b").headers["allow"] == "GET, HEAD"


def test_no_dialect_at_all_fails_at_start(database: Database, services: NoteServices) -> None:
    with pytest.raises(ValueError, match="no dialect"):
        create_app(database, services, [])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"public": False}, "name a permission or be public"),
        ({"permission": "a:b"}, "name a permission or be public"),
        ({"public": False, "permission": "all"}, "resource:action"),
        ({"method": "get"}, "the method is none of"),
        ({"path": "a"}, "the path is malformed"),
        ({"path": "/a//"}, "the path is malformed"),
        ({"path": "/a/{x}/{x}"}, "occurs twice"),
        ({"write": True}, "a GET neither writes"),
        ({"idempotent": True}, "only an authenticated write"),
        ({"method": "POST", "idempotent": True}, "only an authenticated write"),
        ({"method": "POST", "inline": True}, "writes never run inline"),
        ({"resource": get_note}, "only a write is conditional"),
        ({"one_time_secret": True}, "holds no secret"),
        ({"flow": True, "inline": True}, "a flow runs in no transaction"),
        ({"method": "POST", "flow": True, "resource": get_note}, "a flow is not conditional"),
        ({"method": "POST", "raw": True}, "only a flow reads its body"),
        ({"method": "POST", "flow": True, "raw": True, "upload": True}, "a body is of one kind"),
        ({"path": "/a/{x...}/b"}, "the path is malformed"),
    ],
)
def test_a_contradictory_route_fails_where_it_is_declared(changes: dict[str, Any], message: str) -> None:
    values: dict[str, Any] = {"method": "GET", "path": "/a", "handler": greet, "operation_id": "a"}
    values |= {"summary": "A", "public": True}
    Route(**values)
    with pytest.raises(ValueError, match=message):
        Route(**{**values, **changes})


def test_a_body_that_would_ignore_unknown_members_fails_at_start(
    database: Database, services: NoteServices
) -> None:
    lax = next(route for route in NOTES.routes if route.operation_id == "createNote")
    dialect = replace(NOTES, routes=(replace(lax, body=NOTES.error_type),))
    with pytest.raises(ValueError, match="createNote: Failure must forbid unknown members"):
        create_app(database, services, [dialect])


def run_lifespan(app: Application) -> list[str]:
    sent: list[str] = []

    async def receive() -> dict[str, str]:
        return {"type": "lifespan.startup" if not sent else "lifespan.shutdown"}

    async def send(message: dict[str, str]) -> None:
        sent.append(message["type"])

    asyncio.run(app({"type": "lifespan"}, receive, send))  # type: ignore[arg-type]
    return sent


def test_the_lifespan_surrounds_the_requests(database: Database, services: NoteServices) -> None:
    seen: list[str] = []

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        seen.append("start")
        yield
        seen.append("stop")

    app = create_app(database, services, [NOTES], lifespan=lifespan)
    assert run_lifespan(app) == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert seen == ["start", "stop"]
    assert run_lifespan(create_app(database, services, [NOTES])) == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]


def test_a_failing_start_is_told_to_the_server(database: Database, services: NoteServices) -> None:
    sent: list[dict[str, str]] = []

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        raise RuntimeError("no disk")
        yield

    async def receive() -> dict[str, str]:
        return {"type": "lifespan.startup"}

    async def send(message: dict[str, str]) -> None:
        sent.append(message)

    app = create_app(database, services, [NOTES], lifespan=lifespan)
    with pytest.raises(RuntimeError, match="no disk"):
        asyncio.run(app({"type": "lifespan"}, receive, send))  # type: ignore[arg-type]
    assert sent == [{"type": "lifespan.startup.failed", "message": "no disk"}]


def test_a_websocket_is_closed(app: Application) -> None:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, str]:
        return {"type": "websocket.connect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(app({"type": "websocket", "path": "/api/notes"}, receive, send))  # type: ignore[arg-type]
    assert sent == [{"type": "websocket.close", "code": 1000}]
