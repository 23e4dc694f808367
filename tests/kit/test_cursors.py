from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from hmac import digest

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trunkline.kit.cursors import MAX_CURSOR, CursorCodec
from trunkline.kit.errors import InvalidRequestError, Problem
from trunkline.kit.filters import OrderKey
from trunkline.kit.pages import Anchor, Keyset

KEY = b"k" * 32
CODEC = CursorCodec(KEY)
ORDER = (OrderKey("created_at", "desc"), OrderKey("id", "desc"))
PLACE = Keyset(("2026-01-01T00:00:00.000000Z", "a" * 32))
TEXT = CODEC.encode("integration", "org1", ORDER, PLACE)
PROFILE = settings(max_examples=300, deadline=None, derandomize=True, database=None)


def refused(
    text: str,
    entity: str = "integration",
    organization: str = "org1",
    order: tuple[OrderKey, ...] = ORDER,
    codec: CursorCodec = CODEC,
) -> str:
    with pytest.raises(InvalidRequestError) as caught:
        codec.decode(text, entity, organization, order, path="after")
    [problem] = caught.value.details
    assert problem.path == "after"
    return problem.message


@PROFILE
@given(
    st.lists(
        st.one_of(
            st.none(),
            st.integers(-(2**63), 2**63 - 1),
            st.text(st.characters(exclude_categories=["Cs"]), max_size=50),
        ),
        min_size=2,
        max_size=2,
    )
)
def test_a_place_survives_the_round_trip(values):
    keyset = Keyset(tuple(values))
    assert CODEC.decode(CODEC.encode("e", "o", ORDER, keyset), "e", "o", ORDER) == keyset


def test_the_text_needs_no_escaping_in_a_url():
    alphabet = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert set(TEXT) <= alphabet


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "ab",
        "abcd",
        "not base64!",
        "é",
        "\udc00",
        "A" * MAX_CURSOR,
        "A" * (MAX_CURSOR + 1),
        TEXT + "=",
    ],
)
def test_garbage_is_refused(text):
    assert refused(text) == "not a cursor"


@PROFILE
@given(place=st.integers(0, len(TEXT) - 1), char=st.sampled_from("ABCxyz019-_"))
def test_a_cursor_changed_in_any_character_is_refused(place, char):
    changed = TEXT[:place] + char + TEXT[place + 1 :]
    if changed != TEXT:
        assert refused(changed) == "not a cursor"


def test_another_spelling_of_the_same_bytes_is_refused():
    other = next(
        text
        for char in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        if (text := cursor_of_odd_length()[:-1] + char) != cursor_of_odd_length()
        and urlsafe_b64decode(text + "==") == urlsafe_b64decode(cursor_of_odd_length() + "==")
    )
    assert refused(other) == "not a cursor"


def cursor_of_odd_length() -> str:
    spelled = (CODEC.encode("integration", "org1", ORDER, Keyset(("a" * n, "b"))) for n in range(3))
    return next(text for text in spelled if len(text) % 4)


def test_a_cursor_of_another_entity_organization_or_order_is_refused():
    assert refused(TEXT, entity="install") == "not a cursor of this list"
    assert refused(TEXT, organization="org2") == "not a cursor of this list"
    for order in (
        (OrderKey("created_at", "asc"), OrderKey("id", "desc")),
        (OrderKey("created_at", "desc", "last"), OrderKey("id", "desc")),
        (OrderKey("name", "desc"), OrderKey("id", "desc")),
        (OrderKey("id", "desc"),),
    ):
        assert refused(TEXT, order=order) == "the cursor belongs to another order"


def test_where_the_order_was_written_does_not_matter():
    elsewhere = tuple(OrderKey(key.field, key.direction, key.nulls, "orderBy[0]") for key in ORDER)
    assert CODEC.decode(TEXT, "integration", "org1", elsewhere) == PLACE


def test_a_cursor_under_another_key_is_refused():
    assert refused(TEXT, codec=CursorCodec(b"x" * 32)) == "not a cursor"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"[]", "not a cursor of this version"),
        (b"{}", "not a cursor of this version"),
        (b"\xff", "not a cursor of this version"),
        (msgspec.json.encode([1, "integration", "org1", "x", [[1]]]), "not a cursor of this version"),
        (msgspec.json.encode([2, "integration", "org1", "x", ["a"]]), "not a cursor of this list"),
    ],
)
def test_a_signed_cursor_of_another_version_is_refused(body, message):
    signed = digest(KEY, body, sha256)[:16] + body
    assert refused(urlsafe_b64encode(signed).rstrip(b"=").decode()) == message


def test_values_too_long_for_a_cursor_are_left_to_the_row_to_tell():
    keyset = Keyset(("日" * 5000, "b" * 32))
    text = CODEC.encode("integration", "org1", ORDER, keyset)
    assert len(text) < MAX_CURSOR
    assert CODEC.decode(text, "integration", "org1", ORDER) == Anchor("b" * 32)
    assert refused(text, order=(OrderKey("name"), OrderKey("id"))) == "the cursor belongs to another order"


def test_the_refusal_names_where_the_cursor_was_given():
    with pytest.raises(InvalidRequestError) as caught:
        CODEC.decode("x", "integration", "org1", ORDER, path="before")
    assert caught.value.details == (Problem("before", "not a cursor"),)
    assert caught.value.message == "before: not a cursor"


def test_a_short_key_is_no_key():
    with pytest.raises(ValueError, match="at least 16 bytes"):
        CursorCodec(b"short")
