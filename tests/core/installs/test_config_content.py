"""What a configuration comes to: the version's source, and over it whatever the install set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given, settings

from tests.core.installs.contents import CONTENTS
from tests.core.installs.crm import CRM, SOURCE, source
from trunkline.core.installs import InvalidConfigError, effective_config
from trunkline.core.installs.config_checks import checked_content
from trunkline.core.installs.config_content import chosen_slugs, first_content, read_names, with_paused
from trunkline.kit.errors import InvalidRequestError

UI_FIRST_INSTALL = {
    "provider": "hubspot",
    "read": {
        "objects": {
            "contact": {
                "objectName": "contact",
                "selectedFields": {},
                "selectedValueMappings": {},
                "dynamicMappingsInput": [],
                "selectedFieldMappings": {},
            }
        }
    },
}


def check(content: dict[str, Any], before: dict[str, Any] | None = None) -> dict[str, Any]:
    return checked_content(SOURCE, content, before or {}, "config.content")


def refused(content: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(InvalidConfigError) as found:
        check(content)
    return [(problem.path, problem.message) for problem in found.value.details]


def reading(**members: Any) -> dict[str, Any]:
    return {"read": {"objects": {"contact": members}}}


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every path to something that is not an object, or to an empty one."""
    if isinstance(value, Mapping) and value:
        for name, item in value.items():
            yield from leaves(item, (*path, name))
    else:
        yield path, value


def at(value: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        value = value[name]
    return value


def test_what_a_first_install_leaves_out_is_filled_in():
    assert effective_config(SOURCE, UI_FIRST_INSTALL) == {
        "provider": "hubspot",
        "read": {
            "objects": {
                "contact": {
                    "objectName": "contact",
                    "schedule": "*/30 * * * *",
                    "destination": "contacts",
                    "backfill": {"defaultPeriod": {"days": 30}},
                    "selectedFields": {"email": True, "id": True},
                    "selectedFieldMappings": {"tier": "lifecycle"},
                    "selectedValueMappings": {},
                    "dynamicMappingsInput": [],
                },
                "owner": {
                    "objectName": "owner",
                    "schedule": "0 0 * * *",
                    "destination": "owners",
                    "selectedFields": {"id": True},
                    "selectedFieldMappings": {},
                },
            }
        },
        "proxy": {"enabled": True},
    }


def test_a_field_that_the_author_mapped_is_no_choice_of_the_customers():
    found = effective_config(SOURCE, reading(selectedFields={"phone": True, "city": True}))
    mappings = found["read"]["objects"]["contact"]["selectedFieldMappings"]
    assert mappings == {"tier": "lifecycle"}


def test_what_is_subscribed_to_is_filled_in_under_the_names_of_a_configuration():
    found = effective_config(SOURCE, {"subscribe": {"objects": {"contact": {"objectName": "contact"}}}})
    assert found["subscribe"]["objects"]["contact"] == {
        "objectName": "contact",
        "destination": "changes",
        "inheritFieldsAndMappings": True,
        "createEvent": {"enabled": "always"},
        "updateEvent": {"enabled": "always", "requiredWatchFields": ["email"]},
    }


@settings(max_examples=100, deadline=None)
@given(content=CONTENTS)
def test_the_overlay_is_idempotent_and_keeps_every_key_the_installation_set(content):
    kept = check(content)
    once = effective_config(SOURCE, kept)
    assert effective_config(SOURCE, once) == once
    for path, value in leaves(content):
        if value == {}:
            assert isinstance(at(once, path), Mapping)
        else:
            assert at(once, path) == value
    # What it comes to fits as well, so that it may be sent back.
    assert check(once) == once


@settings(max_examples=100, deadline=None)
@given(content=CONTENTS)
def test_pausing_pauses_exactly_what_is_read_and_going_on_ends_it(content):
    names = list(effective_config(SOURCE, content)["read"]["objects"])
    paused = with_paused(SOURCE, content, names, paused=True)
    assert with_paused(SOURCE, paused, names, paused=True) == paused
    objects = effective_config(SOURCE, paused)["read"]["objects"]
    assert set(objects) == set(names)
    assert all(item["disabled"] is True for item in objects.values())
    again = with_paused(SOURCE, paused, names, paused=False)
    assert all(
        item["disabled"] is False for item in effective_config(SOURCE, again)["read"]["objects"].values()
    )


def test_objects_are_paused_by_the_authors_names_too():
    content = reading(objectName="contact")
    assert read_names(SOURCE, content, ["people", "owner"]) == ["contact", "owner"]
    with pytest.raises(InvalidRequestError) as found:
        read_names(SOURCE, content, ["contact", "deal.line"])
    assert found.value.details[0].path == "objects[1]"


def test_a_configuration_takes_the_members_of_its_objects():
    content: dict[str, Any] = {
        "read": {"objects": {"deal.line": {}, "owner": {}}},
        "write": {"objects": {"note": {}}},
        "subscribe": {"objects": {"contact": {}}},
    }
    slugs = {"read:deal.line", "read:owner", "write:note", "subscribe:contact"}
    assert chosen_slugs(content) == slugs
    assert chosen_slugs(first_content(SOURCE, slugs)) == slugs


class TestChecks:
    def test_the_first_install_of_a_page_fits(self):
        assert check(UI_FIRST_INSTALL) == UI_FIRST_INSTALL

    def test_null_says_what_leaving_out_says(self):
        content = {**reading(objectName="contact", schedule=None, backfill=None), "write": None}
        assert check(content) == reading(objectName="contact")

    @pytest.mark.parametrize(
        ("content", "path", "message"),
        [
            ({"provider": "salesforce"}, "provider", "must be hubspot"),
            (
                {"read": {"objects": {"lead": {}}}},
                "read.objects.lead",
                "the integration reads contact, deal.line, owner, not this object",
            ),
            (
                {"write": {"objects": {"owner": {}}}},
                "write.objects.owner",
                "the integration writes contact, note, not this object",
            ),
            (
                reading(objectName="lead"),
                "read.objects.contact.objectName",
                "must be contact, the name it stands under",
            ),
            (
                reading(selectedFields={"nope": True}),
                "read.objects.contact.selectedFields.nope",
                "must be one of city, email, id, phone",
            ),
            (
                reading(selectedFields={"email": False}),
                "read.objects.contact.selectedFields.email",
                "the integration requires this field",
            ),
            (
                reading(selectedFieldsAuto="all"),
                "read.objects.contact.selectedFieldsAuto",
                "the integration names the fields that may be selected",
            ),
            (
                reading(selectedFieldMappings={"nope": "x"}),
                "read.objects.contact.selectedFieldMappings.nope",
                "must be one of externalId, phoneNumber, region, tier",
            ),
            (reading(schedule="soon"), "read.objects.contact.schedule", "is no schedule: it has 1 fields instead of 5"),
            (
                reading(schedule="*/5 * * * *"),
                "read.objects.contact.schedule",
                "two reads must be at least 10 minutes apart",
            ),
            (reading(schedule="0 0 30 2 *"), "read.objects.contact.schedule", "never fires"),
            (
                reading(backfill={"defaultPeriod": {"days": 1, "fullHistory": True}}),
                "read.objects.contact.backfill.defaultPeriod",
                "must have either days or fullHistory",
            ),
            (
                reading(backfill={"defaultPeriod": {"days": -1}}),
                "read.objects.contact.backfill.defaultPeriod.days",
                "must be 0 or more",
            ),
            (
                reading(fieldFilters=[{"fieldName": "a", "operator": "eq", "value": 1}] * 2),
                "read.objects.contact.fieldFilters",
                "a has more than one condition",
            ),
            (
                reading(fieldFilters=[{"fieldName": "a", "operator": "eq"}]),
                "read.objects.contact.fieldFilters[0].value",
                "is required",
            ),
            (
                {"write": {"objects": {"note": {"selectedFieldSettings": {"a": {"default": {"stringValue": "x", "integerValue": 1}}}}}}},
                "write.objects.note.selectedFieldSettings.a.default",
                "must have one of stringValue, integerValue and booleanValue",
            ),
            ({"read": []}, "read", "expected `object`, got `array`"),
            (reading(selectedFields={"email": "yes"}), "read.objects.contact.selectedFields[]", "expected `bool`, got `str`"),
            (reading(fieldFilters=[{"fieldName": "a", "operator": "gt"}]), "read.objects.contact.fieldFilters[0].operator", "invalid enum value 'gt'"),
        ],
    )  # fmt: skip
    def test_what_does_not_fit_is_refused_at_its_place(self, content, path, message):
        assert refused(content) == [(f"config.content.{path}", message)]

    def test_every_mistake_is_told_at_once(self):
        content = {
            "read": {"objects": {"lead": {}, "contact": {"schedule": "x", "selectedFields": {"y": True}}}}
        }
        assert len(refused(content)) == 3

    def test_any_field_may_be_selected_where_the_integration_leaves_it_open(self):
        content = {
            "read": {
                "objects": {"deal.line": {"selectedFields": {"x__c": True}, "selectedFieldsAuto": "all"}}
            }
        }
        assert check(content) == content

    def test_mappings_that_the_installation_brings_itself_are_known(self):
        content = reading(
            dynamicMappingsInput=[{"mapToName": "mine", "fieldName": "city"}],
            selectedFieldMappings={"mine": "city"},
        )
        assert check(content) == content

    def test_passing_requests_on_must_be_declared(self):
        without = source(CRM[: CRM.index("    proxy:")])
        with pytest.raises(InvalidConfigError) as found:
            checked_content(without, {"proxy": {"enabled": True}}, {}, "c")
        assert found.value.details[0].path == "c.proxy.enabled"
        assert checked_content(without, {"proxy": {"enabled": False}}, {}, "c") == {
            "proxy": {"enabled": False}
        }

    def test_what_was_held_already_is_not_held_against_a_version_without_it(self):
        before = {"read": {"objects": {"lead": {"objectName": "lead", "selectedFields": {"gone": True}}}}}
        assert check(before, before) == before
        paused = {"read": {"objects": {"lead": {**before["read"]["objects"]["lead"], "disabled": True}}}}
        assert check(paused, before) == paused
        changed = {"read": {"objects": {"lead": {"objectName": "lead"}}}}
        with pytest.raises(InvalidConfigError):
            check(changed, before)

    def test_a_configuration_is_not_larger_than_it_need_be(self):
        content = reading(selectedValueMappings={"f": {str(i): "x" * 100 for i in range(3_000)}})
        assert refused(content) == [("config.content", "larger than 256 KiB")]

    @pytest.mark.parametrize("name", ["", "x" * 5_000, "a\nb", "é", "read.objects", "../..", "$['a']['b']"])
    def test_names_nobody_would_think_of_are_refused_and_not_more(self, name):
        assert len(refused({"read": {"objects": {name: {}}}})) == 1
