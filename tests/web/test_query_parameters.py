from __future__ import annotations

import msgspec
import pytest

from tests.asgi import call
from tests.web.conftest import READER
from trunkline.web import Application
from trunkline.web.decoding import QueryReader


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("", {"limit": 10, "label": []}),
        ("limit=1", {"limit": 1, "label": []}),
        ("archived=true&mood=bad", {"limit": 10, "archived": True, "mood": "bad", "label": []}),
        ("archived=false", {"limit": 10, "archived": False, "label": []}),
        ("label=a&label=b", {"limit": 10, "label": ["a", "b"]}),
        ("title=a+b%20c%26", {"limit": 10, "label": [], "title": "a b c&"}),
        ("title=%C3%A4", {"limit": 10, "label": [], "title": "\u00e4"}),
        ("title=null", {"limit": 10, "label": [], "title": "null"}),
        ("title=", {"limit": 10, "label": [], "title": ""}),
        ("title", {"limit": 10, "label": [], "title": ""}),
    ],
)
def test_reads_parameters(app: Application, query: str, asked: dict[str, object]) -> None:
    answer = call(app, "GET", f"/api/notes?{query}", READER)
    assert (answer.status, answer.json["asked"]) == (200, asked)


@pytest.mark.parametrize(
    ("query", "path", "message"),
    [
        ("limti=1", "limti", "limti: unknown query parameter"),
        ("Limit=1", "Limit", "Limit: unknown query parameter"),
        ("limit=1&limit=1", "limit", "limit: given more than once"),
        ("limit=0", "limit", "limit: expected int >= 1"),
        ("limit=11", "limit", "limit: expected int <= 10"),
        ("limit=ten", "limit", "limit: expected an integer"),
        ("limit=1.0", "limit", "limit: expected an integer"),
        ("limit=%2B1", "limit", "limit: expected an integer"),
        ("limit=%201", "limit", "limit: expected an integer"),
        ("limit=01", "limit", "limit: expected an integer"),
        ("limit=", "limit", "limit: expected an integer"),
        ("limit=9223372036854775808", "limit", "limit: expected an integer"),
        ("limit=%D9%A1", "limit", "limit: expected an integer"),
        ("limit=" + "9" * 20_000, "limit", "limit: expected an integer"),
        ("archived=1", "archived", "archived: expected true or false"),
        ("archived=True", "archived", "archived: expected true or false"),
        ("mood=ugly", "mood", "mood: invalid enum value 'ugly'"),
        ("title=%00", "title", "title: holds U+0000, which cannot be stored"),
        ("title=%FF", "", "the query string is not percent-encoded UTF-8"),
        ("title=%ED%A0%80", "", "the query string is not percent-encoded UTF-8"),
        ("&".join(f"label={i}" for i in range(201)), "", "more than 200 query parameters"),
        ("title=\u00e4", "", "the query string is not percent-encoded UTF-8"),
        ("title=" + "x" * 40_000, "", "the query string is longer than 32768 bytes"),
    ],
)
def test_refuses_bad_parameters_and_names_them(app: Application, query: str, path: str, message: str) -> None:
    answer = call(app, "GET", f"/api/notes?{query}", READER)
    assert answer.status == 400
    assert answer.json["failure"]["message"] == message
    assert answer.json["failure"]["paths"] == [path]


def test_an_operation_without_parameters_takes_none(app: Application) -> None:
    answer = call(app, "GET", "/api/open?x=1")
    assert (answer.status, answer.json["failure"]["paths"]) == (400, ["x"])


def test_a_required_parameter_is_required() -> None:
    class Search(msgspec.Struct):
        text: str

    reader = QueryReader(Search, forbid_unknown=True)
    assert reader.read(b"text=a") == Search("a")
    with pytest.raises(Exception, match="text: is required"):
        reader.read(b"")


def test_a_member_that_no_parameter_can_spell_is_found_at_start() -> None:
    class Odd(msgspec.Struct):
        ids: dict[str, str] = {}

    with pytest.raises(ValueError, match="query member ids is of a type no parameter can spell"):
        QueryReader(Odd, forbid_unknown=True)
