from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.asgi import call
from tests.web.conftest import READER
from tests.web.notes import NOTES, NoteServices
from trunkline.app import create_app
from trunkline.infra.db import Database
from trunkline.web import Application, Call, FlowCall, Headers, Incoming, Reply, Route, openapi_document


def where(call_: Call) -> dict[str, str]:
    return {"mount": call_.mount}


async def flowing(call_: FlowCall) -> dict[str, str]:
    return {"mount": call_.mount, "source": call_.incoming.source}


def moved(_call: Call) -> Reply:
    return Reply(status=302, headers={"location": "/elsewhere"})


def moved_apart(call_: Call) -> dict[str, str]:
    return where(call_)


def label(headers: Headers) -> str:
    return "application/hal+json" if "hal" in headers.get("accept", "") else "application/json"


def route(path: str, handler: Any, **more: Any) -> Route:
    return Route(
        method="GET",
        path=path,
        handler=handler,
        operation_id=handler.__name__,
        summary=handler.__name__,
        permission="notes:read",
        returns=dict[str, str],
        **more,
    )


ROUTES = (
    route("/api/where", where),
    route("/api/flowing", flowing, flow=True),
    route("/api/apart", moved_apart, mount_only=True),
    route("/api/", moved, also={302: "It is elsewhere."}),
)


@pytest.fixture
def app(database: Database, services: NoteServices) -> Application:
    return create_app(database, services, [replace(NOTES, routes=(*NOTES.routes, *ROUTES), negotiate=label)])


@pytest.mark.parametrize(("prefix", "mount"), [("", ""), ("/notes", "/notes")])
def test_a_handler_knows_where_its_links_go(app: Application, prefix: str, mount: str) -> None:
    for path in ("/api/where", "/api/flowing"):
        assert call(app, "GET", prefix + path, READER).json["mount"] == mount


def test_a_route_may_be_served_below_the_mount_alone(app: Application) -> None:
    assert call(app, "GET", "/api/apart", READER).status == 404
    assert call(app, "GET", "/notes/api/apart", READER).json["mount"] == "/notes"


def test_an_answer_is_labelled_as_the_request_would_have_it(app: Application) -> None:
    for accept, media_type in (("application/hal+json", "application/hal+json"), ("*/*", "application/json")):
        answer = call(app, "GET", "/api/where", {**READER, "accept": accept})
        assert answer.headers["content-type"] == media_type
        assert answer.headers["vary"] == "Accept, Authorization, Cookie"


def test_a_path_may_end_in_a_slash(app: Application) -> None:
    answer = call(app, "GET", "/api/", READER)
    assert (answer.status, answer.headers["location"]) == (302, "/elsewhere")
    assert call(app, "GET", "/api", READER).status == 404


def test_further_statuses_are_documented() -> None:
    document = openapi_document(replace(NOTES, routes=ROUTES))
    responses = document["paths"]["/api/"]["get"]["responses"]
    assert responses["302"]["description"] == "It is elsewhere."


def test_a_handler_knows_the_address_a_request_comes_from(app: Application) -> None:
    assert call(app, "GET", "/api/flowing", READER).json["source"].startswith("192.0.2.")

    async def nothing() -> dict[str, Any]:
        return {}

    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": "/", "headers": [], "client": None}
    assert Incoming(scope, nothing).source == ""
