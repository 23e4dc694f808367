from __future__ import annotations

import asyncio
import json

import pytest

from tests.asgi import call, send_chunks
from tests.web.conftest import READER, WRITER
from trunkline.web import Application
from trunkline.web.route import BODY_LIMIT

JSON = WRITER | {"content-type": "application/json"}


def count(app: Application) -> int:
    return len(call(app, "GET", "/api/notes", READER).json["notes"])


def test_creates_and_reads_an_object(app: Application) -> None:
    made = call(app, "POST", "/api/notes", WRITER, {"title": "a", "starRating": 3, "tags": [{"name": "x"}]})
    assert made.status == 201
    assert made.headers["content-type"] == "application/json"
    read = call(app, "GET", f"/notes/api/notes/{made.json['id']}", READER)
    assert (read.status, read.json) == (200, made.json)
    assert made.json == {"id": made.json["id"], "title": "a", "rating": 3, "archived": False}


def test_every_answer_is_marked(app: Application) -> None:
    for answer in (call(app, "GET", "/api/notes", READER), call(app, "GET", "/nowhere")):
        assert len(answer.headers["x-request-id"]) == 32
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("given", ["abc-1", "A.b_9", "x" * 64])
def test_a_harmless_request_id_is_kept_and_reaches_the_actor(app: Application, given: str) -> None:
    answer = call(app, "POST", "/api/whoami", WRITER | {"x-request-id": given}, {})
    assert answer.headers["x-request-id"] == given
    assert answer.json["request"] == given


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "\u00e4", "a\tb", 'a"b'])
def test_another_request_id_is_replaced(app: Application, given: str) -> None:
    answer = call(app, "GET", "/nowhere", {"x-request-id": given})
    assert answer.headers["x-request-id"] != given
    assert answer.json["failure"]["request"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("body", "path", "message"),
    [
        (b"{", "body", "body: not valid JSON: "),
        (b"", "", "a JSON body is required"),
        (b"[]", "", "expected object, got array"),
        (b'"x"', "", "expected object, got str"),
        (b"{}", "title", "title: is required"),
        (b'{"title": 1}', "title", "title: expected str, got int"),
        (b'{"title": null}', "title", "title: expected str, got null"),
        (b'{"title": "a", "title": "b"}', "body", "body: not valid JSON: duplicate member 'title'"),
        (b'{"title": "a", "tags": [{"name": "x", "name": "y"}]}', "body", "body: not valid JSON: duplicate"),
        (b'{"title": "a", "color": 1}', "color", "color: unknown member"),
        (b'{"title": "a", "star_rating": 1}', "star_rating", "star_rating: unknown member"),
        (b'{"title": "a", "tags": [{"name": "x", "y": 1}]}', "tags[0].y", "tags[0].y: unknown member"),
        (b'{"title": "a", "tags": [{"name": "x"}, {}]}', "tags[1].name", "tags[1].name: is required"),
        # A member's name is no place, whatever it reads like.
        (b'{"title": "a", "x` - at `$.title": 1}', "x` - at `$.title", "x` - at `$.title: unknown member"),
        (b'{"title": "a", "tags": [{"name": "x", "y` - at `$.z": 1}]}', "tags[0].y` - at `$.z", "tags[0].y"),
        (b'{"title": "a", "starRating": 9}', "starRating", "starRating: expected int <= 5"),
        (b'{"title": "a", "mood": "ugly"}', "mood", "mood: invalid enum value 'ugly'"),
        (b'{"title": "\\u0000"}', "body", "body: holds U+0000"),
        (b'{"title": "\\ud800"}', "body", "body: holds a lone surrogate"),
        (b'{"title": "\xff"}', "body", "body: not UTF-8"),
        (b'{"title": "a", "starRating": NaN}', "body", "body: not valid JSON: NaN"),
        (b'{"title": "a", "starRating": 1e999}', "body", "body: holds a number beyond"),
        (b'{"title": "a", "starRating": 99999999999999999999}', "body", "body: holds an integer beyond"),
        (b"[" * 100_000, "body", "body: nested deeper than 32"),
        (b"[" * 40 + b"]" * 40, "body", "body: nested deeper than 32"),
        (b'{"title": ' + b"9" * 10_000 + b"}", "body", "body: not valid JSON: "),
    ],
)
def test_refuses_a_bad_body_and_names_the_place(
    app: Application, body: bytes, path: str, message: str
) -> None:
    answer = call(app, "POST", "/api/notes", JSON, body)
    assert answer.status == 400
    failure = answer.json["failure"]
    assert (failure["code"], failure["paths"]) == ("invalid_request", [path])
    assert failure["message"].startswith(message)
    assert count(app) == 0


def test_an_endless_member_name_is_cut_in_the_answer(app: Application) -> None:
    answer = call(app, "POST", "/api/notes", WRITER, {"title": "a", "x" * 100_000: 1})
    assert answer.status == 400
    assert len(answer.body) < 1_000


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
        "APPLICATION/JSON",
    ],
)
def test_reads_json_bodies(app: Application, content_type: str) -> None:
    answer = call(app, "POST", "/api/notes", WRITER | {"content-type": content_type}, b'{"title": "a"}')
    assert answer.status == 201


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": ""},
        {"content-type": "text/plain"},
        {"content-type": "application/json; charset=latin-1"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "application/merge-patch+json"},
        {"content-type": "application/json", "content-encoding": "gzip"},
    ],
)
def test_refuses_other_media_types(app: Application, headers: dict[str, str]) -> None:
    answer = call(app, "POST", "/api/notes", WRITER | headers, b'{"title": "a"}')
    assert (answer.status, answer.json["failure"]["code"]) == (415, "unsupported_media_type")
    assert count(app) == 0


def test_refuses_a_body_by_its_declared_length_without_reading_it(app: Application) -> None:
    headers = JSON | {"content-length": str(BODY_LIMIT + 1)}
    # The client hangs up at the first read, so an answer proves that there was none.
    answer = asyncio.run(send_chunks(app, "POST", "/api/notes", headers, [None]))
    assert (answer.status, answer.json["failure"]["code"]) == (413, "payload_too_large")


def test_refuses_a_body_that_grows_past_the_limit(app: Application) -> None:
    chunk = b" " * 65_536
    chunks = [chunk] * (BODY_LIMIT // len(chunk)) + [b"x", None]
    answer = asyncio.run(send_chunks(app, "POST", "/api/notes", JSON | {"content-length": "1"}, chunks))
    assert answer.status == 413


def test_reads_a_body_of_exactly_the_limit(app: Application) -> None:
    frame = json.dumps({"title": ""})
    body = json.dumps({"title": "x" * (BODY_LIMIT - len(frame))}).encode()
    assert len(body) == BODY_LIMIT
    assert call(app, "POST", "/api/notes", JSON, body).status == 201


def test_a_route_may_set_its_own_limit(app: Application) -> None:
    assert call(app, "POST", "/api/whoami", JSON, b" " * 2049).status == 413


def test_a_body_whose_members_are_all_optional_may_be_left_out(app: Application) -> None:
    assert call(app, "POST", "/api/whoami", READER, b"").status == 200


def test_absent_is_not_null(app: Application) -> None:
    made = call(app, "POST", "/api/notes", WRITER, {"title": "a", "starRating": 3}).json
    place = f"/api/notes/{made['id']}"
    assert call(app, "PATCH", place, WRITER, {"title": "b"}).json["rating"] == 3
    assert call(app, "PATCH", place, WRITER, {"starRating": None}).json == made | {
        "title": "b",
        "rating": None,
    }


@pytest.mark.parametrize("body", [b"", b"{}", b" {} \n"])
def test_a_write_without_a_body_takes_none(app: Application, body: bytes) -> None:
    made = call(app, "POST", "/api/notes", WRITER, {"title": "a"}).json
    assert call(app, "POST", f"/api/notes/{made['id']}/archive", WRITER, body).json["archived"] is True


@pytest.mark.parametrize("body", [b"[]", b'{"force": true}', b"x" * 2000])
def test_a_write_without_a_body_refuses_one(app: Application, body: bytes) -> None:
    made = call(app, "POST", "/api/notes", WRITER, {"title": "a"}).json
    answer = call(app, "POST", f"/api/notes/{made['id']}/archive", JSON, body)
    assert (answer.status, answer.json["failure"]["message"]) == (400, "this operation takes no body")
    assert call(app, "GET", f"/api/notes/{made['id']}", READER).json == made


def test_a_dialect_may_ignore_unknown_parameters_and_bodies(lenient: Application) -> None:
    made = call(lenient, "POST", "/api/notes?x=1", WRITER, {"title": "a"}).json
    place = f"/api/notes/{made['id']}/archive?x=1&x=2"
    assert call(lenient, "POST", place, WRITER, {"force": True}).json["archived"] is True


def test_a_client_that_hangs_up_while_sending_is_not_answered_and_changes_nothing(app: Application) -> None:
    answer = asyncio.run(send_chunks(app, "POST", "/api/notes", JSON, [b'{"title": ', None]))
    assert answer.status == 0
    assert count(app) == 0


def test_a_client_that_hangs_up_before_the_answer_has_had_its_effect(app: Application) -> None:
    async def send(_message: object) -> None:
        raise OSError("the connection is closed")

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b'{"title": "a"}', "more_body": False}

    headers = [(name.encode(), value.encode()) for name, value in JSON.items()]
    scope = {"type": "http", "method": "POST", "path": "/api/notes", "query_string": b"", "headers": headers}
    asyncio.run(app(scope, receive, send))
    assert count(app) == 1
