"""The grammar of update masks, and what a mask keeps of an object."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.dialects.ampersand.errors import (
    UnknownMaskError,
    UnprocessableError,
    as_unprocessable,
    render_error,
)
from trunkline.dialects.ampersand.masks import join_path, masked, split_path
from trunkline.kit.errors import InvalidRequestError

NAMES = st.lists(st.text(min_size=1, max_size=6, alphabet="ab.:/\\-é "), min_size=1, max_size=4)


@given(NAMES)
def test_a_path_is_its_names_again(names: list[str]) -> None:
    assert split_path(join_path(names)) == tuple(names)


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("name", ("name",)),
        ("config.content.proxy.enabled", ("config", "content", "proxy", "enabled")),
        (r"objects.my\.object.disabled", ("objects", "my.object", "disabled")),
        (r"a\:b\/c\\d", (r"a:b/c\d",)),
        ("a:b", ("a:b",)),
    ],
)
def test_dots_part_names_unless_they_are_escaped(path: str, names: tuple[str, ...]) -> None:
    assert split_path(path) == names


@pytest.mark.parametrize("path", ["", ".", "a.", ".a", "a..b", "a\\", r"a\b"])
def test_a_path_with_nothing_in_it_is_refused(path: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        split_path(path)
    assert refused.value.details[0].path == "updateMask"


def test_a_mask_keeps_what_it_names() -> None:
    given_: dict[str, Any] = {"name": "x", "metadata": {"url": "u", "headers": None}, "type": "t"}
    allowed = ("name", "metadata", "metadata.url", "metadata.headers", "metadata.region")
    assert masked(given_, ["name", "metadata.headers"], allowed, "thing") == {
        "name": "x",
        "metadata.headers": None,
    }
    assert masked(given_, [], allowed, "thing") == {}
    with pytest.raises(UnknownMaskError) as unknown:
        masked(given_, ["name", "type"], allowed, "thing")
    assert unknown.value.remedy == f"allowed masks: {', '.join(allowed)}"
    with pytest.raises(UnprocessableError) as missing:
        masked(given_, ["metadata.region"], allowed, "thing")
    assert missing.value.message == "thing.metadata.region: is in the mask but has no value"


def test_a_broken_rule_is_unprocessable_where_the_vendor_says_so() -> None:
    with pytest.raises(UnprocessableError) as refused, as_unprocessable():
        raise InvalidRequestError.at("sourceYaml", "line 3: no such provider")
    assert render_error(refused.value, "r")[0] == 422
    assert [problem.path for problem in refused.value.details] == ["sourceYaml"]
    with pytest.raises(UnprocessableError) as kept, as_unprocessable():
        masked({}, ["x"], ("a",), "thing")
    assert kept.value.remedy == "allowed masks: a"
