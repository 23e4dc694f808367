import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.kit import keys
from trunkline.kit.keys import KeyKind, KeyText
from trunkline.kit.secret import Secret

# Fixed by the algorithm: a release that changes it would refuse every key handed out before.
KNOWN = "sec_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZa"
KNOWN_KEY = KNOWN + "3BQShV"


@pytest.mark.parametrize("prefix", keys.PREFIXES)
def test_makes_a_key_that_it_reads_back(prefix):
    key = keys.generate(prefix)
    assert re.fullmatch(rf"{prefix}[0-9A-Za-z]{{43}}", key.reveal())
    assert len(key.reveal()) == keys.LENGTH
    assert keys.parse(key.reveal()) == KeyText(KeyKind(prefix), key)


def test_never_makes_the_same_key_twice():
    assert len({keys.generate("tok_").reveal() for _ in range(2000)}) == 2000


def test_refuses_to_make_a_key_of_an_unknown_kind():
    with pytest.raises(ValueError, match="ak_"):
        keys.generate("ak_")


def test_reads_a_key_of_an_earlier_release():
    assert keys.parse(KNOWN_KEY) == KeyText(KeyKind.SECRET, Secret(KNOWN_KEY))


def test_refuses_every_single_character_typo():
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-"
    for position in range(len(KNOWN_KEY)):
        for character in alphabet:
            typo = KNOWN_KEY[:position] + character + KNOWN_KEY[position + 1 :]
            assert (keys.parse(typo) is None) == (typo != KNOWN_KEY)


def test_refuses_every_swap_of_neighbours():
    for position in range(len(KNOWN_KEY) - 1):
        left, right = KNOWN_KEY[position], KNOWN_KEY[position + 1]
        swapped = KNOWN_KEY[:position] + right + left + KNOWN_KEY[position + 2 :]
        assert left == right or keys.parse(swapped) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sec_",
        KNOWN,
        KNOWN_KEY[:-1],
        KNOWN_KEY + "0",
        KNOWN_KEY + "\n",
        " " + KNOWN_KEY,
        "pub_" + KNOWN_KEY[4:],
        KNOWN_KEY[4:],
        KNOWN_KEY.upper(),
        KNOWN_KEY[:-1] + "\u0661",
        KNOWN_KEY[:-1] + "\ud800",
    ],
)
def test_refuses_what_is_no_key(text):
    assert keys.parse(text) is None


@given(st.text())
def test_reading_and_hinting_never_fail(text):
    assert keys.parse(text) is None
    assert len(keys.hint(text)) <= 12


def test_a_read_key_does_not_print_itself():
    assert repr(keys.parse(KNOWN_KEY)) == "KeyText(kind=<KeyKind.SECRET: 'sec_'>, text=Secret(***))"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (KNOWN_KEY, "sec_…QShV"),
        ("ak_" + "0123456789abcdefghijklmnopqrstuv", "ak_…stuv"),
        ("0123456789abcdefghijklmnopqrstuv", "…stuv"),
        ("sec_short", "sec_…"),
        ("hunter2", "…"),
        ("", "…"),
    ],
)
def test_hints_at_a_key_without_giving_it_away(text, shown):
    assert keys.hint(text) == shown
