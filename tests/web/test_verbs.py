"""Paths whose segments end in a verb, and answers that are a text."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.asgi import call
from tests.web.conftest import READER, WRITER
from tests.web.notes import NOTES, NoteServices
from trunkline.app import create_app
from trunkline.infra.db import Database
from trunkline.web import Application, Call, Route, openapi_document


def seen(name: str) -> Any:
    def handler(call_: Call) -> dict[str, str]:
        return {"handler": name, **call_.path}

    return handler


def link(call_: Call) -> str:
    return f"https://notes.example.com/é/{call_.path['id']}"


def nothing(_call: Call) -> None:
    return None


def route(method: str, path: str, name: str, **more: Any) -> Route:
    given = {"handler": seen(name), "returns": dict[str, str], **more}
    permission = "notes:read" if method == "GET" else "notes:write"
    return Route(method=method, path=path, operation_id=name, summary=name, permission=permission, **given)


ROUTES = (
    route("PUT", "/v1/things:batch", "batch"),
    route("GET", "/v1/things/{id}", "thing"),
    route("POST", "/v1/things/{id}:pause", "pause"),
    route("POST", "/v1/things/{id}:un-pause", "unpause"),
    route("GET", "/v1/things/{id}/parts/{part}:hydrate", "hydrate"),
    route("POST", "/v1/things/{id}:link", "link", handler=link, returns=str, media_type="text/plain"),
    route("POST", "/v1/things", "made", handler=nothing, returns=None, status=201),
    route("GET", "/v1/invites:accept", "accept"),
)


@pytest.fixture
def app(database: Database, services: NoteServices) -> Application:
    return create_app(database, services, [replace(NOTES, routes=(*NOTES.routes, *ROUTES))])


@pytest.mark.parametrize("mount", ["", "/notes"])
@pytest.mark.parametrize(
    ("method", "path", "found"),
    [
        ("PUT", "/v1/things:batch", {"handler": "batch"}),
        ("GET", "/v1/invites:accept", {"handler": "accept"}),
        ("POST", "/v1/things/7:pause", {"handler": "pause", "id": "7"}),
        ("POST", "/v1/things/7%3Apause", {"handler": "pause", "id": "7"}),
        ("POST", "/v1/things/7:un-pause", {"handler": "unpause", "id": "7"}),
        ("POST", "/v1/things/7:un-pause:pause", {"handler": "pause", "id": "7:un-pause"}),
        ("GET", "/v1/things/7:pause", {"handler": "thing", "id": "7:pause"}),
        ("GET", "/v1/things/:pause", {"handler": "thing", "id": ":pause"}),
        ("GET", "/v1/things/7/parts/8:hydrate", {"handler": "hydrate", "id": "7", "part": "8"}),
    ],
)
def test_a_verb_ends_a_segment(
    app: Application, mount: str, method: str, path: str, found: dict[str, str]
) -> None:
    answer = call(app, method, mount + path, WRITER)
    assert (answer.status, answer.json) == (200, found)


@pytest.mark.parametrize("path", ["/v1/things:other", "/v1/things/7/parts/8", "/v1/things/7/parts/:hydrate"])
def test_another_verb_is_no_path(app: Application, path: str) -> None:
    assert call(app, "GET", path, READER).status == 404


def test_allow_names_what_the_verb_and_the_plain_path_answer(app: Application) -> None:
    refused = call(app, "DELETE", "/v1/things/7:pause", WRITER)
    assert (refused.status, refused.headers["allow"]) == (405, "GET, HEAD, POST")


def test_a_text_is_answered_as_it_is(app: Application) -> None:
    headers = {**WRITER, "idempotency-key": "once"}
    first, again = (call(app, "POST", "/v1/things/7:link", headers) for _ in range(2))
    for answer in (first, again):
        assert answer.headers["content-type"] == "text/plain"
        assert answer.body.decode() == "https://notes.example.com/é/7"
    assert again.headers["idempotency-replayed"] == "true"


def test_an_answer_may_have_a_status_and_nothing_else(app: Application) -> None:
    answer = call(app, "POST", "/v1/things", WRITER)
    assert (answer.status, answer.body, answer.headers["content-length"]) == (201, b"", "0")
    assert "content-type" not in answer.headers


def test_the_document_spells_verbs_and_texts(app: Application) -> None:
    paths = openapi_document(replace(NOTES, routes=ROUTES))["paths"]
    assert "/v1/things/{id}:pause" in paths
    answered = paths["/v1/things/{id}:link"]["post"]["responses"]["200"]
    assert answered["content"] == {"text/plain": {"schema": {"type": "string"}}}
    assert "content" not in paths["/v1/things"]["post"]["responses"]["201"]


@pytest.mark.parametrize("path", ["/v1/{id}:", "/v1/{id}:{verb}", "/v1/things:", "/v1/:pause", "/v1/{id}:1"])
def test_a_malformed_verb_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="the path is malformed"):
        route("GET", path, "bad")
