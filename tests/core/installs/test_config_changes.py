"""Changes to one object of a configuration: add, remove, replace."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.installs.crm import SOURCE
from trunkline.core.installs import ObjectChange, effective_config
from trunkline.core.installs.config_changes import patch_object, patched_value
from trunkline.kit.errors import InvalidRequestError, NotFoundError

KEYS = st.sampled_from(["a", "b", "~", "/", "0", "1", "-", "", "é"])
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.text(max_size=2)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=8,
)
CHANGES = st.lists(
    st.builds(
        lambda op, keys, value: (op, keys, value),
        st.sampled_from(["add", "remove", "replace"]),
        st.lists(KEYS, min_size=1, max_size=4),
        VALUES,
    ),
    min_size=1,
    max_size=5,
)


class RefusedError(Exception):
    """What the naive patch refuses."""


def naive(document: Any, keys: list[str], op: str, value: Any) -> Any:
    """RFC 6902 as one would write it down: a new document for each change."""
    key, rest = keys[0], keys[1:]
    if isinstance(document, dict):
        if rest:
            if key not in document:
                raise RefusedError
            return {**document, key: naive(document[key], rest, op, value)}
        if op == "add":
            return {**document, key: value}
        if key not in document:
            raise RefusedError
        if op == "replace":
            return {**document, key: value}
        return {name: item for name, item in document.items() if name != key}
    if isinstance(document, list):
        return naive_in_list(document, keys, op, value)
    raise RefusedError


def naive_in_list(document: list[Any], keys: list[str], op: str, value: Any) -> list[Any]:
    key, rest = keys[0], keys[1:]
    if op == "add" and not rest and key == "-":
        return [*document, value]
    if not (key.isascii() and key.isdigit() and str(int(key)) == key):
        raise RefusedError
    at = int(key)
    if at > (len(document) if op == "add" and not rest else len(document) - 1):
        raise RefusedError
    if rest:
        return [*document[:at], naive(document[at], rest, op, value), *document[at + 1 :]]
    if op == "add":
        return [*document[:at], value, *document[at:]]
    return [*document[:at], *([value] if op == "replace" else []), *document[at + 1 :]]


def pointer(keys: list[str]) -> str:
    return "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in keys)


@settings(max_examples=150, deadline=None)
@given(document=st.dictionaries(KEYS, VALUES, max_size=4), changes=CHANGES)
def test_changes_do_what_the_standard_says(document, changes):
    before = deepcopy(document)
    expected: Any = document
    try:
        for op, keys, value in changes:
            expected = naive(expected, keys, op, value)
    except RefusedError:
        expected = RefusedError
    asked = [ObjectChange(op, pointer(keys), value) for op, keys, value in changes]
    try:
        found: Any = patched_value(document, asked)
    except InvalidRequestError:
        found = RefusedError
    assert found == expected
    assert json.dumps(document, sort_keys=True) == json.dumps(before, sort_keys=True)


def patched(content: dict[str, Any], *changes: ObjectChange, name: str = "contact") -> dict[str, Any]:
    return patch_object(SOURCE, content, "read", name, changes)


CONTENT: dict[str, Any] = {
    "provider": "hubspot",
    "read": {"objects": {"contact": {"objectName": "contact", "selectedFields": {"phone": True}}}},
}


def test_the_vendors_example_is_made():
    found = patched(
        CONTENT,
        ObjectChange("replace", "/schedule", "*/10 * * * *"),
        ObjectChange("add", "/selectedFields/city", True),
        ObjectChange("remove", "/selectedFields/phone"),
    )
    item = effective_config(SOURCE, found)["read"]["objects"]["contact"]
    assert item["schedule"] == "*/10 * * * *"
    assert item["selectedFields"] == {"email": True, "id": True, "city": True}


def test_what_the_changes_leave_alone_still_follows_the_version():
    found = patched(CONTENT, ObjectChange("add", "/disabled", True))
    assert found["read"]["objects"]["contact"] == {
        **CONTENT["read"]["objects"]["contact"],
        "selectedFields": {"email": True, "id": True, "phone": True},
        "disabled": True,
    }


def test_an_object_of_the_integration_is_taken_by_changing_it():
    found = patched(CONTENT, ObjectChange("add", "/selectedFields/x__c", True), name="deal.line")
    assert found["read"]["objects"]["deal.line"] == {
        "objectName": "deal.line",
        "selectedFields": {"x__c": True},
    }


def test_an_object_the_integration_does_not_have_is_not_found():
    with pytest.raises(NotFoundError):
        patched(CONTENT, ObjectChange("add", "/disabled", True), name="lead")


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (ObjectChange("add", "/disabled"), "changes[1].value"),
        (ObjectChange("replace", "/nothing", 1), "changes[1].path"),
        (ObjectChange("remove", "/selectedFields/nothing"), "changes[1].path"),
        (ObjectChange("add", "", 1), "changes[1].path"),
        (ObjectChange("add", "disabled", 1), "changes[1].path"),
        (ObjectChange("add", "/a~2b", 1), "changes[1].path"),
        (ObjectChange("add", "/schedule/deeper", 1), "changes[1].path"),
    ],
)
def test_a_change_about_nothing_is_refused_and_none_is_made(change, path):
    before = deepcopy(CONTENT)
    with pytest.raises(InvalidRequestError) as found:
        patched(CONTENT, ObjectChange("add", "/disabled", True), change)
    assert found.value.details[0].path == path
    assert before == CONTENT


@pytest.mark.parametrize("count", [0, 1_001])
def test_there_are_some_changes_and_not_too_many(count):
    with pytest.raises(InvalidRequestError):
        patched(CONTENT, *[ObjectChange("add", "/disabled", True)] * count)


def test_small_changes_nest_no_deeper_than_any_input_may():
    def nested(levels: int) -> list[ObjectChange]:
        return [ObjectChange("add", "/d" * (level + 1), {}) for level in range(levels)]

    patched(CONTENT, *nested(20))
    for levels in (31, 600):
        with pytest.raises(InvalidRequestError, match="deeper than 32"):
            patched(CONTENT, *nested(levels))
