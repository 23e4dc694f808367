"""What pages of other origins may ask: of dialects that say so, and of no other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.asgi import Response, call
from tests.web.conftest import WRITER
from tests.web.notes import NOTES, NoteServices
from trunkline.app import create_app
from trunkline.infra.db import Database
from trunkline.web import Application, Cors

CORS = Cors(allowed=("content-type", "authorization"), exposed=("x-request-id", "link"), max_age_s=600)
ORIGIN = {"origin": "https://pages.example.com"}
ASKING = {**ORIGIN, "access-control-request-method": "POST"}
TOLD = "access-control-"


@pytest.fixture
def app(database: Database, services: NoteServices) -> Application:
    """The notes, and the same notes for pages of any origin; both below their mounts."""
    closed = tuple(replace(one, mount_only=True) for one in NOTES.routes)
    opened = tuple(replace(one, path=f"/v1{one.path}") for one in NOTES.routes)
    return create_app(
        database,
        services,
        [replace(NOTES, routes=closed), replace(NOTES, name="open", routes=opened, cors=CORS)],
    )


def told(answer: Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.startswith(TOLD)}


@pytest.mark.parametrize("path", ["/v1/api/notes", "/open/v1/api/notes"])
def test_a_browser_is_told_without_a_credential(app: Application, path: str) -> None:
    answer = call(app, "OPTIONS", path, ASKING)
    assert (answer.status, answer.body) == (204, b"")
    assert told(answer) == {
        "access-control-allow-origin": "*",
        "access-control-allow-methods": "GET, POST",
        "access-control-allow-headers": "content-type, authorization",
        "access-control-max-age": "600",
        "access-control-expose-headers": "x-request-id, link",
    }


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/v1/api/notes", {**WRITER, **ORIGIN}, 200),
        ("GET", "/v1/api/notes", ORIGIN, 401),
        ("GET", "/v1/api/notes/none", WRITER, 404),
        ("GET", "/v1/no/such/path", {}, 404),
        ("PUT", "/v1/api/notes", {}, 405),
    ],
)
def test_every_answer_may_be_read(
    app: Application, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    answer = call(app, method, path, headers)
    assert answer.status == status
    assert told(answer) == {
        "access-control-allow-origin": "*",
        "access-control-expose-headers": "x-request-id, link",
    }


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("OPTIONS", "/notes/api/notes", ASKING),
        ("GET", "/notes/api/notes", {**WRITER, **ORIGIN}),
        ("OPTIONS", "/docs", ASKING),
        ("OPTIONS", "/no/such/path", ASKING),
        ("OPTIONS", "/notes/no/such/path", ASKING),
    ],
)
def test_no_other_answer_gives_leave(
    app: Application, method: str, path: str, headers: dict[str, Any]
) -> None:
    answer = call(app, method, path, headers)
    assert answer.status != 204
    assert "access-control-allow-methods" not in told(answer)


@pytest.mark.parametrize("path", ["/v1/no/such/path", "/v1", "/v1/api/", "/open/no/such/path"])
def test_a_path_that_is_not_there_is_told_so_to_pages_too(app: Application, path: str) -> None:
    answer = call(app, "OPTIONS", path, {**ASKING, "access-control-request-method": "DELETE"})
    assert (answer.status, answer.body) == (204, b"")
    assert told(answer) == {
        "access-control-allow-origin": "*",
        "access-control-allow-methods": ", ".join(sorted({one.method for one in NOTES.routes})),
        "access-control-allow-headers": "content-type, authorization",
        "access-control-max-age": "600",
        "access-control-expose-headers": "x-request-id, link",
    }


def test_what_is_no_browsers_question_of_a_path_that_is_not_there_is_refused(app: Application) -> None:
    for headers in ({}, ORIGIN, {"access-control-request-method": "POST"}):
        assert call(app, "OPTIONS", "/v1/no/such/path", headers).status == 404


def test_what_is_no_browsers_question_is_a_method_that_is_not_there(app: Application) -> None:
    for headers in ({}, ORIGIN, {"access-control-request-method": "POST"}):
        answer = call(app, "OPTIONS", "/v1/api/notes", headers)
        assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, POST")


def test_paths_that_only_one_dialect_begins_are_refused_in_its_words(
    database: Database, services: NoteServices
) -> None:
    def render(error: Any, _request_id: str) -> tuple[int, dict[str, str], bytes]:
        return error.kind.status, {}, b'"other"'

    moved = tuple(replace(one, path=f"/v1{one.path}") for one in NOTES.routes)
    other = replace(NOTES, name="other", routes=moved, render_error=render)
    app = create_app(database, services, [NOTES, other])
    assert call(app, "GET", "/v1/nothing").body == b'"other"'
    assert call(app, "GET", "/api/nothing").json["failure"]["code"] == "not_found"
    assert call(app, "GET", "/nothing").json["failure"]["code"] == "not_found"
