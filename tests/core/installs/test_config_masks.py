"""Update masks: only what a mask names is taken from what is given."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.installs.contents import CONTENTS
from tests.core.installs.crm import SOURCE
from trunkline.core.installs import ALLOWED_MASKS, UnknownMaskError
from trunkline.core.installs.config_masks import apply_masks
from trunkline.kit.errors import InvalidRequestError

OBJECTS = [
    ("read", "contact"), ("read", "deal.line"), ("read", "owner"),
    ("write", "contact"), ("write", "note"), ("subscribe", "contact"),
]  # fmt: skip


def masked(content: Any, given: Any, *masks: str) -> dict[str, Any]:
    return apply_masks(content, masks, given, SOURCE)


def objects(action: str, **items: Any) -> dict[str, Any]:
    return {action: {"objects": items}}


@st.composite
def requests(draw: Any) -> tuple[dict[str, Any], list[str], dict[str, Any], dict[str, Any]]:
    """Content, masks, what is given, and what naive assignment along plain paths makes of it."""
    content, sent = draw(CONTENTS), deepcopy(draw(CONTENTS))
    expected, masks = deepcopy(content), []
    for kind in draw(st.lists(st.sampled_from(["object", "disabled", "map", "proxy"]), max_size=5)):
        if kind == "object":
            action, name = draw(st.sampled_from(OBJECTS))
            value = (
                sent.setdefault(action, {}).setdefault("objects", {}).setdefault(name, {"objectName": name})
            )
            masks.append(f"config.content.{action}.objects.{name}")
            expected.setdefault(action, {}).setdefault("objects", {})[name] = deepcopy(value)
        elif kind == "disabled":
            name = draw(st.sampled_from(["contact", "deal.line", "owner"]))
            held = expected.get("read", {}).get("objects", {})
            if name not in held:
                continue
            value = sent.setdefault("read", {}).setdefault("objects", {}).setdefault(name, {})
            value.setdefault("disabled", True)
            masks.append(f"config.content.read.objects.{name}.disabled")
            held[name]["disabled"] = value["disabled"]
        elif kind == "map":
            action = draw(st.sampled_from(["write", "subscribe"]))
            value = sent.setdefault(action, {}).setdefault("objects", {})
            masks.append(f"config.content.{action}.objects")
            expected.setdefault(action, {})["objects"] = deepcopy(value)
        else:
            value = sent.setdefault("proxy", {}).setdefault("enabled", True)
            masks.append("config.content.proxy.enabled")
            expected.setdefault("proxy", {})["enabled"] = value
    # What was settled first may have been filled further by a later draw: run the masks' own order again.
    return content, masks, sent, _naive(content, masks, sent)


def _naive(content: dict[str, Any], masks: list[str], sent: dict[str, Any]) -> dict[str, Any]:
    result = deepcopy(content)
    for mask in masks:
        path = mask.removeprefix("config.content.")
        if path == "proxy.enabled":
            keys = ["proxy", "enabled"]
        else:
            action, _, rest = path.partition(".objects")
            keys = [action, "objects"]
            if rest:
                name = rest[1:]
                keys += [name.removesuffix(".disabled"), "disabled"] if name.endswith(".disabled") else [name]
        value: Any = sent
        for key in keys:
            value = value[key]
        place = result
        for key in keys[:-1]:
            place = place.setdefault(key, {})
        place[keys[-1]] = deepcopy(value)
    return result


@settings(max_examples=150, deadline=None)
@given(request=requests())
def test_masks_do_what_assigning_along_their_paths_does(request):
    content, masks, sent, expected = request
    before = deepcopy((content, sent))
    once = masked(content, sent, *masks)
    assert once == expected
    assert masked(once, sent, *masks) == once
    assert (content, sent) == before


def test_what_no_mask_names_is_ignored():
    given = {**objects("read", contact={"schedule": "0 * * * *"}), **objects("write", note={})}
    assert masked({}, given, "config.content.write.objects.note") == objects("write", note={})


def test_the_connection_and_the_creator_are_not_about_the_content():
    assert masked({"provider": "hubspot"}, {}, "connectionId", "config.createdBy") == {"provider": "hubspot"}


def test_the_whole_map_may_be_replaced_by_an_empty_one():
    content = objects("write", contact={}, note={})
    assert masked(content, objects("write"), "config.content.write.objects") == objects("write")


def test_an_object_given_as_null_is_taken_out():
    content = objects("read", contact={}, owner={})
    given = objects("read", contact=None)
    assert masked(content, given, "config.content.read.objects.contact") == objects("read", owner={})


@pytest.mark.parametrize("written", ["deal.line", "deal\\.line"])
def test_a_name_with_dots_is_found_with_and_without_backslashes(written):
    content = {"read": {"objects": {"deal.line": {"schedule": ""}}}}
    given = {"read": {"objects": {"deal.line": {"disabled": True}}}}
    assert masked(content, given, f"config.content.read.objects.{written}") == given
    only = masked(content, given, f"config.content.read.objects.{written}.disabled")
    assert only == {"read": {"objects": {"deal.line": {"schedule": "", "disabled": True}}}}


def test_a_known_name_wins_over_one_that_ends_in_disabled():
    given = {"read": {"objects": {"contact.disabled": {"a": 1}, "contact": {"disabled": True}}}}
    found = masked(objects("read", contact={}), given, "config.content.read.objects.contact.disabled")
    assert found == {"read": {"objects": {"contact": {}, "contact.disabled": {"a": 1}}}}


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("a\\.b", "a.b"),
        ("a\\:b", "a:b"),
        ("a\\/b", "a/b"),
        ("a\\\\b", "a\\b"),
        ("a:b", "a:b"),
        ("a\\", "a\\"),
    ],
)
def test_a_backslash_lets_the_next_character_stand_for_itself(written, name):
    given = {"write": {"objects": {name: {"x": 1}}}}
    assert masked({}, given, f"config.content.write.objects.{written}") == given


def test_an_object_that_is_always_read_may_be_paused_before_it_was_configured():
    given = objects("read", owner={"disabled": True})
    found = masked({}, given, "config.content.read.objects.owner.disabled")
    assert found == objects("read", owner={"objectName": "owner", "disabled": True})
    with pytest.raises(InvalidRequestError):
        masked(
            {}, objects("read", contact={"disabled": True}), "config.content.read.objects.contact.disabled"
        )


@pytest.mark.parametrize(
    "mask",
    [
        "", ".", "config", "config.content", "config.content.read", "config.content.read.objects",
        "config.content.read.objects.", "config.content.read.objects.a.b", "config.content.proxy",
        "config.content.write.objects.contact.disabled", "config.revisionId", "content.read.objects.contact",
        "config.content.read.objects.contact.schedule", "CONNECTIONID", "config.content.read.objects.a.b.disabled",
    ],
)  # fmt: skip
def test_an_unknown_mask_is_refused_with_those_that_are_known(mask):
    with pytest.raises(UnknownMaskError) as found:
        masked({}, {}, "connectionId", mask)
    assert found.value.details[0].path == "updateMask[1]"
    assert all(one in found.value.remedy for one in ALLOWED_MASKS)


@pytest.mark.parametrize(
    "given", [{}, {"read": None}, {"read": []}, {"read": {"objects": 1}}, {"read": {"objects": {}}}]
)
def test_what_a_mask_names_must_be_given(given):
    with pytest.raises(InvalidRequestError) as found:
        masked({}, given, "config.content.read.objects.contact")
    assert found.value.details[0].path == "updateMask[0]"
