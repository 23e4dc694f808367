"""Whatever is sent, the answer is one of ours: never a crash, never a 5xx."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.asgi import send_chunks
from tests.databases import Databases
from tests.web.conftest import opened
from tests.web.notes import NOTES, NoteServices
from trunkline.app import create_app
from trunkline.kit.clock import FixedClock
from trunkline.web import Application

PATHS = [route.path for route in NOTES.routes if route.operation_id != "crash"]
SEGMENTS = st.sampled_from(["", "a", "%00", "%FF", "..", "{id}", "%2F", "\u2028", "x" * 300])
PIECES = st.one_of(
    st.sampled_from(["limit", "label", "title", "archived", "=", "&", "%", "%00", "+", "1", "true", ";"]),
    st.text("%=&abc0123", max_size=5),
)
JSON_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["title", "starRating", "tags", "mood", "name", "x"]), inner, max_size=4
        ),
    ),
    max_leaves=8,
)
BODIES = st.one_of(st.binary(max_size=40), JSON_VALUES.map(lambda value: json.dumps(value).encode()))
HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "authorization",
            "idempotency-key",
            "if-match",
            "if-none-match",
            "content-type",
            "content-length",
            "content-encoding",
            "x-request-id",
        ]
    ),
    st.one_of(
        st.sampled_from(["Bearer writer", "application/json", "*", '"x"', "W/", "-1", "9" * 30]),
        st.text(st.characters(max_codepoint=255), max_size=8),
    ),
)


@pytest.fixture(scope="module")
def app(databases: Databases) -> Iterator[Application]:
    clock = FixedClock(datetime(2026, 11, 22, tzinfo=UTC))
    with opened(databases.sqlite(), clock) as database:
        yield create_app(database, NoteServices(), [NOTES])


@settings(max_examples=250, deadline=None, derandomize=True)
@given(
    method=st.sampled_from(["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"]),
    path=st.one_of(
        st.sampled_from(PATHS), st.lists(SEGMENTS, max_size=4).map(lambda parts: "/" + "/".join(parts))
    ),
    query=st.lists(PIECES, max_size=6).map("".join),
    headers=HEADERS,
    admitted=st.booleans(),
    body=st.lists(BODIES, min_size=1, max_size=3),
)
def test_no_input_is_a_failure_of_ours(
    app: Application,
    method: str,
    path: str,
    query: str,
    headers: dict[str, str],
    admitted: bool,
    body: list[bytes],
) -> None:
    if admitted:
        headers = {"content-type": "application/json", **headers, "authorization": "Bearer writer"}
    answer = asyncio.run(send_chunks(app, method, f"{path}?{query}", headers, body))
    assert 200 <= answer.status < 500, answer
    assert answer.headers["x-request-id"].isascii()
    if answer.body and answer.headers["content-type"] == "application/json":
        assert answer.json is not None
