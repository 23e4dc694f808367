from __future__ import annotations

import hashlib
from typing import Any

import pytest

from tests.asgi import call
from tests.web.conftest import READER, WRITER
from trunkline.web import Application
from trunkline.web.etag import matches_strongly, matches_weakly, strong_etag


@pytest.fixture
def note(app: Application) -> dict[str, Any]:
    return dict(call(app, "POST", "/api/notes", WRITER, {"title": "a"}).json)


@pytest.fixture
def place(note: dict[str, Any]) -> str:
    return f"/api/notes/{note['id']}"


@pytest.fixture
def etag(app: Application, place: str) -> str:
    return call(app, "GET", place, READER).headers["etag"]


def test_an_object_is_tagged_with_the_digest_of_its_representation(app: Application, place: str) -> None:
    answer = call(app, "GET", place, READER)
    assert answer.headers["etag"] == f'"{hashlib.sha256(answer.body).hexdigest()}"'
    assert answer.headers["cache-control"] == "private, no-cache"


def test_a_list_is_not_tagged(app: Application) -> None:
    answer = call(app, "GET", "/api/notes", READER)
    assert "etag" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("condition", ["{}", "*", 'W/{}, "x"', '"x", {}', " {} ,"])
def test_a_known_representation_is_not_sent_again(
    app: Application, place: str, etag: str, condition: str, method: str
) -> None:
    answer = call(app, method, place, READER | {"if-none-match": condition.format(etag)})
    assert (answer.status, answer.body) == (304, b"")
    assert answer.headers["etag"] == etag
    assert "content-type" not in answer.headers
    assert "content-length" not in answer.headers


@pytest.mark.parametrize("condition", ['"x"', "x", "", "W/", '"'])
def test_an_unknown_representation_is_sent(app: Application, place: str, condition: str) -> None:
    assert call(app, "GET", place, READER | {"if-none-match": condition}).status == 200


def test_the_tag_changes_with_the_object_and_comes_with_the_change(
    app: Application, place: str, etag: str
) -> None:
    changed = call(app, "PATCH", place, WRITER, {"title": "b"})
    read = call(app, "GET", place, READER)
    assert changed.headers["etag"] == read.headers["etag"] != etag


@pytest.mark.parametrize("condition", ["{}", "*", '"x", {}', " * "])
@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_matching_condition_lets_the_change_through(
    app: Application, place: str, etag: str, condition: str, method: str
) -> None:
    headers = WRITER | {"if-match": condition.format(etag)}
    answer = call(app, method, place, headers, {"title": "b"} if method == "PATCH" else b"")
    assert answer.status == (200 if method == "PATCH" else 204)


@pytest.mark.parametrize(
    ("method", "suffix", "body"),
    [("PATCH", "", {"title": "b"}), ("DELETE", "", b""), ("POST", "/archive", b"")],
)
@pytest.mark.parametrize(
    "condition",
    [
        {"if-match": '"x"'},
        {"if-match": "W/{}"},
        {"if-match": "x"},
        {"if-match": ""},
        {"if-none-match": "*"},
        {"if-none-match": "{}"},
        {"if-match": "{}", "if-none-match": "*"},
    ],
)
def test_another_condition_refuses_the_change(
    app: Application,
    note: dict[str, Any],
    place: str,
    etag: str,
    method: str,
    suffix: str,
    body: Any,
    condition: dict[str, str],
) -> None:
    headers = WRITER | {name: value.format(etag) for name, value in condition.items()}
    answer = call(app, method, place + suffix, headers, body)
    assert (answer.status, answer.json["failure"]["code"]) == (412, "precondition_failed")
    assert call(app, "GET", place, READER).json == note


def test_the_second_of_two_editors_is_refused(app: Application, place: str, etag: str) -> None:
    condition = WRITER | {"if-match": etag}
    assert call(app, "PATCH", place, condition, {"title": "first"}).status == 200
    assert call(app, "PATCH", place, condition, {"title": "second"}).status == 412
    assert call(app, "GET", place, READER).json["title"] == "first"


def test_a_condition_on_an_absent_object_is_a_404(app: Application) -> None:
    assert call(app, "DELETE", "/api/notes/none", WRITER | {"if-match": "*"}).status == 404


def test_a_condition_that_would_be_ignored_is_refused(app: Application, lenient: Application) -> None:
    headers = WRITER | {"if-match": '"x"'}
    answer = call(app, "POST", "/api/notes", headers, {"title": "b"})
    assert (answer.status, answer.json["failure"]["paths"]) == (400, ["If-Match"])
    assert call(lenient, "POST", "/api/notes", headers, {"title": "b"}).status == 201


def test_comparison_follows_the_rfc() -> None:
    one = strong_etag(b"1")
    table = {  # RFC 9110 section 8.8.3.2: condition -> strong, weak
        one: (True, True),
        f"W/{one}": (False, True),
        strong_etag(b"2"): (False, False),
        f'"a,b", {one}': (True, True),
        f'"{one[1:-1]},"': (False, False),
    }
    assert {text: (matches_strongly(text, one), matches_weakly(text, one)) for text in table} == table
