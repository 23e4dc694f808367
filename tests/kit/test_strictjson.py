from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.kit.errors import InvalidRequestError
from trunkline.kit.strictjson import content_hash, decode, encode

values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")), inner, max_size=4
        ),
    ),
    max_leaves=10,
)


@given(values)
def test_what_is_written_reads_back(value):
    assert decode(encode(value)) == value


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"a":1,"a":2}', "duplicate member 'a'"),
        ('[{"b":{"a":1,"a":2}}]', "duplicate member 'a'"),
        ("[NaN]", "NaN"),
        ("[-Infinity]", "Infinity"),
        ("[1e400]", "double precision"),
        ("[9223372036854775808]", "64 bits"),
        ('["\\u0000"]', "U+0000"),
        ('{"a\\u0000b":1}', "U+0000"),
        ('["\\ud800"]', "surrogate"),
        ("[" * 40 + "]" * 40, "nested deeper"),
        ("[" * 100_000, "nested deeper"),
        ("{", "not valid JSON"),
        ("", "not valid JSON"),
    ],
)
def test_refuses_what_reads_two_ways_or_cannot_be_stored(text, says):
    with pytest.raises(InvalidRequestError, match=says.replace("+", r"\+")):
        decode(text)


def test_names_what_is_repeated_among_very_many():
    """Looking for each among all would take minutes, of a body anybody may send."""
    members = ",".join(f'"{number}":0' for number in range(100_000))
    with pytest.raises(InvalidRequestError, match="duplicate member 'z'"):
        decode("{" + members + ',"z":1,"y":1,"z":2,"y":2}')


def test_refuses_bytes_that_are_not_utf_8():
    with pytest.raises(InvalidRequestError, match="not UTF-8"):
        decode(b'["\xff"]')


def test_hashes_meaning_rather_than_member_order():
    assert content_hash({"a": 1, "b": [1, 2]}) == content_hash({"b": [1, 2], "a": 1})
    assert content_hash({"a": 1, "b": [1, 2]}) != content_hash({"a": 1, "b": [2, 1]})
